/**
 * What is done with vectors of users and items besides searching them.
 *
 * <ul>
 *   <li>{@link io.recommender.ann.vectors.VectorRecommender} recommends by vectors alone: trained
 *       tables of users and items, or texts;
 *   <li>{@link io.recommender.ann.vectors.QueryVector} composes what is searched with: the user's
 *       vector, the mean of the history, an intention, weighted sums;
 *   <li>{@link io.recommender.ann.vectors.LinearMap} carries vectors from one space into another,
 *       such as those of texts into that of a trained model: new items have a place at once;
 *   <li>{@link io.recommender.ann.vectors.InteractionGraph} propagates vectors between users and
 *       items, as LightGCN does, at load.
 * </ul>
 *
 * <pre>{@code
 * LinearMap map = LinearMap.ridge(textsOfKnownItems, vectorsOfKnownItems, 10);
 * index.add("sku-new", map.apply(textOfNewItem));
 * QueryVector history = QueryVector.historyMean(index::vector, 0.9);
 * SequenceRecommender recommender = VectorRecommender.of("texts", history, index, popularity);
 * }</pre>
 *
 * <p>Tables of items are indexes: {@link io.recommender.ann.FlatIndex}, {@link
 * io.recommender.ann.SparseIndex} where most elements are zero, {@link
 * io.recommender.ann.HnswIndex}. Tables of users are a {@link io.recommender.ann.memory.UserStore}
 * of floats, which forgets users when told to.
 */
@NullMarked
package io.recommender.ann.vectors;

import org.jspecify.annotations.NullMarked;
