/**
 * Composes recommenders into one.
 *
 * <p>A {@link io.recommender.pipeline.RecommenderPipeline} asks several {@link
 * io.recommender.pipeline.CandidateSource sources} at once, fuses what they return ({@link
 * io.recommender.pipeline.Fusion}), reranks it, applies the {@link io.recommender.pipeline.SlotRule
 * rules} of a shop and {@link io.recommender.pipeline.Diversity diversity}, and fills up from
 * fallbacks. It is a recommender itself, and may be declared in a {@link
 * io.recommender.pipeline.PipelineFile file}.
 *
 * <pre>{@code
 * CatalogOverlay live = new CatalogOverlay();
 * RecommenderPipeline home =
 *     RecommenderPipeline.named("home")
 *         .source(CandidateSource.of("model", model).weight(2))
 *         .source(CandidateSource.of("session", neighbours))
 *         .overlay(live)
 *         .diversity(Diversity.mmr(0.7, vectors))
 *         .rule(SlotRule.atMost(2, "brand", catalog))
 *         .fallback("popular", popularity)
 *         .deadline(Duration.ofMillis(50))
 *         .build();
 * }</pre>
 */
@NullMarked
package io.recommender.pipeline;

import org.jspecify.annotations.NullMarked;
