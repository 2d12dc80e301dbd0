package io.recommender.examples.benchmarks;

import io.recommender.ann.internal.BitKernels;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Setup;

/**
 * The arithmetic of codes of one bit, in nanoseconds a row, for rows drawn at random, as a walk
 * reads them; see {@link NibbleBenchmark} for codes of four bits.
 */
public class BitBenchmark extends CodeBenchmark {
  private long[] query;
  private long[][] chunks;
  private int[] out;
  private int words;
  private int stride;

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
    chunks = new long[chunkCount()][stride * rowsPerChunk()];
    for (long[] chunk : chunks) {
      for (int i = 0; i < chunk.length; i++) {
        chunk[i] = random.nextLong();
      }
    }
    drawRows(random);
    out = new int[BATCH];
  }

  /**
   * A query and {@value CodeBenchmark#BATCH} rows of any chunks.
   *
   * @return the inner products
   */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int[] dotBits() {
    BitKernels.dotBits(
        query, words, chunks, 0, ROWS_PER_CHUNK_BITS, stride, drawn, nextBatch(), BATCH, out);
    return out;
  }
}
