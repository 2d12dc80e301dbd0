package io.recommender.examples.benchmarks.index;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Draws rates against recall: both axes logarithmic, that of recall in the share that was missed.
 * Points that another one of the same engine beats in both are left out.
 */
final class RecallChart {
  private static final double WIDTH = 960;
  private static final double HEIGHT = 430;
  private static final double LEFT = 70;
  private static final double RIGHT = 760;
  private static final double TOP = 14;
  private static final double BOTTOM = 376;
  private static final double LABEL_GAP = 17;

  /** How many decades of rates are shown at least, so that two of 1, 2 and 5 are among them. */
  private static final double LEAST_DECADES = 0.8;

  /** Up to how many decades there is room for 1, 2 and 5 of each. */
  private static final double MOST_LABELLED_DECADES = 6;

  /** Recalls above are drawn as this one. */
  private static final double HIGHEST = 0.9998;

  private static final double[] RECALL_TICKS = {
    0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999
  };

  /** The points of an engine. */
  record Series(int color, String name, List<BenchmarkReport.Search> searches) {
    /** Returns this without the points that are not worth drawing, by ascending recall. */
    private Series best() {
      List<BenchmarkReport.Search> best = new ArrayList<>();
      for (RecallCurve.Point point : RecallCurve.of(searches).points()) {
        searches.stream()
            .filter(search -> search.recall() == point.recall())
            .filter(search -> search.cpuQps().median() == point.rate())
            .findFirst()
            .ifPresent(best::add);
        if (point.recall() >= HIGHEST) {
          break;
        }
      }
      return new Series(color, name, best);
    }
  }

  private record Label(double x, double y, Series series) {}

  private final List<Series> series;
  private final int k;
  private final double leastMissed;
  private final double mostMissed;
  private final double lowest;
  private final double highest;
  private final StringBuilder svg = new StringBuilder();

  private RecallChart(int k, List<Series> series) {
    this.series = series;
    this.k = k;
    double least = 1;
    double low = Double.POSITIVE_INFINITY;
    double high = 0;
    for (Series one : series) {
      for (BenchmarkReport.Search search : one.searches()) {
        least = Math.min(least, Math.min(search.recall(), HIGHEST));
        low = Math.min(low, search.cpuQps().min());
        high = Math.max(high, search.cpuQps().max());
      }
    }
    double tick = 0;
    for (double candidate : RECALL_TICKS) {
      tick = candidate <= least && candidate <= 0.95 ? candidate : tick;
    }
    mostMissed = 1 - tick;
    leastMissed = 1 - HIGHEST;
    double margin = Math.max(0.08, (LEAST_DECADES - Math.log10(high / low)) / 2);
    lowest = Math.log10(low) - margin;
    highest = Math.log10(high) + margin;
  }

  /** Returns the drawing, or nothing if there are no points. */
  static String draw(String title, int k, List<Series> series) {
    List<Series> drawn =
        series.stream().map(Series::best).filter(one -> !one.searches().isEmpty()).toList();
    return drawn.isEmpty() ? "" : new RecallChart(k, drawn).svg(title);
  }

  private String svg(String title) {
    append(
        "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\">%n",
        WIDTH, HEIGHT, HtmlReport.escape(title));
    axes();
    List<Label> labels = new ArrayList<>();
    for (Series one : series) {
      labels.add(curve(one));
    }
    labels(labels);
    append("</svg>%n");
    return svg.toString();
  }

  private void axes() {
    for (double recall : RECALL_TICKS) {
      if (1 - recall <= mostMissed + 1e-9) {
        append(
            "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%1$.1f\" y2=\"%.1f\"/>%n",
            x(recall), TOP, BOTTOM);
        tick(x(recall), BOTTOM + 19, "mid", Texts.number(recall));
      }
    }
    tick(x(HIGHEST), BOTTOM + 19, "mid", "1");
    append(
        "<text class=\"axis mid\" x=\"%.1f\" y=\"%.1f\">recall@%d</text>%n",
        (LEFT + RIGHT) / 2, BOTTOM + 42, k);
    boolean isLabelled = highest - lowest <= MOST_LABELLED_DECADES;
    for (int decade = (int) Math.floor(lowest); decade <= highest; decade++) {
      for (int factor : isLabelled ? new int[] {1, 2, 5} : new int[] {1}) {
        double rate = factor * Math.pow(10, decade);
        double log = Math.log10(rate);
        if (log >= lowest && log <= highest) {
          append(
              "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%2$.1f\"/>%n",
              LEFT, y(rate), RIGHT);
          tick(LEFT - 8, y(rate) + 4, "end", abbreviated(rate));
        }
      }
    }
    append(
        "<text class=\"axis mid\" transform=\"translate(14 %.1f) rotate(-90)\">%s</text>%n",
        (TOP + BOTTOM) / 2, "queries per CPU second");
  }

  private static String abbreviated(double rate) {
    return rate >= 1e6
        ? Texts.number(rate / 1e6) + "M"
        : rate >= 1e3 ? Texts.number(rate / 1e3) + "k" : Texts.number(rate);
  }

  private void tick(double x, double y, String anchor, String text) {
    append("<text class=\"tick %s\" x=\"%.1f\" y=\"%.1f\">%s</text>%n", anchor, x, y, text);
  }

  /** Draws a curve and returns where its name belongs. */
  private Label curve(Series one) {
    StringBuilder path = new StringBuilder();
    for (BenchmarkReport.Search search : one.searches()) {
      path.append(
          Texts.format(
              "%s%.1f %.1f",
              path.isEmpty() ? "M" : "L", x(search.recall()), y(search.cpuQps().median())));
    }
    append("<path class=\"curve c%d\" d=\"%s\"/>%n", one.color(), path);
    for (BenchmarkReport.Search search : one.searches()) {
      double x = x(search.recall());
      double y = y(search.cpuQps().median());
      append(
          "<line class=\"whisker c%d\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%2$.1f\" y2=\"%.1f\"/>%n",
          one.color(), x, y(search.cpuQps().min()), y(search.cpuQps().max()));
      append(
          "<circle class=\"mark c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s</title></circle>%n",
          one.color(),
          x,
          y,
          HtmlReport.escape(
              Texts.format(
                  "%s%s: recall %.4f, %s queries per CPU second",
                  one.name(),
                  search.ef() == 0 ? "" : ", ef " + search.ef(),
                  search.recall(),
                  Texts.rate(search.cpuQps().median()))));
    }
    BenchmarkReport.Search last = one.searches().get(one.searches().size() - 1);
    return new Label(x(last.recall()), y(last.cpuQps().median()), one);
  }

  /** Writes names beside the ends of the curves, moved apart where they would overlap. */
  private void labels(List<Label> labels) {
    List<Label> sorted = new ArrayList<>(labels);
    sorted.sort(Comparator.comparingDouble(Label::y));
    double[] at = new double[sorted.size()];
    for (int i = 0; i < at.length; i++) {
      at[i] = Math.max(sorted.get(i).y(), i == 0 ? TOP : at[i - 1] + LABEL_GAP);
    }
    for (int i = at.length - 1; i >= 0; i--) {
      at[i] = Math.min(at[i], i == at.length - 1 ? BOTTOM : at[i + 1] - LABEL_GAP);
    }
    for (int i = 0; i < at.length; i++) {
      Label label = sorted.get(i);
      append(
          "<path class=\"leader c%d\" d=\"M%.1f %.1fL%.1f %.1f\"/>%n",
          label.series().color(), label.x() + 5, label.y(), RIGHT + 16, at[i]);
      append(
          "<text class=\"name c%d\" x=\"%.1f\" y=\"%.1f\">%s</text>%n",
          label.series().color(), RIGHT + 20, at[i] + 4, HtmlReport.escape(label.series().name()));
    }
  }

  private double x(double recall) {
    double missed = Math.max(1 - recall, leastMissed);
    double share =
        (Math.log(mostMissed) - Math.log(missed)) / (Math.log(mostMissed) - Math.log(leastMissed));
    return LEFT + share * (RIGHT - LEFT);
  }

  private double y(double rate) {
    return BOTTOM - (Math.log10(rate) - lowest) / (highest - lowest) * (BOTTOM - TOP);
  }

  private void append(String format, Object... arguments) {
    svg.append(Texts.format(format, arguments));
  }
}
