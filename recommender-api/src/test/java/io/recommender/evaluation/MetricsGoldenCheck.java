package io.recommender.evaluation;

import io.recommender.Catalog;
import io.recommender.Interaction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compares the metrics with values that RecBole's and Elliot's own code gave for the same lists.
 *
 * <p>Arguments: a folder with {@code train.tsv}, {@code test.tsv}, {@code recs.tsv} and {@code
 * expected.json}; and possibly a table {@code
 * framework<TAB>metric<TAB>cutoff<TAB>threshold<TAB>value} of more reference values. Exits with 1
 * if a value differs by more than 1e-6 or a reference is of no metric here.
 */
final class MetricsGoldenCheck {
  private static final double TOLERANCE = 1e-6;

  private static final Pattern VALUE = Pattern.compile("\"([^\"]+)\": ([-+.eE0-9]+)");
  private static final Map<String, String> ALIASES =
      Map.of("GiniIndex", "Gini", "ShannonEntropy", "SEntropy");

  private static final Map<String, Metric> METRICS =
      Map.ofEntries(
          Map.entry("recbole hit", Metric.HIT_RATE),
          Map.entry("recbole mrr", Metric.MRR),
          Map.entry("recbole ndcg", Metric.NDCG),
          Map.entry("recbole recall", Metric.RECALL),
          Map.entry("recbole precision", Metric.PRECISION),
          Map.entry("recbole map", Metric.MAP),
          Map.entry("recbole itemcoverage", Metric.ITEM_COVERAGE_RATIO),
          Map.entry("recbole averagepopularity", Metric.AVERAGE_POPULARITY),
          Map.entry("recbole shannonentropy", Metric.ENTROPY_PER_ITEM),
          Map.entry("recbole giniindex", Metric.GINI_INDEX),
          Map.entry("recbole tailpercentage", Metric.TAIL_PERCENTAGE),
          Map.entry("elliot nDCG", Metric.GRADED_NDCG),
          Map.entry("elliot nDCGRendle2020", Metric.NDCG),
          Map.entry("elliot Precision", Metric.PRECISION),
          Map.entry("elliot Recall", Metric.RECALL),
          Map.entry("elliot F1", Metric.F1),
          Map.entry("elliot HR", Metric.HIT_RATE),
          Map.entry("elliot MRR", Metric.MRR),
          Map.entry("elliot MAP", Metric.MEAN_PRECISION),
          Map.entry("elliot EPC", Metric.EPC),
          Map.entry("elliot EFD", Metric.EFD),
          Map.entry("elliot ACLT", Metric.ACLT),
          Map.entry("elliot APLT", Metric.APLT),
          Map.entry("elliot ARP", Metric.ARP),
          Map.entry("elliot PopREO", Metric.POP_REO),
          Map.entry("elliot PopRSP", Metric.POP_RSP),
          Map.entry("elliot ItemCoverage", Metric.ITEM_COVERAGE),
          Map.entry("elliot Gini", Metric.GINI_DIVERSITY),
          Map.entry("elliot SEntropy", Metric.SHANNON_ENTROPY));

  private final RankedLists lists;
  private final TreeMap<String, Double> largest = new TreeMap<>();
  private int compared;
  private int mismatches;

  private MetricsGoldenCheck(RankedLists lists) {
    this.lists = lists;
  }

  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Split split = Split.read(folder.resolve("train.tsv"), folder.resolve("test.tsv"));
    Catalog catalog = split.log().catalog();
    RankedLists lists = RankedLists.read(folder.resolve("recs.tsv"), split, catalog);
    MetricsGoldenCheck check = new MetricsGoldenCheck(lists);
    check.compareExpected(Files.readAllLines(folder.resolve("expected.json")));
    for (String line :
        arguments.length > 1 ? Files.readAllLines(Path.of(arguments[1])) : List.<String>of()) {
      String[] fields = line.split("\t");
      double expected = Double.parseDouble(fields[4]);
      check.compare(
          fields[0] + " " + fields[1],
          Integer.parseInt(fields[2]),
          Double.parseDouble(fields[3]),
          expected);
    }
    check.largest.forEach(
        (name, difference) ->
            System.out.printf("%-28s max abs difference %.1e%n", name, difference));
    System.out.printf("%d compared, %d mismatches%n", check.compared, check.mismatches);
    System.exit(check.mismatches == 0 && check.compared > 0 ? 0 : 1);
  }

  /** Reads {@code "name": value} lines below a line that names the framework. */
  private void compareExpected(List<String> lines) {
    String framework = "";
    for (String line : lines) {
      Matcher value = VALUE.matcher(line);
      if (line.strip().endsWith("{")) {
        framework = line.contains("elliot") ? "elliot" : "recbole";
      } else if (value.find()) {
        String name = ALIASES.getOrDefault(value.group(1), value.group(1));
        compare(
            framework + " " + name.replace("@10", ""), 10, 0, Double.parseDouble(value.group(2)));
      }
    }
  }

  private void compare(String name, int cutoff, double threshold, double expected) {
    MetricOptions options =
        MetricOptions.defaults()
            .withRelevanceThreshold(threshold)
            .withCountsPadding(name.startsWith("recbole"));
    double actual;
    int head = lists.training().shortHead(options.shortHeadShare()).cardinality();
    if (name.equals("recbole gauc")) {
      actual = groupAuc(threshold);
    } else if (name.equals("elliot short_head_items")) {
      actual = head;
    } else if (name.equals("elliot long_tail_items")) {
      actual = lists.catalog().size() - head;
    } else if (name.startsWith("recbole tailpercentage:")) {
      double ratio = Double.parseDouble(name.substring(name.indexOf(':') + 1));
      actual = Metric.TAIL_PERCENTAGE.compute(lists, cutoff, options.withTailRatio(ratio));
    } else if (METRICS.containsKey(name)) {
      actual = METRICS.get(name).compute(lists, cutoff, options);
    } else {
      System.out.println("no metric for " + name);
      mismatches++;
      return;
    }
    compared++;
    boolean bothUndefined = Double.isNaN(expected) && Double.isNaN(actual);
    double difference = bothUndefined ? 0 : Math.abs(actual - expected);
    largest.merge(name, difference, Math::max);
    if (!(difference <= TOLERANCE)) {
      mismatches++;
      System.out.printf(
          "%s at %d from %s: expected %s, found %s%n", name, cutoff, threshold, expected, actual);
    }
  }

  /** Item neighbours by the cosine of binary columns; trained items are no candidates. */
  private double groupAuc(double threshold) {
    Catalog catalog = lists.catalog();
    int items = catalog.size();
    List<EvaluationCase> cases = lists.split().cases();
    int[][] trained = new int[cases.size()][];
    double[][] together = new double[items][items];
    for (int u = 0; u < trained.length; u++) {
      trained[u] =
          cases.get(u).training().interactions().stream()
              .map(Interaction::itemId)
              .mapToInt(catalog::ordinal)
              .distinct()
              .toArray();
      for (int i : trained[u]) {
        for (int j : trained[u]) {
          together[i][j]++;
        }
      }
    }
    ScoreMetrics.GroupAuc gauc = new ScoreMetrics.GroupAuc();
    for (int u = 0; u < trained.length; u++) {
      double[] scores = new double[items];
      for (int i : trained[u]) {
        for (int j = 0; j < items; j++) {
          if (i != j && together[i][j] > 0) {
            scores[j] += together[i][j] / Math.sqrt(together[i][i] * together[j][j]);
          }
        }
      }
      for (int j = 0; j < items; j++) {
        scores[j] = Math.rint(scores[j] * 1e6) / 1e6;
      }
      for (int i : trained[u]) {
        scores[i] = Double.NEGATIVE_INFINITY;
      }
      boolean[] positives = new boolean[items];
      for (int i : lists.relevantItems(u, threshold)) {
        positives[i] = true;
      }
      gauc.add(scores, positives);
    }
    return gauc.value();
  }
}
