package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An index that works on the caller's threads. A time limit says that a call hangs. */
@Timeout(120)
class HnswExecutorTest {
  private static final int DIMENSION = 8;
  private static final int THREADS = 4;

  /** Enough for threads to be used, for codes to be renewed and for a repair. */
  private static final int ITEMS = 1500;

  private static final float[][] VECTORS = HnswFixture.clustered(ITEMS, DIMENSION, 0.3, 1);
  private static final float[][] QUERIES = HnswFixture.clustered(64, DIMENSION, 0.3, 2);

  private static final ThreadPoolExecutor POOL =
      new ThreadPoolExecutor(3, 3, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>());

  static {
    POOL.allowCoreThreadTimeOut(true);
  }

  @TempDir private Path folder;

  /** What keeps the one thread of an executor busy. */
  private final CountDownLatch busy = new CountDownLatch(1);

  private final ThreadPoolExecutor single =
      new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>());

  @AfterEach
  void tearDown() {
    busy.countDown();
    single.shutdownNow();
  }

  private static HnswIndexBuilder builder() {
    // Too few items to walk, so that no time goes into measuring walks.
    return HnswFixture.small(DIMENSION, Similarity.DOT, Quantization.INT8_FLOAT)
        .trainedFrom(600)
        .exactBelow(ITEMS);
  }

  /** Adds, replaces and removes so much that every kind of work is done. */
  private static HnswIndex filled(HnswIndex index) {
    index.addAll(HnswFixture.ids(0, 700), Arrays.copyOf(VECTORS, 700));
    index.addAll(HnswFixture.ids(0, ITEMS), VECTORS);
    assertEquals(ITEMS, index.size());
    return index;
  }

  /** What it is on threads of its own; not to be changed. */
  private static final HnswIndex ALONE = filled(builder().threads(THREADS).build());

  private void assertSameGraph(HnswIndex expected, HnswIndex found) {
    Path one = folder.resolve("expected");
    Path other = folder.resolve("found");
    expected.replace(one);
    found.replace(other);
    HnswFixture.assertSameSections(one, other);
    assertEquals(
        expected.searchAll(QUERIES, 5, ItemFilter.all()),
        found.searchAll(QUERIES, 5, ItemFilter.all()));
  }

  private static Executor refusing() {
    return task -> {
      throw new RejectedExecutionException("refused");
    };
  }

  private static Executor refusingEveryOther() {
    AtomicInteger calls = new AtomicInteger();
    return task -> {
      if (calls.getAndIncrement() % 2 == 0) {
        throw new RejectedExecutionException("refused");
      }
      POOL.execute(task);
    };
  }

  private static ExecutorService shutDown() {
    ExecutorService executor = Executors.newFixedThreadPool(2);
    executor.shutdown();
    return executor;
  }

  static Stream<Executor> executors() {
    return Stream.of(
        POOL,
        ForkJoinPool.commonPool(),
        Runnable::run,
        refusing(),
        refusingEveryOther(),
        shutDown(),
        task -> {},
        task -> {
          POOL.execute(task);
          POOL.execute(task);
        });
  }

  // Executors are closed with the arguments otherwise, where they can be closed.
  @ParameterizedTest(autoCloseArguments = false)
  @MethodSource("executors")
  void theGraphIsTheSame(Executor executor) {
    assertSameGraph(ALONE, filled(builder().threads(THREADS).executor(executor).build()));
    assertFalse(POOL.isShutdown());
  }

  @Test
  void theGraphIsTheSameOnAnyNumberOfThreads() {
    Path one = folder.resolve("one");
    ALONE.replace(one);
    byte[] links = HnswFixture.sections(one).get("links");
    for (int threads : new int[] {1, 3, 16}) {
      Path file = folder.resolve("on-" + threads);
      filled(builder().threads(threads).executor(POOL).build()).save(file);
      assertEquals(-1, Arrays.mismatch(links, HnswFixture.sections(file).get("links")));
    }
  }

  @Test
  void theExecutorIsUsedForSeveralThreadsOnly() {
    AtomicInteger calls = new AtomicInteger();
    Executor counting =
        task -> {
          calls.incrementAndGet();
          task.run();
        };
    filled(builder().executor(counting).build());
    assertEquals(0, calls.get());
    HnswIndex index = filled(builder().threads(THREADS).executor(counting).build());
    assertTrue(calls.get() > 0);
    // The first one may be that at which the index measures itself.
    index.add("one", VECTORS[0]);
    calls.set(0);
    index.add("two", VECTORS[1]);
    assertEquals(0, calls.get());
    index.searchAll(QUERIES, 5, ItemFilter.all());
    assertTrue(calls.get() > 0);
  }

  /** The calling thread comes to its end while what it asked for never begins. */
  @Test
  void anExecutorThatIsBusyForEverHoldsNothingUp() {
    single.execute(
        () -> {
          try {
            busy.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    HnswIndex index = filled(builder().threads(THREADS).executor(single).build());
    List<List<ScoredItem>> answers = index.searchAll(QUERIES, 5, ItemFilter.all());
    // Two calls that code, train and link, a repair and a search: a few tasks each, however long.
    int waiting = single.getQueue().size();
    assertTrue(waiting > 0 && waiting <= 8 * (THREADS - 1), "waiting " + waiting);
    // What begins too late does nothing.
    List.copyOf(single.getQueue()).forEach(Runnable::run);
    assertEquals(answers, index.searchAll(QUERIES, 5, ItemFilter.all()));
    assertSameGraph(ALONE, index);
  }

  @Test
  void aThreadOfTheExecutorMayCall() throws Exception {
    HnswIndex index =
        single.submit(() -> filled(builder().threads(THREADS).executor(single).build())).get();
    assertSameGraph(ALONE, index);
  }

  @Test
  void whatAFilterThrowsComesOut() {
    HnswIndex index = filled(builder().threads(THREADS).executor(POOL).build());
    IllegalStateException failure = new IllegalStateException("no stock");
    ItemFilter failing =
        itemId -> {
          throw failure;
        };
    assertSame(
        failure,
        assertThrows(IllegalStateException.class, () -> index.searchAll(QUERIES, 5, failing)));
    assertEquals(QUERIES.length, index.searchAll(QUERIES, 5, ItemFilter.all()).size());
  }

  /** An executor that throws at some call, and counts the calls before. */
  private static final class Failing implements Executor {
    private final OutOfMemoryError failure = new OutOfMemoryError("no thread");
    private final AtomicInteger calls = new AtomicInteger();
    private volatile int fails = Integer.MAX_VALUE;

    void failAt(int call) {
      calls.set(0);
      fails = call;
    }

    @Override
    public void execute(Runnable task) {
      if (calls.getAndIncrement() >= fails) {
        throw failure;
      }
      task.run();
    }
  }

  private static final float[][] OTHERS = HnswFixture.clustered(ITEMS, DIMENSION, 0.3, 3);

  /** An index of 700 items, which failed to add others before. */
  private static HnswIndex failedOnce(Failing executor) {
    HnswIndex index = builder().exactBelow(0).threads(2).executor(executor).build();
    executor.failAt(0);
    assertThrows(OutOfMemoryError.class, () -> index.addAll(HnswFixture.ids(0, ITEMS), VECTORS));
    assertEquals(0, index.size());
    assertFalse(index.contains("item-0"));
    assertEquals(List.of(), index.search(QUERIES[0], 5));
    executor.failAt(Integer.MAX_VALUE);
    index.addAll(HnswFixture.ids(0, 700), Arrays.copyOf(VECTORS, 700));
    executor.failAt(Integer.MAX_VALUE);
    return index;
  }

  /** Whatever comes out of an executor in the middle of a change, the index stays whole. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.01, 0.3, 0.5, 1})
  void aChangeThatFailsHasHappenedAsAWholeOrNotAtAll(double part) {
    Failing executor = new Failing();
    failedOnce(executor).addAll(HnswFixture.ids(0, ITEMS), OTHERS);
    int calls = executor.calls.get();
    HnswIndex index = failedOnce(executor);
    FlatIndex oracle = new FlatIndex(DIMENSION, Similarity.DOT);
    oracle.addAll(HnswFixture.ids(0, 700), Arrays.copyOf(VECTORS, 700));

    // The last calls are in the repair and the calibration, when the change is there for all to
    // see.
    executor.failAt((int) (part * (calls - 1)));
    assertThrows(OutOfMemoryError.class, () -> index.addAll(HnswFixture.ids(0, ITEMS), OTHERS));
    assertEquals(part < 1 ? 700 : ITEMS, index.size());
    executor.failAt(Integer.MAX_VALUE);
    if (part == 1) {
      oracle.addAll(HnswFixture.ids(0, ITEMS), OTHERS);
    }
    assertFindsAll(oracle, index);
    Path file = folder.resolve("a");
    index.save(file);
    HnswIndex opened = HnswIndex.open(file, Opening.READ, executor);
    assertFindsAll(oracle, opened);
    oracle.addAll(HnswFixture.ids(0, ITEMS), OTHERS);
    for (HnswIndex each : List.of(index, opened)) {
      each.addAll(HnswFixture.ids(0, ITEMS), OTHERS);
      assertFindsAll(oracle, each);
    }
  }

  /** By comparing all, exactly; by walks, nearly all. */
  private static void assertFindsAll(FlatIndex oracle, HnswIndex index) {
    assertEquals(oracle.size(), index.size());
    SearchOptions broad = SearchOptions.defaults().ef(100);
    int found = 0;
    for (float[] query : QUERIES) {
      List<ScoredItem> expected = oracle.search(query, 5);
      assertEquals(expected, index.search(query, 5, exact()));
      List<ScoredItem> walked = new ArrayList<>(index.search(query, 5, broad));
      walked.retainAll(expected);
      found += walked.size();
    }
    assertTrue(found >= 0.95 * 5 * QUERIES.length, "found " + found);
  }

  private static SearchOptions exact() {
    return SearchOptions.defaults().targetRecall(1);
  }

  @Test
  void anOpenedIndexUsesTheExecutorThatItIsGiven() {
    Path file = folder.resolve("a");
    filled(builder().threads(THREADS).build()).save(file);
    ConcurrentLinkedQueue<Runnable> asked = new ConcurrentLinkedQueue<>();
    for (Opening opening : Opening.values()) {
      HnswIndex index = HnswIndex.open(file, opening, asked::add);
      index.searchAll(QUERIES, 5, ItemFilter.all());
      assertEquals(THREADS - 1, asked.size());
      asked.clear();
    }
    HnswIndex.open(file).searchAll(QUERIES, 5, ItemFilter.all());
    assertTrue(asked.isEmpty());
    assertThrows(NullPointerException.class, () -> HnswIndex.open(file, Opening.READ, null));
  }

  @Test
  void theExecutorIsNeverShutDown() {
    try (HnswIndex index = builder().threads(THREADS).executor(POOL).build()) {
      filled(index);
    }
    assertFalse(POOL.isShutdown());
  }
}
