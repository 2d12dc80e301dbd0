package io.recommender.examples.benchmarks;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Rows of codes in chunks, drawn at random in batches, as a walk reads them. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public abstract class CodeBenchmark {
  /** The rows of one call: those of a node of a graph with m = 16. */
  static final int BATCH = 32;

  static final int ROWS_PER_CHUNK_BITS = 12;

  private static final int DRAWN = 1 << 16;

  /** The length of a row, a multiple of 128. */
  @Param({"128", "768"})
  public int dimension;

  /** How many rows there are. */
  @Param({"4096", "200000"})
  public int rows;

  int[] drawn;

  private int next;

  /** Only for benchmarks of this package. */
  CodeBenchmark() {}

  int chunkCount() {
    return (rows + rowsPerChunk() - 1) / rowsPerChunk();
  }

  static int rowsPerChunk() {
    return 1 << ROWS_PER_CHUNK_BITS;
  }

  void drawRows(SplittableRandom random) {
    drawn = random.ints(DRAWN, 0, rows).toArray();
  }

  /** Returns where the next batch begins in the order drawn. */
  int nextBatch() {
    int from = next;
    next = from + 2 * BATCH <= DRAWN ? from + BATCH : 0;
    return from;
  }
}
