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
 * The arithmetic of the vector indexes, in nanoseconds a row.
 *
 * <p>Rows are drawn at random from all, as a walk through a graph does: with few rows they come
 * from the caches, with many from memory. Tiles of codes follow one another, as in a scan.
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
public class KernelBenchmark {
  /** The rows of one call of {@link #dotRows}: those of a node of a graph with m = 16. */
  private static final int BATCH = 32;

  private static final int DOT4 = 4;
  private static final int DRAWN = 1 << 16;
  private static final int ROWS_PER_CHUNK_BITS = 12;

  /** The length of a row. */
  @Param({"64", "128", "768"})
  public int dimension;

  /** How many rows there are. */
  @Param({"1024", "200000"})
  public int rows;

  private VectorKernels kernels;
  private float[] query;
  private float[][] chunks;
  private int[] drawn;
  private float[] out;
  private int next;
  private int[] codedQuery;
  private byte[][] codedChunks;
  private float[] scales;
  private float[] residuals;
  private float[] norms;
  private float[] factors;
  private int codes;
  private int chunk;
  private int tile;

  /** Draws rows, codes and the order in which rows are read. */
  @Setup(Level.Trial)
  public void draw() {
    kernels = VectorKernels.best();
    SplittableRandom random = new SplittableRandom(11);
    query = floats(dimension, random);
    int perChunk = Math.min(rows, 1 << ROWS_PER_CHUNK_BITS);
    int chunkCount = (rows + perChunk - 1) / perChunk;
    chunks = new float[chunkCount][];
    for (int c = 0; c < chunkCount; c++) {
      chunks[c] = floats(dimension << ROWS_PER_CHUNK_BITS, random);
    }
    drawn = random.ints(DRAWN, 0, rows).toArray();
    out = new float[VectorKernels.CODE_ROWS];
    codes =
        (dimension + VectorKernels.CODE_GROUP - 1)
            / VectorKernels.CODE_GROUP
            * VectorKernels.CODE_GROUP;
    codedQuery = new int[codes];
    for (int i = 0; i < codes; i++) {
      int code = code(random);
      codedQuery[i] = code << 16 | code & 0xffff;
    }
    codedChunks = new byte[chunkCount][codes * perChunk];
    for (byte[] coded : codedChunks) {
      for (int i = 0; i < coded.length; i++) {
        coded[i] = (byte) code(random);
      }
    }
    scales = floats(perChunk, random);
    residuals = floats(perChunk, random);
    norms = floats(perChunk, random);
    factors = floats(5, random);
  }

  private static float[] floats(int count, SplittableRandom random) {
    float[] floats = new float[count];
    for (int i = 0; i < count; i++) {
      floats[i] = (float) (random.nextDouble() - 0.5);
    }
    return floats;
  }

  private static int code(SplittableRandom random) {
    return random.nextInt(-VectorKernels.CODE_MAX, VectorKernels.CODE_MAX + 1);
  }

  private int draw(int count) {
    int from = next;
    next = from + 2 * count <= DRAWN ? from + count : 0;
    return from;
  }

  /**
   * A query and four rows of one chunk.
   *
   * @return the inner products
   */
  @Benchmark
  @OperationsPerInvocation(DOT4)
  public float[] dot4() {
    int from = draw(DOT4);
    float[] rowsOfChunk = chunks[drawn[from] >>> ROWS_PER_CHUNK_BITS];
    kernels.dot4(
        query,
        0,
        rowsOfChunk,
        offset(from),
        offset(from + 1),
        offset(from + 2),
        offset(from + 3),
        dimension,
        out,
        0);
    return out;
  }

  private int offset(int draw) {
    return (drawn[draw] & (1 << ROWS_PER_CHUNK_BITS) - 1) * dimension;
  }

  /**
   * A query and {@value #BATCH} rows of any chunks.
   *
   * @return the inner products
   */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public float[] dotRows() {
    kernels.dotRows(
        query,
        dimension,
        chunks,
        0,
        ROWS_PER_CHUNK_BITS,
        dimension,
        drawn,
        draw(BATCH),
        BATCH,
        out);
    return out;
  }

  /**
   * A coded query and a tile of coded rows.
   *
   * @return whether a bound is not below the limit
   */
  @Benchmark
  @OperationsPerInvocation(VectorKernels.CODE_ROWS)
  public boolean boundTile() {
    int tiles = codedChunks[0].length / codes / VectorKernels.CODE_ROWS;
    if (++tile == tiles) {
      tile = 0;
      chunk = (chunk + 1) % codedChunks.length;
    }
    return kernels.boundTile(
        codedQuery,
        codedChunks[chunk],
        tile * VectorKernels.CODE_ROWS * codes,
        codes,
        scales,
        residuals,
        norms,
        tile * VectorKernels.CODE_ROWS,
        factors,
        Float.MAX_VALUE,
        out);
  }
}
