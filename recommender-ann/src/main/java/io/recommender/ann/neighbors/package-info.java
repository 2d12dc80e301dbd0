/**
 * Recommenders that need no model, only a log of who had what: the baselines to measure a model
 * against and the fallbacks to put behind one.
 *
 * <ul>
 *   <li>{@link io.recommender.ann.neighbors.PopularityRecommender}: what most people had;
 *   <li>{@link io.recommender.ann.neighbors.TrendingRecommender}: what most people had lately;
 *   <li>{@link io.recommender.ann.neighbors.MarkovRecommender}: what followed the last item;
 *   <li>{@link io.recommender.ann.neighbors.ItemKnnRecommender}: what the same people had;
 *   <li>{@link io.recommender.ann.neighbors.SessionKnnRecommender}: what the recent sessions most
 *       like this one had;
 *   <li>{@link io.recommender.ann.neighbors.EaseRecommender}: what a linear model of item on item
 *       predicts.
 * </ul>
 *
 * <pre>{@code
 * SequenceRecommender recommender = ItemKnnRecommender.fit(catalog, histories);
 * Recommendations top =
 *     recommender.recommend(
 *         RecommendationRequest.of(history).k(10).filter(ItemFilter.unseen(history)).build());
 * }</pre>
 *
 * <p>Each learns from every event while it answers, and is a {@link io.recommender.FeedbackSink},
 * so that a pipeline tells it what became of its answers; only the weights of the linear model wait
 * for {@link io.recommender.ann.neighbors.EaseRecommender#refit}. Observing events gives the same
 * answers as a log that has them. What is kept of a user, for the next event to be counted with
 * those before it, is kept under a hash of the id, within a number of bytes, and can be forgotten;
 * popularity and trends keep sums alone. All of it can be saved, and opened again with the
 * catalogue of then.
 *
 * <p>None of them leaves out the items of the history by itself; {@link
 * io.recommender.ItemFilter#unseen} does.
 */
@NullMarked
package io.recommender.ann.neighbors;

import org.jspecify.annotations.NullMarked;
