package io.recommender.examples.benchmarks;

import io.recommender.ann.FlatIndex;
import io.recommender.ann.memory.ErrorMemory;
import io.recommender.ann.memory.ErrorMemoryOptions;
import java.util.List;
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
 * An error memory that is full: one correction, 200 of them together, and one observation, which
 * takes the place of the oldest.
 *
 * <p>Keys are the positive parts of random mixtures of 16 normal numbers, as a hidden layer has
 * them; 100 neighbours. The quantity to read is the 99th percentile of the sample mode.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Xmx2g")
public class MemoryBenchmark {
  private static final String TASK = "click";
  private static final int FACTORS = 16;
  private static final int QUERIES = 1024;
  private static final int CANDIDATES = 200;

  /** How many errors there are. */
  @Param({"1000", "100000"})
  public int keys;

  /** The length of a key. */
  @Param("64")
  public int dimension;

  /** What finds the nearest keys. */
  @Param({"default", "flat"})
  public String index;

  private ErrorMemory memory;
  private float[][] queries;
  private final float[][] candidates = new float[CANDIDATES][];
  private final float[] predictions = new float[CANDIDATES];
  private int next;

  /** Fills the memory. */
  @Setup(Level.Trial)
  public void fill() {
    SplittableRandom random = new SplittableRandom(3);
    double[][] mixture = new double[dimension][];
    for (int i = 0; i < dimension; i++) {
      mixture[i] = gaussian(random);
    }
    ErrorMemoryOptions options = ErrorMemoryOptions.defaults().capacity(keys);
    memory =
        ErrorMemory.of(
            dimension,
            List.of(TASK),
            index.equals("flat") ? options.index(FlatIndex::new) : options);
    for (int i = 0; i < keys; i++) {
      memory.observe(TASK, key(random, mixture), 0.1f, random.nextInt(10) == 0 ? 1 : 0);
    }
    queries = new float[QUERIES][];
    for (int i = 0; i < QUERIES; i++) {
      queries[i] = key(random, mixture);
    }
    for (int i = 0; i < CANDIDATES; i++) {
      candidates[i] = queries[i];
      predictions[i] = 0.1f;
    }
  }

  private static double[] gaussian(SplittableRandom random) {
    double[] values = new double[FACTORS];
    for (int i = 0; i < FACTORS; i++) {
      values[i] =
          Math.sqrt(-2 * Math.log(1 - random.nextDouble()))
              * Math.cos(2 * Math.PI * random.nextDouble());
    }
    return values;
  }

  private float[] key(SplittableRandom random, double[][] mixture) {
    double[] factors = gaussian(random);
    float[] key = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      double sum = 0;
      for (int j = 0; j < FACTORS; j++) {
        sum += mixture[i][j] * factors[j];
      }
      key[i] = (float) Math.max(0, sum);
    }
    return key;
  }

  /**
   * Corrects a prediction.
   *
   * @return the corrected prediction
   */
  @Benchmark
  public float compensate() {
    return memory.compensate(TASK, queries[next++ & QUERIES - 1], 0.1f);
  }

  /**
   * Corrects the predictions for the candidates of a request.
   *
   * @return the corrected predictions
   */
  @Benchmark
  @OperationsPerInvocation(CANDIDATES)
  public float[] compensateAll() {
    return memory.compensateAll(TASK, candidates, predictions);
  }

  /**
   * Observes an error.
   *
   * @return the number of errors
   */
  @Benchmark
  public int observe() {
    int label = next & 1;
    memory.observe(TASK, queries[next++ & QUERIES - 1], 0.1f, label);
    return memory.size(TASK);
  }
}
