package io.recommender.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What stands before a model that learns passes on what it has to know of users. */
class ServingSinkTest {
  private static final Feedback CLICK = Feedback.of("a").forUser("ann").label("click", 1);

  private static final class Learner implements SequenceRecommender, Reranker, FeedbackSink {
    private final List<String> told = new ArrayList<>();

    @Override
    public Recommendations recommend(RecommendationRequest request) {
      return Recommendations.of(request.k(), List.of(new ScoredItem("a", 1))).build();
    }

    @Override
    public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
      return candidates;
    }

    @Override
    public void close() {}

    @Override
    public void observe(Feedback feedback) {
      told.add("observe " + feedback.itemId());
    }

    @Override
    public void forget(String userId) {
      told.add("forget " + userId);
    }
  }

  private static void tell(FeedbackSink sink) {
    sink.observe(CLICK);
    sink.forget("ann");
  }

  @Test
  void swappedModelsLearnWhileTheyAnswerAndForgetWhileTheyAreKept() {
    Learner monday = new Learner();
    Learner tuesday = new Learner();
    SwappableRecommender home =
        SwappableRecommender.builder("home").keepPrevious().open(() -> monday);
    tell(home);
    home.swap(() -> tuesday);
    tell(home);
    assertEquals(List.of("observe a", "forget ann", "forget ann"), monday.told);
    assertEquals(List.of("observe a", "forget ann"), tuesday.told);
    home.close();
    home.forget("ann");
    assertThrows(IllegalStateException.class, () -> home.observe(CLICK));
    assertEquals(2, tuesday.told.size());
  }

  @Test
  void whatGathersOrLimitsCallsPassesBothOn() {
    Learner gathered = new Learner();
    BatchingRecommender together = BatchingRecommender.builder("home", gathered).build();
    tell(together);
    together.close();
    tell(together);
    assertEquals(List.of("observe a", "forget ann"), gathered.told);
    Bulkhead bulkhead = new Bulkhead("home", 2, 2, Duration.ofSeconds(1));
    Learner limited = new Learner();
    tell((FeedbackSink) bulkhead.guard((SequenceRecommender) limited));
    tell((FeedbackSink) bulkhead.guard((Reranker) limited));
    assertEquals(List.of("observe a", "forget ann", "observe a", "forget ann"), limited.told);
  }
}
