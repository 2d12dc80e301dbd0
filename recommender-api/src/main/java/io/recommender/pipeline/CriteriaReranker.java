package io.recommender.pipeline;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Ranks candidates by several numbers they have, such as quality, time and price, without a model:
 * each is moved to [0, 1] over the candidates, and the weighted mean decides. Candidates that lack
 * a capacity are dropped.
 *
 * <pre>{@code
 * Reranker devices =
 *     CriteriaReranker.over(catalog::find)
 *         .atLeast("qubits", request -> 56)
 *         .maximize("fidelity", 3, Scale.MIN_MAX)
 *         .minimize("cost", 1, Scale.LOGARITHM)
 *         .build();
 * }</pre>
 *
 * <p><b>Order.</b> By descending mean. Equal means are ordered by the first criterion in which the
 * candidates differ, then by their order. So a candidate that another one beats in one criterion,
 * and that beats it in none, never comes before it.
 *
 * <p><b>Absent numbers.</b> A candidate without the number of a criterion gets its worst value, 0;
 * one without the number of a capacity is dropped.
 *
 * <p><b>Scores.</b> The mean, in [0, 1]; {@link ScoredItem#taskScores} has each criterion's value.
 *
 * <p><b>Thread safety.</b> <b>Immutable</b>.
 */
public final class CriteriaReranker implements Reranker {
  private final Function<? super String, Optional<Item>> items;
  private final List<Criterion> criteria;
  private final List<Capacity> capacities;
  private final double totalWeight;

  private CriteriaReranker(Builder builder) {
    items = builder.items;
    criteria = List.copyOf(builder.criteria);
    capacities = List.copyOf(builder.capacities);
    totalWeight = criteria.stream().mapToDouble(Criterion::weight).sum();
  }

  /** How the numbers of a criterion are moved to [0, 1]; all keep their order. */
  public enum Scale {
    /** Straight from the least to the greatest number of the candidates. */
    MIN_MAX,
    /** The same for the logarithms of numbers that are positive. */
    LOGARITHM,
    /** The share of the candidates that are worse. */
    RANK
  }

  private record Criterion(String feature, double weight, boolean greaterIsBetter, Scale scale) {}

  private record Capacity(String feature, ToDoubleFunction<RecommendationRequest> needed) {}

  /** A candidate and its numbers, turned so that greater is better; NaN where absent. */
  private record Row(ScoredItem item, double[] numbers, double[] values, double mean) {}

  /**
   * Starts a reranker.
   *
   * @param items finds a candidate's features; thread-safe
   * @return a builder
   */
  public static Builder over(Function<? super String, Optional<Item>> items) {
    return new Builder(Objects.requireNonNull(items, "items"));
  }

  /** Collects criteria. <b>Confined</b>. */
  public static final class Builder {
    private final Function<? super String, Optional<Item>> items;
    private final List<Criterion> criteria = new ArrayList<>();
    private final List<Capacity> capacities = new ArrayList<>();

    private Builder(Function<? super String, Optional<Item>> items) {
      this.items = items;
    }

    /**
     * Adds a number of which more is better.
     *
     * @param feature the name of a scalar feature, each once
     * @param weight finite, at least 0
     * @param scale how it is moved to [0, 1]
     * @return this
     */
    public Builder maximize(String feature, double weight, Scale scale) {
      return add(new Criterion(feature, weight, true, scale));
    }

    /**
     * Adds a number of which less is better.
     *
     * @param feature the name of a scalar feature, each once
     * @param weight finite, at least 0
     * @param scale how it is moved to [0, 1]
     * @return this
     */
    public Builder minimize(String feature, double weight, Scale scale) {
      return add(new Criterion(feature, weight, false, scale));
    }

    private Builder add(Criterion criterion) {
      Objects.requireNonNull(criterion.scale(), "scale");
      if (!(criterion.weight() >= 0) || Double.isInfinite(criterion.weight())) {
        throw new IllegalArgumentException(
            "weight of '%s': expected a finite number of at least 0, found %s"
                .formatted(criterion.feature(), criterion.weight()));
      }
      if (criteria.stream().anyMatch(other -> other.feature().equals(criterion.feature()))) {
        throw new IllegalArgumentException(
            "criterion '%s': expected once, found twice".formatted(criterion.feature()));
      }
      criteria.add(criterion);
      return this;
    }

    /**
     * Drops candidates that have less of something than is needed.
     *
     * @param feature the name of a scalar feature
     * @param needed how much of it a request needs; thread-safe
     * @return this
     */
    public Builder atLeast(String feature, ToDoubleFunction<RecommendationRequest> needed) {
      capacities.add(
          new Capacity(
              Objects.requireNonNull(feature, "feature"),
              Objects.requireNonNull(needed, "needed")));
      return this;
    }

    /**
     * Returns the reranker.
     *
     * @return the reranker
     * @throws IllegalArgumentException if no criterion has a weight above 0
     */
    public CriteriaReranker build() {
      if (criteria.stream().noneMatch(criterion -> criterion.weight() > 0)) {
        throw new IllegalArgumentException(
            "criteria: expected one with a weight above 0 at least, found none");
      }
      return new CriteriaReranker(this);
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if a criterion is no number in an item, or not positive where
   *     its logarithm counts; the message names item and feature
   */
  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    double[] needed =
        capacities.stream().mapToDouble(each -> each.needed().applyAsDouble(request)).toArray();
    List<ScoredItem> kept = new ArrayList<>();
    List<double[]> numbers = new ArrayList<>();
    for (ScoredItem candidate : candidates) {
      Map<String, Feature> features =
          items.apply(candidate.itemId()).map(Item::features).orElse(Map.of());
      if (hasCapacity(candidate.itemId(), features, needed)) {
        kept.add(candidate);
        numbers.add(numbers(candidate.itemId(), features));
      }
    }
    double[][] values = new double[kept.size()][criteria.size()];
    for (int place = 0; place < criteria.size(); place++) {
      scale(numbers, place, values);
    }
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      double sum = 0;
      for (int place = 0; place < criteria.size(); place++) {
        sum += criteria.get(place).weight() * values[i][place];
      }
      rows.add(new Row(kept.get(i), numbers.get(i), values[i], sum / totalWeight));
    }
    rows.sort(Comparator.comparingDouble(Row::mean).reversed().thenComparing(this::compareNumbers));
    return rows.stream().map(this::scored).toList();
  }

  private boolean hasCapacity(String itemId, Map<String, Feature> features, double[] needed) {
    for (int i = 0; i < needed.length; i++) {
      OptionalDouble has = number(itemId, features, capacities.get(i).feature());
      if (has.isEmpty() || has.getAsDouble() < needed[i]) {
        return false;
      }
    }
    return true;
  }

  private double[] numbers(String itemId, Map<String, Feature> features) {
    double[] numbers = new double[criteria.size()];
    for (int place = 0; place < numbers.length; place++) {
      Criterion criterion = criteria.get(place);
      double number = number(itemId, features, criterion.feature()).orElse(Double.NaN);
      if (number <= 0 && criterion.scale() == Scale.LOGARITHM) {
        throw new IllegalArgumentException(
            "item '%s', feature '%s': expected a number above 0 for its logarithm, found %s"
                .formatted(itemId, criterion.feature(), number));
      }
      // No negative zero, which would count as less than zero.
      numbers[place] = (criterion.greaterIsBetter() ? number : -number) + 0.0;
    }
    return numbers;
  }

  private static OptionalDouble number(String itemId, Map<String, Feature> features, String name) {
    Feature feature = features.get(name);
    if (feature == null) {
      return OptionalDouble.empty();
    }
    if (feature instanceof Feature.Scalar scalar) {
      return OptionalDouble.of(scalar.value());
    }
    throw new IllegalArgumentException(
        "item '%s', feature '%s': expected a number, found a %s"
            .formatted(itemId, name, feature.getClass().getSimpleName()));
  }

  /** Each step rounds in the same direction for all, so order is never turned. */
  private void scale(List<double[]> numbers, int place, double[][] values) {
    double[] column =
        numbers.stream().mapToDouble(row -> scaled(row[place], criteria.get(place))).toArray();
    double least = Double.POSITIVE_INFINITY;
    double greatest = Double.NEGATIVE_INFINITY;
    for (double number : column) {
      if (!Double.isNaN(number)) {
        least = Math.min(least, number);
        greatest = Math.max(greatest, number);
      }
    }
    boolean byRank = criteria.get(place).scale() == Scale.RANK;
    for (int i = 0; i < column.length; i++) {
      double number = column[i];
      if (Double.isNaN(number)) {
        values[i][place] = 0;
      } else if (!(greatest > least) || column.length == 1) {
        values[i][place] = 1;
      } else if (byRank) {
        long worse = Arrays.stream(column).filter(other -> !(other >= number)).count();
        values[i][place] = (double) worse / (column.length - 1);
      } else {
        // Halves, so that the distance of two finite numbers is finite.
        values[i][place] = Math.min(1, (number / 2 - least / 2) / (greatest / 2 - least / 2));
      }
    }
  }

  private static double scaled(double number, Criterion criterion) {
    if (criterion.scale() != Scale.LOGARITHM) {
      return number;
    }
    return criterion.greaterIsBetter() ? StrictMath.log(number) : -StrictMath.log(-number);
  }

  private int compareNumbers(Row one, Row other) {
    for (int place = 0; place < criteria.size(); place++) {
      double first = one.numbers()[place];
      double second = other.numbers()[place];
      int order =
          Double.compare(
              Double.isNaN(second) ? Double.NEGATIVE_INFINITY : second,
              Double.isNaN(first) ? Double.NEGATIVE_INFINITY : first);
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  private ScoredItem scored(Row row) {
    Map<String, Double> byCriterion = new HashMap<>();
    for (int place = 0; place < criteria.size(); place++) {
      byCriterion.put(criteria.get(place).feature(), row.values()[place]);
    }
    return new ScoredItem(row.item().itemId(), row.mean(), row.item().source(), byCriterion);
  }
}
