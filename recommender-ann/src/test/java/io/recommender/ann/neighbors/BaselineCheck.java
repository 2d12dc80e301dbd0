package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Compares the baselines with figures measured elsewhere on the Amazon Beauty 5-core log, leaving
 * out the last item of each user. Not part of the build: the log is not ours to ship.
 *
 * <p>The argument is a folder with {@code Beauty.txt}, one user per line as {@code user item item
 * ...} with the oldest item first, and {@code measured_baselines.json}. Trained on all but the last
 * two items of each user, asked with all but the last, with and without the items of the history.
 * Exits with status 1 if a figure differs by more than 1e-6.
 */
final class BaselineCheck {
  private static final double TOLERANCE = 1e-6;
  private static final int[] CUTOFFS = {5, 10, 20};

  private BaselineCheck() {}

  public static void main(String[] args) throws IOException {
    if (args.length != 1) {
      System.err.println("expected one argument, the folder of the log");
      System.exit(2);
    }
    Path folder = Path.of(args[0]);
    List<List<String>> sequences = readSequences(folder.resolve("Beauty.txt"));
    String expected = Files.readString(folder.resolve("measured_baselines.json"));
    int items =
        sequences.stream().flatMap(List::stream).mapToInt(Integer::parseInt).max().orElseThrow();
    Catalog catalog =
        Catalog.ofIds(IntStream.rangeClosed(1, items).mapToObj(Integer::toString).toList());
    List<UserHistory> training =
        sequences.stream()
            .map(sequence -> UserHistory.ofItems(sequence.subList(0, sequence.size() - 2)))
            .toList();
    Map<String, SequenceRecommender> recommenders = new LinkedHashMap<>();
    recommenders.put("popularity", PopularityRecommender.fit(catalog, training));
    recommenders.put("markov1+pop", MarkovRecommender.fit(catalog, training));
    recommenders.put("itemknn-cosine", ItemKnnRecommender.fit(catalog, training));

    int mismatches = 0;
    for (var recommender : recommenders.entrySet()) {
      for (boolean masked : new boolean[] {false, true}) {
        String name = recommender.getKey() + " history_masked=" + (masked ? "True" : "False");
        mismatches += compare(name, measure(recommender.getValue(), sequences, masked), expected);
      }
    }
    System.exit(mismatches == 0 ? 0 : 1);
  }

  private static List<List<String>> readSequences(Path file) throws IOException {
    List<List<String>> sequences = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      List<String> fields = List.of(line.strip().split(" "));
      sequences.add(fields.subList(1, fields.size()));
    }
    return sequences;
  }

  private static Map<String, Double> measure(
      SequenceRecommender recommender, List<List<String>> sequences, boolean masked) {
    Map<String, Double> sums = new LinkedHashMap<>();
    for (List<String> sequence : sequences) {
      int last = sequence.size() - 1;
      UserHistory history = UserHistory.ofItems(sequence.subList(0, last));
      RecommendationRequest.Builder request = RecommendationRequest.of(history).k(20);
      if (masked) {
        request.filter(ItemFilter.unseen(history));
      }
      int place = recommender.recommend(request.build()).itemIds().indexOf(sequence.get(last));
      for (int cutoff : CUTOFFS) {
        boolean hit = place >= 0 && place < cutoff;
        sums.merge("HR@" + cutoff, hit ? 1.0 : 0.0, Double::sum);
        sums.merge("NDCG@" + cutoff, hit ? Math.log(2) / Math.log(place + 2) : 0.0, Double::sum);
      }
    }
    sums.replaceAll((metric, sum) -> sum / sequences.size());
    return sums;
  }

  private static int compare(String name, Map<String, Double> found, String json) {
    Matcher section =
        Pattern.compile(Pattern.quote("\"" + name + "\"") + ":\\s*\\{([^}]*)\\}").matcher(json);
    if (!section.find()) {
      throw new IllegalArgumentException("no figures of \"" + name + "\"");
    }
    int mismatches = 0;
    for (var metric : found.entrySet()) {
      Matcher figure =
          Pattern.compile("\"" + metric.getKey() + "\":\\s*([0-9.]+)").matcher(section.group(1));
      if (!figure.find()) {
        throw new IllegalArgumentException("no " + metric.getKey() + " of \"" + name + "\"");
      }
      double expected = Double.parseDouble(figure.group(1));
      boolean equal = Math.abs(expected - metric.getValue()) <= TOLERANCE;
      mismatches += equal ? 0 : 1;
      System.out.printf(
          "%-9s %-40s %-8s expected %.6f, found %.6f%n",
          equal ? "equal" : "DIFFERENT", name, metric.getKey(), expected, metric.getValue());
    }
    return mismatches;
  }
}
