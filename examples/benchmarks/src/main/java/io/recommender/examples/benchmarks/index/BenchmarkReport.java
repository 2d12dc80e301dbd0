package io.recommender.examples.benchmarks.index;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/**
 * All that was measured, as {@code report.json} has it. Times are in seconds or as the names say;
 * rates are queries per second.
 *
 * @param version the version of this format
 * @param date when the run began, ISO 8601
 * @param machine where it ran
 * @param data what was searched
 * @param parameters how
 * @param engines the engines that ran, in the order asked for
 * @param absent the engines that could not start, and why
 */
record BenchmarkReport(
    int version,
    String date,
    Machine machine,
    Data data,
    Map<String, Object> parameters,
    List<EngineResult> engines,
    Map<String, String> absent) {
  static final int VERSION = 1;

  /** The recalls at which rates are compared. */
  static final List<Double> LEVELS = List.of(0.90, 0.95, 0.98, 0.99, 0.995);

  /** Returns how broad the searches for links were, and of which engines they were not. */
  String efConstruction() {
    StringBuilder text = new StringBuilder().append(parameters.get("efConstruction"));
    if (parameters.get("efConstructionOf") instanceof Map<?, ?> others) {
      others.forEach((name, value) -> text.append(", of ").append(name).append(' ').append(value));
    }
    return text.toString();
  }

  /**
   * What was searched.
   *
   * @param description where it comes from
   * @param items the number of items
   * @param dimension the length of a vector
   * @param queries the number of queries
   * @param sha256 of all floats, items first
   */
  record Data(String description, int items, int dimension, int queries, String sha256) {}

  /**
   * What one engine did.
   *
   * @param engine its name on the command line
   * @param label its name
   * @param description its version, and what it computes with
   * @param exact whether it compares every item
   * @param builds one for each number of threads
   * @param memory of the index that was searched
   * @param searches without a filter, by ascending ef
   * @param cpuQpsAtRecall interpolated, for the levels it reaches
   * @param filtered under each filter
   * @param notes what went wrong or was left out
   */
  record EngineResult(
      String engine,
      String label,
      String description,
      boolean exact,
      List<Build> builds,
      Memory memory,
      List<Search> searches,
      Map<String, Double> cpuQpsAtRecall,
      List<Filtered> filtered,
      List<String> notes) {
    OptionalDouble cpuQpsAt(double recall) {
      return RecallCurve.of(searches).at(recall);
    }

    /** Returns the searches under a filter; none if this engine was left out there. */
    List<Search> searchesUnder(String filter) {
      return filtered.stream()
          .filter(found -> found.filter().equals(filter))
          .findFirst()
          .map(Filtered::searches)
          .orElse(List.of());
    }
  }

  /**
   * One build.
   *
   * @param threads how many threads were allowed
   * @param wallSeconds how long it took
   * @param cpuSeconds the CPU time of the whole process
   */
  record Build(int threads, double wallSeconds, double cpuSeconds) {}

  /**
   * The memory of an index.
   *
   * @param bytes in all, 0 if unknown
   * @param offHeapBytes of these outside the Java heap
   * @param how it was measured
   */
  record Memory(long bytes, long offHeapBytes, String how) {}

  /**
   * Searches with one ef.
   *
   * @param ef the breadth
   * @param recall the share of the true items found
   * @param shortAnswers how many answers had fewer items than there are
   * @param cpuQps queries per second of CPU time of the whole process
   * @param qps queries per second that passed
   * @param p50Micros the median latency in microseconds; the median of the rounds
   * @param p99Micros the 99th percentile of the latency; the median of the rounds
   */
  record Search(
      int ef,
      double recall,
      int shortAnswers,
      Spread cpuQps,
      Spread qps,
      double p50Micros,
      double p99Micros) {
    static Search of(int ef, ExactAnswers.Verdict verdict, List<Timing> timings) {
      return new Search(
          ef,
          verdict.recall(),
          verdict.shortAnswers(),
          Spread.of(timings, Timing::cpuQps),
          Spread.of(timings, Timing::qps),
          Spread.of(timings, Timing::p50Micros).median(),
          Spread.of(timings, Timing::p99Micros).median());
    }
  }

  /**
   * A quantity over the rounds.
   *
   * @param median the middle one, or the mean of the two
   * @param min the least
   * @param max the greatest
   * @param rounds all, in order
   */
  record Spread(double median, double min, double max, List<Double> rounds) {
    static Spread of(List<Timing> timings, ToDoubleFunction<Timing> quantity) {
      List<Double> rounds = timings.stream().map(quantity::applyAsDouble).toList();
      List<Double> sorted = new ArrayList<>(rounds);
      Collections.sort(sorted);
      int size = sorted.size();
      double median = (sorted.get(size / 2) + sorted.get((size - 1) / 2)) / 2;
      return new Spread(median, sorted.get(0), sorted.get(size - 1), rounds);
    }
  }

  /**
   * Searches under one filter.
   *
   * @param filter its name
   * @param selectivity the share of the items it allows
   * @param searches by ascending ef
   */
  record Filtered(String filter, double selectivity, List<Search> searches) {}

  static Map<String, Double> atLevels(List<Search> searches) {
    RecallCurve curve = RecallCurve.of(searches);
    Map<String, Double> rates = new LinkedHashMap<>();
    for (double level : LEVELS) {
      curve.at(level).ifPresent(rate -> rates.put(Texts.number(level), rate));
    }
    return rates;
  }

  /** Returns each filter, as the first engine that was measured under it tells. */
  List<Filtered> filters() {
    Map<String, Filtered> filters = new LinkedHashMap<>();
    for (EngineResult engine : engines) {
      engine.filtered().forEach(found -> filters.putIfAbsent(found.filter(), found));
    }
    return List.copyOf(filters.values());
  }

  int k() {
    return (int) parameters.get("k");
  }
}
