package io.recommender.ann.vectors;

import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.RecommenderException;
import io.recommender.Similarity;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * Carries vectors from one space into another: {@code W x + b}.
 *
 * <p>Fitted to the items that have a vector in both spaces, it gives a vector to those that have
 * only one. From texts to the item vectors of a trained model, it places items that nobody has met;
 * from the vectors of one model to those of its successor, it keeps stored vectors in use.
 *
 * <pre>{@code
 * LinearMap map = LinearMap.ridge(textsOfKnownItems, vectorsOfKnownItems, 10);
 * index.add("sku-new", map.apply(textOfNewItem));
 * ItemEncoder placing = map.after(textEncoder, Similarity.DOT);
 * }</pre>
 *
 * <p>{@link #ridge} is ridge regression with an intercept (Hoerl and Kennard, Technometrics 1970),
 * {@link #orthogonal} the orthogonal Procrustes problem (Schönemann, Psychometrika 1966). A map
 * that was trained elsewhere comes in by {@link #of}.
 *
 * <p><b>Shapes.</b> Source vectors have length {@link #sourceDimension()}, target vectors length
 * {@link #targetDimension()}; all are finite. Sums are in double precision, and each vector is
 * mapped alike alone and among others.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * <p><b>Cost.</b> 8 bytes a weight. To apply: one multiplication a weight. To fit N vectors of m
 * dimensions to ones of n: time N m (m + n) + m^3 for ridge, N n^2 + n^3 for a rotation, and memory
 * for some matrices of m rows, however many vectors there are.
 */
public final class LinearMap {
  static final String KIND = "linear-map";
  static final int FORMAT = 1;

  /** Target by source. */
  private final DMatrixRMaj weights;

  private final double[] offset;
  private final SavedFiles files = new SavedFiles(KIND, FORMAT);

  LinearMap(DMatrixRMaj weights, double[] offset) {
    this.weights = weights;
    this.offset = offset;
  }

  /**
   * Fits a map: of all W and b those with the least sum of squared errors plus lambda times the sum
   * of the squares of W. The offset b is not held down.
   *
   * @param source the vectors to map, not changed
   * @param target where each of them should come to, in the same order; not changed
   * @param lambda how much W is held down, at least 0
   * @return the map
   * @throws IllegalArgumentException if there are no vectors, the numbers or lengths differ, a
   *     vector is not finite, lambda is negative, or lambda is too small for sources that depend on
   *     each other linearly
   */
  public static LinearMap ridge(float[][] source, float[][] target, double lambda) {
    return LinearFit.ridge(source, target, lambda);
  }

  /**
   * Fits a rotation, possibly with a reflection: of all orthogonal W the one with the least sum of
   * squared errors; b is 0. Lengths and inner products stay as they are.
   *
   * @param source the vectors to map, not changed
   * @param target where each of them should come to, in the same order and of the same length; not
   *     changed
   * @return the map
   * @throws IllegalArgumentException if there are no vectors, the numbers or lengths differ, or a
   *     vector is not finite
   */
  public static LinearMap orthogonal(float[][] source, float[][] target) {
    return LinearFit.orthogonal(source, target);
  }

  /**
   * Returns a map that was trained elsewhere, such as a linear layer.
   *
   * @param weights W, a row for each target dimension; copied
   * @param offset b, one number for each target dimension; copied
   * @return the map
   * @throws IllegalArgumentException if there are no weights, lengths differ, or a number is not
   *     finite
   */
  public static LinearMap of(float[][] weights, float[] offset) {
    int sourceDimension = Checks.vectors("weights:", weights);
    Checks.vector("offset", offset, weights.length);
    DMatrixRMaj matrix = new DMatrixRMaj(weights.length, sourceDimension);
    double[] added = new double[offset.length];
    for (int row = 0; row < weights.length; row++) {
      for (int column = 0; column < sourceDimension; column++) {
        matrix.set(row, column, weights[row][column]);
      }
      added[row] = offset[row];
    }
    return new LinearMap(matrix, added);
  }

  /** {@return the length of the vectors that are mapped} */
  public int sourceDimension() {
    return weights.numCols;
  }

  /** {@return the length of the vectors that come out} */
  public int targetDimension() {
    return weights.numRows;
  }

  /** {@return a copy of W, a row for each target dimension} */
  public float[][] weights() {
    float[][] copy = new float[weights.numRows][weights.numCols];
    for (int row = 0; row < copy.length; row++) {
      for (int column = 0; column < copy[row].length; column++) {
        copy[row][column] = (float) weights.get(row, column);
      }
    }
    return copy;
  }

  /** {@return a copy of b} */
  public float[] offset() {
    float[] copy = new float[offset.length];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = (float) offset[i];
    }
    return copy;
  }

  /**
   * Maps a vector.
   *
   * @param vector the vector, not changed
   * @return where it comes to, a new array
   * @throws IllegalArgumentException if the vector has another length or is not finite, or what
   *     comes out does not fit into floats
   */
  public float[] apply(float[] vector) {
    Checks.vector("vector", vector, sourceDimension());
    return map("vector", vector, new DMatrixRMaj(vector.length, 1), new DMatrixRMaj(0, 0));
  }

  /**
   * Maps vectors.
   *
   * @param vectors the vectors, not changed
   * @return where each comes to, new arrays
   * @throws IllegalArgumentException if a vector is refused by {@link #apply}; the message names it
   */
  public float[][] applyAll(float[][] vectors) {
    DMatrixRMaj from = new DMatrixRMaj(sourceDimension(), 1);
    DMatrixRMaj to = new DMatrixRMaj(targetDimension(), 1);
    float[][] mapped = new float[vectors.length][];
    for (int i = 0; i < mapped.length; i++) {
      String name = "vector " + i;
      Checks.vector(name, vectors[i], sourceDimension());
      mapped[i] = map(name, vectors[i], from, to);
    }
    return mapped;
  }

  private float[] map(String name, float[] vector, DMatrixRMaj from, DMatrixRMaj to) {
    for (int i = 0; i < vector.length; i++) {
      from.data[i] = vector[i];
    }
    CommonOps_DDRM.mult(weights, from, to);
    float[] mapped = new float[targetDimension()];
    for (int i = 0; i < mapped.length; i++) {
      mapped[i] = (float) (to.data[i] + offset[i]);
      if (!Float.isFinite(mapped[i])) {
        throw new IllegalArgumentException(
            "%s: element %d of what comes out is %s, expected a finite number"
                .formatted(name, i, mapped[i]));
      }
    }
    return mapped;
  }

  /**
   * Returns an encoder whose vectors are mapped.
   *
   * @param encoder gives the vectors to map; closing the returned one closes it
   * @param similarity how mapped vectors are to be compared
   * @return the encoder, as thread-safe as the given one
   * @throws IllegalArgumentException if the encoder has another dimension than the source
   */
  public ItemEncoder after(ItemEncoder encoder, Similarity similarity) {
    Objects.requireNonNull(similarity, "similarity");
    if (encoder.dimension() != sourceDimension()) {
      throw new IllegalArgumentException(
          "encoder: expected dimension %d, found %d"
              .formatted(sourceDimension(), encoder.dimension()));
    }
    return new ItemEncoder() {
      @Override
      public int dimension() {
        return targetDimension();
      }

      @Override
      public Similarity similarity() {
        return similarity;
      }

      @Override
      public float[][] encode(List<Item> items) {
        return applyAll(encoder.encode(items));
      }

      @Override
      public void close() {
        encoder.close();
      }
    };
  }

  /**
   * Saves the map. The file is replaced as a whole or not at all.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException SNAPSHOT_STALE if the file is there and is not what this map was
   *     opened from or last saved to; SNAPSHOT_INVALID if it is something else; STORAGE_FAILED if
   *     it cannot be written. The file is then as it was
   */
  public void save(Path file) {
    files.save(file, this::write);
  }

  /**
   * Saves the map over whatever map the file has; for one that was fitted anew.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    files.replace(file, this::write);
  }

  private void write(SnapshotWriter out) {
    out.section("parameters").putInt(targetDimension()).putInt(sourceDimension());
    SectionWriter section = out.section("weights");
    for (int i = 0; i < weights.getNumElements(); i++) {
      section.putDouble(weights.data[i]);
    }
    section = out.section("offset");
    for (double element : offset) {
      section.putDouble(element);
    }
  }

  /**
   * Opens a saved map.
   *
   * @param file what {@link #save} wrote
   * @return the map as it was, to the last bit
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static LinearMap open(Path file) {
    try (SnapshotReader in = new SavedFiles(KIND, FORMAT).open(file)) {
      SectionReader section = in.section("parameters");
      int rows = section.getInt();
      int columns = section.getInt();
      section.finish();
      in.check(
          "parameters",
          rows >= 1 && columns >= 1,
          "dimensions of at least 1, found %d and %d".formatted(rows, columns));
      double[] offset = numbers(in, "offset", rows);
      double[] elements = numbers(in, "weights", (long) rows * columns);
      LinearMap map = new LinearMap(DMatrixRMaj.wrap(rows, columns, elements), offset);
      map.files.opened(in);
      return map;
    }
  }

  private static double[] numbers(SnapshotReader in, String name, long count) {
    SectionReader section = in.section(name);
    in.check(
        name,
        section.length() == count * Double.BYTES,
        "%d numbers, found %d bytes".formatted(count, section.length()));
    double[] numbers = new double[Math.toIntExact(count)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = section.getDouble();
    }
    in.checkFinite(name, numbers);
    section.finish();
    return numbers;
  }

  @Override
  public String toString() {
    return "LinearMap[%d to %d dimensions]".formatted(sourceDimension(), targetDimension());
  }
}
