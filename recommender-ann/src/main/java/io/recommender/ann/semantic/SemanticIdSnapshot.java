package io.recommender.ann.semantic;

import io.recommender.ann.internal.RowSet;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotItems;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;

/**
 * Codes in a file.
 *
 * <p>Sections: {@code parameters}, with the shape and the number of items; {@code items}, their ids
 * in the order of their codes; {@code orders}, their order numbers, which count from 0; {@code
 * codes}, packed as {@link CodeRows} has them; {@code lengths}, an int each, if they are unequal;
 * {@code available}, a bit each.
 */
final class SemanticIdSnapshot {
  static final String KIND = "semantic-ids";
  static final int FORMAT = 1;

  private SemanticIdSnapshot() {}

  static void write(SnapshotWriter out, CodeShape shape, boolean unique, CodeVersion version) {
    CodeSegment items = version.base();
    CodeRows rows = items.rows;
    SectionWriter section = out.section("parameters");
    section.putByte((byte) (shape.hasUnequalLengths() ? 1 : 0));
    section.putByte((byte) (unique ? 1 : 0));
    section.putInt(shape.levels()).putInts(shape.sizes(), 0, shape.levels());
    section.putInt(items.size()).putInt(rows.codes());
    section = out.section("items");
    for (String id : items.ids) {
      section.putString(id);
    }
    out.section("orders").putInts(items.orders, 0, items.size());
    if (shape.hasUnequalLengths()) {
      section = out.section("lengths");
      for (int row = 0; row < items.size(); row++) {
        section.putInt(rows.length(row));
      }
    }
    section = out.section("codes");
    for (int i = 0; i < rows.codes(); i++) {
      switch (rows.width()) {
        case Byte.BYTES -> section.putByte((byte) rows.at(i));
        case Short.BYTES -> section.putShort((short) rows.at(i));
        default -> section.putInt(rows.at(i));
      }
    }
    section = out.section("available");
    for (int i = 0; i < RowSet.words(items.size()); i++) {
      section.putLong(version.shown().word(i));
    }
  }

  static CodeStore.Contents read(SnapshotReader in) {
    SectionReader section = in.section("parameters");
    boolean isUnequal = flag(in, section.getByte());
    boolean unique = flag(in, section.getByte());
    int[] sizes = new int[section.getCount(Integer.BYTES)];
    section.getInts(sizes, 0, sizes.length);
    CodeShape shape = shape(in, sizes, isUnequal);
    int count = section.getInt();
    int codes = section.getInt();
    section.finish();
    in.check(
        "parameters",
        count >= 0 && codes >= 0 && (isUnequal || (long) count * sizes.length == codes),
        "codes of %d levels for each item, found %d for %d".formatted(sizes.length, codes, count));
    in.checkLength("orders", (long) count * Integer.BYTES);
    CodeRows sample = CodeRows.allocate(shape, 0, 0);
    in.checkLength("codes", (long) codes * sample.width());
    SortedCodes items =
        new SortedCodes(
            readCodes(in, shape, count, codes),
            SnapshotItems.ids(in, count),
            SnapshotItems.orders(in, count));
    for (int row = 1; row < count; row++) {
      int difference = items.rows().compare(row - 1, items.rows(), row);
      boolean isSorted =
          difference < 0
              || (difference == 0 && !unique && items.orders()[row - 1] < items.orders()[row]);
      if (!isSorted) {
        throw in.invalid("codes", "sorted codes, found item %d out of order".formatted(row));
      }
    }
    return new CodeStore.Contents(shape, unique, items, SnapshotItems.available(in, count));
  }

  private static boolean flag(SnapshotReader in, byte value) {
    in.check("parameters", value == 0 || value == 1, "0 or 1, found " + value);
    return value == 1;
  }

  private static CodeShape shape(SnapshotReader in, int[] sizes, boolean isUnequal) {
    in.check("parameters", sizes.length > 0, "at least one level, found none");
    for (int size : sizes) {
      in.check(
          "parameters",
          size >= 1 && (!isUnequal || size == sizes[0]),
          "the size of a level, found " + size);
    }
    return isUnequal ? CodeShape.upTo(sizes.length, sizes[0]) : CodeShape.of(sizes);
  }

  private static CodeRows readCodes(SnapshotReader in, CodeShape shape, int count, int codes) {
    CodeRows rows = CodeRows.allocate(shape, count, codes);
    SectionReader section = in.section("codes");
    int[] lengths = readLengths(in, shape, count, codes);
    for (int row = 0; row < count; row++) {
      int[] code = new int[lengths.length == 0 ? shape.levels() : lengths[row]];
      for (int level = 0; level < code.length; level++) {
        code[level] =
            switch (rows.width()) {
              case Byte.BYTES -> section.getByte() & 0xff;
              case Short.BYTES -> section.getShort() & 0xffff;
              default -> section.getInt();
            };
        if (code[level] < 0 || code[level] >= shape.size(level)) {
          throw in.invalid(
              "codes",
              "0 to %d at level %d, found %d".formatted(shape.size(level) - 1, level, code[level]));
        }
      }
      rows.fill(row, code);
    }
    section.finish();
    return rows;
  }

  /** Returns the lengths of rows, or nothing if they are equal. */
  private static int[] readLengths(SnapshotReader in, CodeShape shape, int count, int codes) {
    boolean hasLengths = in.sections().contains("lengths");
    in.check(
        "parameters",
        hasLengths == shape.hasUnequalLengths(),
        hasLengths ? "no lengths, found some" : "lengths, found none");
    if (!hasLengths) {
      return new int[0];
    }
    in.checkLength("lengths", (long) count * Integer.BYTES);
    SectionReader section = in.section("lengths");
    int[] lengths = new int[count];
    section.getInts(lengths, 0, count);
    section.finish();
    long sum = 0;
    for (int length : lengths) {
      if (length < 1 || length > shape.levels()) {
        throw in.invalid("lengths", "1 to %d, found %d".formatted(shape.levels(), length));
      }
      sum += length;
    }
    in.check("lengths", sum == codes, "%d together, found %d".formatted(codes, sum));
    return lengths;
  }
}
