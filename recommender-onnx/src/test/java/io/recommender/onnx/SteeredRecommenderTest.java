package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The state of a model, and what an edit of it does before its head ranks. */
class SteeredRecommenderTest {
  private static final BundleOptions WITH_INDEX = BundleOptions.defaults().index(ListIndex::new);

  /** Leaves the first component out. */
  private static final UnaryOperator<float[]> ABLATION =
      state -> {
        float[] edited = state.clone();
        edited[0] = 0;
        return edited;
      };

  @TempDir Path folder;

  private OnnxSequenceRecommender model;

  @BeforeEach
  void open() {
    model = RecommenderBundle.open(Fixtures.vectorBundle(folder, "DOT").seal(), WITH_INDEX);
  }

  @AfterEach
  void close() {
    model.close();
  }

  private static RecommendationRequest request(int... ordinals) {
    List<String> items = new ArrayList<>();
    for (int ordinal : ordinals) {
      items.add(Fixtures.IDS.get(ordinal));
    }
    return RecommendationRequest.of(UserHistory.ofItems(items)).k(Fixtures.ITEMS).build();
  }

  @Test
  void theStateIsTheUserVector() {
    assertArrayEquals(
        Fixtures.expectedUser(3, 1, 7), model.userVector(request(3, 1, 7)).orElseThrow(), 1e-6f);
    assertEquals(
        Optional.empty(),
        model.userVector(RecommendationRequest.of(UserHistory.of("no such item")).build()));
  }

  @Test
  void withoutAnEditTheAnswerIsTheSameToTheLastBit() {
    SequenceRecommender same = model.steered(UnaryOperator.identity());
    for (int item = 0; item < Fixtures.ITEMS; item++) {
      RecommendationRequest request = request(item, (item + 3) % Fixtures.ITEMS);
      Recommendations plain = model.recommend(request);
      Recommendations steered = same.recommend(request);
      assertEquals(plain.items(), steered.items());
      assertEquals(plain.modelVersion(), steered.modelVersion());
      assertEquals(plain.scoreKind(), steered.scoreKind());
      assertEquals(1, steered.modelRuns());
    }
  }

  @Test
  void anEditRanksAgainUnderTheFilter() {
    RecommendationRequest request =
        request(2, 5).toBuilder()
            .k(4)
            .filter(ItemFilter.deny(java.util.Set.of(Fixtures.IDS.get(0))))
            .build();
    float[] user = Fixtures.expectedUser(2, 5);
    List<ScoredItem> found = model.steered(ABLATION).recommend(request).items();
    assertEquals(4, found.size());
    double previous = Double.POSITIVE_INFINITY;
    for (ScoredItem item : found) {
      float[] vector = Fixtures.ITEM[Fixtures.IDS.indexOf(item.itemId())];
      double expected = 0;
      for (int i = 1; i < user.length; i++) {
        expected += (double) user[i] * vector[i];
      }
      assertEquals(expected, item.score(), 1e-5);
      assertTrue(item.score() <= previous);
      previous = item.score();
      assertTrue(!item.itemId().equals(Fixtures.IDS.get(0)));
    }
  }

  @Test
  void aBatchIsSteeredAsSingleCallsAreAndTheModelStaysAsItIs() {
    SequenceRecommender steered = model.steered(ABLATION);
    List<RecommendationRequest> requests =
        List.of(request(1), request(4, 2, 9), request(), request(6, 6));
    List<Recommendations> plain = model.recommendAll(requests);
    List<Recommendations> batch = steered.recommendAll(requests);
    for (int i = 0; i < requests.size(); i++) {
      assertEquals(steered.recommend(requests.get(i)).itemIds(), batch.get(i).itemIds());
      assertEquals(model.recommend(requests.get(i)).itemIds(), plain.get(i).itemIds());
    }
    assertTrue(batch.get(2).hasNotice(Notice.Code.FALLBACK_USED));
  }

  @Test
  void closingWhatIsSteeredLeavesTheModelOpenAndNotTheOtherWayRound() {
    SequenceRecommender steered = model.steered(ABLATION);
    steered.close();
    steered.recommend(request(1));
    model.close();
    assertThrows(IllegalStateException.class, () -> steered.recommend(request(1)));
    assertThrows(IllegalStateException.class, () -> model.userVector(request(1)));
  }

  @Test
  void aModelThatScoresHasNoState() {
    try (OnnxSequenceRecommender scores =
        RecommenderBundle.open(Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").seal())) {
      IllegalStateException e =
          assertThrows(IllegalStateException.class, () -> scores.steered(ABLATION));
      assertTrue(
          e.getMessage().contains("expected a model of contract SEQ_EMBEDDING"), e.getMessage());
      assertThrows(IllegalStateException.class, () -> scores.userVector(request(1)));
    }
  }
}
