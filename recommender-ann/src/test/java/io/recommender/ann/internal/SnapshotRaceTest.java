package io.recommender.ann.internal;

import static io.recommender.ann.internal.SnapshotFixture.FORMAT;
import static io.recommender.ann.internal.SnapshotFixture.KIND;
import static io.recommender.ann.internal.SnapshotFixture.SMALL_BLOCKS;
import static io.recommender.ann.internal.SnapshotFixture.assertRefused;
import static io.recommender.ann.internal.SnapshotFixture.readNumber;
import static io.recommender.ann.internal.SnapshotFixture.saveNumber;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What several threads of one process do to a file. */
@Timeout(60)
class SnapshotRaceTest {
  private static final int THREADS = 4;

  @TempDir private Path folder;
  private Path file;
  private SnapshotRevision first;

  @BeforeEach
  void save() {
    file = folder.resolve("a.bin");
    first = saveNumber(file, SnapshotRevision.NONE, 0);
  }

  private static <T> List<T> together(Callable<T> task)
      throws ExecutionException, InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<T> results = new ArrayList<>();
      List<Callable<T>> tasks = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        tasks.add(task);
      }
      for (Future<T> each : threads.invokeAll(tasks)) {
        results.add(each.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void ofWritersWithOneBaseExactlyOneWins() throws ExecutionException, InterruptedException {
    int rounds = 100;
    CyclicBarrier barrier = new CyclicBarrier(THREADS);
    List<List<Boolean>> wins =
        together(
            () -> {
              List<Boolean> won = new ArrayList<>();
              for (int round = 0; round < rounds; round++) {
                SnapshotRevision base = SnapshotFixture.revision(file);
                assertEquals(1 + round, base.generation());
                barrier.await();
                won.add(tries(base, Thread.currentThread().getId()));
                barrier.await();
                assertEquals(won.get(round), readNumber(file) == Thread.currentThread().getId());
                barrier.await();
              }
              return won;
            });
    for (int round = 0; round < rounds; round++) {
      int at = round;
      assertEquals(1, wins.stream().filter(each -> each.get(at)).count());
    }
  }

  private boolean tries(SnapshotRevision base, long number) {
    try {
      assertEquals(base.generation() + 1, saveNumber(file, base, number).generation());
      return true;
    } catch (RecommenderException e) {
      assertEquals(Kind.SNAPSHOT_STALE, e.kind());
      return false;
    }
  }

  @Test
  void threadsLoseNoUpdate() throws ExecutionException, InterruptedException {
    int times = 50;
    together(
        () -> {
          for (int done = 0; done < times; ) {
            try (SnapshotReader reader = SnapshotFixture.open(file)) {
              if (tries(reader.revision(), SnapshotFixture.readNumber(reader) + 1)) {
                done++;
              }
            }
          }
          return times;
        });
    assertEquals(THREADS * times, readNumber(file));
    assertEquals(1 + THREADS * times, SnapshotFixture.revision(file).generation());
  }

  @Test
  void theTemporaryFileOfALivingWriterIsLeftAlone() throws Exception {
    FutureTask<SnapshotRevision> second = new FutureTask<>(() -> saveNumber(file, first, 2));
    Thread thread = new Thread(second);
    SnapshotWriter.write(
        file,
        KIND,
        FORMAT,
        first,
        writer -> {
          thread.start();
          await(thread, Thread.State.WAITING);
          assertTrue(Files.exists(folder.resolve("a.bin" + SnapshotWriter.TEMPORARY)));
          writer.section("number").putLong(1);
        },
        SMALL_BLOCKS);
    thread.join();
    ExecutionException refusal = assertThrows(ExecutionException.class, second::get);
    assertEquals(Kind.SNAPSHOT_STALE, ((RecommenderException) refusal.getCause()).kind());
    assertEquals(1, readNumber(file));
  }

  @Test
  void waitingForAnotherThreadCanBeInterrupted() throws Exception {
    List<Boolean> interrupted = new ArrayList<>();
    Thread thread =
        new Thread(
            () -> {
              assertRefused(Kind.STORAGE_FAILED, () -> saveNumber(file, first, 2));
              interrupted.add(Thread.interrupted());
            });
    SnapshotWriter.write(
        file,
        KIND,
        FORMAT,
        first,
        writer -> {
          thread.start();
          await(thread, Thread.State.WAITING);
          thread.interrupt();
          try {
            thread.join();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          writer.section("number").putLong(1);
        },
        SMALL_BLOCKS);
    assertEquals(List.of(true), interrupted);
    assertEquals(1, readNumber(file));
  }

  @Test
  void aLockOfAnotherClassLoaderIsWaitedFor() throws Exception {
    AtomicBoolean isFree = new AtomicBoolean();
    List<Boolean> wasFree = new ArrayList<>();
    Thread thread =
        new Thread(
            () ->
                SnapshotWriter.write(
                    file,
                    KIND,
                    FORMAT,
                    first,
                    writer -> {
                      wasFree.add(isFree.get());
                      writer.section("number").putLong(1);
                    },
                    SMALL_BLOCKS));
    try (FileChannel lock = lockFile()) {
      lock.lock();
      thread.start();
      await(thread, Thread.State.TIMED_WAITING);
      isFree.set(true);
    }
    thread.join();
    assertEquals(List.of(true), wasFree);
    assertEquals(1, readNumber(file));
  }

  @Test
  void waitingForAnotherClassLoaderCanBeInterrupted() throws Exception {
    List<Boolean> interrupted = new ArrayList<>();
    Thread thread =
        new Thread(
            () -> {
              assertRefused(Kind.STORAGE_FAILED, () -> saveNumber(file, first, 2));
              interrupted.add(Thread.interrupted());
            });
    try (FileChannel lock = lockFile()) {
      lock.lock();
      thread.start();
      await(thread, Thread.State.TIMED_WAITING);
      thread.interrupt();
      thread.join();
    }
    assertEquals(List.of(true), interrupted);
    assertEquals(0, readNumber(file));
    saveNumber(file, first, 3);
  }

  private FileChannel lockFile() throws IOException {
    return FileChannel.open(folder.resolve("a.bin.lock"), StandardOpenOption.WRITE);
  }

  private static void await(Thread thread, Thread.State state) {
    while (thread.getState() != state) {
      assertNotEquals(Thread.State.TERMINATED, thread.getState(), "ended without waiting");
      Thread.onSpinWait();
    }
  }
}
