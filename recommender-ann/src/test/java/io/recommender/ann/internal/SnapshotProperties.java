package io.recommender.ann.internal;

import static io.recommender.ann.internal.SnapshotFixture.KIND;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.AfterTry;

class SnapshotProperties {
  private static final Path FOLDER = makeFolder();

  private final Path file = FOLDER.resolve("a.bin");

  private static Path makeFolder() {
    try {
      return Files.createTempDirectory("snapshot");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterTry
  void deleteFile() throws IOException {
    Files.deleteIfExists(file);
  }

  @AfterContainer
  static void deleteFolder() throws IOException {
    for (String name : SnapshotFixture.names(FOLDER)) {
      Files.delete(FOLDER.resolve(name));
    }
    Files.delete(FOLDER);
  }

  @Property(tries = 400)
  void readsWhatWasWritten(
      @ForAll("contents") List<List<Piece>> contents,
      @ForAll @IntRange(min = 1, max = 9) int alignments) {
    SnapshotRevision revision =
        SnapshotWriter.write(
            file,
            KIND,
            1,
            SnapshotRevision.NONE,
            writer -> {
              for (int i = 0; i < contents.size(); i++) {
                SectionWriter section = writer.section("section " + i);
                contents.get(i).forEach(piece -> piece.write(section));
              }
            },
            SnapshotFixture.environment(alignments * 64, new FaultyDisk()));
    try (SnapshotReader reader = SnapshotReader.open(file, KIND, 1, 1)) {
      assertEquals(revision, reader.revision());
      List<String> names = new ArrayList<>();
      for (int i = 0; i < contents.size(); i++) {
        names.add("section " + i);
        SectionReader section = reader.section("section " + i);
        assertEquals(section.length(), section.remaining());
        contents.get(i).forEach(piece -> piece.assertRead(section));
        section.finish();
      }
      assertEquals(names, reader.sections());
      reader.verify();
    }
  }

  @Property(tries = 100)
  void sectionsBeginAtMultiplesOf64(@ForAll("contents") List<List<Piece>> contents)
      throws IOException {
    SnapshotWriter.write(
        file,
        KIND,
        1,
        SnapshotRevision.NONE,
        writer -> {
          for (int i = 0; i < contents.size(); i++) {
            SectionWriter section = writer.section("section " + i);
            contents.get(i).forEach(piece -> piece.write(section));
          }
        },
        SnapshotFixture.SMALL_BLOCKS);
    byte[] bytes = Files.readAllBytes(file);
    try (FileChannel channel = SnapshotHeader.open(file)) {
      SnapshotHeader header = SnapshotHeader.read(file, channel);
      int table = (int) header.tableOffset();
      long end = SnapshotHeader.BYTES;
      for (SnapshotTable.Entry entry :
          SnapshotTable.decode(file, header, ByteBuffer.wrap(bytes, table, bytes.length - table))
              .values()) {
        assertEquals(0, entry.offset() % 64);
        assertEquals(end, entry.offset());
        for (long i = entry.offset() + entry.length(); i % 64 != 0; i++) {
          assertEquals(0, bytes[(int) i]);
        }
        end = entry.offset() + entry.paddedLength();
      }
      assertEquals(table, end);
    }
  }

  @Property(tries = 200)
  void mappedRecordsNeverLieAcrossSegments(
      @ForAll @IntRange(max = 60) int records,
      @ForAll @IntRange(min = 1, max = 5) int longsInRecord,
      @ForAll @IntRange(max = 200) int moreThanARecord) {
    int recordBytes = longsInRecord * Long.BYTES;
    int segmentBytes = recordBytes + moreThanARecord;
    byte[] expected = new byte[records * recordBytes];
    new Random(records).nextBytes(expected);
    SnapshotWriter.write(
        file,
        KIND,
        1,
        SnapshotRevision.NONE,
        writer -> {
          writer.section("before").putByte((byte) 1);
          writer.section("records").putBytes(expected, 0, expected.length);
        },
        SnapshotFixture.SMALL_BLOCKS);
    MappedSection mapped;
    try (SnapshotReader reader = SnapshotReader.open(file, KIND, 1, 1, segmentBytes)) {
      mapped = reader.map("records", recordBytes);
    }
    assertEquals(records, mapped.records());
    assertEquals(recordBytes, mapped.recordBytes());
    int inSegment = segmentBytes / recordBytes;
    assertEquals(inSegment, mapped.recordsInSegment());
    for (int record = 0; record < records; record++) {
      int most = Math.min(inSegment - record % inSegment, records - record);
      assertEquals(most, mapped.contiguous(record));
      for (int count = 1; count <= most; count++) {
        ByteBuffer slice =
            ByteBuffer.wrap(expected, record * recordBytes, count * recordBytes)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(slice, mapped.bytes(record, count));
        assertEquals(slice.asIntBuffer(), mapped.ints(record, count));
        assertEquals(slice.asShortBuffer(), mapped.shorts(record, count));
        assertEquals(slice.asLongBuffer(), mapped.longs(record, count));
        assertEquals(0, slice.asFloatBuffer().compareTo(mapped.floats(record, count)));
        assertTrue(mapped.floats(record, count).isReadOnly());
      }
      int from = record;
      assertThrows(IllegalArgumentException.class, () -> mapped.bytes(from, most + 1));
      assertThrows(IllegalArgumentException.class, () -> mapped.bytes(from, 0));
    }
    assertThrows(IndexOutOfBoundsException.class, () -> mapped.bytes(records, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> mapped.bytes(-1, 1));
  }

  @Property(tries = 1500)
  void aSealedHeaderOrTableOfNonsenseIsRefusedOrHarmless(
      @ForAll @Size(min = 1, max = 3) List<@IntRange(min = 8, max = 300) Integer> places,
      @ForAll @IntRange(max = 3) int log2Bytes,
      @ForAll long value)
      throws IOException {
    byte[] bytes = SnapshotFixture.golden();
    int table = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(48);
    for (int place : places) {
      int at = place < SnapshotHeader.BYTES ? place : table + place - SnapshotHeader.BYTES;
      for (int i = 0; i < 1 << log2Bytes && at + i < bytes.length; i++) {
        bytes[at + i] = (byte) (value >>> 8 * i);
      }
    }
    Files.write(file, SnapshotFixture.reseal(bytes));
    assertOnlyRefuses(
        () -> {
          try (SnapshotReader reader = SnapshotReader.open(file, KIND, 0, Integer.MAX_VALUE)) {
            reader.verify();
            for (String name : reader.sections()) {
              reader.map(name, 1);
              SectionReader section = reader.section(name);
              byte[] all = new byte[(int) section.length()];
              section.getBytes(all, 0, all.length);
            }
          }
        });
  }

  @Property(tries = 500)
  void readingSomethingElseThanWasWrittenIsRefusedOrHarmless(
      @ForAll byte[] written, @ForAll @Size(max = 10) List<@IntRange(max = 6) Integer> calls) {
    SnapshotWriter.write(
        file,
        KIND,
        1,
        SnapshotRevision.NONE,
        writer -> writer.section("bytes").putBytes(written, 0, written.length),
        SnapshotFixture.SMALL_BLOCKS);
    try (SnapshotReader reader = SnapshotReader.open(file, KIND, 1, 1)) {
      SectionReader section = reader.section("bytes");
      assertOnlyRefuses(
          () -> {
            for (int call : calls) {
              switch (call) {
                case 0 -> section.getString();
                case 1 -> {
                  long[] longs = new long[section.getCount(Long.BYTES)];
                  section.getLongs(longs, 0, longs.length);
                }
                case 2 -> section.getFloats(new float[3], 0, 3);
                case 3 -> section.getShort();
                case 4 -> section.getLong();
                case 5 -> section.getByte();
                default -> {
                  int[] ints = new int[section.getCount(Integer.BYTES)];
                  section.getInts(ints, 0, ints.length);
                }
              }
            }
            section.finish();
          });
    }
  }

  private static void assertOnlyRefuses(Runnable action) {
    try {
      action.run();
    } catch (RecommenderException e) {
      assertEquals(Kind.SNAPSHOT_INVALID, e.kind());
    }
  }

  @Provide
  Arbitrary<List<List<Piece>>> contents() {
    Arbitrary<Integer> counts = Arbitraries.integers().between(0, 300);
    return Combinators.combine(Arbitraries.of(Piece.Type.values()), counts, Arbitraries.longs())
        .as(Piece::new)
        .list()
        .ofMaxSize(8)
        .list()
        .ofMaxSize(5);
  }

  /** Some numbers or a text, drawn from a seed, which are read in two parts. */
  record Piece(Type type, int count, long seed) {
    enum Type {
      BYTE,
      SHORT,
      INT,
      LONG,
      FLOAT,
      DOUBLE,
      STRING,
      BYTES,
      SHORTS,
      INTS,
      LONGS,
      FLOATS
    }

    private byte[] bytes(int size) {
      byte[] bytes = new byte[count * size];
      new Random(seed).nextBytes(bytes);
      return bytes;
    }

    private ByteBuffer buffer(int size) {
      return ByteBuffer.wrap(bytes(size));
    }

    private short[] shorts() {
      short[] values = new short[count];
      buffer(2).asShortBuffer().get(values);
      return values;
    }

    private int[] ints() {
      int[] values = new int[count];
      buffer(4).asIntBuffer().get(values);
      return values;
    }

    private long[] longs() {
      long[] values = new long[count];
      buffer(8).asLongBuffer().get(values);
      return values;
    }

    private float[] floats() {
      float[] values = new float[count];
      buffer(4).asFloatBuffer().get(values);
      return values;
    }

    private String text() {
      return new Random(seed)
          .ints(count, 0, 0x11000)
          .filter(point -> point < 0xd800 || point > 0xdfff)
          .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
          .toString();
    }

    void write(SectionWriter section) {
      int half = count / 2;
      int rest = count - half;
      switch (type) {
        case BYTE -> section.putByte((byte) seed);
        case SHORT -> section.putShort((short) seed);
        case INT -> section.putInt((int) seed);
        case LONG -> section.putLong(seed);
        case FLOAT -> section.putFloat(Float.intBitsToFloat((int) seed));
        case DOUBLE -> section.putDouble(Double.longBitsToDouble(seed));
        case STRING -> section.putString(text());
        case BYTES -> section.putBytes(bytes(1), 0, half).putBytes(bytes(1), half, rest);
        case SHORTS -> section.putShorts(shorts(), 0, half).putShorts(shorts(), half, rest);
        case INTS -> section.putInts(ints(), 0, half).putInts(ints(), half, rest);
        case LONGS -> section.putLongs(longs(), 0, half).putLongs(longs(), half, rest);
        case FLOATS -> section.putFloats(floats(), 0, half).putFloats(floats(), half, rest);
      }
    }

    void assertRead(SectionReader section) {
      int third = count / 3;
      int rest = count - third;
      switch (type) {
        case BYTE -> assertEquals((byte) seed, section.getByte());
        case SHORT -> assertEquals((short) seed, section.getShort());
        case INT -> assertEquals((int) seed, section.getInt());
        case LONG -> assertEquals(seed, section.getLong());
        case FLOAT -> assertEquals((int) seed, Float.floatToRawIntBits(section.getFloat()));
        case DOUBLE -> assertEquals(seed, Double.doubleToRawLongBits(section.getDouble()));
        case STRING -> assertEquals(text(), section.getString());
        case BYTES -> {
          byte[] values = new byte[count];
          section.getBytes(values, 0, third);
          section.getBytes(values, third, rest);
          assertArrayEquals(bytes(1), values);
        }
        case SHORTS -> {
          short[] values = new short[count];
          section.getShorts(values, 0, third);
          section.getShorts(values, third, rest);
          assertArrayEquals(shorts(), values);
        }
        case INTS -> {
          int[] values = new int[count];
          section.getInts(values, 0, third);
          section.getInts(values, third, rest);
          assertArrayEquals(ints(), values);
        }
        case LONGS -> {
          long[] values = new long[count];
          section.getLongs(values, 0, third);
          section.getLongs(values, third, rest);
          assertArrayEquals(longs(), values);
        }
        case FLOATS -> {
          float[] values = new float[count];
          section.getFloats(values, 0, third);
          section.getFloats(values, third, rest);
          assertArrayEquals(bits(floats()), bits(values));
        }
      }
    }

    private static int[] bits(float[] values) {
      int[] bits = new int[values.length];
      for (int i = 0; i < bits.length; i++) {
        bits[i] = Float.floatToRawIntBits(values[i]);
      }
      return bits;
    }
  }
}
