package io.recommender;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * Turns items into vectors that can be compared with each other.
 *
 * <p><b>Shapes.</b> Every vector has length {@link #dimension()} and is finite.
 *
 * <p><b>Order.</b> The i-th vector belongs to the i-th item.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 *
 * <p><b>Lifetime.</b> As for {@link SequenceRecommender}.
 *
 * <p><b>Cost.</b> Prefer one call with many items to many calls with one.
 */
public interface ItemEncoder extends AutoCloseable {

  /** {@return the length of every vector, at least 1} */
  int dimension();

  /** {@return how the vectors are to be compared} */
  Similarity similarity();

  /**
   * Encodes a batch.
   *
   * @param items the items, possibly none
   * @return one vector for each item, in order; a new array that the caller may keep and change
   * @throws IllegalArgumentException if an item lacks a text or ids that the encoder cannot do
   *     without, or has a feature of another kind
   * @throws IllegalStateException if closed
   * @throws RecommenderException of kind SHAPE_MISMATCH if an item lacks a number or tensor that
   *     the encoder cannot do without, or has one of another shape; or if a model fails. The
   *     encoder stays usable
   */
  float[][] encode(List<Item> items);

  /** Releases what this encoder holds. Does nothing by default. */
  @Override
  default void close() {}

  /**
   * Returns an encoder over a function of one item.
   *
   * @param dimension the length of every vector
   * @param similarity how the vectors are to be compared
   * @param encode gives a new vector of that length
   * @return the encoder
   */
  static ItemEncoder of(int dimension, Similarity similarity, Function<Item, float[]> encode) {
    Objects.requireNonNull(similarity, "similarity");
    Objects.requireNonNull(encode, "encode");
    if (dimension < 1) {
      throw new IllegalArgumentException("dimension: expected at least 1, found " + dimension);
    }
    return new ItemEncoder() {
      @Override
      public int dimension() {
        return dimension;
      }

      @Override
      public Similarity similarity() {
        return similarity;
      }

      @Override
      public float[][] encode(List<Item> items) {
        float[][] vectors = new float[items.size()][];
        for (int i = 0; i < vectors.length; i++) {
          vectors[i] = encode.apply(items.get(i));
          if (vectors[i].length != dimension) {
            throw new IllegalArgumentException(
                "vector of item '%s': length %d, expected %d"
                    .formatted(items.get(i).id(), vectors[i].length, dimension));
          }
        }
        return vectors;
      }
    };
  }
}
