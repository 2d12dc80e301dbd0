package io.recommender.examples.benchmarks;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.SessionKnnOptions;
import io.recommender.ann.neighbors.SessionKnnRecommender;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Session neighbours of a million sessions: twenty-one items for a history of 1 to 9 items, alone
 * and while another thread adds events as fast as it can.
 *
 * <p>Sessions have 2 to 10 events with items of a theme of 50, and themes and items in them are
 * drawn in proportion to 1 / rank. The quantity to read is the percentiles of the sample mode.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Xmx3g")
public class SessionBenchmark {
  private static final int ITEMS = 100_000;
  private static final int THEME = 50;
  private static final int QUERIES = 1024;
  private static final int K = 21;

  /** How many sessions there are. */
  @Param("1000000")
  public int log;

  /** How many sessions of an item are kept and compared: m. */
  @Param({"500", "1500"})
  public int sessions;

  /** How many contribute: k. */
  @Param({"100", "300"})
  public int neighbors;

  private Catalog catalog;
  private SessionKnnRecommender recommender;
  private RecommendationRequest[] requests;

  /** Where each thread is. */
  @State(Scope.Thread)
  public static class Cursor {
    private final SplittableRandom random = new SplittableRandom(7);
    private int next;
  }

  /** Draws the sessions. */
  @Setup(Level.Trial)
  public void fit() {
    SplittableRandom random = new SplittableRandom(5);
    catalog = Catalog.ofIds(IntStream.range(0, ITEMS).mapToObj(i -> "item-" + i).toList());
    Iterable<UserHistory> histories =
        () ->
            IntStream.range(0, log)
                .mapToObj(i -> session(random, 2 + random.nextInt(9)).forUser("session-" + i))
                .iterator();
    recommender =
        SessionKnnRecommender.fit(catalog, histories, SessionKnnOptions.of(sessions, neighbors));
    requests = new RecommendationRequest[QUERIES];
    for (int i = 0; i < QUERIES; i++) {
      requests[i] = RecommendationRequest.of(session(random, 1 + random.nextInt(9))).k(K).build();
    }
  }

  private UserHistory session(SplittableRandom random, int length) {
    int theme = drawn(random, ITEMS / THEME);
    List<Interaction> events = new ArrayList<>(length);
    for (int i = 0; i < length; i++) {
      events.add(Interaction.of(catalog.id(theme * THEME + drawn(random, THEME))));
    }
    return UserHistory.of(events);
  }

  private static int drawn(SplittableRandom random, int count) {
    return (int) Math.pow(count, random.nextDouble()) - 1;
  }

  /**
   * Searches alone.
   *
   * @param cursor which request is next
   * @return the answer
   */
  @Benchmark
  public Recommendations recommend(Cursor cursor) {
    return recommender.recommend(requests[cursor.next++ % QUERIES]);
  }

  /**
   * Searches while events come.
   *
   * @param cursor which request is next
   * @return the answer
   */
  @Benchmark
  @Group("busy")
  public Recommendations recommendMeanwhile(Cursor cursor) {
    return recommender.recommend(requests[cursor.next++ % QUERIES]);
  }

  /**
   * Adds an event to one of a thousand open sessions.
   *
   * @param cursor which session is next
   */
  @Benchmark
  @Group("busy")
  public void observe(Cursor cursor) {
    int number = cursor.next++;
    int open = number % 1000;
    String sessionId = "open-" + open + "-" + number / 10_000;
    int item = (open % (ITEMS / THEME)) * THEME + drawn(cursor.random, THEME);
    recommender.observe(sessionId, Interaction.of(catalog.id(item)));
  }
}
