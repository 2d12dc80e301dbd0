/**
 * What is done with vectors of users and items besides searching them.
 *
 * <ul>
 *   <li>{@link io.recommender.ann.vectors.LinearMap} carries vectors from one space into another,
 *       such as those of texts into that of a trained model: new items have a place at once.
 * </ul>
 */
@NullMarked
package io.recommender.ann.vectors;

import org.jspecify.annotations.NullMarked;
