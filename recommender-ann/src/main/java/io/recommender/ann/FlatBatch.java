package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.RowStore.Snapshot;
import io.recommender.ann.internal.VectorKernels;
import java.util.List;

/**
 * Many queries on their way through a snapshot together: each tile of rows is read from memory once
 * and compared with every query while it is in the cache.
 *
 * <p>A tile is transposed first, so that each lane of a kernel is a row and no sum crosses lanes.
 * That pays from {@value #MIN_QUERIES} queries on, and from {@value #MIN_QUERIES_WITH_CODES} on
 * where rows have codes.
 *
 * <p><b>Thread safety.</b> Confined.
 */
final class FlatBatch {
  /** With fewer queries than this, transposing costs more than it saves. */
  static final int MIN_QUERIES = 8;

  /** The same where rows have codes, with which a single query is faster. */
  static final int MIN_QUERIES_WITH_CODES = 24;

  /** More queries than this would not stay in the cache next to a tile. */
  static final int MAX_QUERIES = 512;

  // A group of queries and a tile must each fit into one array.
  private static final int MAX_DIMENSION = Integer.MAX_VALUE / MAX_QUERIES / 2;

  private static final int TILE_ROWS = VectorKernels.TILE_ROWS;
  private static final int TILE_QUERIES = VectorKernels.TILE_QUERIES;

  private final List<FlatSearch> searches;
  private final Similarity similarity;
  private final int dimension;
  private final Snapshot snapshot;

  FlatBatch(List<FlatSearch> searches, Similarity similarity, int dimension, Snapshot snapshot) {
    this.searches = searches;
    this.similarity = similarity;
    this.dimension = dimension;
    this.snapshot = snapshot;
  }

  /** Scores every row of the snapshot for every query. */
  void scan(VectorKernels kernels) {
    boolean isCoded = snapshot.chunks().length > 0 && snapshot.chunks()[0].codes != null;
    int least = isCoded ? MIN_QUERIES_WITH_CODES : MIN_QUERIES;
    if (searches.size() < least || dimension > MAX_DIMENSION) {
      searches.forEach(search -> search.scan(kernels));
      return;
    }
    int groups = (searches.size() + TILE_QUERIES - 1) / TILE_QUERIES;
    float[] queries = new float[groups * TILE_QUERIES * dimension];
    for (int q = 0; q < searches.size(); q++) {
      System.arraycopy(searches.get(q).query(), 0, queries, q * dimension, dimension);
    }
    float[] packed = new float[TILE_ROWS * dimension];
    float[] scores = new float[TILE_QUERIES * TILE_ROWS];
    for (int c = 0; c < snapshot.chunks().length; c++) {
      Chunk chunk = snapshot.chunks()[c];
      int used = snapshot.used(c);
      for (int first = 0; first < used; first += TILE_ROWS) {
        int count = Math.min(TILE_ROWS, used - first);
        pack(chunk.vectors, first, count, packed);
        for (int q = 0; q < searches.size(); q += TILE_QUERIES) {
          if (similarity == Similarity.L2) {
            kernels.squaredL2Tile(queries, q * dimension, packed, dimension, scores);
          } else {
            kernels.dotTile(queries, q * dimension, packed, dimension, scores);
          }
          int end = Math.min(TILE_QUERIES, searches.size() - q);
          for (int i = 0; i < end; i++) {
            consider(searches.get(q + i), chunk, first, count, scores, i * TILE_ROWS);
          }
        }
      }
    }
  }

  private void pack(float[] vectors, int first, int count, float[] packed) {
    for (int r = 0; r < count; r++) {
      int from = (first + r) * dimension;
      int to = r;
      for (int i = 0; i < dimension; i++) {
        packed[to] = vectors[from + i];
        to += TILE_ROWS;
      }
    }
  }

  private void consider(
      FlatSearch search, Chunk chunk, int first, int count, float[] scores, int offset) {
    float limit = search.limit();
    if (similarity == Similarity.L2) {
      for (int r = 0; r < count; r++) {
        if (!(-scores[offset + r] < limit)) {
          search.consider(chunk, first + r);
          limit = search.limit();
        }
      }
    } else {
      for (int r = 0; r < count; r++) {
        if (!(scores[offset + r] < limit)) {
          search.consider(chunk, first + r);
          limit = search.limit();
        }
      }
    }
  }
}
