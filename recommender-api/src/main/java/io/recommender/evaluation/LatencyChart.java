package io.recommender.evaluation;

import java.util.List;

/** Draws how latencies spread: a histogram per recommender over one logarithmic axis. */
final class LatencyChart {
  private static final double WIDTH = 960;
  private static final double LEFT = 190;
  private static final double RIGHT = 925;
  private static final double ROW = 62;
  private static final int BINS_PER_DECADE = 20;

  /** Shorter than a call of the clock takes. */
  private static final double SHORTEST_MICROS = 0.01;

  private LatencyChart() {}

  static String draw(EvaluationReport report) {
    List<EvaluationResult> results = report.results();
    double shortest = Double.POSITIVE_INFINITY;
    double longest = SHORTEST_MICROS;
    for (EvaluationResult result : results) {
      double[] micros = result.sortedMicros();
      if (micros.length > 0) {
        shortest = Math.min(shortest, micros[0]);
        longest = Math.max(longest, micros[micros.length - 1]);
      }
    }
    int from = (int) Math.floor(log(shortest));
    int to = Math.max(from + 1, (int) Math.ceil(log(longest)));
    double perDecade = (RIGHT - LEFT) / (to - from);
    double bottom = 8 + results.size() * ROW;
    Svg svg = new Svg(WIDTH, bottom + 26, "Distribution of latencies on a logarithmic axis");
    for (int decade = from; decade <= to; decade++) {
      double x = LEFT + (decade - from) * perDecade;
      svg.line("grid", x, 4, x, bottom);
      svg.text("tick mid", x, bottom + 18, unit(StrictMath.pow(10, decade)));
    }
    for (int r = 0; r < results.size(); r++) {
      EvaluationResult result = results.get(r);
      double base = 8 + (r + 1) * ROW - 8;
      String label = Svg.shorten(result.name(), 22);
      svg.text("label end", LEFT - 10, base - 22, label);
      if (!result.isMeasured()) {
        svg.text("tick end", LEFT - 10, base - 6, "not measured");
        continue;
      }
      LatencySummary latency = result.latency().orElseThrow();
      svg.text(
          "tick end",
          LEFT - 10,
          base - 6,
          "p50 " + micros(latency.p50()) + ", p99 " + micros(latency.p99()));
      svg.path("area " + Charts.color(r), area(result.sortedMicros(), from, to, perDecade, base));
      for (double percentile : new double[] {latency.p50(), latency.p99()}) {
        double x = LEFT + (log(percentile) - from) * perDecade;
        svg.line("percentile", x, base - 44, x, base + 3);
      }
      svg.line("axis", LEFT, base, RIGHT, base);
    }
    return svg.end();
  }

  /** A time with a unit that keeps the number readable. */
  static String micros(double micros) {
    if (micros < 1_000) {
      return Svg.format(micros < 10 ? "%.1f µs" : "%.0f µs", micros);
    }
    return micros < 1_000_000
        ? Svg.format(micros < 10_000 ? "%.1f ms" : "%.0f ms", micros / 1e3)
        : Svg.format("%.1f s", micros / 1e6);
  }

  private static String unit(double micros) {
    if (micros < 1) {
      return Svg.format("%.0f ns", micros * 1e3);
    }
    return micros < 1_000
        ? Svg.format("%.0f µs", micros)
        : micros < 1_000_000
            ? Svg.format("%.0f ms", micros / 1e3)
            : Svg.format("%.0f s", micros / 1e6);
  }

  private static String area(double[] micros, int from, int to, double perDecade, double base) {
    int[] counts = new int[(to - from) * BINS_PER_DECADE];
    int most = 1;
    for (double each : micros) {
      int bin = (int) ((log(each) - from) * BINS_PER_DECADE);
      int inside = Math.max(0, Math.min(counts.length - 1, bin));
      most = Math.max(most, ++counts[inside]);
    }
    double width = perDecade / BINS_PER_DECADE;
    StringBuilder path = new StringBuilder(Svg.format("M%.1f %.1f", LEFT, base));
    for (int i = 0; i < counts.length; i++) {
      double y = base - 44.0 * counts[i] / most;
      double x = LEFT + i * width;
      path.append(Svg.format("L%.1f %.1fL%.1f %.1f", x, y, x + width, y));
    }
    return path.append(Svg.format("L%.1f %.1fZ", RIGHT, base)).toString();
  }

  private static double log(double micros) {
    return StrictMath.log10(Math.max(SHORTEST_MICROS, micros));
  }
}
