package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Feedback and forgetting reach every part of a pipeline that is a sink, each once. */
class PipelineFeedbackTest {
  private final List<String> heard = new ArrayList<>();

  /** A recommender and a reranker that notes what it hears. */
  private final class Part implements SequenceRecommender, Reranker, FeedbackSink {
    private final String name;

    Part(String name) {
      this.name = name;
    }

    @Override
    public Recommendations recommend(RecommendationRequest request) {
      return Recommendations.of(request.k(), List.of()).build();
    }

    @Override
    public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
      return candidates;
    }

    @Override
    public void observe(Feedback feedback) {
      heard.add(name + " " + feedback.itemId());
    }

    @Override
    public void forget(String userId) {
      heard.add(name + " forgets " + userId);
    }

    @Override
    public void close() {}
  }

  private RecommenderPipeline pipeline() {
    Part source = new Part("source");
    return RecommenderPipeline.named("home")
        .source("one", source)
        .source("two", request -> Recommendations.of(request.k(), List.of()).build())
        .reranker("source again", source)
        .reranker("ranker", new Part("ranker"))
        .fallback("fallback", new Part("fallback"))
        .sink(userId -> heard.add("sink forgets " + userId))
        .build();
  }

  @Test
  void forgettingReachesEverySinkOnce() {
    try (RecommenderPipeline pipeline = pipeline()) {
      pipeline.forget("ann");
    }
    assertEquals(
        List.of(
            "source forgets ann", "ranker forgets ann", "fallback forgets ann", "sink forgets ann"),
        heard);
  }

  @Test
  void feedbackReachesThemWithConsentOnly() {
    try (RecommenderPipeline pipeline = pipeline()) {
      pipeline.observe(Feedback.of("a").consent(false));
      pipeline.observe(Feedback.of("b"));
    }
    assertEquals(List.of("source b", "ranker b", "fallback b"), heard);
  }

  @Test
  void aPipelineInAPipelinePassesThemOn() {
    try (RecommenderPipeline inner = pipeline();
        RecommenderPipeline outer =
            RecommenderPipeline.named("outer").source("inner", inner).build()) {
      outer.forget("ann");
    }
    assertEquals(4, heard.size());
  }
}
