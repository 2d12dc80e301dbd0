/**
 * Items as sequences of codes (semantic ids) or of the tokens of their titles.
 *
 * <ul>
 *   <li>{@link io.recommender.ann.semantic.SemanticIdIndex}: which codes lead to items that may be
 *       returned, and which items score highest, while items come, go and run out of stock.
 *   <li>{@link io.recommender.ann.semantic.ResidualQuantizer}: codes for vectors.
 *   <li>{@link io.recommender.ann.semantic.ItemIndexers}: codes for items by their histories or
 *       categories.
 *   <li>{@link io.recommender.ann.semantic.CodebookRetriever}: items by the inner products of what
 *       their codes stand for.
 *   <li>{@link io.recommender.ann.semantic.CollisionReport}: how well codes tell items apart.
 * </ul>
 */
@NullMarked
package io.recommender.ann.semantic;

import org.jspecify.annotations.NullMarked;
