package io.recommender.ann.neighbors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.Interaction;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SessionKnnConcurrencyTest {
  private static final int CHANGES = 3_000;
  private static final SessionKnnOptions OPTIONS = SessionKnnOptions.of(20, 10);

  private static SessionKnnRecommender empty() {
    return SessionKnnRecommender.fit(Moments.CATALOG, List.of(), OPTIONS);
  }

  private static void change(SessionKnnRecommender recommender, int number) {
    Random random = new Random(number);
    String id = "s" + random.nextInt(40);
    if (random.nextInt(5) == 0) {
      recommender.forget(id);
    } else {
      recommender.observe(id, Interaction.of(Moments.item(random)));
    }
  }

  @Test
  void everyAnswerIsThatOfSomeMomentAndTimeNeverGoesBack() throws Exception {
    Moments.assertEveryAnswerIsOfOne(
        SessionKnnConcurrencyTest::empty, CHANGES, SessionKnnConcurrencyTest::change);
  }

  @Test
  void noUpdateOfManyWritersIsLost() throws Exception {
    int writers = 4;
    int sessions = 150;
    SessionKnnOptions roomy = SessionKnnOptions.of(writers * sessions, 50);
    SessionKnnRecommender shared = SessionKnnRecommender.fit(Moments.CATALOG, List.of(), roomy);
    SessionKnnRecommender alone = SessionKnnRecommender.fit(Moments.CATALOG, List.of(), roomy);
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
    assertEquals(Moments.answer(alone), Moments.answer(shared));
    assertEquals(alone.toString(), shared.toString());
  }

  private static void fill(SessionKnnRecommender recommender, int session) {
    Random random = new Random(session);
    for (int i = 0; i < 4; i++) {
      recommender.observe(
          "s" + session,
          Interaction.of(Moments.item(random)).withTime(Instant.ofEpochSecond(session)));
    }
  }
}
