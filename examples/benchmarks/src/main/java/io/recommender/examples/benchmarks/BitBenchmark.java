package io.recommender.examples.benchmarks;

import io.recommender.ann.internal.BitKernels;
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
 * The arithmetic of codes of one bit, in nanoseconds a row, for rows drawn at random, as a walk
 * reads them; see {@link NibbleBenchmark} for codes of four bits.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class BitBenchmark {
  /** The rows of one call: those of a node of a graph with m = 16. */
  private static final int BATCH = 32;

  private static final int DRAWN = 1 << 16;
  private static final int ROWS_PER_CHUNK_BITS = 12;

  /** The length of a row, a multiple of 64. */
  @Param({"128", "768"})
  public int dimension;

  /** How many rows there are. */
  @Param({"4096", "200000"})
  public int rows;

  private long[] query;
  private long[][] chunks;
  private int[] drawn;
  private int[] out;
  private int words;
  private int stride;
  private int next;

  /** Draws codes and the order in which rows are read. */
  @Setup(Level.Trial)
  public void draw() {
    SplittableRandom random = new SplittableRandom(11);
    words = dimension / Long.SIZE;
    // A word of factors follows each row in an index.
    stride = words + 1;
    byte[] integers = new byte[dimension];
    for (int i = 0; i < dimension; i++) {
      int most = BitKernels.QUERY_MAX;
      integers[i] = (byte) random.nextInt(-most, most + 1);
    }
    query = new long[BitKernels.PLANES * words];
    BitKernels.toPlanes(integers, query);
    int perChunk = 1 << ROWS_PER_CHUNK_BITS;
    chunks = new long[(rows + perChunk - 1) / perChunk][stride * perChunk];
    for (long[] chunk : chunks) {
      for (int i = 0; i < chunk.length; i++) {
        chunk[i] = random.nextLong();
      }
    }
    drawn = random.ints(DRAWN, 0, rows).toArray();
    out = new int[BATCH];
  }

  /**
   * A query and {@value #BATCH} rows of any chunks.
   *
   * @return the inner products
   */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int[] dotBits() {
    int from = next;
    next = from + 2 * BATCH <= DRAWN ? from + BATCH : 0;
    BitKernels.dotBits(
        query, words, chunks, 0, ROWS_PER_CHUNK_BITS, stride, drawn, from, BATCH, out);
    return out;
  }
}
