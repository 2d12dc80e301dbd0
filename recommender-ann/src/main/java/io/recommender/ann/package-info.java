/**
 * Vector indexes in pure Java.
 *
 * <ul>
 *   <li>{@link io.recommender.ann.FlatIndex} compares a query with every item: exact, no training,
 *       the reference for every approximate index.
 *   <li>{@link io.recommender.ann.HnswIndex} walks a graph of neighbours: approximate, for
 *       catalogues where comparing everything takes too long. It can be saved and opened, filters
 *       inside the walk, and is told which recall to aim at rather than how to reach it.
 *   <li>{@link io.recommender.ann.SparseIndex} keeps what is not zero: exact, for pruned vectors.
 * </ul>
 *
 * <pre>{@code
 * FlatIndex index = new FlatIndex(64, Similarity.COSINE);
 * index.addAll(itemIds, vectors);
 * List<ScoredItem> similar = index.search(query, 10, ItemFilter.deny(alreadySeen));
 * }</pre>
 *
 * <p>Start the JVM with {@code --add-modules jdk.incubator.vector} to use SIMD instructions;
 * answers are the same without, only slower. {@code -Drecommender.kernels=scalar} turns them off.
 */
@NullMarked
package io.recommender.ann;

import org.jspecify.annotations.NullMarked;
