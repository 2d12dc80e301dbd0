package io.recommender.ann.memory;

import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Values of users in a file.
 *
 * <p>Sections: {@code parameters}, with the form of the values; {@code users}, their number and
 * their ids, each with the length of its value, by last use, the oldest first; {@code values}, one
 * after the other.
 */
final class UserStoreSnapshot {
  static final String KIND = "user-store";
  static final int FORMAT = 1;

  private UserStoreSnapshot() {}

  static void write(SnapshotWriter out, String form, Map<String, byte[]> values) {
    out.section("parameters").putString(form);
    SectionWriter section = out.section("users");
    section.putInt(values.size());
    values.forEach((userId, value) -> section.putString(userId).putInt(value.length));
    SectionWriter bytes = out.section("values");
    values.values().forEach(value -> bytes.putBytes(value, 0, value.length));
  }

  static Map<String, byte[]> read(SnapshotReader in, UserValueCodec<?> codec, int maxBytes) {
    SectionReader section = in.section("parameters");
    String form = section.getString();
    section.finish();
    in.check(
        "parameters",
        form.equals(codec.form()),
        "values of the form '%s', found '%s'".formatted(codec.form(), form));
    section = in.section("users");
    SectionReader values = in.section("values");
    int count = section.getCount(2 * Integer.BYTES);
    Map<String, byte[]> result = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      String userId = section.getString();
      int length = section.getInt();
      in.check(
          "users",
          length >= 0 && length <= values.remaining(),
          "the length of a value, found " + length);
      in.check(
          "users",
          length <= maxBytes,
          "values of at most %d bytes, found %d".formatted(maxBytes, length));
      byte[] value = new byte[length];
      values.getBytes(value, 0, length);
      checkValue(in, codec, value);
      in.check("users", result.put(userId, value) == null, "each user once");
    }
    section.finish();
    values.finish();
    return result;
  }

  private static void checkValue(SnapshotReader in, UserValueCodec<?> codec, byte[] value) {
    try {
      codec.decode(value);
    } catch (IllegalArgumentException e) {
      throw in.invalid(
          "values", "values of the form '%s': %s".formatted(codec.form(), e.getMessage()));
    }
  }
}
