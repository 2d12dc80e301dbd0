package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.FeedbackSink;
import io.recommender.HistoryTransform;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderListener;
import io.recommender.Reranker;
import io.recommender.SequenceRecommender;
import io.recommender.internal.Listeners;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Declares a {@link RecommenderPipeline}: at least one source, and what else it needs.
 *
 * <p>The order of calls matters only among sources, among rerankers, among rules and among
 * fallbacks.
 *
 * <p><b>Confined</b>.
 */
public final class PipelineBuilder {
  /** How many candidates go on from the fusion unless the builder says otherwise. */
  public static final int DEFAULT_CANDIDATES = 200;

  /** How many calls of one stage may be under way in a pipeline with a deadline, unless set. */
  public static final int DEFAULT_CONCURRENT_CALLS = 64;

  private static final int THREADS_PER_SOURCE = 2;
  private static final long MOST_THREADS = 10_000;

  private final String name;
  private HistoryTransform transform = history -> history;
  private final List<CandidateSource> sources = new ArrayList<>();
  private @Nullable Fusion fusion;
  private int candidates = DEFAULT_CANDIDATES;
  private ItemFilter filter = ItemFilter.all();
  private @Nullable CatalogOverlay overlay;
  private @Nullable Catalog catalog;
  private final List<String> rerankerNames = new ArrayList<>();
  private final List<Reranker> rerankers = new ArrayList<>();
  private final List<SlotRule> rules = new ArrayList<>();
  private @Nullable Reranker diversity;
  private @Nullable Reranker exploration;
  private final List<CandidateSource> fallbacks = new ArrayList<>();
  private @Nullable Duration deadline;
  private @Nullable Executor executor;
  private int threads;
  private final List<RecommenderListener> listeners = new ArrayList<>();
  private final List<FeedbackSink> sinks = new ArrayList<>();
  private boolean isTraced = true;
  private @Nullable Function<? super RecommendationRequest, String> attribution;
  private Ticker ticker = Ticker.SYSTEM;

  PipelineBuilder(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("name of a pipeline: expected a non-empty string");
    }
    this.name = name;
  }

  /**
   * Adds a transform of the history, after those there are.
   *
   * @param transform the transform; what it throws reaches the caller
   * @return this
   */
  public PipelineBuilder transform(HistoryTransform transform) {
    this.transform = this.transform.andThen(transform);
    return this;
  }

  /**
   * Adds a source.
   *
   * @param source the source
   * @return this
   */
  public PipelineBuilder source(CandidateSource source) {
    sources.add(Objects.requireNonNull(source, "source"));
    return this;
  }

  /**
   * Adds a source of weight 1 and default depth.
   *
   * @param name what it is called
   * @param recommender what answers
   * @return this
   */
  public PipelineBuilder source(String name, SequenceRecommender recommender) {
    return source(CandidateSource.of(name, recommender));
  }

  /**
   * Sets how rankings become one. Unless it is set, the scores of a single source stay as they are,
   * and several sources are fused by {@link Fusion#reciprocalRank()}.
   *
   * @param fusion the fusion
   * @return this
   */
  public PipelineBuilder fusion(Fusion fusion) {
    this.fusion = Objects.requireNonNull(fusion, "fusion");
    return this;
  }

  /**
   * Sets how many candidates go on from the fusion.
   *
   * @param candidates at least 1; {@value #DEFAULT_CANDIDATES} if never set; a request for more
   *     items raises it
   * @return this
   * @throws IllegalArgumentException if it is below 1
   */
  public PipelineBuilder candidates(int candidates) {
    if (candidates < 1) {
      throw new IllegalArgumentException("candidates: expected at least 1, found " + candidates);
    }
    this.candidates = candidates;
    return this;
  }

  /**
   * Adds a standing filter, besides that of each request.
   *
   * @param filter the filter
   * @return this
   */
  public PipelineBuilder filter(ItemFilter filter) {
    this.filter = this.filter.and(filter);
    return this;
  }

  /**
   * Sets the overlay whose hidden and sold-out items are never returned.
   *
   * @param overlay the overlay; its changes show in the next call
   * @return this
   */
  public PipelineBuilder overlay(CatalogOverlay overlay) {
    this.overlay = Objects.requireNonNull(overlay, "overlay");
    return this;
  }

  /**
   * Sets the catalogue outside which no item is returned, and none is added to a history.
   *
   * @param catalog the catalogue
   * @return this
   */
  public PipelineBuilder catalog(Catalog catalog) {
    this.catalog = Objects.requireNonNull(catalog, "catalog");
    return this;
  }

  /**
   * Adds a reranker.
   *
   * @param name what it is called in traces and notices
   * @param reranker the reranker; stays the caller's to close
   * @return this
   */
  public PipelineBuilder reranker(String name, Reranker reranker) {
    rerankers.add(Objects.requireNonNull(reranker, "reranker"));
    rerankerNames.add(Objects.requireNonNull(name, "name"));
    return this;
  }

  /**
   * Adds a rule.
   *
   * @param rule the rule
   * @return this
   */
  public PipelineBuilder rule(SlotRule rule) {
    rules.add(Objects.requireNonNull(rule, "rule"));
    return this;
  }

  /**
   * Sets the reranker that comes after the rules that change scores, and before places are filled.
   *
   * @param diversity such as {@link Diversity#mmr}
   * @return this
   */
  public PipelineBuilder diversity(Reranker diversity) {
    this.diversity = Objects.requireNonNull(diversity, "diversity");
    return this;
  }

  /**
   * Sets the reranker that comes after diversity.
   *
   * @param exploration such as {@link Exploration#epsilonGreedy(double, int)}
   * @return this
   */
  public PipelineBuilder exploration(Reranker exploration) {
    this.exploration = Objects.requireNonNull(exploration, "exploration");
    return this;
  }

  /**
   * Adds a fallback, asked when an answer is short after those before it.
   *
   * @param name what it is called
   * @param recommender what answers; stays the caller's to close
   * @return this
   */
  public PipelineBuilder fallback(String name, SequenceRecommender recommender) {
    fallbacks.add(CandidateSource.of(name, recommender));
    return this;
  }

  /**
   * Sets how long an answer may take. Sources and rerankers have nine tenths of it, fallbacks the
   * rest. What has not answered then is left out, the answer says so, and whoever called goes on;
   * the call itself is not interrupted and keeps its place in the bulkhead until it ends, so a
   * source that hangs is soon not asked at all. With a deadline sources, rerankers and fallbacks
   * never run in the calling thread.
   *
   * @param deadline above zero
   * @return this
   * @throws IllegalArgumentException if it is not above zero, or above 292 years
   */
  public PipelineBuilder deadline(Duration deadline) {
    if (deadline.isNegative()
        || deadline.isZero()
        || deadline.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0) {
      throw new IllegalArgumentException("deadline: expected a time above 0, found " + deadline);
    }
    this.deadline = deadline;
    return this;
  }

  /**
   * Sets the executor that makes calls besides the calling thread. {@code Runnable::run} asks one
   * source after the other; with a deadline it needs threads of its own.
   *
   * @param executor the executor; stays the caller's to shut down
   * @return this
   */
  public PipelineBuilder executor(Executor executor) {
    this.executor = Objects.requireNonNull(executor, "executor");
    return this;
  }

  /**
   * Sets how many threads of its own the pipeline may have if it is given no executor. They are
   * daemon threads, are started when needed, and end after 10 idle seconds. Unless set, there may
   * be two for each source; with a deadline as many as there may be calls under way by all
   * bulkheads together, so that a call that hangs never keeps another waiting. A single source
   * without a deadline is asked in the calling thread and needs none.
   *
   * @param threads at least 1
   * @return this
   * @throws IllegalArgumentException if it is below 1
   */
  public PipelineBuilder threads(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: expected at least 1, found " + threads);
    }
    this.threads = threads;
    return this;
  }

  /**
   * Adds a listener.
   *
   * @param listener the listener; what it throws is logged once and reaches nobody
   * @return this
   */
  public PipelineBuilder listener(RecommenderListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener"));
    return this;
  }

  /**
   * Adds a sink that is told of feedback and of users to forget, besides the sources, rerankers and
   * fallbacks that are sinks themselves.
   *
   * @param sink the sink
   * @return this
   */
  public PipelineBuilder sink(FeedbackSink sink) {
    sinks.add(Objects.requireNonNull(sink, "sink"));
    return this;
  }

  /**
   * Sets whether answers carry a trace.
   *
   * @param isTraced true if never set
   * @return this
   */
  public PipelineBuilder trace(boolean isTraced) {
    this.isTraced = isTraced;
    return this;
  }

  /**
   * Sets what gives an answer its attribution id. Unless set, it is the first half of a SHA-256, in
   * hexadecimal, over the request except its filter and over the versions of the models, so equal
   * requests share an id; give each request its own seed, or set this, to tell them apart.
   *
   * @param attribution the id of the answer to a request
   * @return this
   */
  public PipelineBuilder attribution(Function<? super RecommendationRequest, String> attribution) {
    this.attribution = Objects.requireNonNull(attribution, "attribution");
    return this;
  }

  PipelineBuilder ticker(Ticker ticker) {
    this.ticker = ticker;
    return this;
  }

  /**
   * Returns the pipeline.
   *
   * @return the pipeline
   * @throws IllegalArgumentException if there is no source, two stages of a kind have one name, or
   *     two pins have one place or one item
   */
  public RecommenderPipeline build() {
    check();
    List<Integer> limits = new ArrayList<>();
    List<Plan.Source> guardedSources = new ArrayList<>();
    for (CandidateSource source : sources) {
      guardedSources.add(
          new Plan.Source(
              source, guard("source:" + source.name(), source.maxConcurrentCalls(), limits)));
    }
    List<Plan.Rerank> guardedRerankers = new ArrayList<>();
    for (int i = 0; i < rerankers.size(); i++) {
      guardedRerankers.add(
          new Plan.Rerank(rerankers.get(i), guard("reranker:" + rerankerNames.get(i), 0, limits)));
    }
    List<Plan.Rerank> reordering = new ArrayList<>();
    if (diversity != null) {
      reordering.add(new Plan.Rerank(diversity, guard("diversity", 0, limits)));
    }
    if (exploration != null) {
      reordering.add(new Plan.Rerank(exploration, guard("exploration", 0, limits)));
    }
    List<Plan.Source> guardedFallbacks = new ArrayList<>();
    for (CandidateSource fallback : fallbacks) {
      guardedFallbacks.add(
          new Plan.Source(fallback, guard("fallback:" + fallback.name(), 0, limits)));
    }
    Executor used = executor;
    Runnable closeThreads = () -> {};
    if (used == null) {
      int limit =
          deadline == null
              ? THREADS_PER_SOURCE * sources.size()
              : (int) Math.min(MOST_THREADS, limits.stream().mapToLong(Integer::longValue).sum());
      ThreadPoolExecutor pool = PipelineThreads.create(name, threads > 0 ? threads : limit);
      closeThreads = pool::shutdown;
      used = pool;
    }
    Plan plan =
        new Plan(
            name,
            transform,
            List.copyOf(guardedSources),
            sources.stream().mapToDouble(CandidateSource::weight).toArray(),
            fusion != null || sources.size() == 1 ? fusion : Fusion.reciprocalRank(),
            candidates,
            overlay == null ? filter : filter.and(overlay.filter()),
            filter,
            overlay,
            catalog,
            List.copyOf(guardedRerankers),
            rules.stream().filter(rule -> rule.kind() == SlotRule.Kind.SCALE).toList(),
            rules.stream().filter(rule -> rule.kind() != SlotRule.Kind.SCALE).toList(),
            List.copyOf(reordering),
            List.copyOf(guardedFallbacks),
            deadline,
            new Dispatcher(used, ticker),
            new Listeners(listeners),
            isTraced,
            attribution,
            FeedbackSink.all(allSinks()));
    return new RecommenderPipeline(plan, closeThreads);
  }

  /** Each sink once, however many of its roles it has. */
  private List<FeedbackSink> allSinks() {
    Set<FeedbackSink> found = Collections.newSetFromMap(new IdentityHashMap<>());
    List<FeedbackSink> result = new ArrayList<>();
    List<Object> parts = new ArrayList<>();
    sources.forEach(source -> parts.add(source.recommender()));
    parts.addAll(rerankers);
    fallbacks.forEach(fallback -> parts.add(fallback.recommender()));
    parts.addAll(sinks);
    for (Object part : parts) {
      if (part instanceof FeedbackSink sink && found.add(sink)) {
        result.add(sink);
      }
    }
    return result;
  }

  private Guard guard(String stage, int limit, List<Integer> limits) {
    int used = limit == 0 && deadline != null ? DEFAULT_CONCURRENT_CALLS : limit;
    limits.add(used);
    return new Guard(stage, used);
  }

  /** Returns this if a pipeline can be built of it. */
  PipelineBuilder checked() {
    check();
    return this;
  }

  private void check() {
    if (sources.isEmpty()) {
      throw new IllegalArgumentException(
          "pipeline '%s': expected at least one source, found none".formatted(name));
    }
    List<String> proposers = new ArrayList<>();
    sources.forEach(source -> proposers.add(source.name()));
    fallbacks.forEach(fallback -> proposers.add(fallback.name()));
    requireDistinct("sources and fallbacks", proposers);
    requireDistinct("rerankers", rerankerNames);
    requireDistinct("rules", rules.stream().map(SlotRule::name).toList());
    requireDistinct(
        "pinned items",
        rules.stream()
            .filter(rule -> rule.kind() == SlotRule.Kind.PIN)
            .map(SlotRule::itemId)
            .toList());
  }

  private void requireDistinct(String what, List<String> names) {
    Set<String> seen = new HashSet<>();
    for (String each : names) {
      if (!seen.add(each)) {
        throw new IllegalArgumentException(
            "pipeline '%s': expected different %s, found '%s' twice".formatted(name, what, each));
      }
    }
  }
}
