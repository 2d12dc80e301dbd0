package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.pipeline.CriteriaReranker.Scale;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rankings by several numbers, and the devices of C2|Q>. */
class CriteriaRerankerTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.empty())
          .context("qubits", new Feature.Scalar(56))
          .build();

  /** Six quantum devices: qubits, fidelity in [0, 1], runtime in seconds, cost in dollars. */
  private static final Catalog DEVICES =
      Catalog.of(
          List.of(
              device("small", 27, 0.999, 10, 1),
              device("exact", 56, 0.997, 900, 90),
              device("quick", 127, 0.95, 60, 30),
              device("cheap", 65, 0.92, 400, 5),
              device("worse", 65, 0.91, 401, 5),
              device("large", 1121, 0.9, 300, 400)));

  private static Item device(
      String id, double qubits, double fidelity, double runtime, double cost) {
    return new Item(
        id,
        Map.of(
            "qubits", new Feature.Scalar(qubits),
            "fidelity", new Feature.Scalar(fidelity),
            "runtime", new Feature.Scalar(runtime),
            "cost", new Feature.Scalar(cost)));
  }

  private static CriteriaReranker.Builder builder(Catalog catalog) {
    return CriteriaReranker.over(catalog::find)
        .atLeast(
            "qubits",
            request ->
                request.context().get("qubits") instanceof Feature.Scalar needed
                    ? needed.value()
                    : 0);
  }

  private static CriteriaReranker devices(double fidelity, double runtime, double cost) {
    return builder(DEVICES)
        .maximize("fidelity", fidelity, Scale.MIN_MAX)
        .minimize("runtime", runtime, Scale.LOGARITHM)
        .minimize("cost", cost, Scale.RANK)
        .build();
  }

  private static List<ScoredItem> candidates(Catalog catalog) {
    return IntStream.range(0, catalog.size())
        .mapToObj(ordinal -> new ScoredItem(catalog.id(ordinal), -ordinal, "devices"))
        .toList();
  }

  private static List<String> order(List<ScoredItem> items) {
    return items.stream().map(ScoredItem::itemId).toList();
  }

  @Test
  void c2qDevicesAreRankedByFidelityRuntimeAndCost() {
    List<ScoredItem> byFidelity = devices(1, 0, 0).rerank(REQUEST, candidates(DEVICES));
    assertEquals(List.of("exact", "quick", "cheap", "worse", "large"), order(byFidelity));
    assertEquals(1, byFidelity.get(0).score());
    assertEquals(0, byFidelity.get(4).score());
    assertEquals(
        List.of("quick", "large", "cheap", "worse", "exact"),
        order(devices(0, 1, 0).rerank(REQUEST, candidates(DEVICES))));
    assertEquals(
        List.of("cheap", "worse", "quick", "exact", "large"),
        order(devices(0, 0, 1).rerank(REQUEST, candidates(DEVICES))));
  }

  @Test
  void c2qMeansAreThoseComputedByHand() {
    List<ScoredItem> ranked = devices(2, 1, 1).rerank(REQUEST, candidates(DEVICES));
    ScoredItem quick =
        ranked.stream().filter(item -> item.itemId().equals("quick")).findFirst().orElseThrow();
    double fidelity = (0.95 - 0.9) / (0.997 - 0.9);
    assertEquals(fidelity, quick.taskScores().get("fidelity"), 1e-12);
    assertEquals(1.0, quick.taskScores().get("runtime"));
    assertEquals(2.0 / 4, quick.taskScores().get("cost"), 1e-12);
    assertEquals((2 * fidelity + 1 + 0.5) / 4, quick.score(), 1e-12);
    assertEquals("devices", quick.source());
  }

  @Test
  void c2qNoDeviceIsSmallerThanTheProblem() {
    for (double needed : new double[] {0, 27, 28, 56, 57, 2000}) {
      RecommendationRequest request =
          REQUEST.toBuilder().context("qubits", new Feature.Scalar(needed)).build();
      for (ScoredItem item : devices(1, 1, 1).rerank(request, candidates(DEVICES))) {
        Feature qubits = DEVICES.find(item.itemId()).orElseThrow().features().get("qubits");
        assertTrue(((Feature.Scalar) qubits).value() >= needed, item.itemId());
      }
    }
  }

  @Test
  void anAbsentNumberIsTheWorst() {
    Catalog catalog =
        Catalog.of(List.of(Item.of("none"), device("low", 1, 0, 1, 1), device("high", 1, 1, 1, 1)));
    CriteriaReranker reranker =
        CriteriaReranker.over(catalog::find).maximize("fidelity", 1, Scale.MIN_MAX).build();
    List<ScoredItem> ranked = reranker.rerank(REQUEST, candidates(catalog));
    assertEquals(List.of("high", "low", "none"), order(ranked));
    assertEquals(0, ranked.get(2).score());
  }

  @Test
  void whatIsWrongIsNamed() {
    CriteriaReranker.Builder empty = CriteriaReranker.over(DEVICES::find);
    assertThrows(IllegalArgumentException.class, empty::build);
    assertThrows(IllegalArgumentException.class, () -> empty.maximize("fidelity", -1, Scale.RANK));
    empty.maximize("fidelity", 1, Scale.RANK);
    assertThrows(IllegalArgumentException.class, () -> empty.minimize("fidelity", 1, Scale.RANK));
    Catalog texts = Catalog.of(List.of(new Item("a", Map.of("cost", new Feature.Text("dear")))));
    assertNames(texts, "item 'a', feature 'cost': expected a number, found a Text");
    Catalog free = Catalog.of(List.of(new Item("a", Map.of("cost", new Feature.Scalar(0)))));
    assertNames(
        free, "item 'a', feature 'cost': expected a number above 0 for its logarithm, found 0.0");
  }

  private static void assertNames(Catalog catalog, String message) {
    CriteriaReranker reranker =
        CriteriaReranker.over(catalog::find).minimize("cost", 1, Scale.LOGARITHM).build();
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> reranker.rerank(REQUEST, candidates(catalog)));
    assertEquals(message, e.getMessage());
  }
}
