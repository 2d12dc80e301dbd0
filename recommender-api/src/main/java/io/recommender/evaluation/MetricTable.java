package io.recommender.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** Values of several metrics for every recommender and every reference, with the best marked. */
record MetricTable(String title, List<Column> columns, List<Row> rows) {
  private static final Metric[] BY_CUTOFF = {Metric.HIT_RATE, Metric.NDCG};
  private static final Metric[] ACCURACY = {
    Metric.RECALL,
    Metric.PRECISION,
    Metric.F1,
    Metric.MRR,
    Metric.MAP,
    Metric.MEAN_PRECISION,
    Metric.GRADED_NDCG
  };
  private static final Metric[] NOVELTY = {
    Metric.ITEM_COVERAGE,
    Metric.ITEM_COVERAGE_RATIO,
    Metric.GINI_INDEX,
    Metric.GINI_DIVERSITY,
    Metric.SHANNON_ENTROPY,
    Metric.ENTROPY_PER_ITEM,
    Metric.EPC,
    Metric.EFD
  };
  private static final Metric[] POPULARITY = {
    Metric.ARP,
    Metric.AVERAGE_POPULARITY,
    Metric.ACLT,
    Metric.APLT,
    Metric.TAIL_PERCENTAGE,
    Metric.POP_REO,
    Metric.POP_RSP
  };

  /** A metric at a cutoff. */
  record Column(Metric metric, int cutoff) {
    String label() {
      return metric.label() + "@" + cutoff;
    }
  }

  /** A value as shown. */
  record Cell(String text, boolean isBest) {}

  /** The values of a recommender or of a reference. */
  record Row(String name, boolean isReference, List<Cell> cells) {}

  /** Hit rate and NDCG at every cutoff, references included. */
  static MetricTable headline(EvaluationReport report) {
    List<Column> columns = new ArrayList<>();
    for (Metric metric : BY_CUTOFF) {
      for (int cutoff : report.cutoffs()) {
        if (metric != Metric.NDCG || cutoff > 1 || report.cutoffs().length == 1) {
          columns.add(new Column(metric, cutoff));
        }
      }
    }
    return of(report, "Accuracy", columns, true);
  }

  /** The other metrics at the main cutoff. */
  static List<MetricTable> details(EvaluationReport report) {
    String at = " @" + report.mainCutoff();
    return List.of(
        of(report, "More accuracy" + at, atMain(report, ACCURACY), false),
        of(report, "Coverage and novelty" + at, atMain(report, NOVELTY), false),
        of(report, "Popularity bias" + at, atMain(report, POPULARITY), false));
  }

  String[] header() {
    List<String> header = new ArrayList<>();
    header.add(title);
    boolean oneCutoff = columns.stream().map(Column::cutoff).distinct().count() == 1;
    for (Column column : columns) {
      header.add(oneCutoff ? column.metric().label() : column.label());
    }
    return header.toArray(String[]::new);
  }

  private static List<Column> atMain(EvaluationReport report, Metric[] metrics) {
    List<Column> columns = new ArrayList<>();
    for (Metric metric : metrics) {
      columns.add(new Column(metric, report.mainCutoff()));
    }
    return columns;
  }

  private static MetricTable of(
      EvaluationReport report, String title, List<Column> columns, boolean references) {
    List<Row> rows = new ArrayList<>();
    for (EvaluationResult result : report.results()) {
      List<Cell> cells = new ArrayList<>();
      for (Column column : columns) {
        double value = result.value(column.metric(), column.cutoff());
        cells.add(new Cell(column.metric().format(value), isBest(report, column, value)));
      }
      rows.add(new Row(result.name(), false, cells));
    }
    for (ReferenceRow reference : references ? report.references() : List.<ReferenceRow>of()) {
      List<Cell> cells = new ArrayList<>();
      for (Column column : columns) {
        OptionalDouble value = reference.value(column.metric(), column.cutoff());
        cells.add(
            new Cell(value.isPresent() ? column.metric().format(value.getAsDouble()) : "-", false));
      }
      rows.add(new Row(reference.name(), true, cells));
    }
    return new MetricTable(title, columns, rows);
  }

  /** Whether no measured value is better; what reads the same is as good. One row has no best. */
  private static boolean isBest(EvaluationReport report, Column column, double value) {
    Metric metric = column.metric();
    if (metric.better() == Metric.Better.NEITHER
        || Double.isNaN(value)
        || report.results().size() < 2) {
      return false;
    }
    double best =
        report.results().stream()
            .mapToDouble(result -> result.value(metric, column.cutoff()))
            .filter(each -> !Double.isNaN(each))
            .reduce(metric.better() == Metric.Better.HIGHER ? Math::max : Math::min)
            .orElse(value);
    return metric.format(value).equals(metric.format(best));
  }
}
