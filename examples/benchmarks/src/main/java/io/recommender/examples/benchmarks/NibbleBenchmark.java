package io.recommender.examples.benchmarks;

import io.recommender.ann.internal.VectorKernels;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Setup;

/**
 * The arithmetic of codes of four bits, in nanoseconds a row: rows drawn at random, as a walk reads
 * them, and blocks one after another, as a scan of a filter's items does.
 *
 * <p>{@code -jvmArgsAppend -Drecommender.kernels=scalar} measures the kernels without SIMD
 * instructions.
 */
@Fork(value = 2, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class NibbleBenchmark extends CodeBenchmark {
  private VectorKernels kernels;
  private short[] query;
  private short[][] chunks;
  private int[] out;
  private int words;
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
    chunks = new short[chunkCount()][words * rowsPerChunk()];
    for (short[] chunk : chunks) {
      for (int i = 0; i < chunk.length; i++) {
        chunk[i] = (short) random.nextInt();
      }
    }
    drawRows(random);
    out = new int[VectorKernels.NIBBLE_ROWS];
  }

  /**
   * A query and {@value CodeBenchmark#BATCH} rows of any chunks.
   *
   * @return the inner products
   */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int[] dotNibbles() {
    kernels.dotNibbles(
        query, words, chunks, 0, ROWS_PER_CHUNK_BITS, words, drawn, nextBatch(), BATCH, out);
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
    int blocksPerChunk = rowsPerChunk() / VectorKernels.NIBBLE_ROWS;
    block = block + 1 == blocksPerChunk * chunks.length ? 0 : block + 1;
    int at = block % blocksPerChunk * words * VectorKernels.NIBBLE_ROWS;
    kernels.dotNibbleBlock(query, words, chunks[block / blocksPerChunk], at, out, 0);
    return out;
  }
}
