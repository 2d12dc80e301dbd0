package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.SessionKnnOptions.MatchWeight;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compares session neighbours with what Serenade and session-rec published for clicks of a shop.
 * Not part of the build: the clicks are not ours to ship.
 *
 * <p>The argument is a folder with {@code serenade_example.zip}, Serenade's quick start, whose read
 * me prints a mean reciprocal rank at 20 with m = 1502, k = 288 and the last 4 items; and with
 * {@code yoochoose-clicks-100k_train_full.txt}, {@code yoochoose-clicks-100k_test.txt} and {@code
 * recoms_rsc15_100k_vsknn.csv} of session-rec, lists of VS-kNN with k = 500, quadratic positions
 * and five times the inverse document frequency. Serenade leaves out the longest half percent of
 * the training sessions and the last item of each history.
 *
 * <p>Both break ties at random. So the reciprocal rank is the mean over all orders of items with
 * equal scores, printed with its standard deviation over them: 0.3391 and 0.0010 for the test set,
 * where 200 runs of Serenade 0.3.1 have mean 0.3391, deviation 0.0010, and lie between 0.3366 and
 * 0.3418. The lists are counted whose scores are all equal to 1e-6: in the others more sessions are
 * equally similar than there are neighbours. Each prediction for the test set is timed too, 20
 * items of it, and told beside the 90th percentile that Serenade's authors give for one: 1.7 ms.
 * Exits with status 1 if a reciprocal rank is off by more than three deviations, or the scores of a
 * list by more than 0.001 on average.
 */
final class SessionKnnCheck {
  private static final double TOLERANCE = 0.001;
  private static final int ROUNDS = 20;

  private SessionKnnCheck() {}

  public static void main(String[] args) throws IOException {
    if (args.length != 1) {
      System.err.println("expected one argument, the folder of the clicks");
      System.exit(2);
    }
    Path folder = Path.of(args[0]);
    boolean equal;
    try (FileSystem zip = FileSystems.newFileSystem(folder.resolve("serenade_example.zip"))) {
      equal = serenade(zip);
    }
    equal &= sessionRec(folder);
    System.exit(equal ? 0 : 1);
  }

  private static boolean serenade(FileSystem zip) throws IOException {
    Collection<List<Interaction>> all = sessions(zip.getPath("train.txt")).values();
    List<List<Interaction>> distinct = all.stream().map(SessionKnnCheck::distinct).toList();
    int[] lengths = distinct.stream().mapToInt(List::size).sorted().toArray();
    int longest = lengths[(int) (0.995 * lengths.length)];
    List<UserHistory> training =
        distinct.stream()
            .filter(session -> session.size() <= longest)
            .map(UserHistory::of)
            .toList();
    // Serenade's numerator counts the items of the sessions, not the sessions.
    double offset =
        Math.log(training.stream().mapToInt(UserHistory::size).sum() / (double) training.size());
    SessionKnnRecommender recommender =
        SessionKnnRecommender.fit(
            catalog(all),
            training,
            SessionKnnOptions.of(1502, 288).historyLength(4).idf(offset, 1));
    Collection<List<Interaction>> test = sessions(zip.getPath("test.txt")).values();
    boolean equal =
        serenade(recommender, sessions(zip.getPath("valid.txt")).values(), "valid", 0.3197)
            & serenade(recommender, test, "test", 0.3401);
    time(recommender, test);
    return equal;
  }

  /**
   * Times every prediction as often as {@link #ROUNDS} says; the compilers have met them before.
   */
  private static void time(
      SessionKnnRecommender recommender, Collection<List<Interaction>> sessions) {
    List<RecommendationRequest> requests = new ArrayList<>();
    for (List<Interaction> session : sessions) {
      for (int next = 1; next < session.size(); next++) {
        requests.add(
            RecommendationRequest.of(UserHistory.of(session.subList(0, next))).k(20).build());
      }
    }
    double[] micros = new double[ROUNDS * requests.size()];
    int found = 0;
    for (int i = 0; i < micros.length; i++) {
      long start = System.nanoTime();
      found += recommender.recommend(requests.get(i % requests.size())).size();
      micros[i] = (System.nanoTime() - start) / 1e3;
    }
    Arrays.sort(micros);
    System.out.printf(
        "          prediction: median %.0f us, p90 %.0f us, p99 %.0f us of %,d, %d items each;"
            + " Serenade's figure: p90 1,700 us%n",
        micros[micros.length / 2],
        micros[micros.length * 9 / 10],
        micros[micros.length * 99 / 100],
        micros.length,
        found / micros.length);
  }

  private static boolean serenade(
      SessionKnnRecommender recommender,
      Collection<List<Interaction>> sessions,
      String name,
      double expected) {
    Outcomes outcomes = new Outcomes();
    for (List<Interaction> session : sessions) {
      for (int next = 1; next < session.size(); next++) {
        UserHistory history = UserHistory.of(session.subList(0, next));
        ItemFilter others = ItemFilter.deny(List.of(session.get(next - 1).itemId()));
        outcomes.add(
            recommender.recommend(RecommendationRequest.of(history).k(300).filter(others).build()),
            session.get(next).itemId());
      }
    }
    double found = outcomes.mean / outcomes.asked;
    double deviation = Math.sqrt(outcomes.variance) / outcomes.asked;
    boolean close = Math.abs(found - expected) <= 3 * deviation;
    System.out.printf(
        "%-9s serenade %-5s MRR@20 expected %.4f, found %.4f (ties: deviation %.4f, by ordinal"
            + " %.4f), %d requests%n",
        close ? "equal" : "DIFFERENT",
        name,
        expected,
        found,
        deviation,
        outcomes.byOrdinal / outcomes.asked,
        outcomes.asked);
    return close;
  }

  /** Reciprocal ranks at 20, over all orders of items with equal scores. */
  private static final class Outcomes {
    private double mean;
    private double variance;
    private double byOrdinal;
    private int asked;

    void add(Recommendations top, String target) {
      asked++;
      int place = top.itemIds().indexOf(target);
      if (place < 0 || !top.items().get(place).source().equals(SessionKnnRecommender.SOURCE)) {
        return;
      }
      double score = top.items().get(place).score();
      int above = (int) top.items().stream().filter(item -> item.score() > score).count();
      int level = (int) top.items().stream().filter(item -> item.score() == score).count();
      double sum = 0;
      double squares = 0;
      for (int rank = above + 1; rank <= Math.min(20, above + level); rank++) {
        sum += 1.0 / rank / level;
        squares += 1.0 / rank / rank / level;
      }
      mean += sum;
      variance += squares - sum * sum;
      byOrdinal += place < 20 ? 1.0 / (place + 1) : 0;
    }
  }

  private static boolean sessionRec(Path folder) throws IOException {
    Collection<List<Interaction>> training =
        sessions(folder.resolve("yoochoose-clicks-100k_train_full.txt")).values();
    Map<Long, List<Interaction>> test = sessions(folder.resolve("yoochoose-clicks-100k_test.txt"));
    SessionKnnRecommender recommender =
        SessionKnnRecommender.fit(
            catalog(training),
            training.stream().map(UserHistory::of).toList(),
            SessionKnnOptions.of(2500, 500)
                .historyLength(1000)
                .sessionLength(1000)
                .positionPower(2)
                .matchWeight(MatchWeight.RECIPROCAL)
                .idf(1, 5));
    List<String> rows = Files.readAllLines(folder.resolve("recoms_rsc15_100k_vsknn.csv"));
    int exact = 0;
    int lists = 0;
    double error = 0;
    double overlap = 0;
    for (String row : rows.subList(1, rows.size())) {
      String[] fields = row.split(";");
      List<Interaction> session = test.get(Long.parseLong(fields[0]));
      UserHistory history = UserHistory.of(session.subList(0, Integer.parseInt(fields[1]) + 1));
      List<ScoredItem> found =
          recommender.recommend(RecommendationRequest.of(history).k(3000).build()).items();
      Map<String, Double> scores = new TreeMap<>();
      found.forEach(item -> scores.put(item.itemId(), item.score() / found.get(0).score()));
      List<String> items = Arrays.asList(fields[2].split(","));
      double[] published =
          Arrays.stream(fields[3].split(",")).mapToDouble(Double::parseDouble).toArray();
      double worst = 0;
      double sum = 0;
      for (int i = 0; i < published.length; i++) {
        double difference = Math.abs(published[i] - scores.getOrDefault(items.get(i), 0.0));
        worst = Math.max(worst, difference);
        sum += difference / published.length;
      }
      int shown = (int) Arrays.stream(published).limit(20).filter(score -> score > 0).count();
      List<String> top = found.stream().limit(shown).map(ScoredItem::itemId).toList();
      overlap += top.stream().filter(items.subList(0, shown)::contains).count() / (double) shown;
      error += sum;
      exact += worst < 1e-6 ? 1 : 0;
      lists++;
    }
    boolean close = error / lists <= TOLERANCE;
    System.out.printf(
        "%-9s session-rec vsknn: %d of %d lists with equal scores, mean difference %.6f,"
            + " overlap of the first 20 %.4f%n",
        close ? "equal" : "DIFFERENT", exact, lists, error / lists, overlap / lists);
    return close;
  }

  private static Catalog catalog(Collection<List<Interaction>> sessions) {
    return Catalog.ofIds(
        sessions.stream()
            .flatMap(List::stream)
            .map(Interaction::itemId)
            .distinct()
            .sorted(Comparator.comparingLong(Long::parseLong))
            .toList());
  }

  /** To Serenade a session is a set of items, as recent as the last that was new to it. */
  private static List<Interaction> distinct(List<Interaction> session) {
    HashSet<String> seen = new HashSet<>();
    return session.stream().filter(event -> seen.add(event.itemId())).toList();
  }

  /** Reads lines of session, item and time in seconds; the events of a session by time. */
  private static Map<Long, List<Interaction>> sessions(Path file) throws IOException {
    Map<Long, List<Interaction>> sessions = new TreeMap<>();
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      lines.readLine();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] fields = line.split("\t");
        Instant time = Instant.ofEpochMilli(Math.round(Double.parseDouble(fields[2]) * 1000));
        sessions
            .computeIfAbsent(Long.parseLong(fields[0]), id -> new ArrayList<>())
            .add(Interaction.of(fields[1]).withTime(time));
      }
    }
    sessions
        .values()
        .forEach(
            session -> session.sort(Comparator.comparing(event -> event.time().orElseThrow())));
    return sessions;
  }
}
