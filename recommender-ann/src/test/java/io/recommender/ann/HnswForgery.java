package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ann.HnswIndex.Opening;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** A snapshot with content that nothing would save, and with checksums that are right. */
final class HnswForgery {
  private static final int TABLE_AT = 48;
  private static final int TABLE_CHECKSUM_AT = 56;
  private static final int CHECKSUM_AT = 124;

  /** Where a section lies, and where in the table its checksum is; it has one block. */
  private record Place(int offset, int length, int checksumAt) {}

  final byte[] bytes;
  private final ByteBuffer numbers;
  private final Map<String, Place> places = new LinkedHashMap<>();

  HnswForgery(byte[] snapshot) {
    bytes = snapshot.clone();
    numbers = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer table = numbers.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    table.position((int) numbers.getLong(TABLE_AT));
    for (int left = table.getInt(); left > 0; left--) {
      byte[] name = new byte[table.getInt()];
      table.get(name);
      Place place = new Place((int) table.getLong(), (int) table.getLong(), table.position());
      if (place.length > 0) {
        table.getInt();
      }
      places.put(new String(name, StandardCharsets.UTF_8), place);
    }
  }

  int length(String section) {
    return place(section).length;
  }

  private Place place(String section) {
    return Objects.requireNonNull(places.get(section), section);
  }

  HnswForgery putByte(String section, int at, int value) {
    bytes[place(section).offset + at] = (byte) value;
    return this;
  }

  HnswForgery putInt(String section, int at, int value) {
    numbers.putInt(place(section).offset + at, value);
    return this;
  }

  HnswForgery putLong(String section, int at, long value) {
    numbers.putLong(place(section).offset + at, value);
    return this;
  }

  /** Reads the number that a text or a list begins with. */
  int getInt(String section, int at) {
    return numbers.getInt(place(section).offset + at);
  }

  /** Makes the checksums right and writes the file. */
  Path write(Path file) throws IOException {
    for (Place place : places.values()) {
      if (place.length > 0) {
        numbers.putInt(place.checksumAt, crc(place.offset, (place.length + 63) / 64 * 64));
      }
    }
    int table = (int) numbers.getLong(TABLE_AT);
    numbers.putInt(TABLE_CHECKSUM_AT, crc(table, bytes.length - table));
    numbers.putInt(CHECKSUM_AT, crc(0, CHECKSUM_AT));
    return Files.write(file, bytes);
  }

  private int crc(int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  /** Asserts that a changed snapshot is refused, however it is opened, for what is in a section. */
  static void assertRefused(
      Path to, byte[] saved, String section, Consumer<HnswForgery> change, String... named)
      throws IOException {
    HnswForgery forgery = new HnswForgery(saved);
    change.accept(forgery);
    Path file = forgery.write(to);
    for (Opening opening : Opening.values()) {
      RecommenderException refusal =
          HnswFixture.assertRefused(Kind.SNAPSHOT_INVALID, () -> HnswIndex.open(file, opening));
      String message = refusal.getMessage();
      assertTrue(message.startsWith(file + ": section '" + section + "': expected "), message);
      assertTrue(message.contains(", found "), message);
      for (String name : named) {
        assertTrue(message.contains(name), message);
      }
    }
  }
}
