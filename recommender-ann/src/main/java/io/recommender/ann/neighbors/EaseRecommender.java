package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.internal.TopK;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import java.util.Objects;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.LinearSolverFactory_DDRM;
import org.ejml.interfaces.linsol.LinearSolverDense;

/**
 * Recommends what a linear model of item on item predicts, fitted in closed form: EASE, an
 * autoencoder without a hidden layer.
 *
 * <p>With X the binary user-item matrix and {@code P = (X'X + lambda I)^-1}, item i weighs {@code
 * -P[i][j] / P[j][j]} for item j and nothing for itself: of all weights with that diagonal, those
 * that give X back best, their squares held down by lambda. The score of an item is the sum of the
 * weights of the distinct items of the history for it, each rounded to a float; it may be negative,
 * and is 0 for an item nobody had. The source is {@value #SOURCE}. If the history holds no item
 * that anybody had, popularity answers alone and a notice says so.
 *
 * <p>Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019).
 *
 * <p>The weights are those of the fit, because a further user changes all of them. A further event
 * of a user counts at once, because it is in the history of the request.
 *
 * <p><b>Order.</b> By descending score, equal scores by catalogue ordinal.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect.
 *
 * <p><b>Cost.</b> With n items that somebody had: 4 n^2 bytes, and {@link #estimatedBytes} during
 * the fit, which inverts a matrix of n rows on one thread in time n^3. A request adds up n weights
 * for each item of the history.
 */
public final class EaseRecommender implements SequenceRecommender {
  /** The source of the items that the model scores. */
  public static final String SOURCE = "ease";

  private static final int BLOCK = 1024;
  // Of the largest eigenvalue: below it an inverse has no digit left that a float could hold.
  private static final double LEAST_LAMBDA = 1e-9;

  private final Catalog catalog;
  private final PopularityRanking popularity;
  // The items somebody had, and where an item is among them, or -1.
  private final int[] columns;
  private final int[] columnOf;
  private final float[][] weights;

  private EaseRecommender(
      Catalog catalog, PopularityRanking popularity, int[] columns, float[][] weights) {
    this.catalog = catalog;
    this.popularity = popularity;
    this.columns = columns;
    this.weights = weights;
    columnOf = new int[catalog.size()];
    Arrays.fill(columnOf, -1);
    for (int column = 0; column < columns.length; column++) {
      columnOf[columns[column]] = column;
    }
  }

  /**
   * Returns how much memory a fit takes.
   *
   * @param items how many items somebody had
   * @return the bytes, 16 for each pair of items
   */
  public static long estimatedBytes(int items) {
    return 16L * items * items;
  }

  /**
   * Fits the weights to a log.
   *
   * @param catalog the items that may be recommended
   * @param histories the training histories, read once; interactions with items outside the
   *     catalogue are left out
   * @param options lambda and how much memory may be taken
   * @return the recommender
   * @throws IllegalArgumentException if the items are too many for the memory limit, or lambda is
   *     below a billionth of the largest sum of a row of X'X
   */
  public static EaseRecommender fit(
      Catalog catalog, Iterable<UserHistory> histories, EaseOptions options) {
    Objects.requireNonNull(options, "options");
    OrdinalLog log = OrdinalLog.of(catalog, histories);
    int[] counts = log.counts(catalog.size());
    IntArrayList columns = new IntArrayList();
    for (int ordinal = 0; ordinal < counts.length; ordinal++) {
      if (counts[ordinal] > 0) {
        columns.add(ordinal);
      }
    }
    long bytes = estimatedBytes(columns.size());
    if (bytes > options.memoryLimit()) {
      throw new IllegalArgumentException(
          "memoryLimit: %d items take %d bytes, expected at most %d"
              .formatted(columns.size(), bytes, options.memoryLimit()));
    }
    DMatrixRMaj gram = gram(log, columns.toIntArray(), catalog.size(), options.lambda());
    return new EaseRecommender(
        catalog,
        new PopularityRanking(catalog, counts),
        columns.toIntArray(),
        weights(inverse(gram)));
  }

  private static DMatrixRMaj gram(OrdinalLog log, int[] columns, int items, double lambda) {
    int[] columnOf = new int[items];
    for (int column = 0; column < columns.length; column++) {
      columnOf[columns[column]] = column;
    }
    UserItemMatrix matrix = new UserItemMatrix(log, items);
    int[] together = new int[items];
    IntArrayList touched = new IntArrayList();
    DMatrixRMaj gram = new DMatrixRMaj(columns.length, columns.length);
    double largest = 0; // sum of a row, at least the largest eigenvalue
    for (int column = 0; column < columns.length; column++) {
      double sum = matrix.users(columns[column]) + lambda;
      gram.set(column, column, sum);
      matrix.countTogether(columns[column], together, touched);
      for (int i = 0; i < touched.size(); i++) {
        int other = touched.getInt(i);
        gram.set(column, columnOf[other], together[other]);
        sum += together[other];
        together[other] = 0;
      }
      largest = Math.max(largest, sum);
    }
    if (lambda < LEAST_LAMBDA * largest) {
      throw new IllegalArgumentException(
          "lambda: expected at least %s for this log, found %s"
              .formatted(LEAST_LAMBDA * largest, lambda));
    }
    return gram;
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

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    KnownHistory history = KnownHistory.of(catalog, request.history());
    // Sorted, so that the sums do not depend on the order of the history.
    int[] rows =
        Arrays.stream(history.ordinals())
            .map(ordinal -> columnOf[ordinal])
            .filter(column -> column >= 0)
            .distinct()
            .sorted()
            .toArray();
    Answer answer = new Answer(request, catalog);
    if (rows.length > 0) {
      addScored(answer, rows);
      return answer.build(history, false);
    }
    answer.fill(popularity, popularity::share);
    return answer.build(history, true);
  }

  private void addScored(Answer answer, int[] rows) {
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
        offer(best, filter, columns[first + i], sums[i]);
      }
    }
    if (columns.length < catalog.size()) {
      for (int ordinal = 0; ordinal < columnOf.length; ordinal++) {
        if (columnOf[ordinal] < 0) {
          offer(best, filter, ordinal, 0);
        }
      }
    }
    best.sort();
    for (int i = 0; i < best.size(); i++) {
      answer.add(best.row(i), best.score(i), SOURCE);
    }
  }

  private void offer(TopK best, ItemFilter filter, int ordinal, double score) {
    if (best.admits(score, ordinal) && filter.accepts(catalog.id(ordinal))) {
      best.offer(score, ordinal, ordinal);
    }
  }

  @Override
  public String toString() {
    return "EaseRecommender[%d items, %d of them had]".formatted(catalog.size(), columns.length);
  }
}
