package io.recommender.ann.text;

import io.recommender.ann.internal.RowSet;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotItems;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.util.Arrays;

/**
 * Items with their terms in a file.
 *
 * <p>Sections: {@code parameters}, k1 and b, the numbers of items, of terms and of terms of all
 * items, and whether weights are bytes; {@code items}, their ids in the order of rows; {@code
 * orders}, their order numbers, which count from 0; {@code terms}, sorted by their bytes; {@code
 * ends}, an int each, where the terms of an item end; {@code numbers}, an int each, the terms of
 * all items; {@code weights}, a byte each if all are whole numbers up to 255, else a float; {@code
 * available}, a bit each. How postings are packed is not part of the format.
 */
final class KeywordSnapshot {
  static final String KIND = "keywords";
  static final int FORMAT = 1;

  private static final int MOST_BYTE = 255;

  private KeywordSnapshot() {}

  /**
   * What a file has.
   *
   * @param documents with order numbers from 0 on
   * @param shown which of them are available
   */
  record Contents(double k1, double b, Documents documents, RowSet shown) {}

  static void write(SnapshotWriter out, double k1, double b, KeywordPart part) {
    Documents documents = part.segment().documents();
    int size = documents.size();
    int count = documents.starts()[size];
    TermTable table = documents.table();
    boolean areBytes = areBytes(documents.weights());
    SectionWriter section = out.section("parameters");
    section.putDouble(k1).putDouble(b);
    section.putInt(size).putInt(table.size()).putInt(count).putByte((byte) (areBytes ? 1 : 0));
    section = out.section("items");
    for (String id : documents.ids()) {
      section.putString(id);
    }
    out.section("orders").putInts(documents.orders(), 0, size);
    section = out.section("terms");
    for (int term = 0; term < table.size(); term++) {
      section.putString(table.term(term));
    }
    out.section("ends").putInts(documents.starts(), 1, size);
    out.section("numbers").putInts(documents.terms(), 0, count);
    section = out.section("weights");
    if (areBytes) {
      for (float weight : documents.weights()) {
        section.putByte((byte) weight);
      }
    } else {
      section.putFloats(documents.weights(), 0, count);
    }
    section = out.section("available");
    for (int i = 0; i < RowSet.words(size); i++) {
      section.putLong(part.shown().word(i));
    }
  }

  private static boolean areBytes(float[] weights) {
    for (float weight : weights) {
      if (weight > MOST_BYTE || weight != (int) weight) {
        return false;
      }
    }
    return true;
  }

  static Contents read(SnapshotReader in) {
    SectionReader section = in.section("parameters");
    double k1 = section.getDouble();
    double b = section.getDouble();
    int size = section.getInt();
    int termCount = section.getInt();
    int count = section.getInt();
    byte areBytes = section.getByte();
    section.finish();
    in.check(
        "parameters",
        k1 >= 0 && k1 < Double.POSITIVE_INFINITY && b >= 0 && b <= 1,
        "k1 from 0 and b from 0 to 1, found %s and %s".formatted(k1, b));
    in.check(
        "parameters",
        size >= 0 && termCount >= 0 && count >= termCount && (areBytes == 0 || areBytes == 1),
        "numbers of items and terms, found %d, %d and %d".formatted(size, termCount, count));
    in.checkLength("orders", 4L * size);
    in.checkLength("ends", 4L * size);
    in.checkLength("numbers", 4L * count);
    in.checkLength("weights", (areBytes == 1 ? 1L : 4L) * count);
    String[] ids = SnapshotItems.ids(in, size);
    TermTable table = readTerms(in, termCount);
    int[] starts = readStarts(in, size, count);
    int[] numbers = readNumbers(in, starts, termCount);
    float[] weights = readWeights(in, count, areBytes == 1);
    float[] lengths = new float[size];
    for (int row = 0; row < size; row++) {
      lengths[row] = Documents.length(weights, starts[row], starts[row + 1]);
    }
    int[] orders = SnapshotItems.orders(in, size);
    Documents documents = new Documents(ids, orders, lengths, starts, numbers, weights, table);
    in.check("orders", documents.isSorted(b > 0), "items by length, then by number");
    return new Contents(k1, b, documents, SnapshotItems.available(in, size));
  }

  private static TermTable readTerms(SnapshotReader in, int count) {
    SnapshotItems.checkCount(in, "terms", count);
    SectionReader section = in.section("terms");
    TermTable.Builder builder = new TermTable.Builder();
    byte[] before = new byte[0];
    for (int term = 0; term < count; term++) {
      String found = section.getString();
      byte[] bytes = TermTable.encode(found);
      if (bytes == null || Arrays.compareUnsigned(before, bytes) >= 0) {
        throw in.invalid("terms", "sorted terms, found '" + found + "'");
      }
      builder.add(bytes, 0, bytes.length);
      before = bytes;
    }
    section.finish();
    return builder.build();
  }

  private static int[] readStarts(SnapshotReader in, int size, int count) {
    SectionReader section = in.section("ends");
    int[] starts = new int[size + 1];
    section.getInts(starts, 1, size);
    section.finish();
    for (int row = 0; row < size; row++) {
      if (starts[row + 1] < starts[row]) {
        throw in.invalid("ends", "ascending numbers, found " + starts[row + 1]);
      }
    }
    in.check("ends", starts[size] == count, "%d terms, found %d".formatted(count, starts[size]));
    return starts;
  }

  private static int[] readNumbers(SnapshotReader in, int[] starts, int terms) {
    SectionReader section = in.section("numbers");
    int[] numbers = new int[starts[starts.length - 1]];
    section.getInts(numbers, 0, numbers.length);
    section.finish();
    boolean[] isUsed = new boolean[terms];
    int used = 0;
    for (int row = 0; row < starts.length - 1; row++) {
      int before = -1;
      for (int i = starts[row]; i < starts[row + 1]; i++) {
        int number = numbers[i];
        if (number <= before || number >= terms) {
          throw in.invalid(
              "numbers",
              "ascending terms from 0 to %d for each item, found %d".formatted(terms - 1, number));
        }
        used += isUsed[number] ? 0 : 1;
        isUsed[number] = true;
        before = number;
      }
    }
    in.check("numbers", used == terms, "%d different terms, found %d".formatted(terms, used));
    return numbers;
  }

  private static float[] readWeights(SnapshotReader in, int count, boolean areBytes) {
    SectionReader section = in.section("weights");
    float[] weights = new float[count];
    if (areBytes) {
      for (int i = 0; i < count; i++) {
        weights[i] = section.getByte() & 0xff;
      }
    } else {
      section.getFloats(weights, 0, count);
    }
    section.finish();
    for (float weight : weights) {
      if (!(weight > 0 && weight <= DocumentBatch.MOST_WEIGHT)) {
        throw in.invalid("weights", "a number above 0, found " + weight);
      }
    }
    return weights;
  }
}
