package io.recommender.ann.text;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A keyword index as its formula says: every item is scored for every search. Confined. */
final class KeywordModel {
  private final double k1;
  private final double b;
  final Map<String, Map<String, Double>> items = new LinkedHashMap<>();
  final Set<String> hidden = new HashSet<>();

  KeywordModel(double k1, double b) {
    this.k1 = k1;
    this.b = b;
  }

  void add(String itemId, Map<String, Double> weights) {
    items.put(itemId, weights);
  }

  boolean remove(String itemId) {
    hidden.remove(itemId);
    return items.remove(itemId) != null;
  }

  private static float length(Map<String, Double> weights) {
    return (float)
        weights.entrySet().stream()
            .sorted(Comparator.comparing(entry -> bytes(entry.getKey()), Arrays::compareUnsigned))
            .mapToDouble(entry -> (float) (double) entry.getValue())
            .reduce(0, Double::sum);
  }

  private static byte[] bytes(String term) {
    return term.getBytes(StandardCharsets.UTF_8);
  }

  List<ScoredItem> search(Map<String, Double> keywords, int k, ItemFilter filter) {
    long documents = items.values().stream().filter(weights -> !weights.isEmpty()).count();
    long units =
        items.values().stream()
            .mapToLong(weights -> Math.round(length(weights) * (double) (1 << 20)))
            .sum();
    double mean = units / (double) (1 << 20) / documents;
    record Factor(String term, double value) {}
    List<Factor> factors = new ArrayList<>();
    keywords.forEach(
        (keyword, weight) -> {
          long count =
              items.values().stream().filter(weights -> weights.containsKey(keyword)).count();
          double frequency = (documents - count + 0.5) / (count + 0.5);
          factors.add(new Factor(keyword, weight * StrictMath.log1p(frequency)));
        });
    factors.sort(
        Comparator.comparingDouble((Factor factor) -> -factor.value)
            .thenComparing(factor -> bytes(factor.term), Arrays::compareUnsigned));
    List<ScoredItem> found = new ArrayList<>();
    items.forEach(
        (itemId, weights) -> {
          double norm = k1 * (1 - b) + k1 * b / mean * length(weights);
          double score = 0;
          for (Factor factor : factors) {
            if (weights.containsKey(factor.term)) {
              score += factor.value / (1 + norm / (float) (double) weights.get(factor.term));
            }
          }
          boolean fits = keywords.keySet().stream().anyMatch(weights::containsKey);
          if (fits && !hidden.contains(itemId) && filter.accepts(itemId)) {
            found.add(new ScoredItem(itemId, score));
          }
        });
    found.sort(Comparator.comparingDouble(item -> -item.score()));
    return found.subList(0, Math.min(k, found.size()));
  }
}
