package io.recommender.examples.benchmarks;

import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.pipeline.CandidateSource;
import io.recommender.pipeline.CatalogOverlay;
import io.recommender.pipeline.Diversity;
import io.recommender.pipeline.PipelineBuilder;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.pipeline.SlotRule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a pipeline costs besides its sources: three sources answer from memory with lists that
 * overlap in 200 candidates, a standing filter and an overlay are asked about each, MMR chooses 20
 * of the 200 by vectors of 64 dimensions, and a trace is kept.
 *
 * <p>Read the medians (p0.50 of the sample mode), and p0.99 where a source is stalled; {@code -prof
 * gc} also gives the bytes of a call.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class PipelineBenchmark {
  private static final int CANDIDATES = 200;
  private static final int DEPTH = 100;
  private static final int DIMENSION = 64;

  private RecommendationRequest request;
  private RecommenderPipeline sameThread;
  private RecommenderPipeline withoutDiversity;
  private RecommenderPipeline ownThreads;
  private RecommenderPipeline deadline;
  private RecommenderPipeline stalled;
  private List<ScoredItem> candidates;
  private Reranker mmr;
  private Reranker dpp;

  /** Makes the items, the sources and the pipelines. */
  @Setup(Level.Trial)
  public void open() {
    SplittableRandom random = new SplittableRandom(11);
    Map<String, Optional<float[]>> vectors = new HashMap<>();
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < CANDIDATES; i++) {
      String itemId = "sku-" + random.nextInt(100_000_000);
      float[] vector = new float[DIMENSION];
      for (int d = 0; d < DIMENSION; d++) {
        vector[d] = (float) random.nextDouble(-1, 1);
      }
      ids.add(itemId);
      vectors.put(itemId, Optional.of(vector));
    }
    Function<String, Optional<float[]>> lookup =
        itemId -> vectors.getOrDefault(itemId, Optional.empty());
    mmr = Diversity.mmr(0.7, lookup);
    dpp = Diversity.dpp(0.7, lookup);
    candidates = items(ids, 0, CANDIDATES);
    CatalogOverlay overlay = new CatalogOverlay();
    for (int i = 0; i < 1_000; i++) {
      overlay.setStock("sold-" + i, 0);
    }
    Set<String> hidden = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      hidden.add("hidden-" + i);
    }
    List<SequenceRecommender> sources = new ArrayList<>();
    for (int from : new int[] {0, 50, 100}) {
      Recommendations answer =
          Recommendations.of(DEPTH, items(ids, from, DEPTH)).modelVersion("m@" + from).build();
      sources.add(asked -> answer);
    }
    request =
        RecommendationRequest.of(UserHistory.of(ids.get(3), ids.get(5), ids.get(8)))
            .k(20)
            .filter(ItemFilter.deny(Set.of("seen-1", "seen-2")))
            .build();
    sameThread = pipeline(sources, hidden, overlay).executor(Runnable::run).diversity(mmr).build();
    withoutDiversity = pipeline(sources, hidden, overlay).executor(Runnable::run).build();
    ownThreads = pipeline(sources, hidden, overlay).diversity(mmr).build();
    deadline =
        pipeline(sources, hidden, overlay).diversity(mmr).deadline(Duration.ofSeconds(1)).build();
    stalled =
        pipeline(sources, hidden, overlay)
            .source("stalled", PipelineBenchmark::stall)
            .diversity(mmr)
            .deadline(Duration.ofMillis(20))
            .build();
  }

  private static Recommendations stall(RecommendationRequest request) {
    try {
      Thread.sleep(1_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Recommendations.of(request.k(), List.of()).build();
  }

  private static List<ScoredItem> items(List<String> ids, int from, int count) {
    List<ScoredItem> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      items.add(new ScoredItem(ids.get(from + i), count - i));
    }
    return List.copyOf(items);
  }

  private static PipelineBuilder pipeline(
      List<SequenceRecommender> sources, Set<String> hidden, CatalogOverlay overlay) {
    return RecommenderPipeline.named("bench")
        .source(CandidateSource.of("first", sources.get(0)).depth(DEPTH))
        .source(CandidateSource.of("second", sources.get(1)).depth(DEPTH))
        .source(CandidateSource.of("third", sources.get(2)).depth(DEPTH))
        .filter(ItemFilter.deny(hidden))
        .overlay(overlay)
        .candidates(CANDIDATES)
        .rule(SlotRule.atMost("none", 3, itemId -> Optional.empty()));
  }

  /** Ends the threads. */
  @TearDown(Level.Trial)
  public void close() {
    sameThread.close();
    withoutDiversity.close();
    ownThreads.close();
    deadline.close();
    stalled.close();
  }

  /**
   * All stages, the sources asked in the calling thread: what the pipeline itself computes.
   *
   * @return the answer
   */
  @Benchmark
  public Recommendations pipeline() {
    return sameThread.recommend(request);
  }

  /**
   * The same without MMR.
   *
   * @return the answer
   */
  @Benchmark
  public Recommendations pipelineWithoutDiversity() {
    return withoutDiversity.recommend(request);
  }

  /**
   * All stages, the sources asked by several threads: with what it takes to wake them.
   *
   * @return the answer
   */
  @Benchmark
  public Recommendations pipelineOwnThreads() {
    return ownThreads.recommend(request);
  }

  /**
   * All stages with a deadline: each source and MMR in another thread.
   *
   * @return the answer
   */
  @Benchmark
  public Recommendations pipelineDeadline() {
    return deadline.recommend(request);
  }

  /**
   * All stages with a deadline of 20 ms and a fourth source that answers after a second: the answer
   * comes from the others at the deadline. Read p0.99.
   *
   * @return the answer, which names the source that was late
   */
  @Benchmark
  public Recommendations pipelineStalledSource() {
    Recommendations answer = stalled.recommend(request);
    if (answer.size() < 20 || answer.notices().isEmpty()) {
      throw new IllegalStateException("expected 20 items and a notice, found " + answer);
    }
    return answer;
  }

  /**
   * MMR alone, 20 of 200 candidates.
   *
   * @return the order
   */
  @Benchmark
  public List<ScoredItem> mmr() {
    return mmr.rerank(request, candidates);
  }

  /**
   * The greedy determinantal point process alone, 20 of 200 candidates.
   *
   * @return the order
   */
  @Benchmark
  public List<ScoredItem> dpp() {
    return dpp.rerank(request, candidates);
  }
}
