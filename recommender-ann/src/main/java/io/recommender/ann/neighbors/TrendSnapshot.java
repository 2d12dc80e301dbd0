package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.util.Arrays;

/**
 * Sums that fade in a file.
 *
 * <p>Sections: {@code parameters}, with the half-life in milliseconds, the newest time and the
 * number of items; {@code items}, the ids of those that occurred; {@code sums}, the binary
 * logarithm of the sum of each.
 */
final class TrendSnapshot {
  static final String KIND = "trend";
  static final int FORMAT = 1;

  private static final String PARAMETERS = "parameters";
  private static final String SUMS = "sums";

  private TrendSnapshot() {}

  /** What a file holds; the logarithms are by ordinal, negative infinity without any event. */
  record Saved(double halfLife, long newest, double[] logs) {}

  static void write(SnapshotWriter out, Saved saved, Catalog catalog) {
    SavedItems items =
        SavedItems.of(catalog, ordinal -> saved.logs()[ordinal] != Double.NEGATIVE_INFINITY);
    out.section(PARAMETERS)
        .putDouble(saved.halfLife())
        .putLong(saved.newest())
        .putInt(items.size());
    items.write(out, catalog);
    SectionWriter sums = out.section(SUMS);
    for (int i = 0; i < items.size(); i++) {
      sums.putDouble(saved.logs()[items.ordinal(i)]);
    }
  }

  static Saved read(SnapshotReader in, Catalog catalog) {
    SectionReader section = in.section(PARAMETERS);
    double halfLife = section.getDouble();
    long newest = section.getLong();
    int count = section.getInt();
    section.finish();
    in.check(
        PARAMETERS,
        halfLife >= 1 && halfLife < Double.POSITIVE_INFINITY,
        "a half-life of a millisecond or more, found " + halfLife);
    int[] ordinals = SavedItems.read(in, count, catalog);
    double[] logs = new double[catalog.size()];
    Arrays.fill(logs, Double.NEGATIVE_INFINITY);
    in.checkLength(SUMS, (long) count * Double.BYTES);
    section = in.section(SUMS);
    for (int ordinal : ordinals) {
      double log = section.getDouble();
      in.check(SUMS, Double.isFinite(log), "finite numbers, found " + log);
      if (ordinal != Catalog.UNKNOWN) {
        logs[ordinal] = log;
      }
    }
    section.finish();
    return new Saved(halfLife, newest, logs);
  }
}
