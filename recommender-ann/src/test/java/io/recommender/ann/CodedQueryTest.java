package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.VectorKernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CodedQueryTest {
  private static final VectorKernels KERNELS = VectorKernels.best();
  private static final int TILE_ROWS = VectorKernels.CODE_ROWS;
  private static final int[] DIMENSIONS = {1, 3, 8, 16, 17, 64, 130, 784};

  /** What the vectors of a test look like. */
  enum Values {
    ORDINARY,
    ZEROS,
    EQUAL,
    DENORMAL,
    TINY,
    LARGE,
    HUGE,
    ONE_LARGE_ELEMENT,
    NEAR_TO_EACH_OTHER,
    FROM_TINY_TO_LARGE,
    MIXED_ROWS;

    float[] vector(int dimension, Random random) {
      int row = random.nextInt(VALUES.length);
      int power = random.nextInt(30) - 15;
      float[] vector = new float[dimension];
      for (int i = 0; i < dimension; i++) {
        vector[i] =
            this == MIXED_ROWS ? VALUES[row].element(i, power, random) : element(i, power, random);
      }
      return vector;
    }

    private float element(int i, int power, Random random) {
      float value = (float) random.nextGaussian();
      return switch (this) {
        case ORDINARY -> value;
        case ZEROS -> i % 2 == 0 ? 0f : -0f;
        case EQUAL -> 0.7f;
        case DENORMAL -> value * 1e-43f;
        case TINY -> value * 1e-30f;
        case LARGE -> value * 1e16f;
        case HUGE -> value * 5e37f;
        case ONE_LARGE_ELEMENT -> i == 3 ? value * 1e6f : value;
        case NEAR_TO_EACH_OTHER -> 100 + i + value * 1e-4f;
        case FROM_TINY_TO_LARGE, MIXED_ROWS -> value * (float) Math.pow(10, power);
      };
    }

    private static final Values[] VALUES = values();
  }

  /** A row that is required to reach no more than its own score is never ruled out. */
  @ParameterizedTest
  @EnumSource
  void noRowIsRuledOutByItsOwnScore(Values values) {
    Random random = new Random(31);
    int usable = 0;
    int ruledOut = 0;
    for (int dimension : DIMENSIONS) {
      for (Similarity similarity : new Similarity[] {Similarity.DOT, Similarity.L2}) {
        for (int round = 0; round < 5; round++) {
          float[] rows = new float[2 * TILE_ROWS * dimension];
          Codes codes = new Codes(2 * TILE_ROWS, dimension);
          double maxNorm = 0;
          for (int r = 0; r < 2 * TILE_ROWS; r++) {
            float[] row = values.vector(dimension, random);
            System.arraycopy(row, 0, rows, r * dimension, dimension);
            codes.encode(rows, r);
            maxNorm = Math.max(maxNorm, norm(row));
          }
          float[] query = values.vector(dimension, random);
          if (round == 0) {
            // The nearest row is the query itself.
            System.arraycopy(rows, 77 * dimension, query, 0, dimension);
          }
          CodedQuery coded = new CodedQuery(query, norm(query), maxNorm, similarity);
          if (!coded.isUsable()) {
            continue;
          }
          usable++;
          float[] bounds = new float[TILE_ROWS];
          for (int r = 0; r < 2 * TILE_ROWS; r++) {
            double score = score(similarity, query, rows, r * dimension);
            coded.setScore(score);
            int first = r - r % TILE_ROWS;
            boolean hasAny = coded.bound(KERNELS, codes, first, coded.limit(), bounds);
            String row = "row %d of %s, %s, %d".formatted(r, values, similarity, dimension);
            assertTrue(hasAny, row);
            assertFalse(bounds[r - first] < coded.limit(), row);
            for (float bound : bounds) {
              ruledOut += bound < coded.limit() ? 1 : 0;
            }
          }
        }
      }
    }
    if (values == Values.ORDINARY) {
      assertEquals(DIMENSIONS.length * 2 * 5, usable);
      assertTrue(ruledOut > usable * TILE_ROWS * TILE_ROWS / 2, "ruled out " + ruledOut);
    }
  }

  @ParameterizedTest
  @EnumSource
  void resultsAreThoseOfDoublePrecision(Values values) {
    Random random = new Random(32);
    for (int dimension : DIMENSIONS) {
      for (int size : new int[] {1, 63, 64, 65, 700}) {
        float[][] vectors = new float[size][];
        double[] norms = new double[size];
        List<String> ids = IntStream.range(0, size).mapToObj(i -> "item-" + i).toList();
        for (int i = 0; i < size; i++) {
          // Every third vector occurs twice, so that there are ties.
          vectors[i] = i % 3 == 2 ? vectors[i / 2] : values.vector(dimension, random);
          norms[i] = norm(vectors[i]);
        }
        for (Similarity similarity : Similarity.values()) {
          RowStore store = new RowStore(dimension, size / 2, true);
          store.put(ids, vectors, norms, similarity == Similarity.COSINE);
          for (int i = 0; i < size / 4; i++) {
            store.remove(ids.get(random.nextInt(size)));
          }
          for (int k : new int[] {1, 10, 200}) {
            float[] query = values.vector(dimension, random);
            check(store, similarity, query, k, ItemFilter.all());
            check(store, similarity, query, k, itemId -> itemId.hashCode() % 3 != 0);
          }
        }
      }
    }
  }

  @Test
  void aQueryOfZerosAndOneOutOfRangeAreNotUsed() {
    assertFalse(new CodedQuery(new float[16], 0, 1, Similarity.DOT).isUsable());
    float[] query = new float[16];
    Arrays.fill(query, 1e20f);
    assertFalse(new CodedQuery(query, 4e20, 1, Similarity.L2).isUsable());
    assertFalse(new CodedQuery(query, 4e20, 1e18, Similarity.DOT).isUsable());
    assertFalse(new CodedQuery(query, Double.POSITIVE_INFINITY, 0, Similarity.DOT).isUsable());
  }

  private static void check(
      RowStore store, Similarity similarity, float[] query, int k, ItemFilter filter) {
    try (RowStore.View view = store.view()) {
      double norm = norm(query);
      float[] prepared = query.clone();
      if (similarity == Similarity.COSINE && norm > 0) {
        for (int i = 0; i < query.length; i++) {
          prepared[i] = (float) (query[i] / norm);
        }
        norm = 1;
      }
      int capacity = Math.min(k, view.snapshot.size());
      FlatSearch search =
          new FlatSearch(prepared, norm, similarity, filter, view.snapshot, capacity);
      search.scan(KERNELS);
      List<Row> rows = new ArrayList<>();
      for (int c = 0; c < view.snapshot.chunks().length; c++) {
        for (int i = 0; i < view.snapshot.used(c); i++) {
          Row row = view.snapshot.chunks()[c].row(i);
          if (row != null
              && row.isVisibleAt(view.snapshot.version())
              && filter.accepts(row.itemId)) {
            rows.add(row);
          }
        }
      }
      List<ScoredItem> expected =
          rows.stream()
              .sorted(
                  Comparator.comparingDouble((Row row) -> -score(similarity, prepared, row))
                      .thenComparingLong(row -> row.order))
              .limit(capacity)
              .map(row -> new ScoredItem(row.itemId, score(similarity, prepared, row)))
              .toList();
      assertEquals(expected, search.result());
    }
  }

  private static double score(Similarity similarity, float[] query, Row row) {
    double score = score(similarity, query, row.chunk.vectors, row.index * query.length);
    return (similarity == Similarity.COSINE ? Math.max(-1, Math.min(1, score)) : score) + 0.0;
  }

  private static double score(Similarity similarity, float[] query, float[] rows, int offset) {
    return similarity == Similarity.L2
        ? 0.0 - VectorKernels.exactSquaredL2(query, rows, offset, query.length)
        : VectorKernels.exactDot(query, rows, offset, query.length);
  }

  private static double norm(float[] vector) {
    return Math.sqrt(VectorKernels.exactDot(vector, vector, 0, vector.length));
  }
}
