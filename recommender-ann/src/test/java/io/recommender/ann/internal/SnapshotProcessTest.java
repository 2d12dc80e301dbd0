package io.recommender.ann.internal;

import static io.recommender.ann.internal.SnapshotFixture.FORMAT;
import static io.recommender.ann.internal.SnapshotFixture.KIND;
import static io.recommender.ann.internal.SnapshotFixture.assertRefused;
import static io.recommender.ann.internal.SnapshotFixture.readNumber;
import static io.recommender.ann.internal.SnapshotFixture.saveNumber;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException.Kind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What other processes do to a file, and what is left when they are killed. */
@Timeout(120)
class SnapshotProcessTest {
  private static final int KILLS = 50;

  @TempDir private Path folder;
  @TempDir private Path logs;
  private Path file;
  private Path errors;

  @BeforeEach
  void setUp() {
    file = folder.resolve("a.bin");
    errors = logs.resolve("errors");
  }

  private int exit(Process child) throws IOException, InterruptedException {
    int code = child.waitFor();
    assertEquals("", Files.readString(errors));
    return code;
  }

  @Test
  void aKilledWriterLeavesTheOldOrTheNewContent() throws IOException, InterruptedException {
    SnapshotWriter.write(
        file, KIND, FORMAT, SnapshotRevision.NONE, writer -> fillQuietly(writer, 0));
    Random random = new Random(1);
    Set<Long> seen = new TreeSet<>();
    SnapshotRevision revision = SnapshotFixture.revision(file);
    for (int kill = 0; kill < KILLS; kill++) {
      Process child = SnapshotChild.start(errors, "alternate", file);
      int steps = 1 + random.nextInt(40);
      assertEquals(steps, child.getInputStream().readNBytes(steps).length, "steps");
      child.destroyForcibly();
      assertTrue(exit(child) != 0, "expected the child to be killed");
      try (SnapshotReader reader = SnapshotFixture.open(file)) {
        long content = reader.section("content").getLong();
        assertEquals(content, assertNumbers(reader));
        assertTrue(reader.revision().generation() >= revision.generation());
        assertEquals(revision.lineage(), reader.revision().lineage());
        revision = reader.revision();
        seen.add(content);
      }
    }
    assertEquals(Set.of(0L, 1L), seen);
    saveNumber(file, revision, 7);
    assertEquals(Set.of("a.bin", "a.bin.lock"), SnapshotFixture.names(folder));
  }

  private static void fillQuietly(SnapshotWriter writer, long content) {
    writer.section("content").putLong(content);
    long[] numbers = LongStream.range(content, content + SnapshotChild.NUMBERS).toArray();
    writer.section("numbers").putLongs(numbers, 0, numbers.length);
  }

  /** Returns the content that the numbers are of, all of them. */
  private static long assertNumbers(SnapshotReader reader) {
    SectionReader section = reader.section("numbers");
    long content = section.getLong();
    for (int i = 1; i < SnapshotChild.NUMBERS; i++) {
      assertEquals(content + i, section.getLong());
    }
    section.finish();
    return content;
  }

  @Test
  void leftOversOfAKilledWriterAreRemovedByTheNextSave() throws IOException, InterruptedException {
    SnapshotRevision base = saveNumber(file, SnapshotRevision.NONE, 1);
    Process child = SnapshotChild.start(errors, "stall", file);
    assertEquals('y', child.getInputStream().read());
    child.destroyForcibly();
    assertTrue(exit(child) != 0, "expected the child to be killed");
    assertEquals(
        Set.of("a.bin", "a.bin.lock", "a.bin" + SnapshotWriter.TEMPORARY),
        SnapshotFixture.names(folder));
    assertEquals(1, readNumber(file));
    saveNumber(file, base, 3);
    assertEquals(3, readNumber(file));
    assertEquals(Set.of("a.bin", "a.bin.lock"), SnapshotFixture.names(folder));
  }

  @Test
  void aLivingWriterIsWaitedFor() throws IOException, InterruptedException {
    SnapshotRevision base = saveNumber(file, SnapshotRevision.NONE, 1);
    Process child = SnapshotChild.start(errors, "stall", file);
    assertEquals('y', child.getInputStream().read());
    List<Throwable> refusals = new ArrayList<>();
    Thread second = new Thread(() -> refusals.add(refusal(base)));
    second.start();
    child.getOutputStream().write('g');
    child.getOutputStream().close();
    assertEquals(0, exit(child));
    second.join();
    assertEquals(1, refusals.size());
    assertEquals(2, readNumber(file));
    assertEquals(base.generation() + 1, SnapshotFixture.revision(file).generation());
  }

  private Throwable refusal(SnapshotRevision base) {
    return assertRefused(Kind.SNAPSHOT_STALE, () -> saveNumber(file, base, 3));
  }

  @Test
  void processesLoseNoUpdate() throws IOException, InterruptedException {
    int times = 40;
    saveNumber(file, SnapshotRevision.NONE, 1);
    List<Process> children = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      children.add(SnapshotChild.start(errors, "increment", file, String.valueOf(times)));
    }
    Set<Long> generations = new TreeSet<>();
    int saves = 0;
    for (Process child : children) {
      for (String line : lines(child.getInputStream())) {
        generations.add(Long.parseLong(line));
        saves++;
      }
      assertEquals(0, exit(child));
    }
    int total = children.size() * times;
    assertEquals(total, saves);
    assertEquals(total, generations.size());
    assertEquals(1 + total, readNumber(file));
    assertEquals(1 + total, SnapshotFixture.revision(file).generation());
  }

  private static List<String> lines(InputStream stream) throws IOException {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
      return reader.lines().toList();
    }
  }
}
