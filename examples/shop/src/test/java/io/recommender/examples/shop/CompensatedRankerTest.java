package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Feedback;
import io.recommender.PredictingReranker;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.ann.memory.CompensatingReranker;
import io.recommender.ann.memory.ErrorMemory;
import io.recommender.evaluation.ScoreMetrics;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.onnx.RerankerOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * ReLoop2 around an exported ranker: the hidden vectors are those of the graph, what it learns from
 * is feedback on what it has ranked.
 *
 * <p>The ranker of {@code make_drift_ranker.py} learned from impressions of which a tenth is
 * clicked, whatever the features. Then half of those on one side of a plane through the features
 * are clicked.
 */
class CompensatedRankerTest {
  private static final Path BUNDLE =
      Path.of("src/test/resources/io/recommender/examples/shop/drift-ranker");
  private static final int FEATURES = 6;
  private static final String CLICK = "click";
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.empty().forUser("ann")).k(1).build();

  private final Map<String, float[]> features = new HashMap<>();

  private OnnxReranker open() {
    return RecommenderBundle.openReranker(
        BUNDLE,
        RerankerOptions.defaults()
            .itemTable(
                "features",
                id -> Optional.ofNullable(features.get(id)).map(Feature.Tensor::vector)));
  }

  /** Impressions, the region of those whose clicks change, and what is clicked. */
  private final class Stream {
    private final Random random;
    private final double[] plane = new double[FEATURES];

    Stream(long seed) {
      random = new Random(seed);
      for (int i = 0; i < FEATURES; i++) {
        plane[i] = random.nextGaussian();
      }
    }

    ScoredItem next() {
      float[] row = new float[FEATURES];
      for (int i = 0; i < FEATURES; i++) {
        row[i] = (float) random.nextGaussian();
      }
      String id = "ad-" + features.size();
      features.put(id, row);
      return new ScoredItem(id, 0);
    }

    boolean isInRegion(ScoredItem item) {
      float[] row = features.get(item.itemId());
      double along = 0;
      for (int i = 0; i < FEATURES; i++) {
        along += plane[i] * row[i];
      }
      return along > 0;
    }

    float click(ScoredItem item, boolean isShifted) {
      return random.nextDouble() < (isShifted && isInRegion(item) ? 0.5 : 0.1) ? 1 : 0;
    }
  }

  /** Log-loss of the model and of the corrected model, summed. */
  private static final class Losses {
    private double model;
    private double corrected;

    void add(double prediction, double compensated, float label) {
      model += loss(prediction, label);
      corrected += loss(compensated, label);
    }

    private static double loss(double prediction, float label) {
      double p = Math.max(1e-7, Math.min(1 - 1e-7, prediction));
      return -(label * Math.log(p) + (1 - label) * Math.log(1 - p));
    }

    /** Returns by which part the corrected model is better. */
    double gain() {
      return 1 - corrected / model;
    }
  }

  private static double click(List<ScoredItem> ranked) {
    return ranked.get(0).taskScores().get(CLICK);
  }

  /** Ranks an impression and tells what became of it, as an application does. */
  private static void follow(
      Stream stream,
      CompensatingReranker ranker,
      boolean isShifted,
      OnnxReranker model,
      Losses to) {
    ScoredItem shown = stream.next();
    double prediction = click(model.rerank(REQUEST, List.of(shown)));
    double compensated = click(ranker.rerank(REQUEST, List.of(shown)));
    float label = stream.click(shown, isShifted);
    to.add(prediction, compensated, label);
    ranker.observe(Feedback.of(shown.itemId()).forUser("ann").label(CLICK, label));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void aShiftIsFollowedByWhatTheGraphTellsAndTheModelStays(long seed) {
    Stream stream = new Stream(seed);
    try (OnnxReranker model = open();
        CompensatingReranker ranker =
            CompensatingReranker.of(
                model.predicting(), ErrorMemory.of(model.hiddenSize(), model.tasks()))) {
      final ScoredItem probe = stream.next();
      final double raw = click(model.rerank(REQUEST, List.of(probe)));
      Losses before = new Losses();
      for (int i = 0; i < 3_000; i++) {
        follow(stream, ranker, false, model, before);
        assertTrue(ranker.memory().size(CLICK) <= 1_000);
      }
      for (int i = 0; i < 1_000; i++) {
        follow(stream, ranker, true, model, new Losses());
      }
      assertEquals(1_000, ranker.memory().size(CLICK), "all feedback found what was shown");

      List<ScoredItem> later = new ArrayList<>();
      for (int i = 0; i < 5_000; i++) {
        later.add(stream.next());
      }
      Map<String, Double> predicted = clicks(model.rerank(REQUEST, later));
      Map<String, Double> corrected = clicks(ranker.rerank(REQUEST, later));
      Losses overall = new Losses();
      Losses region = new Losses();
      double[] modelScores = new double[later.size()];
      double[] scores = new double[later.size()];
      boolean[] labels = new boolean[later.size()];
      for (int i = 0; i < scores.length; i++) {
        ScoredItem item = later.get(i);
        float label = stream.click(item, true);
        modelScores[i] = predicted.get(item.itemId());
        scores[i] = corrected.get(item.itemId());
        labels[i] = label == 1;
        overall.add(modelScores[i], scores[i], label);
        if (stream.isInRegion(item)) {
          region.add(modelScores[i], scores[i], label);
        }
      }
      assertTrue(before.gain() >= -0.02, () -> "before: " + before.gain());
      assertTrue(overall.gain() >= 0.15, () -> "overall: " + overall.gain());
      assertTrue(region.gain() >= 0.2, () -> "region: " + region.gain());
      double modelAuc = ScoreMetrics.auc(modelScores, labels);
      double auc = ScoreMetrics.auc(scores, labels);
      assertTrue(auc > Math.max(0.64, modelAuc + 0.05), () -> "AUC " + modelAuc + " to " + auc);
      assertEquals(raw, click(model.rerank(REQUEST, List.of(probe))), "no weight has changed");
    }
  }

  private static Map<String, Double> clicks(List<ScoredItem> ranked) {
    Map<String, Double> clicks = new HashMap<>();
    ranked.forEach(item -> clicks.put(item.itemId(), item.taskScores().get(CLICK)));
    return clicks;
  }

  @Test
  void anEmptyMemoryChangesNoBit() {
    Stream stream = new Stream(9);
    List<ScoredItem> candidates = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      candidates.add(stream.next());
    }
    try (OnnxReranker model = open()) {
      PredictingReranker predicting = model.predicting();
      CompensatingReranker ranker =
          CompensatingReranker.of(predicting, ErrorMemory.of(model.hiddenSize(), model.tasks()));
      PredictingReranker.Predictions predictions = predicting.predict(REQUEST, candidates);
      List<ScoredItem> ranked = ranker.rerank(REQUEST, candidates);
      assertEquals(predicting.order(REQUEST, candidates, predictions.probabilities()), ranked);
      assertEquals(
          model.rerank(REQUEST, candidates).stream().map(ScoredItem::itemId).toList(),
          ranked.stream().map(ScoredItem::itemId).toList());
      ranker.observe(Feedback.of(ranked.get(0).itemId()).forUser("ann").label(CLICK, 1));
      assertEquals(1, ranker.memory().size(CLICK));
      ranker.forget("ann");
      assertEquals(ranked, ranker.rerank(REQUEST, candidates), "empty again");
      float[] hidden = predictions.hidden()[0];
      assertEquals(model.hiddenSize(), hidden.length);
      assertArrayEquals(hidden, predicting.predict(REQUEST, candidates).hidden()[0]);
    }
  }
}
