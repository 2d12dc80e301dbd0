package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.testing.SequenceRecommenderContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * The two committed bundles: one backbone trained in PyTorch, with scores and with a user vector.
 */
class BundledModelsTest {
  private static final Path SCORES = Path.of("bundles/shop");
  private static final Path VECTOR = Path.of("bundles/shop-vector");
  private static final BundleOptions INDEX = BundleOptions.defaults().index(FlatIndex::new);

  @Nested
  class ScoresContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return RecommenderBundle.open(SCORES);
    }

    @Override
    protected Catalog items() {
      return RecommenderBundle.read(SCORES).catalog();
    }

    @Override
    protected double batchTolerance() {
      return 1e-4;
    }
  }

  @Nested
  class VectorContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return RecommenderBundle.open(VECTOR, INDEX);
    }

    @Override
    protected Catalog items() {
      return RecommenderBundle.read(VECTOR).catalog();
    }

    @Override
    protected double batchTolerance() {
      return 1e-4;
    }
  }

  private static List<UserHistory> histories(Catalog catalog, int count) {
    SplittableRandom random = new SplittableRandom(17);
    List<UserHistory> histories = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int length = 1 + random.nextInt(150);
      histories.add(
          UserHistory.ofItems(
              IntStream.range(0, length)
                  .mapToObj(j -> catalog.id(random.nextInt(catalog.size())))
                  .toList()));
    }
    return histories;
  }

  @Test
  void bothHeadsRankAlike() {
    try (OnnxSequenceRecommender scores = RecommenderBundle.open(SCORES);
        OnnxSequenceRecommender vector = RecommenderBundle.open(VECTOR, INDEX)) {
      for (UserHistory history : histories(scores.catalog(), 300)) {
        List<ScoredItem> expected = scores.recommend(history).items();
        List<ScoredItem> found = vector.recommend(history).items();
        assertEquals(10, found.size());
        for (int rank = 0; rank < 10; rank++) {
          assertEquals(expected.get(rank).score(), found.get(rank).score(), 1e-4);
          double score = expected.get(rank).score();
          long close =
              expected.stream().filter(item -> Math.abs(item.score() - score) <= 1e-4).count();
          String itemId = found.get(rank).itemId();
          assertTrue(close > 1 || rank == 9 || itemId.equals(expected.get(rank).itemId()), itemId);
        }
      }
    }
  }

  @Test
  void onlyTheNewestInteractionsCountAndTheirOrderDoes() {
    try (OnnxSequenceRecommender model = RecommenderBundle.open(SCORES)) {
      int window = RecommenderBundle.read(SCORES).maxLength();
      SplittableRandom random = new SplittableRandom(3);
      List<String> thousand =
          IntStream.range(0, 1000)
              .mapToObj(i -> model.catalog().id(random.nextInt(model.catalog().size())))
              .toList();
      List<String> newest = thousand.subList(1000 - window, 1000);
      assertEquals(
          model.recommend(UserHistory.ofItems(newest)).items(),
          model.recommend(UserHistory.ofItems(thousand)).items());
      List<String> swapped = new ArrayList<>(newest);
      swapped.set(window - 1, newest.get(0));
      swapped.set(0, newest.get(window - 1));
      assertNotEquals(
          model.recommend(UserHistory.ofItems(newest)).items(),
          model.recommend(UserHistory.ofItems(swapped)).items());
    }
  }

  @Test
  void batchesOfUnequalLengthsEqualSingleCalls() {
    try (OnnxSequenceRecommender model = RecommenderBundle.open(SCORES)) {
      List<RecommendationRequest> requests =
          histories(model.catalog(), 130).stream()
              .map(history -> RecommendationRequest.of(history).build())
              .toList();
      List<Recommendations> batch = model.recommendAll(requests);
      for (int i = 0; i < requests.size(); i++) {
        List<ScoredItem> single = model.recommend(requests.get(i)).items();
        for (int rank = 0; rank < single.size(); rank++) {
          assertEquals(single.get(rank).score(), batch.get(i).items().get(rank).score(), 1e-4);
        }
      }
    }
  }
}
