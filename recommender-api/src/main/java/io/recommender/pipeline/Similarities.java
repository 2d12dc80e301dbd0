package io.recommender.pipeline;

import io.recommender.ScoredItem;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;

/**
 * The cosines of one candidate with a block of others, computed when asked for. A candidate without
 * a vector, or with one of zeros, has cosine 0 with every other. The vectors of a block are read
 * when it is first needed.
 *
 * <p>In a block the vectors lie by dimension, not by candidate: cosines are then a sum of arrays,
 * which a JIT compiler turns into vector instructions without changing the order of any sum. The
 * arrays are used again by later requests, because writing to fresh memory would take longer than
 * the arithmetic.
 *
 * <p><b>Confined</b>.
 */
final class Similarities {
  /** Candidates in a block. */
  static final int BLOCK = 64;

  private static final float[] NONE = {};

  private List<ScoredItem> candidates = List.of();
  private Function<? super String, Optional<float[]>> vectors = itemId -> Optional.empty();

  /** The length of the vectors; 0 while none was read. */
  private int length;

  private Block[] blocks = {};

  private static final class Block {
    /** Array d holds component d of each candidate, zeros without one. */
    float[][] components = {};

    /** One by the norm of each vector, 0 without one. */
    final float[] factors = new float[BLOCK];

    /** How many components count, a multiple of four; 0 = no vectors. */
    int dimension;

    boolean isRead;
  }

  /** The spare ones of a reranker, one for each of a few threads. <b>Thread-safe</b>. */
  static final class Spares {
    private static final int SLOTS = 8;

    private final AtomicReferenceArray<Similarities> slots = new AtomicReferenceArray<>(SLOTS);

    Similarities take() {
      Similarities spare = slots.getAndSet(slot(), null);
      return spare == null ? new Similarities() : spare;
    }

    void giveBack(Similarities similarities) {
      slots.set(slot(), similarities);
    }

    private static int slot() {
      return System.identityHashCode(Thread.currentThread()) & (SLOTS - 1);
    }
  }

  /** Turns to other candidates. */
  void begin(List<ScoredItem> candidates, Function<? super String, Optional<float[]>> vectors) {
    this.candidates = candidates;
    this.vectors = vectors;
    length = 0;
    int count = blockCount();
    if (blocks.length < count) {
      int before = blocks.length;
      blocks = Arrays.copyOf(blocks, count);
      for (int i = before; i < count; i++) {
        blocks[i] = new Block();
      }
    }
    for (Block block : blocks) {
      block.isRead = false;
    }
  }

  /** Forgets the candidates, but not the memory. */
  void end() {
    candidates = List.of();
    vectors = itemId -> Optional.empty();
  }

  int blockCount() {
    return (candidates.size() + BLOCK - 1) / BLOCK;
  }

  private Block block(int index) {
    Block block = blocks[index];
    if (!block.isRead) {
      read(block, index * BLOCK);
      block.isRead = true;
    }
    return block;
  }

  private void read(Block block, int from) {
    float[][] rows = new float[BLOCK][];
    boolean isEmpty = true;
    for (int i = 0; i < BLOCK; i++) {
      rows[i] = from + i < candidates.size() ? vector(from + i) : NONE;
      isEmpty &= rows[i].length == 0;
    }
    block.dimension = isEmpty ? 0 : (length + 3) & ~3;
    if (block.components.length < block.dimension) {
      block.components = new float[block.dimension][BLOCK];
    }
    int even = isEmpty ? 0 : length & ~3;
    for (int d = 0; d < even; d += 4) {
      transpose(rows, block.components, d);
    }
    for (int d = even; d < block.dimension; d++) {
      for (int i = 0; i < BLOCK; i++) {
        block.components[d][i] = d < rows[i].length ? rows[i][d] : 0;
      }
    }
    Arrays.fill(block.factors, 0);
    for (int d = 0; d < block.dimension; d++) {
      addSquares(block.factors, block.components[d]);
    }
    for (int i = 0; i < BLOCK; i++) {
      float squares = block.factors[i];
      if (!Float.isFinite(squares)) {
        throw new IllegalArgumentException(
            "vector of item '%s': expected a finite norm, found %s"
                .formatted(candidates.get(from + i).itemId(), squares));
      }
      block.factors[i] = squares > 0 ? (float) (1 / Math.sqrt(squares)) : 0;
    }
  }

  private float[] vector(int candidate) {
    String itemId = candidates.get(candidate).itemId();
    float[] vector = vectors.apply(itemId).orElse(NONE);
    if (vector.length != 0) {
      if (length != 0 && vector.length != length) {
        throw new IllegalArgumentException(
            "vector of item '%s': length %d, expected %d".formatted(itemId, vector.length, length));
      }
      length = vector.length;
    }
    return vector;
  }

  /** Copies components d to d + 3: read together, they cost little more than one. */
  private static void transpose(float[][] rows, float[][] components, int d) {
    float[] first = components[d];
    float[] second = components[d + 1];
    float[] third = components[d + 2];
    float[] fourth = components[d + 3];
    for (int i = 0; i < rows.length; i++) {
      float[] row = rows[i];
      boolean isPresent = row.length != 0;
      first[i] = isPresent ? row[d] : 0;
      second[i] = isPresent ? row[d + 1] : 0;
      third[i] = isPresent ? row[d + 2] : 0;
      fourth[i] = isPresent ? row[d + 3] : 0;
    }
  }

  private static void addSquares(float[] sums, float[] component) {
    for (int i = 0; i < BLOCK; i++) {
      sums[i] += component[i] * component[i];
    }
  }

  /**
   * Computes the cosines of a candidate with a block.
   *
   * @param candidate its place among the candidates
   * @param index the block; candidate c is in block c / {@value #BLOCK}
   * @param cosines where to: one for each candidate of the block, 0 beyond the last
   */
  void cosines(int candidate, int index, float[] cosines) {
    Block own = block(candidate / BLOCK);
    Block block = block(index);
    int column = candidate % BLOCK;
    Arrays.fill(cosines, 0);
    int dimension = Math.min(own.dimension, block.dimension);
    for (int d = 0; d < dimension; d += 4) {
      add(cosines, block.components, own.components, d, column);
    }
    scale(cosines, block.factors, own.factors[column]);
  }

  private static void add(
      float[] cosines, float[][] components, float[][] own, int row, int column) {
    float[] a = components[row];
    float[] b = components[row + 1];
    float[] c = components[row + 2];
    float[] d = components[row + 3];
    float first = own[row][column];
    float second = own[row + 1][column];
    float third = own[row + 2][column];
    float fourth = own[row + 3][column];
    for (int i = 0; i < BLOCK; i++) {
      cosines[i] += first * a[i] + second * b[i] + third * c[i] + fourth * d[i];
    }
  }

  private static void scale(float[] cosines, float[] factors, float factor) {
    for (int i = 0; i < BLOCK; i++) {
      // One after the other: the product of two factors may be too large or too small.
      cosines[i] = cosines[i] * factor * factors[i];
    }
  }

  /** Returns the scores moved to [0, 1], the best 1 and the worst 0; all 1 if they are equal. */
  static double[] relevance(List<ScoredItem> candidates) {
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (ScoredItem candidate : candidates) {
      min = Math.min(min, candidate.score());
      max = Math.max(max, candidate.score());
    }
    double range = max / 2 - min / 2;
    double[] relevance = new double[candidates.size()];
    for (int i = 0; i < relevance.length; i++) {
      relevance[i] = range > 0 ? (candidates.get(i).score() / 2 - min / 2) / range : 1;
    }
    return relevance;
  }
}
