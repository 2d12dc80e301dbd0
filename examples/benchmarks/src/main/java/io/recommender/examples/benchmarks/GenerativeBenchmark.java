package io.recommender.examples.benchmarks;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.UserHistory;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.ann.semantic.CodeShape;
import io.recommender.ann.semantic.CodeTokens;
import io.recommender.ann.semantic.CodedItem;
import io.recommender.ann.semantic.PromptTemplate;
import io.recommender.onnx.OnnxGenerativeModel;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * A model that writes codes of items, in microseconds a request: decoded one by one, decoded in
 * batches, and for comparison nothing but the runs of the model that a request takes, with as many
 * rows.
 *
 * <p>{@code -p bundle=DIR} measures a bundle of one's own.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class GenerativeBenchmark {
  private static final int USERS = 16;
  private static final int ITEMS = 10;

  /** The folder of the bundle. */
  @Param("examples/shop/bundles/shop-generative")
  public String bundle;

  /** The number of beams. */
  @Param({"20", "50"})
  public int beams;

  private final List<RecommendationRequest> requests = new ArrayList<>();
  private final List<Prompt> prompts = new ArrayList<>();
  private OnnxGenerativeModel model;
  private BeamDecoder decoder;
  private int levels;
  private int next;
  private float[] logits;
  private int[] tokens;
  private int[] first;
  private int[] same;

  /** Opens the bundle and draws histories. */
  @Setup(Level.Trial)
  public void open() {
    Path root = Path.of(System.getProperty("examples.root", ""));
    model = RecommenderBundle.openGenerative(root.resolve(bundle));
    decoder = BeamDecoder.of(model, options -> options.width(beams));
    levels = model.codeSizes().length;
    logits = new float[model.scorer().vocabularySize()];
    tokens = IntStream.range(0, beams).map(i -> model.codeTokens()[0][0]).toArray();
    first = new int[beams];
    same = IntStream.range(0, beams).toArray();
    Catalog catalog = model.catalog();
    Random random = new Random(3);
    PromptTemplate template =
        PromptTemplate.of(
            CodeShape.of(model.codeSizes()), CodeTokens.of(model.codeTokens()), model.prompt());
    for (int i = 0; i < USERS; i++) {
      int[] ordinals = random.ints(ITEMS, 0, catalog.size()).toArray();
      RecommendationRequest request =
          RecommendationRequest.of(
                  UserHistory.ofItems(IntStream.of(ordinals).mapToObj(catalog::id).toList()))
              .build();
      requests.add(request);
      prompts.add(
          template
              .write(
                  request,
                  IntStream.of(ordinals)
                      .mapToObj(ordinal -> new CodedItem(catalog.id(ordinal), model.codes(ordinal)))
                      .toList())
              .orElseThrow());
    }
  }

  /** Closes the bundle. */
  @TearDown(Level.Trial)
  public void close() {
    decoder.close();
  }

  /** {@return ten items for one user} */
  @Benchmark
  public Recommendations alone() {
    next = (next + 1) % USERS;
    return decoder.recommend(requests.get(next));
  }

  /** {@return ten items for each of sixteen users; the time is that of one} */
  @Benchmark
  @OperationsPerInvocation(USERS)
  public List<Recommendations> batch() {
    return decoder.recommendAll(requests);
  }

  /** Runs the model as often, with as many rows, and reads the logits. */
  @Benchmark
  public void runs(Blackhole sink) {
    next = (next + 1) % USERS;
    try (Decoding decoding = model.scorer().start(prompts.get(next))) {
      decoding.logits(0, logits);
      for (int level = 1; level < levels; level++) {
        decoding.advance(level == 1 ? first : same, tokens, beams);
        for (int row = 0; row < beams; row++) {
          decoding.logits(row, logits);
        }
      }
      sink.consume(logits);
    }
  }
}
