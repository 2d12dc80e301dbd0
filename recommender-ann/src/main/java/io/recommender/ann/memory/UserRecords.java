package io.recommender.ann.memory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.ToIntFunction;

/** Values that are a sequence of records, each beginning with an id, as bytes. */
final class UserRecords {
  private UserRecords() {}

  /** Returns the bytes of as many of the last records as there is room for. */
  static <T> byte[] encode(
      List<T> records, ToIntFunction<T> size, int maxBytes, BiConsumer<ByteBuffer, T> write) {
    int total = 0;
    int first = records.size();
    while (first > 0 && size.applyAsInt(records.get(first - 1)) <= maxBytes - total) {
      total += size.applyAsInt(records.get(--first));
    }
    ByteBuffer bytes = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
    records.subList(first, records.size()).forEach(each -> write.accept(bytes, each));
    return bytes.array();
  }

  static int idBytes(String id) {
    return Short.BYTES + id.getBytes(StandardCharsets.UTF_8).length;
  }

  static void putId(ByteBuffer bytes, String id) {
    byte[] utf8 = id.getBytes(StandardCharsets.UTF_8);
    bytes.putShort((short) utf8.length).put(utf8);
  }

  static ByteBuffer reading(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static String getId(ByteBuffer in) {
    expect(in, Short.BYTES);
    int length = in.getShort();
    expect(in, length);
    ByteBuffer utf8 = in.slice(in.position(), length);
    in.position(in.position() + length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("expected an id in UTF-8, found other bytes", e);
    }
  }

  static void expect(ByteBuffer in, int bytes) {
    if (bytes < 0 || bytes > in.remaining()) {
      throw new IllegalArgumentException(
          "expected %d more bytes, found %d".formatted(bytes, in.remaining()));
    }
  }
}
