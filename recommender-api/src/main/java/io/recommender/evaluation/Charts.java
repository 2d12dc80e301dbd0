package io.recommender.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** The drawings of a report. */
final class Charts {
  private static final int COLORS = 8;
  private static final double WIDTH = 960;
  private static final double LABEL_WIDTH = 158;
  private static final double ROW = 28;
  private static final double PANEL_WIDTH = 440;
  private static final double PANEL_HEIGHT = 280;
  private static final int LABEL_LENGTH = 20;

  private Charts() {}

  /** The class of the colour of the i-th recommender. */
  static String color(int index) {
    return "c" + index % COLORS;
  }

  /** A bar for each recommender with its interval, and an outline for each reference. */
  static String bars(EvaluationReport report, Metric metric) {
    int cutoff = report.mainCutoff();
    List<ReferenceRow> references =
        report.references().stream().filter(row -> row.value(metric, cutoff).isPresent()).toList();
    double largest = 0;
    for (EvaluationResult result : report.results()) {
      double high = result.interval(metric).map(ConfidenceInterval::high).orElse(0.0);
      largest = Math.max(largest, Math.max(high, finite(result.value(metric, cutoff))));
    }
    for (ReferenceRow row : references) {
      largest = Math.max(largest, row.value(metric, cutoff).getAsDouble());
    }
    Axis axis = Axis.upTo(largest);
    double scale = (PANEL_WIDTH - LABEL_WIDTH - 60) / axis.end();
    int rows = report.results().size() + references.size();
    double bottom = 8 + rows * ROW;
    String name = metric.label() + "@" + cutoff;
    Svg svg = new Svg(PANEL_WIDTH, bottom + 24, name + " of each recommender");
    for (double tick : axis.ticks()) {
      double x = LABEL_WIDTH + tick * scale;
      svg.line("grid", x, 4, x, bottom);
      svg.text("tick mid", x, bottom + 16, axis.label(tick));
    }
    for (int i = 0; i < report.results().size(); i++) {
      EvaluationResult result = report.results().get(i);
      double value = finite(result.value(metric, cutoff));
      double y = 8 + i * ROW;
      double end = LABEL_WIDTH + value * scale;
      svg.text("label end", LABEL_WIDTH - 10, y + 16, Svg.shorten(result.name(), LABEL_LENGTH));
      String tip = result.name() + ": " + name + " " + metric.format(value);
      svg.rectangle("fill " + color(i), LABEL_WIDTH, y + 3, value * scale, ROW - 10, tip);
      Optional<ConfidenceInterval> interval = result.interval(metric);
      if (interval.isPresent()) {
        double low = LABEL_WIDTH + interval.get().low() * scale;
        double high = LABEL_WIDTH + interval.get().high() * scale;
        double middle = y + 3 + (ROW - 10) / 2;
        svg.line("whisker", low, middle, high, middle);
        svg.line("whisker", low, middle - 4, low, middle + 4);
        svg.line("whisker", high, middle - 4, high, middle + 4);
        end = Math.max(end, high);
      }
      svg.text("value", end + 8, y + 16, metric.format(result.value(metric, cutoff)));
    }
    for (int i = 0; i < references.size(); i++) {
      double value = references.get(i).value(metric, cutoff).getAsDouble();
      double y = 8 + (report.results().size() + i) * ROW;
      String label = references.get(i).name();
      svg.text("label end quiet", LABEL_WIDTH - 10, y + 16, Svg.shorten(label, LABEL_LENGTH));
      String tip = label + ": " + name + " " + metric.format(value) + ", published";
      svg.rectangle("reference", LABEL_WIDTH, y + 3, value * scale, ROW - 10, tip);
      svg.text("value quiet", LABEL_WIDTH + value * scale + 8, y + 16, metric.format(value));
    }
    svg.line("axis", LABEL_WIDTH, 4, LABEL_WIDTH, bottom);
    return svg.end();
  }

  /** A metric against the cutoff, on a logarithmic axis. */
  static String curves(EvaluationReport report, Metric metric) {
    int[] cutoffs = report.cutoffs();
    double largest = 0;
    for (int cutoff : cutoffs) {
      for (EvaluationResult result : report.results()) {
        largest = Math.max(largest, finite(result.value(metric, cutoff)));
      }
      for (ReferenceRow row : report.references()) {
        largest = Math.max(largest, row.value(metric, cutoff).orElse(0));
      }
    }
    Panel panel = new Panel(Axis.upTo(largest), metric.label() + " against the cutoff");
    double first = StrictMath.log(cutoffs[0]);
    double range = StrictMath.log(cutoffs[cutoffs.length - 1]) - first;
    double[] x = new double[cutoffs.length];
    for (int i = 0; i < x.length; i++) {
      double share = range == 0 ? 0.5 : (StrictMath.log(cutoffs[i]) - first) / range;
      x[i] = panel.x(0.04 + 0.92 * share);
      panel.svg.text("tick mid", x[i], PANEL_HEIGHT - 24, Integer.toString(cutoffs[i]));
    }
    panel.svg.text("tick mid", panel.x(0.5), PANEL_HEIGHT - 6, "cutoff k");
    for (ReferenceRow row : report.references()) {
      List<double[]> points = new ArrayList<>();
      for (int i = 0; i < cutoffs.length; i++) {
        OptionalDouble value = row.value(metric, cutoffs[i]);
        if (value.isPresent()) {
          points.add(new double[] {x[i], value.getAsDouble(), cutoffs[i]});
        }
      }
      panel.curve("published", 0, points, metric, row.name() + ", published");
      panel.nameAbove(points, row.name());
    }
    for (int r = 0; r < report.results().size(); r++) {
      EvaluationResult result = report.results().get(r);
      List<double[]> points = new ArrayList<>();
      for (int i = 0; i < cutoffs.length; i++) {
        double value = result.value(metric, cutoffs[i]);
        if (!Double.isNaN(value)) {
          points.add(new double[] {x[i], value, cutoffs[i]});
        }
      }
      panel.curve(color(r), r / COLORS, points, metric, result.name());
    }
    return panel.svg.end();
  }

  /** The share of recommendations, and of the training, by tenths of the catalogue. */
  static String popularity(EvaluationReport report) {
    double largest = max(report.trainingShares());
    for (EvaluationResult result : report.results()) {
      largest = Math.max(largest, max(result.popularityShares()));
    }
    Axis axis = Axis.upTo(100 * largest);
    double left = 54;
    double bottom = 236;
    double width = WIDTH - left - 12;
    double scale = (bottom - 12) / axis.end();
    double group = width / PopularityShares.GROUPS;
    Svg svg = new Svg(WIDTH, 280, "Share of recommendations by popularity of the items");
    for (double tick : axis.ticks()) {
      double y = bottom - tick * scale;
      svg.line("grid", left, y, WIDTH - 12, y);
      svg.text("tick end", left - 8, y + 4, axis.label(tick) + " %");
    }
    int bars = report.results().size();
    double bar = Math.min(26, (group - 14) / bars);
    for (int g = 0; g < PopularityShares.GROUPS; g++) {
      double middle = left + (g + 0.5) * group;
      for (int r = 0; r < bars; r++) {
        EvaluationResult result = report.results().get(r);
        double share = 100 * result.popularityShares()[g];
        double x = middle - bars * bar / 2 + r * bar;
        String tip = Svg.format("%s: %.1f %%", result.name(), share);
        svg.rectangle("fill " + color(r), x, bottom - share * scale, bar - 1, share * scale, tip);
      }
      double share = 100 * report.trainingShares()[g];
      double y = bottom - share * scale;
      svg.line("training", middle - group / 2 + 4, y, middle + group / 2 - 4, y);
      svg.text("tick mid", middle, bottom + 18, Integer.toString(g + 1));
    }
    svg.line("axis", left, bottom, WIDTH - 12, bottom);
    svg.text("tick", left, bottom + 38, "most popular tenth of the items");
    svg.text("tick end", WIDTH - 12, bottom + 38, "least popular tenth");
    return svg.end();
  }

  static double finite(double value) {
    return Double.isNaN(value) ? 0 : value;
  }

  private static double max(double[] values) {
    double max = 0;
    for (double value : values) {
      max = Math.max(max, value);
    }
    return max;
  }

  /** A drawing of half the width with a linear axis to the left. */
  private static final class Panel {
    private static final double LEFT = 52;
    private static final double BOTTOM = PANEL_HEIGHT - 42;
    private final Svg svg;
    private final double scale;

    Panel(Axis axis, String title) {
      svg = new Svg(PANEL_WIDTH, PANEL_HEIGHT, title);
      scale = (BOTTOM - 12) / axis.end();
      for (double tick : axis.ticks()) {
        double y = y(tick);
        svg.line("grid", LEFT, y, PANEL_WIDTH - 8, y);
        svg.text("tick end", LEFT - 8, y + 4, axis.label(tick));
      }
      svg.line("axis", LEFT, BOTTOM, PANEL_WIDTH - 8, BOTTOM);
    }

    double x(double share) {
      return LEFT + share * (PANEL_WIDTH - 8 - LEFT);
    }

    private double y(double value) {
      return BOTTOM - value * scale;
    }

    /** Names a curve at its last point. */
    void nameAbove(List<double[]> points, String name) {
      if (!points.isEmpty()) {
        double[] last = points.get(points.size() - 1);
        String label = Svg.shorten(name.replace(" (published)", ""), LABEL_LENGTH);
        svg.text("quiet end halo", last[0] + 6, y(last[1]) - 9, label);
      }
    }

    /** Joins points (x, value, cutoff). */
    void curve(String color, int shape, List<double[]> points, Metric metric, String name) {
      StringBuilder commands = new StringBuilder();
      for (double[] point : points) {
        commands.append(
            Svg.format("%s%.1f %.1f", commands.isEmpty() ? "M" : "L", point[0], y(point[1])));
      }
      if (points.size() > 1) {
        svg.path("curve " + color, commands);
      }
      for (double[] point : points) {
        String tip =
            Svg.format("%s: %s@%.0f %s", name, metric.label(), point[2], metric.format(point[1]));
        svg.mark("mark " + color, shape, point[0], y(point[1]), tip);
      }
    }
  }
}
