package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.PopularityRecommender;
import io.recommender.evaluation.ScoreMetrics;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.onnx.RerankerOptions;
import io.recommender.testing.RerankerContract;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The committed ranker, for the shoppers of the shop. */
class RankerBundleTest {
  private static final Path BUNDLE = Path.of("bundles/shop-ranker");
  private static final Shop SHOP = Shop.standard();

  @Nested
  class Contract extends RerankerContract {
    @Override
    protected Reranker create() {
      return RecommenderBundle.openReranker(BUNDLE);
    }

    @Override
    protected List<String> itemIds() {
      return IntStream.range(0, 80).mapToObj(SHOP.catalog()::id).toList();
    }
  }

  @Test
  void whatComesNextScoresAboveOtherItems() {
    try (OnnxReranker ranker = RecommenderBundle.openReranker(BUNDLE)) {
      List<ScoredItem> scored = new ArrayList<>();
      List<Boolean> came = new ArrayList<>();
      for (Shopper shopper : SHOP.shoppers().subList(0, 400)) {
        List<Interaction> all = shopper.history().interactions();
        Interaction next = all.get(all.size() - 1);
        List<ScoredItem> candidates = new ArrayList<>();
        candidates.add(new ScoredItem(next.itemId(), 0));
        for (int i = 1; i <= 20; i++) {
          String other = SHOP.catalog().id((scored.size() * 31 + i * 97) % SHOP.catalog().size());
          if (!other.equals(next.itemId())) {
            candidates.add(new ScoredItem(other, 0));
          }
        }
        RecommendationRequest request =
            RecommendationRequest.of(UserHistory.of(all.subList(0, all.size() - 1))).build();
        for (ScoredItem item : ranker.rerank(request, candidates)) {
          scored.add(item);
          came.add(item.itemId().equals(next.itemId()));
        }
      }
      boolean[] labels = new boolean[came.size()];
      for (int i = 0; i < labels.length; i++) {
        labels[i] = came.get(i);
      }
      double auc =
          ScoreMetrics.auc(
              scored.stream().mapToDouble(item -> item.taskScores().get("click")).toArray(),
              labels);
      assertTrue(auc > 0.9, "AUC " + auc);
    }
  }

  @Test
  void theTourShowsClicksPurchasesAndAPrice() {
    AtomicReference<Map<String, Double>> prices = new AtomicReference<>(Map.of());
    RerankerOptions options =
        RerankerOptions.defaults()
            .itemTable(
                "price", id -> Optional.ofNullable(prices.get().get(id)).map(Feature.Scalar::new));
    StringWriter text = new StringWriter();
    try (OnnxReranker ranker = RecommenderBundle.openReranker(BUNDLE, options);
        SequenceRecommender popular =
            PopularityRecommender.fit(
                SHOP.catalog(), SHOP.shoppers().stream().map(Shopper::history).toList())) {
      new RankerDemo(Terminal.plain(new PrintWriter(text)), popular, ranker, prices, SHOP).run();
    }
    for (String line : text.toString().split("\n")) {
      assertTrue(line.length() <= 100, line.length() + " columns: " + line);
    }
    assertEquals(18, text.toString().lines().filter(line -> line.contains(" was ")).count());
    assertEquals(Map.of(), prices.get());
  }
}
