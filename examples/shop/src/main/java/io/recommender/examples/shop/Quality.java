package io.recommender.examples.shop;

import io.recommender.Catalog;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.ItemKnnRecommender;
import io.recommender.ann.neighbors.MarkovRecommender;
import io.recommender.ann.neighbors.PopularityRecommender;
import io.recommender.ann.neighbors.SessionKnnRecommender;
import io.recommender.evaluation.EvaluationCase;
import io.recommender.evaluation.EvaluationReport;
import io.recommender.evaluation.EvaluationResult;
import io.recommender.evaluation.LatencySummary;
import io.recommender.evaluation.Metric;
import io.recommender.evaluation.PairedDifference;
import io.recommender.evaluation.Split;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;

/** How good a recommender is next to the ones that need no model. */
public final class Quality {
  private static final int CUTOFF = 10;

  private Quality() {}

  /**
   * Fits the recommenders that need no model.
   *
   * @param catalog the items
   * @param training what they are fitted on
   * @return the recommenders by name
   */
  public static Map<String, SequenceRecommender> baselines(
      Catalog catalog, List<UserHistory> training) {
    Map<String, SequenceRecommender> baselines = new LinkedHashMap<>();
    Map<String, BiFunction<Catalog, Iterable<UserHistory>, SequenceRecommender>> fits =
        new LinkedHashMap<>();
    fits.put("popularity", PopularityRecommender::fit);
    fits.put("Markov chain", MarkovRecommender::fit);
    fits.put("item-kNN", ItemKnnRecommender::fit);
    fits.put("session-kNN", SessionKnnRecommender::fit);
    fits.forEach((name, fit) -> baselines.put(name, fit.apply(catalog, training)));
    return baselines;
  }

  /**
   * Keeps some cases of a split, spread evenly over its users. The training stays whole.
   *
   * @param split the split
   * @param users how many cases to keep, at least 1; a number above that of the cases keeps all
   * @return the smaller split
   */
  public static Split sample(Split split, int users) {
    List<EvaluationCase> all = split.cases();
    if (users >= all.size()) {
      return split;
    }
    List<EvaluationCase> kept = new ArrayList<>(users);
    for (int i = 0; i < users; i++) {
      kept.add(all.get((int) ((long) i * all.size() / users)));
    }
    String name =
        String.format(
            Locale.ROOT, "%s, every %.1fth user", split.name(), all.size() / (double) users);
    return Split.of(name, split.log(), split.training(), kept);
  }

  /**
   * Shows a report in which one recommender is compared with all others.
   *
   * @param terminal where it is shown
   * @param report the report, with cutoff 10
   * @param model the name of the one
   */
  public static void show(Terminal terminal, EvaluationReport report, String model) {
    terminal.line(
        "  %s",
        terminal.dim(
            Terminal.fit("", 22) + "   HR@10  NDCG@10   MRR@10   coverage       p50        p99"));
    double best =
        report.results().stream()
            .mapToDouble(result -> result.value(Metric.NDCG, CUTOFF))
            .max()
            .orElseThrow();
    for (EvaluationResult result : report.results()) {
      String row =
          String.format(
              Locale.ROOT,
              "%s  %6.4f   %6.4f   %6.4f     %5.1f%%  %s  %s",
              Terminal.fit(result.name(), 22),
              result.value(Metric.HIT_RATE, CUTOFF),
              result.value(Metric.NDCG, CUTOFF),
              result.value(Metric.MRR, CUTOFF),
              100 * result.value(Metric.ITEM_COVERAGE_RATIO, CUTOFF),
              milliseconds(result.latency().map(LatencySummary::p50).orElse(Double.NaN)),
              milliseconds(result.latency().map(LatencySummary::p99).orElse(Double.NaN)));
      boolean isBest = result.value(Metric.NDCG, CUTOFF) == best;
      terminal.line("  %s", isBest ? terminal.green(row) : row);
    }
    terminal.line();
    terminal.line("  %s", terminal.bold(interpretation(report, model)));
  }

  private static String milliseconds(double microseconds) {
    return String.format(Locale.ROOT, "%6.3f ms", microseconds / 1000);
  }

  private static String interpretation(EvaluationReport report, String model) {
    EvaluationResult own = report.result(model);
    EvaluationResult rival =
        report.results().stream()
            .filter(result -> result != own)
            .max(Comparator.comparingDouble(result -> result.value(Metric.NDCG, CUTOFF)))
            .orElseThrow();
    double gain = own.value(Metric.NDCG, CUTOFF) / rival.value(Metric.NDCG, CUTOFF) - 1;
    boolean beyondChance =
        report.differences().stream()
            .filter(difference -> difference.metric() == Metric.NDCG)
            .filter(difference -> isBetween(difference, own.name(), rival.name()))
            .anyMatch(difference -> difference.difference().excludesZero());
    return String.format(
        Locale.ROOT,
        "%.0f of 100 shoppers find their next item in its top 10; NDCG@10 is %+.0f%% against %s,\n"
            + "  the best of the others%s.",
        100 * own.value(Metric.HIT_RATE, CUTOFF),
        100 * gain,
        rival.name(),
        beyondChance ? ", beyond chance (95% bootstrap)" : ", which may be chance (95% bootstrap)");
  }

  private static boolean isBetween(PairedDifference difference, String one, String other) {
    return difference.first().equals(one) && difference.second().equals(other)
        || difference.first().equals(other) && difference.second().equals(one);
  }
}
