package io.recommender.examples.benchmarks;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.UserHistory;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.ann.semantic.BeamOptions;
import io.recommender.ann.semantic.CodeShape;
import io.recommender.ann.semantic.CodeTokens;
import io.recommender.ann.semantic.SemanticIdIndex;
import io.recommender.spi.GenerativeModel.Normalization;
import io.recommender.spi.NextTokenScorer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
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
 * What a step of beam search costs beside the model, in microseconds: a model that answers at once
 * with logits drawn beforehand, four levels of 256 codes and a vocabulary of 1,025 tokens. A step
 * includes its share of what is done once for each answer.
 *
 * <p>{@code -jvmArgsAppend -Drecommender.kernels=scalar} measures without SIMD instructions.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class BeamBenchmark {
  private static final int LEVELS = 4;
  private static final int CODES = 256;
  private static final int VOCABULARY = 1 + LEVELS * CODES;
  private static final int DRAWN = 64;

  /** The number of items. */
  @Param({"12000", "1000000"})
  public int items;

  /** The number of beams. */
  @Param({"20", "50"})
  public int beams;

  /** Whether all codes are as frequent, or some are much more so than others. */
  @Param({"EVEN", "SKEWED"})
  public Codes codes;

  /** Whether probabilities are among all tokens, or among those that lead to an item. */
  @Param({"VOCABULARY", "CATALOG"})
  public Normalization normalization;

  private final List<RecommendationRequest> requests = new ArrayList<>();
  private BeamDecoder decoder;
  private int next;

  /** How codes are drawn. */
  public enum Codes {
    /** Each of a level is as likely. */
    EVEN,
    /** The squares of even ones. */
    SKEWED
  }

  /** Draws items and logits. */
  @Setup(Level.Trial)
  public void draw() {
    Random random = new Random(17);
    SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(LEVELS, CODES)).build();
    List<String> ids = new ArrayList<>();
    int[][] drawn = new int[items][LEVELS];
    for (int i = 0; i < items; i++) {
      ids.add("item-" + i);
      for (int level = 0; level < LEVELS; level++) {
        double part = random.nextDouble();
        drawn[i][level] = (int) (CODES * (codes == Codes.EVEN ? part : part * part));
      }
    }
    index.addAll(ids, drawn);
    float[][] logits = new float[DRAWN][VOCABULARY];
    for (float[] row : logits) {
      for (int token = 0; token < VOCABULARY; token++) {
        row[token] = 2 * (float) random.nextGaussian();
      }
    }
    decoder =
        BeamDecoder.builder(
                new DrawnLogits(logits),
                index,
                CodeTokens.offsets(1, 1 + CODES, 1 + 2 * CODES, 1 + 3 * CODES),
                (request, codesOfHistory) ->
                    Optional.of(NextTokenScorer.Prompt.of((int) request.seed())))
            .options(BeamOptions.of(beams).normalization(normalization))
            .build();
    for (int i = 0; i < DRAWN; i++) {
      requests.add(RecommendationRequest.of(UserHistory.empty()).seed(i).build());
    }
  }

  /** {@return ten items; the time is that of one of the four steps} */
  @Benchmark
  @OperationsPerInvocation(LEVELS)
  public Recommendations step() {
    next = (next + 1) % DRAWN;
    return decoder.recommend(requests.get(next));
  }

  /** Answers with rows that were drawn beforehand. */
  private record DrawnLogits(float[][] drawn) implements NextTokenScorer {

    @Override
    public int vocabularySize() {
      return VOCABULARY;
    }

    @Override
    public Decoding startAll(List<Prompt> prompts) {
      int first = prompts.get(0).tokens()[0];
      return new Decoding() {
        private int rows = 1;
        private int steps;

        @Override
        public int rows() {
          return rows;
        }

        @Override
        public void logits(int row, float[] logits) {
          System.arraycopy(drawn[(first + 7 * row + steps) % DRAWN], 0, logits, 0, VOCABULARY);
        }

        @Override
        public void advance(int[] parents, int[] tokens, int count) {
          rows = count;
          steps++;
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void close() {}
  }
}
