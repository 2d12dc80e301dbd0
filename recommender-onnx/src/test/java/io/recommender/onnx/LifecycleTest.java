package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LifecycleTest {
  private static final int CALLERS = 8;
  private static final int ROUNDS = 1000;

  @TempDir Path folder;

  /** Closing a session of the runtime during a run crashes the process; here it must wait. */
  @Test
  void eightThreadsCallWhileAnotherCloses() throws Exception {
    Path bundle = Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").seal();
    UserHistory history = UserHistory.of(Fixtures.IDS.get(1), Fixtures.IDS.get(5));
    RecommendationRequest request = RecommendationRequest.of(history).k(5).build();
    Recommendations expected;
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle)) {
      expected = recommender.recommend(request);
    }
    ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
    long answered = 0;
    try {
      for (int round = 0; round < ROUNDS; round++) {
        OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle);
        CyclicBarrier start = new CyclicBarrier(CALLERS + 1);
        List<Future<Integer>> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
          callers.add(
              threads.submit(
                  () -> {
                    start.await();
                    for (int calls = 0; ; calls++) {
                      try {
                        assertEquals(expected.items(), recommender.recommend(request).items());
                      } catch (IllegalStateException closed) {
                        assertEquals(
                            recommender.modelVersion() + " is closed", closed.getMessage());
                        return calls;
                      }
                    }
                  }));
        }
        start.await();
        if (round % 4 != 0) {
          Thread.onSpinWait();
          recommender.recommend(request);
        }
        recommender.close();
        recommender.close();
        for (Future<Integer> caller : callers) {
          answered += caller.get();
        }
      }
    } finally {
      threads.shutdownNow();
    }
    assertTrue(answered > ROUNDS, "calls were in flight: " + answered);
  }

  @Test
  void everyKindOfCallIsRefusedAfterClose() {
    OnnxSequenceRecommender recommender =
        RecommenderBundle.open(Fixtures.scoresBundle(folder, "FIXED", "LEFT").seal());
    recommender.close();
    UserHistory known = UserHistory.of(Fixtures.IDS.get(0));
    assertThrows(IllegalStateException.class, () -> recommender.recommend(known));
    assertThrows(IllegalStateException.class, () -> recommender.recommend(UserHistory.empty()));
    assertThrows(
        IllegalStateException.class,
        () -> recommender.recommendAll(List.of(RecommendationRequest.of(known).build())));
  }

  /** Close waits for the whole of a call: for every run of a large batch, and for the index. */
  @Test
  void closingWaitsForABatchAndItsIndex() throws Exception {
    Path bundle = Fixtures.vectorBundle(folder, "DOT").seal();
    CountDownLatch searching = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger closes = new AtomicInteger();
    AtomicInteger open = new AtomicInteger();
    BundleOptions options =
        BundleOptions.defaults()
            .maxBatch(2)
            .index(
                (dimension, similarity, size) ->
                    new ListIndex(dimension, similarity, size) {
                      @Override
                      public List<ScoredItem> search(float[] query, int k, ItemFilter filter) {
                        open.addAndGet(closes.get() == 0 ? 0 : 1);
                        return super.search(query, k, filter);
                      }

                      @Override
                      public void close() {
                        closes.incrementAndGet();
                      }
                    });
    OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle, options);
    ItemFilter slow =
        itemId -> {
          searching.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return true;
        };
    List<RecommendationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      requests.add(
          RecommendationRequest.of(UserHistory.of(Fixtures.IDS.get(i))).filter(slow).build());
    }
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Future<List<Recommendations>> batch =
          threads.submit(() -> recommender.recommendAll(requests));
      searching.await();
      Future<?> closing = threads.submit(recommender::close);
      goOn.countDown();
      assertEquals(9, batch.get().size());
      closing.get();
      recommender.close();
      assertEquals(1, closes.get(), "the index is closed once");
      assertEquals(0, open.get(), "no search after the index was closed");
    } finally {
      threads.shutdownNow();
    }
  }

  /** The tokenizer too is native memory, which a call in flight must not lose. */
  @Test
  void threadsEncodeWhileAnotherCloses() throws Exception {
    Path bundle = EncoderFixtures.statesBundle(folder, "MEAN").seal();
    List<Item> items = EncoderFixtures.titles("red shoe", "a", "sturdy folding chair", "mug");
    float[][] expected;
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle)) {
      expected = encoder.encode(items);
    }
    ExecutorService threads = Executors.newFixedThreadPool(4);
    long encoded = 0;
    try {
      for (int round = 0; round < 100; round++) {
        OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle);
        CyclicBarrier start = new CyclicBarrier(5);
        List<Future<Integer>> callers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          callers.add(
              threads.submit(
                  () -> {
                    start.await();
                    for (int calls = 0; ; calls++) {
                      try {
                        assertArrayEquals(expected, encoder.encode(items));
                      } catch (IllegalStateException closed) {
                        assertEquals(encoder.modelVersion() + " is closed", closed.getMessage());
                        return calls;
                      }
                    }
                  }));
        }
        start.await();
        encoder.encode(items);
        encoder.close();
        encoder.close();
        for (Future<Integer> caller : callers) {
          encoded += caller.get();
        }
        assertThrows(IllegalStateException.class, () -> encoder.encode(List.of()));
        assertThrows(IllegalStateException.class, () -> encoder.encodeTexts(List.of("x")));
      }
    } finally {
      threads.shutdownNow();
    }
    assertTrue(encoded > 100, "calls were in flight: " + encoded);
  }

  @Test
  void aWrongRequestLeavesTheRecommenderUsable() {
    try (OnnxSequenceRecommender recommender =
        RecommenderBundle.open(Fixtures.scoresBundle(folder, "FIXED", "LEFT").seal())) {
      UserHistory known = UserHistory.of(Fixtures.IDS.get(0));
      RecommendationRequest throwing =
          RecommendationRequest.of(known)
              .filter(
                  itemId -> {
                    throw new UnsupportedOperationException("filter of the caller");
                  })
              .build();
      Recommendations before = recommender.recommend(known);
      assertThrows(UnsupportedOperationException.class, () -> recommender.recommend(throwing));
      assertEquals(before.items(), recommender.recommend(known).items());
    }
  }
}
