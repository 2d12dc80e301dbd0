package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.RowStore.Snapshot;
import io.recommender.ann.internal.TopK;
import io.recommender.ann.internal.VectorKernels;
import java.util.ArrayList;
import java.util.List;

/**
 * One query on its way through a snapshot: exact, although kernels are not.
 *
 * <p>A kernel's score is only compared with a limit: the score of the worst row kept so far, less
 * the largest error that a kernel can make. What falls below the limit cannot be among the best; of
 * what does not, the score is computed again in double precision and decides. So the answer, its
 * scores and its ties are those of double precision, with any kernels, and few rows are scored
 * twice. Where a sum could leave the range of a float, the limit is negative infinity.
 *
 * <p><b>Thread safety.</b> Confined.
 */
final class FlatSearch {
  private final float[] query;
  private final Similarity similarity;
  private final ItemFilter filter;
  private final boolean acceptsAll;
  private final Snapshot snapshot;
  private final TopK top;
  // Every row that was ever kept; top refers to them by position.
  private final List<Row> kept = new ArrayList<>();
  private final double absoluteError;
  private final double dotError;
  private final boolean canOverflow;

  private float limit = Float.NEGATIVE_INFINITY;

  FlatSearch(
      float[] query,
      double queryNorm,
      Similarity similarity,
      ItemFilter filter,
      Snapshot snapshot,
      int capacity) {
    this.query = query;
    this.similarity = similarity;
    this.filter = filter;
    acceptsAll = filter.denyList().filter(items -> items.isEmpty()).isPresent();
    this.snapshot = snapshot;
    top = new TopK(capacity);
    double magnitude = queryNorm * snapshot.maxNorm();
    double sum = queryNorm + snapshot.maxNorm();
    canOverflow = Math.max(magnitude, sum * sum) > Float.MAX_VALUE / 2;
    absoluteError = VectorKernels.absoluteError(query.length);
    dotError = VectorKernels.relativeError(query.length) * magnitude + absoluteError;
    raiseLimit();
  }

  /** Scores every row of the snapshot. */
  void scan(VectorKernels kernels) {
    float[] scores = new float[4];
    int dimension = query.length;
    for (int c = 0; c < snapshot.chunks().length; c++) {
      Chunk chunk = snapshot.chunks()[c];
      int used = snapshot.used(c);
      int row = 0;
      if (similarity == Similarity.L2) {
        for (; row + 3 < used; row += 4) {
          int at = row * dimension;
          int second = at + dimension;
          int third = second + dimension;
          kernels.squaredL2Of4(
              query, 0, chunk.vectors, at, second, third, third + dimension, dimension, scores, 0);
          considerAll(chunk, row, -scores[0], -scores[1], -scores[2], -scores[3]);
        }
      } else {
        for (; row + 3 < used; row += 4) {
          int at = row * dimension;
          int second = at + dimension;
          int third = second + dimension;
          kernels.dot4(
              query, 0, chunk.vectors, at, second, third, third + dimension, dimension, scores, 0);
          considerAll(chunk, row, scores[0], scores[1], scores[2], scores[3]);
        }
      }
      for (; row < used; row++) {
        consider(chunk, row);
      }
    }
  }

  /**
   * Considers a row of the snapshot that a kernel did not rule out.
   *
   * @param chunk its chunk
   * @param index its place in the chunk, which may be empty or show another version
   */
  void consider(Chunk chunk, int index) {
    Row row = chunk.row(index);
    if (row != null && row.isVisibleAt(snapshot.version())) {
      consider(row);
    }
  }

  /** Considers a row that may be shown. */
  void consider(Row row) {
    double score = score(row);
    if (top.admits(score, row.order) && (acceptsAll || filter.accepts(row.itemId))) {
      top.offer(score, row.order, kept.size());
      kept.add(row);
      raiseLimit();
    }
  }

  /** Returns the query as kernels read it. Not to be changed. */
  float[] query() {
    return query;
  }

  /** Returns the kernel score below which a row cannot be among the best. */
  float limit() {
    return limit;
  }

  /** Returns the items kept, best first. Nothing may be considered afterwards. */
  List<ScoredItem> result() {
    top.sort();
    ScoredItem[] items = new ScoredItem[top.size()];
    for (int i = 0; i < items.length; i++) {
      items[i] = new ScoredItem(kept.get(top.row(i)).itemId, top.score(i));
    }
    return List.of(items);
  }

  private double score(Row row) {
    int offset = row.index * query.length;
    float[] vectors = row.chunk.vectors;
    // Adding zero turns a negative zero into a positive one.
    return switch (similarity) {
      case DOT -> VectorKernels.exactDot(query, vectors, offset, query.length) + 0.0;
      case COSINE -> {
        double cosine = VectorKernels.exactDot(query, vectors, offset, query.length);
        yield Math.max(-1, Math.min(1, cosine)) + 0.0;
      }
      case L2 -> 0.0 - VectorKernels.exactSquaredL2(query, vectors, offset, query.length);
    };
  }

  private void considerAll(Chunk chunk, int index, float s0, float s1, float s2, float s3) {
    // Written so that NaN, which a sum beyond the range of a float may become, is considered.
    if (!(s0 < limit)) {
      consider(chunk, index);
    }
    if (!(s1 < limit)) {
      consider(chunk, index + 1);
    }
    if (!(s2 < limit)) {
      consider(chunk, index + 2);
    }
    if (!(s3 < limit)) {
      consider(chunk, index + 3);
    }
  }

  private void raiseLimit() {
    if (top.isFull() && !canOverflow) {
      double threshold = top.threshold();
      double lowest =
          similarity == Similarity.L2
              ? threshold * (1 + VectorKernels.relativeError(query.length)) - absoluteError
              : threshold - dotError;
      limit = Math.nextDown((float) lowest);
    }
  }
}
