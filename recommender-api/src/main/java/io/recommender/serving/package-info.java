/**
 * Models under load: swapped while they are used, run together for callers that come together,
 * limited, shut down in order, and examined.
 *
 * <ul>
 *   <li>{@link io.recommender.serving.SwappableRecommender}, and for rerankers {@link
 *       io.recommender.serving.SwappableReranker}, takes a new model in, after trying it, and back
 *       out;
 *   <li>{@link io.recommender.serving.BatchingRecommender} answers callers that come at the same
 *       time with one run of the model;
 *   <li>{@link io.recommender.serving.Bulkhead} limits the calls inside several models and closes
 *       them in order;
 *   <li>{@link io.recommender.serving.Doctor} tells how it all is.
 * </ul>
 *
 * <p>Each is a recommender around another, so they nest. A swap inside of a batch keeps a batch on
 * one model:
 *
 * <pre>{@code
 * SwappableRecommender models =
 *     SwappableRecommender.builder("home").open(() -> RecommenderBundle.open(bundle));
 * SequenceRecommender home = BatchingRecommender.builder("home", models).build();
 * models.swap(() -> RecommenderBundle.open(newer));
 * System.out.print(Doctor.examine(32, home).toText());
 * }</pre>
 */
@NullMarked
package io.recommender.serving;

import org.jspecify.annotations.NullMarked;
