package io.recommender.ann.internal;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes 2.5 GiB, reads them in both ways, compares every number, and prints how long it took. To
 * be run by hand with a folder to write to: it is too slow for a build.
 */
final class SnapshotLargeFileCheck {
  private static final int DIMENSION = 128;
  private static final int RECORDS_AT_ONCE = 1 << 12;
  private static final long RECORDS = 5L << 20;
  private static final long BYTES = RECORDS * DIMENSION * Float.BYTES;

  private SnapshotLargeFileCheck() {}

  public static void main(String[] args) throws IOException {
    Path file = Path.of(args[0], "large.snapshot");
    time("compute only", () -> compute(null));
    time(
        "write",
        () ->
            SnapshotWriter.write(
                    file,
                    "large",
                    1,
                    SnapshotRevision.NONE,
                    writer -> {
                      compute(writer.section("vectors"));
                      writer.section("behind").putLong(RECORDS);
                    })
                .generation());
    System.out.printf("file: %,d bytes%n", Files.size(file));
    try (SnapshotReader reader = SnapshotReader.open(file, "large", 1, 1)) {
      time("verify", () -> verify(reader));
      time("read only", () -> read(reader, false));
      time("read and compare", () -> read(reader, true));
      time("map and compare", () -> map(reader));
      check(RECORDS, reader.section("behind").getLong());
    } finally {
      Files.delete(file);
      Files.delete(file.resolveSibling(file.getFileName() + ".lock"));
    }
  }

  private static void time(String what, LongSupplier action) {
    long start = System.nanoTime();
    action.getAsLong();
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf("%s: %.2f s, %.0f MB/s%n", what, seconds, BYTES / 1e6 / seconds);
  }

  private static float value(long index) {
    return Float.intBitsToFloat((int) (index * 0x9e3779b9L >>> 3) & 0x3fffffff);
  }

  private static long compute(@Nullable SectionWriter section) {
    float[] values = new float[RECORDS_AT_ONCE * DIMENSION];
    float sum = 0;
    for (long at = 0; at < RECORDS * DIMENSION; at += values.length) {
      for (int i = 0; i < values.length; i++) {
        values[i] = value(at + i);
      }
      if (section != null) {
        section.putFloats(values, 0, values.length);
      }
      sum += values[7];
    }
    return (long) sum;
  }

  private static long verify(SnapshotReader reader) {
    reader.verify();
    return 0;
  }

  private static long read(SnapshotReader reader, boolean isCompared) {
    SectionReader section = reader.section("vectors");
    check(BYTES, section.length());
    float[] values = new float[RECORDS_AT_ONCE * DIMENSION];
    for (long at = 0; at < RECORDS * DIMENSION; at += values.length) {
      section.getFloats(values, 0, values.length);
      for (int i = 0; isCompared && i < values.length; i++) {
        if (values[i] != value(at + i)) {
          throw new AssertionError("number " + (at + i) + ": " + values[i]);
        }
      }
    }
    section.finish();
    return section.remaining();
  }

  private static long map(SnapshotReader reader) {
    MappedSection section = reader.map("vectors", DIMENSION * Float.BYTES);
    check(RECORDS, section.records());
    for (long record = 0; record < RECORDS; ) {
      int count = section.contiguous(record);
      FloatBuffer values = section.floats(record, count);
      System.out.printf("segment of %,d records from %,d%n", count, record);
      for (int i = 0; i < values.limit(); i++) {
        if (values.get(i) != value(record * DIMENSION + i)) {
          throw new AssertionError("record " + record + ", number " + i + ": " + values.get(i));
        }
      }
      record += count;
    }
    return 0;
  }

  private static void check(long expected, long found) {
    if (expected != found) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }
}
