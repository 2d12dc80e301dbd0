package io.recommender.ann.memory;

import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.ann.internal.UserKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An error memory in a file.
 *
 * <p>Sections: {@code parameters}, with the dimension, the options and the names of the tasks; for
 * the task i {@code errors-i}, with the number of the next observation and for each kept one its
 * number, its user and its error, by number; and {@code keys-i}, their keys.
 */
final class ErrorMemorySnapshot {
  static final String KIND = "error-memory";
  static final int FORMAT = 1;

  private static final String PARAMETERS = "parameters";
  private static final int LEAST_ENTRY_BYTES = Long.BYTES + 1 + Float.BYTES;

  private ErrorMemorySnapshot() {}

  /** What a file holds. */
  record Saved(
      int dimension,
      ErrorMemoryOptions options,
      List<String> tasks,
      List<TaskErrors.Contents> contents) {}

  static void write(SnapshotWriter out, Saved saved) {
    SectionWriter section = out.section(PARAMETERS);
    ErrorMemoryOptions options = saved.options();
    section.putInt(saved.dimension());
    section.putDouble(options.strength()).putInt(options.neighbors()).putInt(options.capacity());
    section.putInt(saved.tasks().size());
    for (String task : saved.tasks()) {
      section.putString(task);
    }
    for (int i = 0; i < saved.tasks().size(); i++) {
      TaskErrors.Contents contents = saved.contents().get(i);
      section = out.section("errors-" + i);
      section.putLong(contents.next()).putInt(contents.entries().size());
      for (TaskErrors.Entry entry : contents.entries()) {
        UserKey user = entry.user();
        section.putLong(entry.number()).putByte((byte) (user == null ? 0 : 1));
        if (user != null) {
          section.putLong(user.high()).putLong(user.low());
        }
        section.putFloat(entry.error());
      }
      section = out.section("keys-" + i);
      for (float[] key : contents.keys()) {
        section.putFloats(key, 0, key.length);
      }
    }
  }

  static Saved read(SnapshotReader in) {
    SectionReader section = in.section(PARAMETERS);
    int dimension = section.getInt();
    double strength = section.getDouble();
    int neighbors = section.getInt();
    int capacity = section.getInt();
    int taskCount = section.getCount(Integer.BYTES);
    List<String> tasks = new ArrayList<>();
    for (int i = 0; i < taskCount; i++) {
      tasks.add(section.getString());
    }
    section.finish();
    in.check(PARAMETERS, dimension >= 1, "a dimension of at least 1, found " + dimension);
    in.check(PARAMETERS, strength >= 0 && strength <= 1, "a strength, found " + strength);
    in.check(PARAMETERS, neighbors >= 1, "at least 1 neighbour, found " + neighbors);
    in.check(
        PARAMETERS,
        capacity >= 1 && capacity <= ErrorMemoryOptions.MAX_CAPACITY,
        "a capacity, found " + capacity);
    Set<String> different = new HashSet<>(tasks);
    in.check(
        PARAMETERS,
        !tasks.isEmpty() && different.size() == tasks.size(),
        "different tasks, found " + tasks);
    List<TaskErrors.Contents> contents = new ArrayList<>();
    for (int i = 0; i < taskCount; i++) {
      contents.add(readTask(in, i, dimension, capacity));
    }
    ErrorMemoryOptions options =
        ErrorMemoryOptions.defaults().strength(strength).neighbors(neighbors).capacity(capacity);
    return new Saved(dimension, options, tasks, contents);
  }

  private static TaskErrors.Contents readTask(
      SnapshotReader in, int task, int dimension, int capacity) {
    String name = "errors-" + task;
    SectionReader section = in.section(name);
    long next = section.getLong();
    int count = section.getCount(LEAST_ENTRY_BYTES);
    in.check(name, next >= 0 && next < Long.MAX_VALUE, "the next number, found " + next);
    List<TaskErrors.Entry> entries = new ArrayList<>();
    long least = Math.max(0, next - capacity);
    for (int i = 0; i < count; i++) {
      long number = section.getLong();
      byte hasUser = section.getByte();
      in.check(name, hasUser == 0 || hasUser == 1, "0 or 1, found " + hasUser);
      @Nullable UserKey user =
          hasUser == 0 ? null : new UserKey(section.getLong(), section.getLong());
      float error = section.getFloat();
      if (number < least || number >= next) {
        throw in.invalid(
            name, "ascending numbers of %d to %d, found %d".formatted(least, next - 1, number));
      }
      in.check(name, error >= -1 && error <= 1, "an error in [-1, 1], found " + error);
      entries.add(new TaskErrors.Entry(number, user, error));
      least = number + 1;
    }
    section.finish();
    return new TaskErrors.Contents(next, entries, readKeys(in, "keys-" + task, count, dimension));
  }

  private static float[][] readKeys(SnapshotReader in, String name, int count, int dimension) {
    SectionReader section = in.section(name);
    in.checkLength(name, (long) count * dimension * Float.BYTES);
    float[][] keys = new float[count][dimension];
    for (float[] key : keys) {
      section.getFloats(key, 0, dimension);
      in.checkFinite(name, key);
    }
    section.finish();
    return keys;
  }
}
