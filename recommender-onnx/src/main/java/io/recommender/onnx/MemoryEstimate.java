package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import java.util.List;
import java.util.Map;

/**
 * What the parts of a bundle take when it is open, on a JVM of 64 bits with compressed references.
 */
final class MemoryEstimate {
  /** An item, its id, a hash of the id, and its place. */
  private static final int ITEM = 144;

  private static final int STRING = 24;
  private static final int ARRAY = 16;
  private static final int OBJECT = 16;
  private static final int REFERENCE = 4;

  /** A map of n has places for 2 n entries, each a name and a value. */
  private static final int PLACES_A_FEATURE = 4;

  private MemoryEstimate() {}

  /**
   * Weighs a file of a bundle. The runtime keeps the weights of a matrix as they are and in the
   * order in which it multiplies; an index keeps the vectors of the items and codes of them; a
   * tokenizer keeps its words by text and by number.
   *
   * @return the bytes, for each byte of the file
   */
  static double weight(String file) {
    if (file.endsWith(".onnx") || file.endsWith(".data")) {
      return 2;
    }
    if (file.endsWith(".npy")) {
      return 1.5;
    }
    // 150,000 words of WordPiece took 18 times their file.
    return file.equals("tokenizer.json") ? 16 : 0;
  }

  /** The bytes of items in memory; the names of features are shared by all. */
  static long items(Catalog catalog) {
    long bytes = 0;
    for (int i = 0; i < catalog.size(); i++) {
      bytes += item(catalog.item(i));
    }
    return bytes;
  }

  private static long item(Item item) {
    Map<String, Feature> features = item.features();
    long bytes = ITEM;
    if (!features.isEmpty()) {
      bytes += OBJECT + ARRAY + (long) features.size() * PLACES_A_FEATURE * REFERENCE;
    }
    for (Feature feature : features.values()) {
      bytes += OBJECT + feature(feature);
    }
    return bytes;
  }

  private static long feature(Feature feature) {
    if (feature instanceof Feature.Text text) {
      return string(text.value());
    }
    if (feature instanceof Feature.Category category) {
      return string(category.value());
    }
    if (feature instanceof Feature.Ids ids) {
      List<String> values = ids.values();
      long bytes = OBJECT + ARRAY;
      for (String value : values) {
        bytes += REFERENCE + string(value);
      }
      return bytes;
    }
    if (feature instanceof Feature.Tensor tensor) {
      return OBJECT + 2L * ARRAY + (long) tensor.size() * Float.BYTES;
    }
    return Double.BYTES;
  }

  private static long string(String text) {
    return STRING + ARRAY + (text.length() + 7L) / 8 * 8;
  }
}
