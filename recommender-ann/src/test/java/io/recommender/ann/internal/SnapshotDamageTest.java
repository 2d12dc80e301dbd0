package io.recommender.ann.internal;

import static io.recommender.ann.internal.SnapshotFixture.FORMAT;
import static io.recommender.ann.internal.SnapshotFixture.KIND;
import static io.recommender.ann.internal.SnapshotFixture.assertRefused;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class SnapshotDamageTest {
  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void save() {
    file = folder.resolve("a.bin");
    SnapshotFixture.saveSample(file);
  }

  private void read() {
    try (SnapshotReader reader = SnapshotFixture.open(file)) {
      SnapshotFixture.readSample(reader);
    }
  }

  private void verify() {
    try (SnapshotReader reader = SnapshotFixture.open(file)) {
      reader.verify();
    }
  }

  private void assertMessage(String expected, Executable action) {
    String message = assertRefused(Kind.SNAPSHOT_INVALID, action).getMessage();
    assertEquals(file + ": " + expected, message);
  }

  @Test
  void everyFlippedBitIsFound() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    assertTrue(bytes.length > 400, () -> "bytes: " + bytes.length);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (int bit = 0; bit < bytes.length * Byte.SIZE; bit++) {
        int at = bit / Byte.SIZE;
        byte flipped = (byte) (bytes[at] ^ 1 << bit % Byte.SIZE);
        channel.write(ByteBuffer.wrap(new byte[] {flipped}), at);
        assertRefused(Kind.SNAPSHOT_INVALID, this::read);
        assertRefused(Kind.SNAPSHOT_INVALID, this::verify);
        channel.write(ByteBuffer.wrap(bytes, at, 1), at);
      }
    }
    assertDoesNotThrow(this::read);
    assertDoesNotThrow(this::verify);
  }

  @Test
  void everyTruncationIsFound() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    for (int length = bytes.length - 1; length > 0; length--) {
      Files.write(file, Arrays.copyOf(bytes, length));
      assertMessage(
          length < SnapshotHeader.BYTES
              ? "truncated: expected at least 128 bytes, found " + length
              : "truncated: expected " + bytes.length + " bytes, found " + length,
          this::read);
    }
    Files.write(file, new byte[0]);
    assertMessage("expected a snapshot, found an empty file", this::read);
  }

  @Test
  void appendedBytesAreFound() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    for (int more : new int[] {1, 64, bytes.length, 4096}) {
      byte[] longer = Arrays.copyOf(bytes, bytes.length + more);
      System.arraycopy(bytes, 0, longer, bytes.length, Math.min(more, bytes.length));
      Files.write(file, longer);
      assertMessage(
          "extended: expected " + bytes.length + " bytes, found " + longer.length, this::read);
    }
  }

  @Test
  void cutWhileItIsReadIsFound() throws IOException {
    try (SnapshotReader reader = SnapshotFixture.open(file);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(200);
      assertMessage(
          "truncated while it was read: expected 56 more bytes at 200",
          () -> SnapshotFixture.readSample(reader));
    }
  }

  @Test
  void saysWhichSectionIsDamagedAndWhere() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[200] ^= 1;
    Files.write(file, bytes);
    String message = assertRefused(Kind.SNAPSHOT_INVALID, this::read).getMessage();
    assertTrue(
        message.matches(
            ".*a\\.bin: section 'numbers': damaged between bytes 192 and 256 of the file: "
                + "expected checksum [0-9a-f]{8}, found [0-9a-f]{8}"),
        message);
    try (SnapshotReader reader = SnapshotFixture.open(file)) {
      assertRefused(Kind.SNAPSHOT_INVALID, () -> reader.verify("numbers"));
      assertDoesNotThrow(() -> reader.verify("vectors"));
    }
  }

  @Test
  void anotherTypeOfFileIsRefused() throws IOException {
    Files.writeString(file, "{}");
    assertMessage("expected a snapshot, found a file of another type", this::read);
    Files.write(file, new byte[4096]);
    assertMessage("expected a snapshot, found a file of another type", this::read);
  }

  @Test
  void aFolderOrNothingIsRefused() throws IOException {
    Files.delete(file);
    assertMessage("expected a snapshot, found nothing", this::read);
    Files.createDirectory(file);
    assertMessage("expected a snapshot, found a folder", this::read);
  }

  @Test
  void anotherKindIsRefused() {
    assertMessage(
        "expected a snapshot of 'hnsw', found one of 'sample'",
        () -> SnapshotReader.open(file, "hnsw", 1, FORMAT));
  }

  @Test
  void otherVersionsOfTheFormatAreRefused() {
    assertMessage(
        "expected version 2 of 'sample', found 3: written by a newer release of this library",
        () -> SnapshotReader.open(file, KIND, 2, 2));
    assertMessage(
        "expected version 4 to 6 of 'sample', found 3",
        () -> SnapshotReader.open(file, KIND, 4, 6));
    try (SnapshotReader reader = SnapshotReader.open(file, KIND, 2, 4)) {
      assertEquals(3, reader.formatVersion());
    }
  }

  @Test
  void otherVersionsOfTheContainerAreRefused() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[8] = 2;
    Files.write(file, SnapshotFixture.reseal(bytes));
    assertMessage(
        "expected version 1 of the container, found 2: written by a newer release of this library",
        this::read);
    bytes[8] = 0;
    Files.write(file, SnapshotFixture.reseal(bytes));
    assertMessage("expected version 1 of the container, found 0", this::read);
  }

  @Test
  void inconsistentHeadersAreRefused() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    assertInconsistent(bytes, 60, 100, "expected blocks of a multiple of 64 bytes");
    assertInconsistent(bytes, 60, 1 << 30, "expected blocks of a multiple of 64 bytes");
    assertInconsistent(bytes, 48, bytes.length, "expected a table of contents at the end");
    assertInconsistent(bytes, 48, -1, "expected a table of contents at the end");
    assertInconsistent(bytes, 64, -1, "expected a kind of 1 to 60 letters");
    assertInconsistent(bytes, 16, 0, "expected a lineage and a generation from 1, found");
  }

  @Test
  void inconsistentTablesAreRefused() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int table = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(48);
    assertInconsistent(bytes, table, -1, "expected a number of sections, found -1");
    assertInconsistent(bytes, table, Integer.MAX_VALUE, "an entry ends behind the table");
    assertInconsistent(bytes, table, 2, "expected the sections to end at");
    assertInconsistent(bytes, table + 4, 0, "expected a name of 1 to 255 bytes, found 0");
    assertInconsistent(bytes, table + 4, Integer.MAX_VALUE, "expected a name of 1 to 255 bytes");
    assertInconsistent(bytes, table + 15, 192, "expected a section at 128 that ends before");
    assertInconsistent(bytes, table + 23, Integer.MAX_VALUE, "expected a section at 128");
    assertInconsistent(bytes, table + 23, -1, "expected a section at 128 that ends before");
  }

  private void assertInconsistent(byte[] snapshot, int at, int value, String expected)
      throws IOException {
    byte[] bytes = snapshot.clone();
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
    Files.write(file, SnapshotFixture.reseal(bytes));
    String message = assertRefused(Kind.SNAPSHOT_INVALID, this::read).getMessage();
    assertTrue(message.contains("is inconsistent: " + expected), message);
  }

  @Test
  void sectionsAreCheckedForWhatIsAskedOfThem() {
    try (SnapshotReader reader = SnapshotFixture.open(file)) {
      assertMessage(
          "expected a section 'links', found [numbers, empty, vectors]",
          () -> reader.section("links"));
      assertMessage(
          "section 'empty': expected 4 more bytes, found 0 before its end",
          () -> reader.section("empty").getInt());
      SectionReader vectors = reader.section("vectors");
      assertMessage(
          "section 'vectors': expected 28 more bytes, found 24 before its end",
          () -> vectors.getFloats(new float[7], 0, 7));
      assertMessage(
          "section 'vectors': expected a count of 0 to 5 for what follows, found 1065353216",
          () -> vectors.getCount(4));
      assertMessage(
          "section 'vectors': expected to end after 4 bytes, found 20 more", vectors::finish);
      assertMessage(
          "section 'vectors': expected records of 7 bytes, found 24 bytes, which is no multiple",
          () -> reader.map("vectors", 7));
      assertThrows(IllegalArgumentException.class, () -> reader.map("vectors", 0));
      MappedSection bytes = reader.map("vectors", 6);
      assertThrows(IllegalArgumentException.class, () -> bytes.floats(0, 1));
      assertEquals(3, bytes.shorts(0, 1).remaining());
    }
  }

  @Test
  void bytesThatAreNoTextAreRefused() {
    Path other = folder.resolve("b.bin");
    SnapshotWriter.write(
        other,
        KIND,
        FORMAT,
        SnapshotRevision.NONE,
        writer ->
            writer
                .section("texts")
                .putString("\uFFFD")
                .putInt(2)
                .putByte((byte) 'a')
                .putByte((byte) 0xff));
    try (SnapshotReader reader = SnapshotFixture.open(other)) {
      SectionReader texts = reader.section("texts");
      assertEquals("\uFFFD", texts.getString());
      assertRefused(Kind.SNAPSHOT_INVALID, texts::getString);
    }
  }

  @Test
  void closedReadersReadNoMore() {
    SnapshotReader reader = SnapshotFixture.open(file);
    MappedSection mapped = reader.map("vectors", 8);
    SectionReader section = reader.section("numbers");
    reader.close();
    reader.close();
    assertThrows(IllegalStateException.class, () -> reader.section("numbers"));
    assertThrows(IllegalStateException.class, reader::verify);
    assertThrows(IllegalStateException.class, () -> reader.verify("empty"));
    assertThrows(IllegalStateException.class, () -> reader.map("vectors", 8));
    assertThrows(IllegalStateException.class, section::getInt);
    assertEquals(1f, mapped.floats(0, 1).get(0));
  }

  @Test
  void interruptedReadersSayThatTheyCouldNotRead() {
    try (SnapshotReader reader = SnapshotFixture.open(file)) {
      Thread.currentThread().interrupt();
      assertRefused(Kind.STORAGE_FAILED, reader::verify);
      assertTrue(Thread.interrupted());
      assertThrows(IllegalStateException.class, reader::verify);
    }
  }
}
