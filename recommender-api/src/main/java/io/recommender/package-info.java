/**
 * The vocabulary of the recommender and the three interfaces that everything else implements.
 *
 * <ul>
 *   <li>{@link io.recommender.SequenceRecommender} answers a {@link
 *       io.recommender.RecommendationRequest} with {@link io.recommender.Recommendations};
 *   <li>{@link io.recommender.Reranker} reorders candidates;
 *   <li>{@link io.recommender.ItemEncoder} turns {@link io.recommender.Item items} into vectors,
 *       which an {@link io.recommender.ItemIndex} searches.
 * </ul>
 *
 * <p>A {@link io.recommender.pipeline.RecommenderPipeline} makes one recommender of several, with
 * {@link io.recommender.HistoryTransform transforms}, rerankers, rules and fallbacks.
 *
 * <p>A conversation is a request with {@link io.recommender.Turn turns} and an answer with a text.
 *
 * <p>An {@link io.recommender.Explainer} tells the {@link io.recommender.Reason reasons} of a
 * model.
 *
 * <p>Whatever keeps anything of users is a {@link io.recommender.FeedbackSink}: it learns from
 * {@link io.recommender.Feedback}, and forgets a user when told to.
 *
 * <pre>{@code
 * try (SequenceRecommender recommender = RecommenderBundle.open(Path.of("bundles/shop"))) {
 *   Recommendations top =
 *       recommender.recommend(
 *           RecommendationRequest.of(UserHistory.of("sku-1", "sku-7")).k(10).filter(inStock).build());
 *   for (ScoredItem item : top) {
 *     System.out.println(item.itemId() + " " + item.score());
 *   }
 * }
 * }</pre>
 *
 * <p><b>Rules that hold everywhere.</b> An item id is the caller's string; an ordinal is a dense
 * number of the library and never part of an answer. A history is oldest first. A higher score is
 * better. Equal scores are ordered by catalogue ordinal. The same input, seed and model give the
 * same output on any number of threads. NaN and infinity never leave the library.
 *
 * <p>Nothing here is nullable: an absent value is an {@link java.util.Optional} or an empty
 * collection, and a null argument is a {@link NullPointerException} that names it.
 */
@NullMarked
package io.recommender;

import org.jspecify.annotations.NullMarked;
