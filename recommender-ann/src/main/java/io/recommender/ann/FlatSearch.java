package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.RowStore.Snapshot;
import io.recommender.ann.internal.TopK;
import io.recommender.ann.internal.VectorKernels;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One query on its way through a snapshot: exact, although kernels are not.
 *
 * <p>Rows with codes are first bounded by {@link CodedQuery}, which reads a quarter of their bytes.
 * The limit rises soonest if rows that look best by their codes are considered first.
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
  private static final int TILE_ROWS = VectorKernels.CODE_ROWS;

  // For each row to be found, so many are looked at for a first limit.
  private static final int SEED_ROWS = 64;

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
  private final double queryNorm;

  private @Nullable CodedQuery coded;
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
    this.queryNorm = queryNorm;
    canOverflow = Math.max(magnitude, sum * sum) > Float.MAX_VALUE / 2;
    absoluteError = VectorKernels.absoluteError(query.length);
    dotError = VectorKernels.relativeError(query.length) * magnitude + absoluteError;
    raiseLimit();
  }

  /** Scores every row of the snapshot. */
  void scan(VectorKernels kernels) {
    for (int c = 0; c < snapshot.chunks().length; c++) {
      Chunk chunk = snapshot.chunks()[c];
      Codes codes = chunk.codes;
      CodedQuery bounds = codes == null ? null : coded();
      if (bounds != null && bounds.isUsable()) {
        scan(kernels, chunk, snapshot.used(c), codes, bounds);
      } else {
        scan(kernels, chunk, snapshot.used(c));
      }
    }
  }

  private CodedQuery coded() {
    if (coded == null) {
      coded = new CodedQuery(query, queryNorm, snapshot.maxNorm(), similarity);
      raiseLimit();
    }
    return coded;
  }

  private void scan(VectorKernels kernels, Chunk chunk, int used, Codes codes, CodedQuery bounds) {
    float[] tile = new float[TILE_ROWS];
    int[] left = new int[4];
    int leftCount = 0;
    float[] scores = new float[4];
    BitSet considered = top.isFull() ? new BitSet(0) : seed(kernels, chunk, used, codes, bounds);
    for (int first = 0; first < used; first += TILE_ROWS) {
      float least = bounds.limit();
      if (bounds.bound(kernels, codes, first, least, tile)) {
        int count = Math.min(TILE_ROWS, used - first);
        for (int r = 0; r < count; r++) {
          if (!(tile[r] < least) && !considered.get(first + r)) {
            left[leftCount++] = first + r;
            if (leftCount == left.length) {
              check(kernels, chunk, left, scores);
              leftCount = 0;
            }
          }
        }
      }
    }
    for (int i = 0; i < leftCount; i++) {
      consider(chunk, left[i]);
    }
  }

  /** Considers those of the first rows that look best. */
  private BitSet seed(
      VectorKernels kernels, Chunk chunk, int used, Codes codes, CodedQuery bounds) {
    float[] tile = new float[TILE_ROWS];
    int end = (int) Math.min(used, (long) SEED_ROWS * top.capacity());
    TopK seeds = new TopK(Math.min(end, top.capacity()));
    for (int first = 0; first < end; first += TILE_ROWS) {
      float least = (float) seeds.threshold();
      if (bounds.bound(kernels, codes, first, least, tile)) {
        int count = Math.min(TILE_ROWS, end - first);
        for (int r = 0; r < count; r++) {
          if (tile[r] >= least) {
            seeds.offer(tile[r], first + r, first + r);
          }
        }
      }
    }
    BitSet considered = new BitSet(end);
    for (int i = 0; i < seeds.size(); i++) {
      considered.set(seeds.row(i));
      consider(chunk, seeds.row(i));
    }
    return considered;
  }

  /** Considers four rows that their codes did not rule out, unless their vectors do. */
  private void check(VectorKernels kernels, Chunk chunk, int[] rows, float[] scores) {
    int length = query.length;
    int at0 = rows[0] * length;
    int at1 = rows[1] * length;
    int at2 = rows[2] * length;
    int at3 = rows[3] * length;
    if (similarity == Similarity.L2) {
      kernels.squaredL2Of4(query, 0, chunk.vectors, at0, at1, at2, at3, length, scores, 0);
    } else {
      kernels.dot4(query, 0, chunk.vectors, at0, at1, at2, at3, length, scores, 0);
    }
    for (int i = 0; i < rows.length; i++) {
      float score = similarity == Similarity.L2 ? -scores[i] : scores[i];
      if (!(score < limit)) {
        consider(chunk, rows[i]);
      }
    }
  }

  private void scan(VectorKernels kernels, Chunk chunk, int used) {
    float[] scores = new float[4];
    int dimension = query.length;
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
      if (coded != null) {
        coded.setScore(lowest);
      }
    }
  }
}
