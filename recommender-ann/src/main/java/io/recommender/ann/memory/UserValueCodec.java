package io.recommender.ann.memory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns what a {@link UserStore} keeps of a user into bytes and back.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 *
 * @param <V> the type of the values, immutable or copied by both methods
 */
public interface UserValueCodec<V> {

  /**
   * Names the form of the bytes. A saved store is opened only by a codec of the same form.
   *
   * @return a name that changes when the bytes mean something else, such as {@code "floats-64"}
   */
  String form();

  /**
   * Returns the bytes of a value, without what matters least if all of it has no room.
   *
   * @param value the value
   * @param maxBytes how many bytes there may be
   * @return at most that many bytes, not used otherwise
   * @throws IllegalArgumentException if the value cannot be cut to that size
   */
  byte[] encode(V value, int maxBytes);

  /**
   * Returns the value that bytes stand for.
   *
   * @param bytes what {@link #encode} returned; not kept
   * @return the value; encoding it gives the same bytes
   * @throws IllegalArgumentException if the bytes are of no value
   */
  V decode(byte[] bytes);

  /**
   * Returns the codec of vectors of one length, such as the low-rank weights of a user's adapter.
   *
   * @param length the length of every vector, at least 1
   * @return the codec; elements must be finite
   */
  static UserValueCodec<float[]> floats(int length) {
    if (length < 1) {
      throw new IllegalArgumentException("length: expected at least 1, found " + length);
    }
    return new UserValueCodec<>() {
      @Override
      public String form() {
        return "floats-" + length;
      }

      @Override
      public byte[] encode(float[] value, int maxBytes) {
        if (value.length != length) {
          throw new IllegalArgumentException(
              "value of a user: expected %d elements, found %d".formatted(length, value.length));
        }
        if ((long) length * Float.BYTES > maxBytes) {
          throw new IllegalArgumentException(
              "value of a user: expected at most %d bytes, found %d"
                  .formatted(maxBytes, (long) length * Float.BYTES));
        }
        ByteBuffer bytes = ByteBuffer.allocate(length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float element : value) {
          if (!Float.isFinite(element)) {
            throw new IllegalArgumentException(
                "value of a user: expected finite elements, found " + element);
          }
          bytes.putFloat(element);
        }
        return bytes.array();
      }

      @Override
      public float[] decode(byte[] bytes) {
        if (bytes.length != length * Float.BYTES) {
          throw new IllegalArgumentException(
              "expected %d bytes, found %d".formatted(length * Float.BYTES, bytes.length));
        }
        float[] value = new float[length];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(value);
        return value;
      }
    };
  }
}
