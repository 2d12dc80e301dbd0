package io.recommender.examples.benchmarks;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.ann.semantic.CodeShape;
import io.recommender.ann.semantic.ResidualQuantizer;
import io.recommender.ann.semantic.SemanticIdIndex;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The ten best of a million items by the scores of their codes, four of 256: with codes and scores
 * drawn at random, which is the hardest case, and with those of a quantizer that was fitted to
 * clusters, for queries near an item.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Xmx3g")
public class CodeSearchBenchmark {
  private static final int LEVELS = 4;
  private static final int SIZE = 256;
  private static final int DIMENSION = 32;
  private static final int CLUSTERS = 2_000;
  private static final int SAMPLE = 20_000;
  private static final int QUERIES = 256;
  private static final int K = 10;

  /** Where codes come from. */
  @Param({"random", "quantizer"})
  public String codes;

  /** Which items may be returned: all, or a tenth, known or asked for one by one. */
  @Param({"all", "tenth", "asked"})
  public String filter;

  /** How many items there are. */
  @Param("1000000")
  public int items;

  private SemanticIdIndex index;
  private ItemFilter accepted;
  private float[][][] scores;
  private int next;

  /** Fills the index. */
  @Setup(Level.Trial)
  public void fill() {
    Random random = new Random(17);
    List<String> ids = new ArrayList<>(items);
    List<String> tenth = new ArrayList<>();
    for (int i = 0; i < items; i++) {
      ids.add("item-" + i);
      if (random.nextInt(10) == 0) {
        tenth.add("item-" + i);
      }
    }
    index = SemanticIdIndex.builder(CodeShape.of(LEVELS, SIZE)).build();
    index.addAll(ids, codes.equals("random") ? randomly(random) : quantized(random));
    accepted =
        switch (filter) {
          case "tenth" -> ItemFilter.allow(tenth);
          case "asked" -> itemId -> itemId.hashCode() % 10 == 0;
          default -> ItemFilter.all();
        };
  }

  private int[][] randomly(Random random) {
    scores = new float[QUERIES][LEVELS][SIZE];
    for (float[][] levels : scores) {
      for (float[] level : levels) {
        for (int code = 0; code < SIZE; code++) {
          level[code] = (float) random.nextGaussian();
        }
      }
    }
    int[][] drawn = new int[items][];
    for (int i = 0; i < items; i++) {
      drawn[i] = random.ints(LEVELS, 0, SIZE).toArray();
    }
    return drawn;
  }

  private int[][] quantized(Random random) {
    float[][] centres = new float[CLUSTERS][];
    for (int i = 0; i < CLUSTERS; i++) {
      centres[i] = near(new float[DIMENSION], 1, random);
    }
    float[][] sample = new float[SAMPLE][];
    for (int i = 0; i < SAMPLE; i++) {
      sample[i] = near(centres[random.nextInt(CLUSTERS)], 0.4, random);
    }
    ResidualQuantizer quantizer =
        ResidualQuantizer.builder(LEVELS, SIZE).iterations(10).beam(1).threads(2).fit(sample);
    int[][] encoded = new int[items][];
    for (int i = 0; i < items; i++) {
      encoded[i] = quantizer.encode(near(centres[random.nextInt(CLUSTERS)], 0.4, random), 1);
    }
    scores = new float[QUERIES][][];
    for (int i = 0; i < QUERIES; i++) {
      scores[i] = quantizer.products(near(centres[random.nextInt(CLUSTERS)], 0.5, random));
    }
    return encoded;
  }

  private static float[] near(float[] centre, double spread, Random random) {
    float[] vector = centre.clone();
    for (int i = 0; i < vector.length; i++) {
      vector[i] += (float) (spread * random.nextGaussian());
    }
    return vector;
  }

  /**
   * One search.
   *
   * @return the best items
   */
  @Benchmark
  public List<ScoredItem> search() {
    next = next + 1 == QUERIES ? 0 : next + 1;
    return index.search(scores[next], K, accepted);
  }
}
