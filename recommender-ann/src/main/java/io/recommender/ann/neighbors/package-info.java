/**
 * Recommenders that need no model, only a log of who had what: the baselines to measure a model
 * against and the fallbacks to put behind one.
 *
 * <ul>
 *   <li>{@link io.recommender.ann.neighbors.PopularityRecommender}: what most people had;
 *   <li>{@link io.recommender.ann.neighbors.TrendingRecommender}: what most people had lately,
 *       counting every event as it comes;
 *   <li>{@link io.recommender.ann.neighbors.MarkovRecommender}: what followed the last item;
 *   <li>{@link io.recommender.ann.neighbors.ItemKnnRecommender}: what the same people had;
 *   <li>{@link io.recommender.ann.neighbors.SessionKnnRecommender}: what the recent sessions most
 *       like this one had, learning from every event;
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
 * <p>Session neighbours and trending items change with every event. The others are tables sorted
 * for the answer, in which one event moves many entries, so they are fitted again.
 *
 * <p>None of them leaves out the items of the history by itself; {@link
 * io.recommender.ItemFilter#unseen} does.
 */
@NullMarked
package io.recommender.ann.neighbors;

import org.jspecify.annotations.NullMarked;
