package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException.Kind;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import io.recommender.ann.internal.SnapshotRevision;
import io.recommender.ann.internal.SnapshotWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whose save wins, what a refused one leaves, and what others do meanwhile. */
@Timeout(120)
class HnswSaveTest {
  private static final int DIMENSION = 8;
  private static final float[][] VECTORS = HnswFixture.clustered(300, DIMENSION, 0.3, 1);

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void setUp() {
    file = folder.resolve("a");
  }

  private static HnswIndex index(int count) {
    HnswIndex index = HnswFixture.small(DIMENSION, Similarity.DOT, Quantization.INT4_FLOAT).build();
    float[][] vectors = java.util.Arrays.copyOf(VECTORS, count);
    index.addAll(HnswFixture.ids(0, count), vectors);
    return index;
  }

  private void assertHolds(HnswIndex expected, Path path) {
    for (Opening opening : Opening.values()) {
      HnswIndex opened = HnswIndex.open(path, opening);
      assertEquals(expected.size(), opened.size());
      assertEquals(
          HnswFixture.answers(expected, VECTORS, 5, SearchOptions.defaults()),
          HnswFixture.answers(opened, VECTORS, 5, SearchOptions.defaults()));
    }
  }

  @Test
  void theSecondOfTwoCopiesIsRefused() throws IOException {
    index(100).save(file);
    HnswIndex first = HnswIndex.open(file);
    HnswIndex second = HnswIndex.open(file, Opening.MAP);
    first.add("first", VECTORS[200]);
    second.add("second", VECTORS[201]);
    first.save(file);
    byte[] saved = Files.readAllBytes(file);
    for (int attempt = 0; attempt < 2; attempt++) {
      HnswFixture.assertRefused(Kind.SNAPSHOT_STALE, () -> second.save(file));
      assertArrayEquals(saved, Files.readAllBytes(file));
    }
    assertHolds(first, file);
    assertTrue(second.contains("second"));
    second.add("third", VECTORS[202]);
    second.save(folder.resolve("b"));
    assertHolds(second, folder.resolve("b"));
    second.save(folder.resolve("b"));
    first.save(file);
    second.replace(file);
    assertHolds(second, file);
    second.save(file);
    HnswFixture.assertRefused(Kind.SNAPSHOT_STALE, () -> first.save(file));
    assertHolds(second, file);
  }

  @Test
  void aNewIndexReplacesButDoesNotSaveOver() {
    HnswIndex old = index(50);
    old.save(file);
    HnswIndex fresh = index(70);
    HnswFixture.assertRefused(Kind.SNAPSHOT_STALE, () -> fresh.save(file));
    assertHolds(old, file);
    fresh.replace(file);
    assertHolds(fresh, file);
    fresh.remove("item-3");
    fresh.save(file);
    assertHolds(fresh, file);
    fresh.replace(folder.resolve("b"));
    assertHolds(fresh, folder.resolve("b"));
  }

  @Test
  void theSamePathInOtherWordsIsTheSameFile() throws IOException {
    Files.createDirectory(folder.resolve("c"));
    HnswIndex index = index(20);
    index.save(file);
    index.save(folder.resolve("c").resolve("..").resolve("a"));
    index.save(folder.resolve("a"));
    HnswIndex.open(folder.resolve("c/../a")).save(file);
    HnswFixture.assertRefused(Kind.SNAPSHOT_STALE, () -> index.save(file));
  }

  @Test
  void whatIsNoIndexIsNotReplaced() throws IOException {
    HnswIndex index = index(20);
    Files.writeString(file, "something else");
    Path other = folder.resolve("other");
    SnapshotWriter.write(
        other, "other", 1, SnapshotRevision.NONE, writer -> writer.section("x").putInt(1));
    Path newer = folder.resolve("newer");
    SnapshotWriter.write(
        newer, HnswSnapshot.KIND, 99, SnapshotRevision.NONE, writer -> writer.section("x"));
    for (Path each : List.of(file, other, newer)) {
      byte[] before = Files.readAllBytes(each);
      HnswFixture.assertRefused(Kind.SNAPSHOT_INVALID, () -> index.replace(each));
      HnswFixture.assertRefused(Kind.SNAPSHOT_INVALID, () -> HnswIndex.open(each));
      assertArrayEquals(before, Files.readAllBytes(each));
    }
    HnswFixture.assertRefused(Kind.SNAPSHOT_INVALID, () -> index.replace(folder));
    HnswFixture.assertRefused(Kind.SNAPSHOT_INVALID, () -> index.save(file));
    HnswFixture.assertRefused(Kind.SNAPSHOT_INVALID, () -> HnswIndex.open(folder));
    HnswFixture.assertRefused(
        Kind.SNAPSHOT_INVALID, () -> HnswIndex.open(folder.resolve("absent")));
    index.save(folder.resolve("b"));
    assertHolds(index, folder.resolve("b"));
  }

  @Test
  void aSaveThatFailsMayBeRepeated() throws IOException {
    HnswIndex index = index(20);
    HnswFixture.assertRefused(
        Kind.STORAGE_FAILED, () -> index.save(folder.resolve("absent").resolve("a")));
    assertThrows(IllegalArgumentException.class, () -> index.save(folder.resolve("a.tmp")));
    index.save(file);
    byte[] saved = Files.readAllBytes(file);
    // A folder that is not empty where the save would begin.
    Path obstacle = folder.resolve("a.writing.tmp");
    Files.createDirectories(obstacle.resolve("full"));
    index.add("more", VECTORS[100]);
    HnswFixture.assertRefused(Kind.STORAGE_FAILED, () -> index.save(file));
    HnswFixture.assertRefused(Kind.STORAGE_FAILED, () -> index.replace(file));
    assertArrayEquals(saved, Files.readAllBytes(file));
    Files.delete(obstacle.resolve("full"));
    Files.delete(obstacle);
    index.save(file);
    assertHolds(index, file);
    Files.delete(file);
    HnswFixture.assertRefused(Kind.SNAPSHOT_STALE, () -> index.save(file));
    index.replace(file);
    assertHolds(index, file);
    Thread.currentThread().interrupt();
    HnswFixture.assertRefused(Kind.STORAGE_FAILED, () -> index.save(file));
    assertTrue(Thread.interrupted());
    index.save(file);
    assertHolds(index, file);
  }

  private static CompletableFuture<Void> start(List<Thread> threads, Runnable task) {
    return CompletableFuture.runAsync(
        task,
        running -> {
          Thread thread = new Thread(running);
          threads.add(thread);
          thread.start();
        });
  }

  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.WAITING) {
      assertTrue(thread.isAlive(), "expected a thread that waits");
      Thread.onSpinWait();
    }
  }

  @Test
  void searchesGoOnDuringASaveAndChangesWait() throws InterruptedException, ExecutionException {
    HnswIndex index = index(100);
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    CompletableFuture<Void> holder =
        start(
            threads,
            () ->
                SnapshotWriter.write(
                    file,
                    HnswSnapshot.KIND,
                    HnswSnapshot.FORMAT,
                    SnapshotRevision.NONE,
                    writer -> {
                      held.countDown();
                      awaitQuietly(go);
                      throw new IOException("nothing is saved");
                    }));
    held.await();
    CompletableFuture<Void> save = start(threads, () -> index.save(file));
    awaitWaiting(threads.get(1));
    CompletableFuture<Void> change = start(threads, () -> index.add("late", VECTORS[200]));
    awaitWaiting(threads.get(2));
    assertEquals(
        "item-7", index.search(scaled(VECTORS[7]), 1, id -> id.equals("item-7")).get(0).itemId());
    assertEquals(10, index.search(VECTORS[8], 10).size());
    assertFalse(index.contains("late"));
    assertFalse(save.isDone() || change.isDone());
    go.countDown();
    ExecutionException failure = assertThrows(ExecutionException.class, holder::get);
    assertTrue(failure.getCause().getMessage().contains("nothing is saved"));
    save.get();
    change.get();
    assertTrue(index.contains("late"));
    assertFalse(HnswIndex.open(file).contains("late"));
    index.save(file);
    assertTrue(HnswIndex.open(file).contains("late"));
  }

  private static float[] scaled(float[] vector) {
    float[] scaled = vector.clone();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= 2;
    }
    return scaled;
  }

  private static void awaitQuietly(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** Two items always change together; no snapshot has one without the other. */
  @Test
  void aSnapshotIsOneVersion() throws InterruptedException, ExecutionException {
    HnswIndex index = index(100);
    index.addAll(List.of("left", "right"), new float[][] {VECTORS[0], VECTORS[0]});
    AtomicBoolean stop = new AtomicBoolean();
    AtomicInteger searches = new AtomicInteger();
    AtomicInteger changes = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    CompletableFuture<Void> changing =
        start(
            threads,
            () -> {
              for (int i = 0; !stop.get(); i++) {
                float[] vector = VECTORS[i % VECTORS.length];
                index.addAll(List.of("left", "right"), new float[][] {vector, vector});
                index.remove("item-" + i % 50);
                index.add("item-" + i % 50, VECTORS[i % VECTORS.length]);
                changes.incrementAndGet();
              }
            });
    CompletableFuture<Void> searching =
        start(
            threads,
            () -> {
              for (int i = 0; !stop.get(); i++) {
                assertEquals(10, index.search(VECTORS[i % VECTORS.length], 10).size());
                searches.incrementAndGet();
              }
            });
    try {
      for (int save = 0; save < 20; save++) {
        int changesBefore = changes.get();
        int searchesBefore = searches.get();
        while (changes.get() == changesBefore || searches.get() == searchesBefore) {
          // Neither ends before it is told to; if one does, this says why.
          changing.getNow(null);
          searching.getNow(null);
          Thread.onSpinWait();
        }
        index.save(file);
        HnswIndex opened = HnswIndex.open(file, Opening.values()[save % 2]);
        assertTrue(opened.size() == 102 || opened.size() == 101, () -> "size " + opened.size());
        assertArrayEquals(
            opened.vector("left").orElseThrow(), opened.vector("right").orElseThrow());
        for (int i = 50; i < 100; i++) {
          assertArrayEquals(VECTORS[i], opened.vector("item-" + i).orElseThrow());
        }
        assertEquals(
            opened.size(),
            opened.search(VECTORS[0], 200, SearchOptions.defaults().targetRecall(1)).size());
      }
    } finally {
      stop.set(true);
    }
    changing.get();
    searching.get();
  }

  @Test
  void aMappedIndexIsSearchedAndChangedByManyThreads()
      throws InterruptedException, ExecutionException {
    index(200).save(file);
    HnswIndex index = HnswIndex.open(file, Opening.MAP);
    AtomicBoolean stop = new AtomicBoolean();
    List<Thread> threads = new ArrayList<>();
    List<CompletableFuture<Void>> searching = new ArrayList<>();
    for (int thread = 0; thread < 2; thread++) {
      searching.add(
          start(
              threads,
              () -> {
                SearchOptions all = SearchOptions.defaults().targetRecall(1);
                SearchHits hits = new SearchHits();
                do {
                  index.search(VECTORS[150], 200, all, hits);
                  assertEquals(200, hits.size());
                  // Never changed: its score is what it is, whichever array it is read from.
                  double score = 0;
                  for (float element : VECTORS[150]) {
                    score += (double) element * element;
                  }
                  int rank = 0;
                  while (!hits.itemId(rank).equals("item-150")) {
                    rank++;
                  }
                  assertEquals(score, hits.score(rank), 1e-6 * score);
                } while (!stop.get());
              }));
    }
    for (int i = 0; i < 150; i++) {
      index.add("item-" + i, VECTORS[i + 100]);
      if (i % 30 == 0) {
        index.save(file);
      }
    }
    stop.set(true);
    for (CompletableFuture<Void> each : searching) {
      each.get();
    }
    index.save(file);
    assertHolds(index, file);
  }
}
