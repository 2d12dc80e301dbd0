package io.recommender.ann.neighbors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SessionKnnConcurrencyTest {
  private static final int CHANGES = 3_000;
  private static final Catalog CATALOG =
      Catalog.ofIds(IntStream.range(0, 600).mapToObj(i -> "item-" + i).toList());
  // Items of three chunks, so that a torn answer would show.
  private static final List<String> HISTORY = List.of("item-1", "item-300", "item-599");
  private static final SessionKnnOptions OPTIONS = SessionKnnOptions.of(20, 10);

  private static SessionKnnRecommender empty() {
    return SessionKnnRecommender.fit(CATALOG, List.of(), OPTIONS);
  }

  private static void change(SessionKnnRecommender recommender, int number) {
    Random random = new Random(number);
    String id = "s" + random.nextInt(40);
    if (random.nextInt(5) == 0) {
      recommender.forget(id);
    } else {
      String item =
          random.nextBoolean()
              ? HISTORY.get(random.nextInt(HISTORY.size()))
              : "item-" + random.nextInt(600);
      recommender.observe(id, Interaction.of(item));
    }
  }

  private static List<ScoredItem> ask(SessionKnnRecommender recommender) {
    return recommender
        .recommend(RecommendationRequest.of(UserHistory.ofItems(HISTORY)).k(15).build())
        .items();
  }

  @Test
  void everyAnswerIsThatOfSomeMomentAndTimeNeverGoesBack() throws Exception {
    List<List<ScoredItem>> expected = new ArrayList<>();
    SessionKnnRecommender alone = empty();
    expected.add(ask(alone));
    for (int i = 0; i < CHANGES; i++) {
      change(alone, i);
      expected.add(ask(alone));
    }
    SessionKnnRecommender shared = empty();
    AtomicBoolean done = new AtomicBoolean();
    Callable<Integer> reader =
        () -> {
          int moment = 0;
          int answers = 0;
          boolean last;
          do {
            last = done.get();
            List<ScoredItem> answer = ask(shared);
            while (!expected.get(moment).equals(answer)) {
              moment++;
              assertTrue(moment <= CHANGES, "an answer of no moment");
            }
            answers++;
          } while (!last);
          return answers;
        };
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      List<Future<Integer>> readers = List.of(threads.submit(reader), threads.submit(reader));
      for (int i = 0; i < CHANGES; i++) {
        change(shared, i);
      }
      done.set(true);
      for (Future<Integer> each : readers) {
        assertTrue(each.get() > 0);
      }
    } finally {
      threads.shutdownNow();
    }
    assertEquals(expected.get(CHANGES), ask(shared));
  }

  @Test
  void noUpdateOfManyWritersIsLost() throws Exception {
    int writers = 4;
    int sessions = 150;
    SessionKnnOptions roomy = SessionKnnOptions.of(writers * sessions, 50);
    SessionKnnRecommender shared = SessionKnnRecommender.fit(CATALOG, List.of(), roomy);
    SessionKnnRecommender alone = SessionKnnRecommender.fit(CATALOG, List.of(), roomy);
    List<Callable<Object>> tasks = new ArrayList<>();
    for (int writer = 0; writer < writers; writer++) {
      int first = writer;
      tasks.add(
          () -> {
            for (int i = first; i < writers * sessions; i += writers) {
              fill(shared, i);
            }
            return null;
          });
    }
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try {
      for (Future<Object> task : threads.invokeAll(tasks)) {
        task.get();
      }
    } finally {
      threads.shutdownNow();
    }
    for (int i = 0; i < writers * sessions; i++) {
      fill(alone, i);
    }
    assertEquals(ask(alone), ask(shared));
    assertEquals(alone.toString(), shared.toString());
  }

  private static void fill(SessionKnnRecommender recommender, int session) {
    Random random = new Random(session);
    for (int i = 0; i < 4; i++) {
      String item = random.nextBoolean() ? HISTORY.get(i % 3) : "item-" + random.nextInt(600);
      recommender.observe(
          "s" + session, Interaction.of(item).withTime(Instant.ofEpochSecond(session)));
    }
  }
}
