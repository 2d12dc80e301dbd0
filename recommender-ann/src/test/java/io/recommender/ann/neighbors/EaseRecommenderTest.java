package io.recommender.ann.neighbors;

import static io.recommender.ann.neighbors.SmallLog.CATALOG;
import static io.recommender.ann.neighbors.SmallLog.HISTORIES;
import static io.recommender.ann.neighbors.SmallLog.ask;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.testing.SequenceRecommenderContract;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class EaseRecommenderTest {
  private final EaseRecommender recommender =
      EaseRecommender.fit(CATALOG, HISTORIES, EaseOptions.of(0.5));

  @Nested
  class Contract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return EaseRecommender.fit(CATALOG, HISTORIES, EaseOptions.of(0.5));
    }

    @Override
    protected Catalog items() {
      return CATALOG;
    }

    @Override
    protected boolean closes() {
      return false;
    }
  }

  @Test
  void scoresAsNumPyDoes() throws IOException {
    List<UserHistory> users = new ArrayList<>();
    Catalog catalog = catalog(15);
    EaseOptions options = EaseOptions.of(1);
    String[] history = {};
    EaseRecommender fitted = null;
    int compared = 0;
    for (String line : golden().lines().toList()) {
      String[] fields = line.split(" ");
      String[] values = Arrays.copyOfRange(fields, 1, fields.length);
      switch (fields[0]) {
        case "lambda" -> options = EaseOptions.of(Double.parseDouble(values[0]));
        case "user" -> users.add(UserHistory.of(values));
        case "history" -> history = values;
        default -> {
          fitted = fitted == null ? EaseRecommender.fit(catalog, users, options) : fitted;
          double[] scores = scores(fitted, catalog, history);
          for (int i = 0; i < scores.length; i++) {
            assertEquals(Double.parseDouble(values[i]), scores[i], 1e-6);
            compared++;
          }
        }
      }
    }
    assertTrue(compared > 200, "compared " + compared);
  }

  private static String golden() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(EaseRecommenderTest.class.getResourceAsStream("ease-golden.txt"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Property(tries = 100)
  void scoresAsTheDefinition(
      @ForAll @IntRange(min = 1, max = 12) int items,
      @ForAll @IntRange(min = 1, max = 100) int lambda,
      @ForAll long seed) {
    Random random = new Random(seed);
    Catalog catalog = catalog(items);
    double[][] gram = new double[items][items];
    List<UserHistory> users = new ArrayList<>();
    boolean[] had = new boolean[items];
    for (int user = 0; user < 20; user++) {
      boolean[] row = new boolean[items];
      List<String> history = new ArrayList<>();
      for (int i = random.nextInt(5); i > 0; i--) {
        int item = (int) (items * random.nextDouble() * random.nextDouble());
        history.add(Integer.toString(item));
        row[item] = true;
        had[item] = true;
      }
      users.add(UserHistory.ofItems(history));
      for (int i = 0; i < items; i++) {
        for (int j = 0; j < items; j++) {
          gram[i][j] += row[i] && row[j] ? 1 : 0;
        }
      }
    }
    for (int i = 0; i < items; i++) {
      gram[i][i] += lambda;
    }
    double[][] inverse = inverse(gram);
    EaseRecommender fitted = EaseRecommender.fit(catalog, users, EaseOptions.of(lambda));
    int first = random.nextInt(items);
    int second = random.nextInt(items);
    if (had[first] || had[second]) {
      double[] found = scores(fitted, catalog, Integer.toString(first), Integer.toString(second));
      for (int j = 0; j < items; j++) {
        double expected = j == first ? 0 : -inverse[first][j] / inverse[j][j];
        expected += j == second || second == first ? 0 : -inverse[second][j] / inverse[j][j];
        assertEquals(expected, found[j], 1e-6);
      }
    }
  }

  @Test
  void aModelOfManyItemsAddsUpTheSameInEveryOrder() {
    int items = 1500; // more than one block of columns
    Random random = new Random(3);
    List<UserHistory> users = new ArrayList<>();
    for (int user = 0; user < 3000; user++) {
      int theme = random.nextInt(items / 5);
      users.add(
          UserHistory.ofItems(
              random.ints(4, 0, 5).mapToObj(i -> Integer.toString(5 * theme + i)).toList()));
    }
    EaseRecommender large = EaseRecommender.fit(catalog(items), users, EaseOptions.of(1));
    Recommendations top = ask(large, 3, ItemFilter.deny(List.of("1401", "1402")), "1402", "1401");
    assertEquals(List.of("1400", "1403", "1404"), top.itemIds().stream().sorted().toList());
    assertEquals(
        ask(large, 20, ItemFilter.all(), "7", "1401", "300").items(),
        ask(large, 20, ItemFilter.all(), "300", "7", "1401", "7").items());
  }

  @Test
  void anEmptyOrUnknownHistoryFallsBackToPopularity() {
    Recommendations anonymous = ask(recommender, 3, ItemFilter.all());
    assertEquals(List.of("b", "d", "a"), anonymous.itemIds());
    assertTrue(anonymous.hasNotice(Notice.Code.FALLBACK_USED));
    assertEquals(anonymous.items(), ask(recommender, 3, ItemFilter.all(), "x", "f").items());
  }

  @Test
  void refusesMoreItemsThanMemoryAllows() {
    EaseOptions tight = EaseOptions.of(1).memoryLimit(16 * 25 - 1);
    assertEquals(
        "memoryLimit: 5 items take 400 bytes, expected at most 399",
        assertThrows(
                IllegalArgumentException.class,
                () -> EaseRecommender.fit(CATALOG, HISTORIES, tight))
            .getMessage());
    EaseRecommender.fit(CATALOG, HISTORIES, tight.memoryLimit(EaseRecommender.estimatedBytes(5)));
  }

  @Test
  void refusesALambdaThatCannotWork() {
    for (double lambda : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> EaseOptions.of(lambda));
    }
    List<UserHistory> same = List.of(UserHistory.of("a", "b"), UserHistory.of("a", "b"));
    assertThrows(
        IllegalArgumentException.class,
        () -> EaseRecommender.fit(CATALOG, same, EaseOptions.of(1e-300)));
  }

  @Test
  void aLogWithoutItemsLeavesPopularity() {
    EaseRecommender empty = EaseRecommender.fit(CATALOG, List.of(), EaseOptions.of(1));
    assertEquals(List.of("f", "b"), ask(empty, 2, ItemFilter.all(), "a").itemIds());
  }

  private static Catalog catalog(int items) {
    return Catalog.ofIds(IntStream.range(0, items).mapToObj(Integer::toString).toList());
  }

  /** Asks for all items and returns their scores by ordinal. */
  private static double[] scores(EaseRecommender fitted, Catalog catalog, String... history) {
    double[] scores = new double[catalog.size()];
    Arrays.fill(scores, Double.NaN);
    for (ScoredItem item : ask(fitted, catalog.size(), ItemFilter.all(), history)) {
      scores[catalog.ordinal(item.itemId())] = item.score();
    }
    return scores;
  }

  private static double[][] inverse(double[][] matrix) {
    int size = matrix.length;
    double[][] work = new double[size][2 * size];
    for (int i = 0; i < size; i++) {
      System.arraycopy(matrix[i], 0, work[i], 0, size);
      work[i][size + i] = 1;
    }
    for (int pivot = 0; pivot < size; pivot++) {
      double scale = work[pivot][pivot];
      for (int j = 0; j < 2 * size; j++) {
        work[pivot][j] /= scale;
      }
      for (int i = 0; i < size; i++) {
        double factor = i == pivot ? 0 : work[i][pivot];
        for (int j = 0; j < 2 * size; j++) {
          work[i][j] -= factor * work[pivot][j];
        }
      }
    }
    double[][] inverse = new double[size][];
    for (int i = 0; i < size; i++) {
      inverse[i] = Arrays.copyOfRange(work[i], size, 2 * size);
    }
    return inverse;
  }
}
