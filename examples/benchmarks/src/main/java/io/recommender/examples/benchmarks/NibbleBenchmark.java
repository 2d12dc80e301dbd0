package io.recommender.examples.benchmarks;

import io.recommender.ann.internal.VectorKernels;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The arithmetic of codes of four bits, in nanoseconds a row: rows drawn at random, as a walk reads
 * them, and blocks one after another, as a scan of a filter's items does.
 *
 * <p>{@code -jvmArgsAppend -Drecommender.kernels=scalar} measures the kernels without SIMD
 * instructions.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class NibbleBenchmark {
  /** The rows of one call of {@link #dotNibbles}: those of a node of a graph with m = 16. */
  private static final int BATCH = 32;

  private static final int DRAWN = 1 << 16;
  private static final int ROWS_PER_CHUNK_BITS = 12;

  /** The length of a row, a multiple of 128. */
  @Param({"128", "768"})
  public int dimension;

  /** How many rows there are. */
  @Param({"4096", "200000"})
  public int rows;

  private VectorKernels kernels;
  private short[] query;
  private short[][] chunks;
  private int[] drawn;
  private int[] out;
  private int words;
  private int next;
  private int block;

  /** Draws codes and the order in which rows are read. */
  @Setup(Level.Trial)
  public void draw() {
    kernels = VectorKernels.best();
    SplittableRandom random = new SplittableRandom(11);
    words = dimension / 4;
    query = new short[dimension];
    for (int i = 0; i < dimension; i++) {
      int most = VectorKernels.NIBBLE_QUERY_MAX;
      query[i] = (short) random.nextInt(-most, most + 1);
    }
    VectorKernels.toNibbleFactors(query);
    int perChunk = 1 << ROWS_PER_CHUNK_BITS;
    chunks = new short[(rows + perChunk - 1) / perChunk][words * perChunk];
    for (short[] chunk : chunks) {
      for (int i = 0; i < chunk.length; i++) {
        chunk[i] = (short) random.nextInt();
      }
    }
    drawn = random.ints(DRAWN, 0, rows).toArray();
    out = new int[VectorKernels.NIBBLE_ROWS];
  }

  /**
   * A query and {@value #BATCH} rows of any chunks.
   *
   * @return the inner products
   */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int[] dotNibbles() {
    int from = next;
    next = from + 2 * BATCH <= DRAWN ? from + BATCH : 0;
    kernels.dotNibbles(
        query, words, chunks, 0, ROWS_PER_CHUNK_BITS, words, drawn, from, BATCH, out);
    return out;
  }

  /**
   * A query and the next block of rows.
   *
   * @return the inner products
   */
  @Benchmark
  @OperationsPerInvocation(VectorKernels.NIBBLE_ROWS)
  public int[] dotNibbleBlock() {
    int blocksPerChunk = (1 << ROWS_PER_CHUNK_BITS) / VectorKernels.NIBBLE_ROWS;
    block = block + 1 == blocksPerChunk * chunks.length ? 0 : block + 1;
    int at = block % blocksPerChunk * words * VectorKernels.NIBBLE_ROWS;
    kernels.dotNibbleBlock(query, words, chunks[block / blocksPerChunk], at, out);
    return out;
  }
}
