package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.ann.internal.TopK;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import java.util.function.Function;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.LinearSolverFactory_DDRM;
import org.ejml.interfaces.linsol.LinearSolverDense;

/** What each item that somebody had weighs for each other one. Immutable. */
final class EaseWeights {
  private static final int BLOCK = 1024;
  // Of the largest eigenvalue: below it an inverse has no digit left that a float could hold.
  private static final double LEAST_LAMBDA = 1e-9;

  // The items somebody had, and where an item is among them, or -1.
  private final int[] columns;
  private final int[] columnOf;
  private final float[][] weights;

  private EaseWeights(int[] columns, int[] columnOf, float[][] weights) {
    this.columns = columns;
    this.columnOf = columnOf;
    this.weights = weights;
  }

  /**
   * Inverts the matrix of counts.
   *
   * @param pairs how many users had an item, and how many had it and another one
   * @param items the number of items
   * @param options lambda and how much memory may be taken
   * @param failure what is thrown if there are too many items or lambda is too small
   */
  static EaseWeights of(
      PairCounts pairs,
      int items,
      EaseOptions options,
      Function<String, RuntimeException> failure) {
    IntArrayList had = new IntArrayList();
    int[] columnOf = new int[items];
    Arrays.fill(columnOf, -1);
    for (int ordinal = 0; ordinal < items; ordinal++) {
      if (pairs.row(ordinal).own() > 0) {
        columnOf[ordinal] = had.size();
        had.add(ordinal);
      }
    }
    int[] columns = had.toIntArray();
    long bytes = EaseRecommender.estimatedBytes(columns.length);
    if (bytes > options.memoryLimit()) {
      throw failure.apply(
          "memoryLimit: %d items take %d bytes, expected at most %d"
              .formatted(columns.length, bytes, options.memoryLimit()));
    }
    double lambda = options.lambda();
    DMatrixRMaj gram = new DMatrixRMaj(columns.length, columns.length);
    double largest = 0; // sum of a row, at least the largest eigenvalue
    for (int column = 0; column < columns.length; column++) {
      PairCounts.Row row = pairs.row(columns[column]);
      double sum = row.own() + lambda;
      gram.set(column, column, sum);
      for (int i = 0; i < row.others().length; i++) {
        gram.set(column, columnOf[row.others()[i]], row.counts()[i]);
        sum += row.counts()[i];
      }
      largest = Math.max(largest, sum);
    }
    if (lambda < LEAST_LAMBDA * largest) {
      throw failure.apply(
          "lambda: expected at least %s for this log, found %s"
              .formatted(LEAST_LAMBDA * largest, lambda));
    }
    return new EaseWeights(columns, columnOf, weights(inverse(gram)));
  }

  /** Overwrites the matrix, to hold no more than two of its size. */
  private static DMatrixRMaj inverse(DMatrixRMaj matrix) {
    DMatrixRMaj inverse = new DMatrixRMaj(matrix.numRows, matrix.numCols);
    if (matrix.numRows > 0) {
      LinearSolverDense<DMatrixRMaj> solver = LinearSolverFactory_DDRM.chol(matrix.numRows);
      boolean definite = solver.setA(matrix);
      assert definite;
      solver.invert(inverse);
    }
    return inverse;
  }

  private static float[][] weights(DMatrixRMaj inverse) {
    int size = inverse.numRows;
    float[][] weights = new float[size][size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        weights[i][j] = i == j ? 0 : (float) (-inverse.get(i, j) / inverse.get(j, j));
      }
    }
    return weights;
  }

  /** Returns how many items somebody had. */
  int size() {
    return columns.length;
  }

  /** Returns the places of the distinct items of a history that somebody had, ascending. */
  int[] rows(KnownHistory history) {
    // Sorted, so that the sums do not depend on the order of the history.
    return Arrays.stream(history.ordinals())
        .map(ordinal -> columnOf[ordinal])
        .filter(column -> column >= 0)
        .distinct()
        .sorted()
        .toArray();
  }

  /** Adds the items of the highest sums of the weights of these rows. */
  void addScored(Answer answer, Catalog catalog, int[] rows) {
    ItemFilter filter = answer.filter();
    TopK best = new TopK(Math.min(answer.missing(), catalog.size()));
    double[] sums = new double[Math.min(BLOCK, columns.length)];
    for (int first = 0; first < columns.length; first += BLOCK) {
      int size = Math.min(BLOCK, columns.length - first);
      Arrays.fill(sums, 0);
      for (int row : rows) {
        float[] added = weights[row];
        for (int i = 0; i < size; i++) {
          sums[i] += added[first + i];
        }
      }
      for (int i = 0; i < size; i++) {
        offer(best, catalog, filter, columns[first + i], sums[i]);
      }
    }
    if (columns.length < catalog.size()) {
      for (int ordinal = 0; ordinal < columnOf.length; ordinal++) {
        if (columnOf[ordinal] < 0) {
          offer(best, catalog, filter, ordinal, 0);
        }
      }
    }
    best.sort();
    for (int i = 0; i < best.size(); i++) {
      answer.add(best.row(i), best.score(i), EaseRecommender.SOURCE);
    }
  }

  private static void offer(
      TopK best, Catalog catalog, ItemFilter filter, int ordinal, double score) {
    if (best.admits(score, ordinal) && filter.accepts(catalog.id(ordinal))) {
      best.offer(score, ordinal, ordinal);
    }
  }
}
