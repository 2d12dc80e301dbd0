package io.recommender.ann.neighbors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Answers that are given while a recommender changes: each is that of a moment between changes. */
final class Moments {
  /** Items of three chunks and some. */
  static final Catalog CATALOG =
      Catalog.ofIds(IntStream.range(0, 600).mapToObj(i -> "item-" + i).toList());

  private static final int READERS = 2;

  // Of three chunks, so that a torn answer would show.
  private static final String[] HISTORY = {"item-1", "item-300", "item-599"};

  private Moments() {}

  /** Makes a change that depends on its number alone. */
  interface Change<R> {
    void make(R recommender, int number);
  }

  /** Draws an item, two times in three one of the history that is asked about. */
  static String item(Random random) {
    return random.nextInt(3) == 0
        ? CATALOG.id(random.nextInt(CATALOG.size()))
        : HISTORY[random.nextInt(HISTORY.length)];
  }

  static List<ScoredItem> answer(SequenceRecommender recommender) {
    return SmallLog.ask(recommender, 15, ItemFilter.all(), HISTORY).items();
  }

  /**
   * Makes the same changes to two recommenders, to one of them while threads ask it, and checks
   * that what they are told are answers that the other gave, none after one of a later moment.
   */
  static <R extends SequenceRecommender> void assertEveryAnswerIsOfOne(
      Supplier<R> empty, int changes, Change<R> change) throws Exception {
    R alone = empty.get();
    List<List<ScoredItem>> expected = new ArrayList<>(List.of(answer(alone)));
    for (int i = 0; i < changes; i++) {
      change.make(alone, i);
      expected.add(answer(alone));
    }
    R shared = empty.get();
    AtomicBoolean done = new AtomicBoolean();
    Callable<Integer> reader =
        () -> {
          int moment = 0;
          int answers = 0;
          boolean last;
          do {
            last = done.get();
            List<ScoredItem> answer = answer(shared);
            while (!expected.get(moment).equals(answer)) {
              moment++;
              assertTrue(moment <= changes, "an answer of no moment");
            }
            answers++;
          } while (!last);
          return answers;
        };
    ExecutorService threads = Executors.newFixedThreadPool(READERS);
    try {
      List<Future<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        readers.add(threads.submit(reader));
      }
      for (int i = 0; i < changes; i++) {
        change.make(shared, i);
      }
      done.set(true);
      for (Future<Integer> each : readers) {
        assertTrue(each.get() > 0);
      }
    } finally {
      threads.shutdownNow();
    }
    assertEquals(expected.get(changes), answer(shared));
  }
}
