package io.recommender.examples.benchmarks.index;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** The rates of {@link Engine#HNSW} as multiples of those of other engines. */
final class Ratios {
  private Ratios() {}

  /**
   * Multiples of one other engine.
   *
   * @param name both engines
   * @param values one for each of {@link BenchmarkReport#LEVELS}, if both engines reach it
   */
  record Row(String name, List<OptionalDouble> values) {}

  static List<Row> of(BenchmarkReport report) {
    List<Row> rows = new ArrayList<>();
    for (BenchmarkReport.EngineResult own : report.engines()) {
      if (!own.engine().equals(Engine.HNSW.id())) {
        continue;
      }
      for (Engine other : List.of(Engine.HNSWLIB, Engine.LUCENE, Engine.JVECTOR)) {
        report.engines().stream()
            .filter(engine -> engine.engine().equals(other.id()))
            .forEach(
                engine ->
                    rows.add(
                        new Row(
                            own.label() + " / " + engine.label(),
                            BenchmarkReport.LEVELS.stream()
                                .map(level -> ratio(own.cpuQpsAt(level), engine.cpuQpsAt(level)))
                                .toList())));
      }
    }
    return rows;
  }

  static String text(OptionalDouble ratio) {
    return ratio.isPresent() ? Texts.format("%.2f×", ratio.getAsDouble()) : Texts.ABSENT;
  }

  private static OptionalDouble ratio(OptionalDouble one, OptionalDouble other) {
    return one.isPresent() && other.isPresent()
        ? OptionalDouble.of(one.getAsDouble() / other.getAsDouble())
        : OptionalDouble.empty();
  }
}
