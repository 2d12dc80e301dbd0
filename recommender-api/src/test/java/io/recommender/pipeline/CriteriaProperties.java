package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

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
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What rankings by several numbers keep, whatever the numbers, weights and scales. */
class CriteriaProperties {
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
    List<String> ranked =
        builder
            .build()
            .rerank(
                RecommendationRequest.of(UserHistory.empty()).build(),
                items.stream().map(item -> new ScoredItem(item.id(), 0)).toList())
            .stream()
            .map(ScoredItem::itemId)
            .toList();
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
