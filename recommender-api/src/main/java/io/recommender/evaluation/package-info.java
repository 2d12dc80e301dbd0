/**
 * Measures how good, how varied and how fast recommendations are.
 *
 * <p>An {@link io.recommender.evaluation.InteractionLog} is cut by a {@link
 * io.recommender.evaluation.Split} into training and cases; an {@link
 * io.recommender.evaluation.Evaluator} asks recommenders the cases, or takes {@link
 * io.recommender.evaluation.RankedLists} made elsewhere, and gives an {@link
 * io.recommender.evaluation.EvaluationReport}.
 *
 * <pre>{@code
 * InteractionLog log = InteractionLog.readTsv(Path.of("interactions.tsv"));
 * Split split = Split.byTime(log, Instant.parse("2026-01-01T00:00:00Z"));
 * EvaluationReport report =
 *     Evaluator.builder()
 *         .seenItems(SeenItems.FILTER)
 *         .build()
 *         .run(Map.of("shop", recommender), split, log.catalog());
 * Files.writeString(Path.of("report.html"), report.toHtml(true));
 * }</pre>
 *
 * <p>The metrics are the functions of {@link io.recommender.evaluation.RankingMetrics}, {@link
 * io.recommender.evaluation.PopularityMetrics}, {@link
 * io.recommender.evaluation.DistributionMetrics} and {@link
 * io.recommender.evaluation.ScoreMetrics}; each says whose definition it is. All but the last are
 * listed in {@link io.recommender.evaluation.Metric}. Arithmetic is in double precision, sums go in
 * the order of the cases, and an undefined value is NaN, never 0.
 */
@NullMarked
package io.recommender.evaluation;

import org.jspecify.annotations.NullMarked;
