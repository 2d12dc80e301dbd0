package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.function.Executable;

/** A small snapshot of three sections, the first of several blocks, and one of a single number. */
final class SnapshotFixture {
  static final String GOLDEN = "container-1.snapshot";
  static final String KIND = "sample";
  static final int FORMAT = 3;
  static final UUID LINEAGE = new UUID(0x0123456789abcdefL, 0x7edcba9876543210L);
  static final SnapshotWriter.Environment SMALL_BLOCKS = environment(64, new FaultyDisk());

  private static final int NUMBERS = 25;

  private SnapshotFixture() {}

  /** The sample as the repository has it. */
  static byte[] golden() throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(SnapshotFixture.class.getResourceAsStream(GOLDEN), GOLDEN)) {
      return stream.readAllBytes();
    }
  }

  static SnapshotWriter.Environment environment(int blockBytes, SnapshotDisk disk) {
    return new SnapshotWriter.Environment(blockBytes, disk, () -> LINEAGE);
  }

  static SnapshotRevision saveSample(Path file) {
    return SnapshotWriter.write(
        file, KIND, FORMAT, SnapshotRevision.NONE, SnapshotFixture::writeSample, SMALL_BLOCKS);
  }

  static void writeSample(SnapshotWriter writer) {
    SectionWriter numbers = writer.section("numbers").putString("größer").putByte((byte) -1);
    for (int i = 0; i < NUMBERS; i++) {
      numbers.putInt(i * 1_000_003);
    }
    writer.section("empty");
    writer.section("vectors").putFloats(new float[] {1, -2.5f, Float.NaN, 0}, 0, 4).putDouble(0.1);
  }

  /** Reads everything there is, in small pieces, and compares each with what was written. */
  static void readSample(SnapshotReader reader) {
    SectionReader numbers = reader.section("numbers");
    assertEquals("größer", numbers.getString());
    assertEquals(-1, numbers.getByte());
    for (int i = 0; i < NUMBERS; i++) {
      assertEquals(i * 1_000_003, numbers.getInt());
    }
    numbers.finish();
    reader.section("empty").finish();
    SectionReader vectors = reader.section("vectors");
    float[] floats = new float[4];
    vectors.getFloats(floats, 0, 4);
    Assertions.assertArrayEquals(new float[] {1, -2.5f, Float.NaN, 0}, floats);
    assertEquals(0.1, vectors.getDouble());
    vectors.finish();
  }

  static SnapshotReader open(Path file) {
    return SnapshotReader.open(file, KIND, FORMAT, FORMAT);
  }

  static SnapshotWriter.Body number(long number) {
    return writer -> writer.section("number").putLong(number);
  }

  static SnapshotRevision saveNumber(Path file, SnapshotRevision base, long number) {
    return SnapshotWriter.write(file, KIND, FORMAT, base, number(number), SMALL_BLOCKS);
  }

  static long readNumber(Path file) {
    try (SnapshotReader reader = open(file)) {
      return readNumber(reader);
    }
  }

  static long readNumber(SnapshotReader reader) {
    SectionReader section = reader.section("number");
    long number = section.getLong();
    section.finish();
    return number;
  }

  static SnapshotRevision revision(Path file) {
    try (SnapshotReader reader = open(file)) {
      return reader.revision();
    }
  }

  static RecommenderException assertRefused(Kind kind, Executable action) {
    RecommenderException refusal = Assertions.assertThrows(RecommenderException.class, action);
    assertEquals(kind, refusal.kind(), refusal::getMessage);
    return refusal;
  }

  static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(each -> each.getFileName().toString()).collect(Collectors.toSet());
    }
  }

  /** Makes the checksums of the table and the header right, whatever they say. */
  static byte[] reseal(byte[] snapshot) {
    ByteBuffer bytes = ByteBuffer.wrap(snapshot).order(ByteOrder.LITTLE_ENDIAN);
    long table = bytes.getLong(48);
    if (table >= SnapshotHeader.BYTES && table <= snapshot.length) {
      bytes.putInt(56, crc(snapshot, (int) table, snapshot.length));
    }
    bytes.putInt(124, crc(snapshot, 0, 124));
    return snapshot;
  }

  private static int crc(byte[] bytes, int from, int to) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }
}
