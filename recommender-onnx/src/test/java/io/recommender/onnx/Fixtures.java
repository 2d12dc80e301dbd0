package io.recommender.onnx;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Models whose answers can be computed in a test.
 *
 * <p>Every window is ids 1 to N with padding 0. {@link #scores} gives {@code last[newest] + Σ
 * each[id]} over the window; {@link #userVector} gives {@code Σ each[id]} as a vector.
 */
final class Fixtures {
  static final int ITEMS = 40;
  static final int LENGTH = 5;

  /** Shuffled, so that ids in order of their names are not in order of their ordinals. */
  static final List<String> IDS = shuffledIds();

  private static final Random RANDOM = new Random(7);
  static final float[][] LAST = table(ITEMS + 1, ITEMS);
  static final float[][] EACH = table(ITEMS + 1, ITEMS);
  static final int DIMENSION = 6;
  static final float[][] USER = table(ITEMS + 1, DIMENSION);
  static final float[][] ITEM = table(ITEMS, DIMENSION);

  private Fixtures() {}

  private static List<String> shuffledIds() {
    List<String> ids =
        new ArrayList<>(IntStream.range(0, ITEMS).mapToObj(i -> "item-" + i).toList());
    Collections.shuffle(ids, new Random(3));
    return List.copyOf(ids);
  }

  /** Multiples of 1/64 below 2, so that sums are exact; row 0 is padding and is zero. */
  private static float[][] table(int rows, int columns) {
    float[][] table = new float[rows][columns];
    for (int i = rows == ITEMS ? 0 : 1; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        table[i][j] = (RANDOM.nextInt(256) - 128) / 64f;
      }
    }
    return table;
  }

  static float[] flat(float[][] table) {
    float[] flat = new float[table.length * table[0].length];
    for (int i = 0; i < table.length; i++) {
      System.arraycopy(table[i], 0, flat, i * table[0].length, table[0].length);
    }
    return flat;
  }

  /** Scores of a left-padded window of any length. */
  static OnnxWriter scoresLeft(Object batch, Object length) {
    return new OnnxWriter()
        .input("item_ids", OnnxWriter.INT64, batch, length)
        .floats("last_table", flat(LAST), ITEMS + 1, ITEMS)
        .floats("each_table", flat(EACH), ITEMS + 1, ITEMS)
        .longs("minus_one", new long[] {-1})
        .longs("axis", new long[] {1}, 1)
        .node("Gather", "newest", List.of("item_ids", "minus_one"), "axis", 1)
        .node("Gather", "from_last", List.of("last_table", "newest"))
        .node("Gather", "from_each", List.of("each_table", "item_ids"))
        .node("ReduceSum", "summed", List.of("from_each", "axis"), "keepdims", 0)
        .node("Add", "scores", List.of("from_last", "summed"))
        .output("scores", OnnxWriter.FLOAT, batch, ITEMS);
  }

  /** The same of a right-padded window, which needs the length of each row. */
  static OnnxWriter scoresRight(Object batch, Object length) {
    return new OnnxWriter()
        .input("item_ids", OnnxWriter.INT64, batch, length)
        .input("lengths", OnnxWriter.INT64, batch)
        .floats("last_table", flat(LAST), ITEMS + 1, ITEMS)
        .floats("each_table", flat(EACH), ITEMS + 1, ITEMS)
        .longs("one", new long[] {1})
        .longs("axis", new long[] {1}, 1)
        .node("Sub", "index", List.of("lengths", "one"))
        .node("Unsqueeze", "column", List.of("index", "axis"))
        .node("GatherElements", "newest_column", List.of("item_ids", "column"), "axis", 1)
        .node("Squeeze", "newest", List.of("newest_column", "axis"))
        .node("Gather", "from_last", List.of("last_table", "newest"))
        .node("Gather", "from_each", List.of("each_table", "item_ids"))
        .node("ReduceSum", "summed", List.of("from_each", "axis"), "keepdims", 0)
        .node("Add", "scores", List.of("from_last", "summed"))
        .output("scores", OnnxWriter.FLOAT, batch, ITEMS);
  }

  static OnnxWriter userVector(Object batch, Object length) {
    return new OnnxWriter()
        .input("item_ids", OnnxWriter.INT64, batch, length)
        .floats("table", flat(USER), ITEMS + 1, DIMENSION)
        .longs("axis", new long[] {1}, 1)
        .node("Gather", "rows", List.of("table", "item_ids"))
        .node("ReduceSum", "user", List.of("rows", "axis"), "keepdims", 0)
        .output("user", OnnxWriter.FLOAT, batch, DIMENSION);
  }

  static BundleWriter scoresBundle(Path folder, String length, String side) {
    boolean left = side.equals("LEFT");
    Object extent = length.equals("FIXED") ? (Object) LENGTH : "length";
    BundleWriter bundle =
        new BundleWriter(folder, "SEQ_LOGITS")
            .sequence(LENGTH, length, side)
            .input("ITEM_IDS", "item_ids")
            .scores("scores")
            .items(IDS)
            .model((left ? scoresLeft("batch", extent) : scoresRight("batch", extent)).model());
    if (!left) {
      bundle.input("LENGTH", "lengths");
    }
    return bundle;
  }

  static BundleWriter vectorBundle(Path folder, String similarity) {
    return new BundleWriter(folder, "SEQ_EMBEDDING")
        .sequence(LENGTH, "FIXED", "LEFT")
        .input("ITEM_IDS", "item_ids")
        .embedding("user", DIMENSION, similarity)
        .items(IDS)
        .vectors(ITEM)
        .model(userVector("batch", LENGTH).model());
  }

  /** What {@link #scores} must give for ordinals, oldest first. */
  static float[] expectedScores(int... ordinals) {
    float[] scores = new float[ITEMS];
    int from = Math.max(0, ordinals.length - LENGTH);
    for (int i = from; i < ordinals.length; i++) {
      for (int j = 0; j < ITEMS; j++) {
        scores[j] += EACH[ordinals[i] + 1][j];
        if (i == ordinals.length - 1) {
          scores[j] += LAST[ordinals[i] + 1][j];
        }
      }
    }
    return scores;
  }

  static float[] expectedUser(int... ordinals) {
    float[] user = new float[DIMENSION];
    for (int i = Math.max(0, ordinals.length - LENGTH); i < ordinals.length; i++) {
      for (int j = 0; j < DIMENSION; j++) {
        user[j] += USER[ordinals[i] + 1][j];
      }
    }
    return user;
  }
}
