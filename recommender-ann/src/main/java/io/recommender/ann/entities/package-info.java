/**
 * What items are about: entities, how they are related, and which ones two items share.
 *
 * <ul>
 *   <li>{@link io.recommender.ann.entities.EntityGraph} finds what is a few relations away from an
 *       entity, for models that read the neighbourhood of an item in a knowledge graph;
 *   <li>{@link io.recommender.ann.entities.ItemEntities} reads the entities of items, merges
 *       synonyms, and tells what two items have in common, as a reason to show.
 * </ul>
 *
 * <pre>{@code
 * ItemEntities entities = ItemEntities.of("entities", Map.of("acetylsalicylic acid", "aspirin"));
 * List<String> reason = entities.shared(seed, catalog.find(top.itemId()).orElseThrow());
 * List<String> around = graph.neighbors(entities.of(seed), 2, 16, 42);
 * }</pre>
 */
@NullMarked
package io.recommender.ann.entities;

import org.jspecify.annotations.NullMarked;
