package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A snapshot as version 1 of the container writes it, which every later release must read. If this
 * test fails, files of users would change: count the version up, keep the old file and the code
 * that reads it, and add a new one.
 */
class SnapshotGoldenTest {
  @TempDir private Path folder;

  /** Writes the file anew: the argument is the folder for it. */
  public static void main(String[] args) {
    SnapshotFixture.saveSample(Path.of(args[0], SnapshotFixture.GOLDEN));
  }

  @Test
  void writesTheSameBytesAsEver() throws IOException {
    Path file = folder.resolve("a.bin");
    SnapshotFixture.saveSample(file);
    assertArrayEquals(SnapshotFixture.golden(), Files.readAllBytes(file));
  }

  @Test
  void readsTheSameValuesAsEver() throws IOException {
    Path file = Files.write(folder.resolve("a.bin"), SnapshotFixture.golden());
    try (SnapshotReader reader = SnapshotFixture.open(file)) {
      assertEquals(file, reader.file());
      assertEquals(new SnapshotRevision(SnapshotFixture.LINEAGE, 1), reader.revision());
      assertEquals(SnapshotFixture.FORMAT, reader.formatVersion());
      assertEquals(List.of("numbers", "empty", "vectors"), reader.sections());
      SnapshotFixture.readSample(reader);
      reader.verify();
    }
  }
}
