package io.recommender.ann.neighbors;

import static io.recommender.ann.neighbors.SmallLog.CATALOG;
import static io.recommender.ann.neighbors.SmallLog.HISTORIES;
import static io.recommender.ann.neighbors.SmallLog.ask;
import static io.recommender.ann.neighbors.SmallLog.scores;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.testing.SequenceRecommenderContract;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class TrendingRecommenderTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Instant NOON = Instant.parse("2024-02-29T12:00:00Z");

  private static TrendingRecommender empty(Catalog catalog) {
    return TrendingRecommender.fit(catalog, List.of(), HOUR);
  }

  private static Interaction at(String itemId, double hours) {
    return Interaction.of(itemId).withTime(NOON.plusMillis(Math.round(hours * 3_600_000)));
  }

  @Nested
  class Contract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return TrendingRecommender.fit(CATALOG, HISTORIES, HOUR);
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
  void anEventCountsHalfAfterTheHalfLife() {
    TrendingRecommender recommender = empty(CATALOG);
    for (int i = 0; i < 3; i++) {
      recommender.observe(at("a", 0));
    }
    recommender.observe(at("b", 2));
    recommender.observe(at("not in the catalogue", 50));
    Recommendations top = ask(recommender, 6, ItemFilter.all());
    assertEquals(List.of("b", "a", "f", "d", "c", "e"), top.itemIds());
    assertScores(List.of(1.0, 0.75, 0.0, 0.0, 0.0, 0.0), scores(top));
    recommender.observe(at("a", 1)); // late, and worth what it would have been worth in time
    assertScores(List.of(1.25, 1.0), scores(ask(recommender, 2, ItemFilter.all())));
    assertTrue(top.items().stream().map(ScoredItem::source).allMatch("trending"::equals));
  }

  @Test
  void eventsWithoutATimeHappenAtTheNewestTime() {
    TrendingRecommender recommender = empty(CATALOG);
    recommender.observe(at("a", 0));
    recommender.observe(at("b", 3));
    recommender.observe(Interaction.of("a"));
    assertScores(List.of(1.125, 1.0), scores(ask(recommender, 2, ItemFilter.all())));
    TrendingRecommender untimed = TrendingRecommender.fit(CATALOG, HISTORIES, HOUR);
    assertScores(List.of(4.0, 4.0, 3.0, 2.0, 1.0, 0.0), scores(ask(untimed, 6, ItemFilter.all())));
  }

  @Test
  void whatHappenedLongAgoIsForgottenAndNothingOverflows() {
    TrendingRecommender recommender = empty(CATALOG);
    recommender.observe(Interaction.of("e").withTime(Instant.MIN));
    recommender.observe(at("d", -5_000));
    recommender.observe(at("a", 0));
    Recommendations top = ask(recommender, 6, ItemFilter.all());
    assertEquals(List.of("a", "f", "b", "d", "c", "e"), top.itemIds());
    recommender.observe(Interaction.of("c").withTime(Instant.MAX));
    assertEquals("c", ask(recommender, 1, ItemFilter.all()).itemIds().get(0));
    assertScores(List.of(1.0, 0.0), scores(ask(recommender, 2, ItemFilter.all())));
  }

  @Test
  void filtersWhileSelecting() {
    TrendingRecommender recommender = TrendingRecommender.fit(CATALOG, HISTORIES, HOUR);
    assertEquals(
        List.of("c", "f"),
        ask(recommender, 2, ItemFilter.allow(List.of("f", "c", "nowhere"))).itemIds());
    Recommendations none = ask(recommender, 2, itemId -> false);
    assertTrue(none.isEmpty());
    assertTrue(none.hasNotice(Notice.Code.SHORTFALL));
  }

  @Test
  void refusesAHalfLifeOfNothing() {
    assertThrows(
        IllegalArgumentException.class,
        () -> TrendingRecommender.fit(CATALOG, HISTORIES, Duration.ZERO));
  }

  @Property(tries = 100)
  void scoresAsTheSumOfTheFadedEvents(
      @ForAll @IntRange(min = 1, max = 700) int items, @ForAll long seed) {
    Random random = new Random(seed);
    Catalog catalog = Catalog.ofIds(IntStream.range(0, items).mapToObj(i -> "i" + i).toList());
    TrendingRecommender recommender = empty(catalog);
    double[] hours = random.doubles(200, -30, 30).map(Math::rint).toArray();
    double[] expected = new double[items];
    double newest = -30;
    for (double hour : hours) {
      newest = Math.max(newest, hour);
    }
    for (double hour : hours) {
      int item = (int) (items * random.nextDouble() * random.nextDouble());
      recommender.observe(at("i" + item, hour));
      expected[item] += Math.pow(2, hour - newest);
    }
    Set<String> denied = new HashSet<>();
    random.ints(items / 3, 0, items).forEach(i -> denied.add("i" + i));
    Recommendations top = ask(recommender, 20, ItemFilter.deny(denied));
    double[] best =
        IntStream.range(0, items)
            .filter(i -> !denied.contains("i" + i))
            .mapToDouble(i -> -expected[i])
            .sorted()
            .limit(20)
            .map(score -> -score)
            .toArray();
    assertEquals(best.length, top.size());
    for (int i = 0; i < best.length; i++) {
      ScoredItem item = top.items().get(i);
      assertEquals(best[i], item.score(), 1e-9 * best[i]);
      assertEquals(expected[catalog.ordinal(item.itemId())], item.score(), 1e-9 * best[i]);
    }
  }

  @Test
  void noEventOfManyThreadsIsLostAndAnswersOnlyGrow() throws Exception {
    int writers = 4;
    int events = 20_000;
    TrendingRecommender recommender = empty(CATALOG);
    recommender.observe(at("a", 0));
    AtomicBoolean done = new AtomicBoolean();
    List<Callable<Object>> tasks = new ArrayList<>();
    for (int writer = 0; writer < writers; writer++) {
      tasks.add(
          () -> {
            for (int i = 0; i < events; i++) {
              recommender.observe(at(i % 2 == 0 ? "a" : "b", 0));
            }
            return null;
          });
    }
    ExecutorService threads = Executors.newFixedThreadPool(writers + 1);
    try {
      Future<Object> reader =
          threads.submit(
              () -> {
                double before = 0;
                while (!done.get()) {
                  double score = ask(recommender, 1, ItemFilter.all()).items().get(0).score();
                  assertTrue(score >= before, "a count went back");
                  before = score;
                }
                return null;
              });
      for (Future<Object> task : threads.invokeAll(tasks)) {
        task.get();
      }
      done.set(true);
      reader.get();
    } finally {
      threads.shutdownNow();
    }
    double each = writers * events / 2.0;
    List<Double> scores = scores(ask(recommender, 2, ItemFilter.all()));
    assertEquals(each + 1, scores.get(0), 1e-3);
    assertEquals(each, scores.get(1), 1e-3);
  }

  private static void assertScores(List<Double> expected, List<Double> found) {
    assertEquals(expected.size(), found.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), found.get(i), 1e-9);
    }
  }
}
