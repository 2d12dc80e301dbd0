package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.pipeline.CriteriaReranker.Scale;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
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

  /** Numbers that are equal, close, huge and tiny. */
  @Provide
  Arbitrary<List<List<Double>>> rows() {
    Arbitrary<Double> number =
        Arbitraries.oneOf(
            Arbitraries.of(-1e300, -2.0, -0.0, 0.0, 1.0, Math.nextUp(1.0), 3.0, 1e300),
            Arbitraries.doubles().between(0, 1));
    return number.list().ofSize(3).list().ofMinSize(1).ofMaxSize(12);
  }

  @Property(tries = 1000)
  void aDominatedItemNeverComesBeforeItsDominator(
      @ForAll("rows") List<List<Double>> rows,
      @ForAll("weights") List<Double> weights,
      @ForAll List<Scale> scales) {
    List<Item> items = new ArrayList<>();
    for (List<Double> row : rows) {
      Map<String, Feature> features = new HashMap<>();
      for (int i = 0; i < 3; i++) {
        // Logarithms need positive numbers: 2 to the number, as far as there are floats.
        boolean logarithm = scale(scales, i) == Scale.LOGARITHM;
        double number =
            logarithm
                ? Math.scalb(1.5, (int) Math.max(-1000, Math.min(1000, row.get(i))))
                : row.get(i);
        features.put("f" + i, new Feature.Scalar(number));
      }
      items.add(new Item("item-" + items.size(), features));
    }
    Catalog catalog = Catalog.of(items);
    CriteriaReranker.Builder builder = CriteriaReranker.over(catalog::find);
    for (int i = 0; i < 3; i++) {
      if (i == 1) {
        builder.minimize("f1", weights.get(1), scale(scales, 1));
      } else {
        builder.maximize("f" + i, weights.get(i), scale(scales, i));
      }
    }
    List<String> ranked = order(builder.build().rerank(REQUEST, candidates(catalog)));
    assertEquals(items.size(), ranked.size());
    for (int before = 0; before < ranked.size(); before++) {
      for (int after = before + 1; after < ranked.size(); after++) {
        Item upper = catalog.find(ranked.get(before)).orElseThrow();
        Item lower = catalog.find(ranked.get(after)).orElseThrow();
        assertFalse(dominates(lower, upper), () -> lower + " dominates " + upper);
      }
    }
  }

  private static Scale scale(List<Scale> scales, int place) {
    return place < scales.size() ? scales.get(place) : Scale.MIN_MAX;
  }

  @Provide
  Arbitrary<List<Double>> weights() {
    return Arbitraries.of(0.0, 1e-9, 0.5, 1.0, 1e9)
        .list()
        .ofSize(3)
        .filter(weights -> weights.stream().anyMatch(weight -> weight > 0));
  }

  private static boolean dominates(Item one, Item other) {
    boolean somewhere = false;
    for (int i = 0; i < 3; i++) {
      double sign = i == 1 ? -1 : 1;
      double first = sign * ((Feature.Scalar) one.features().get("f" + i)).value();
      double second = sign * ((Feature.Scalar) other.features().get("f" + i)).value();
      if (first < second) {
        return false;
      }
      somewhere |= first > second;
    }
    return somewhere;
  }
}
