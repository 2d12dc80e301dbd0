package io.recommender.evaluation;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.SequenceRecommender;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Asks recommenders the cases of a split and reports how good, how varied and how fast their
 * answers are.
 *
 * <pre>{@code
 * InteractionLog log = InteractionLog.readSequences(Path.of("Beauty.txt"));
 * Split split = Split.leaveOneOut(log);
 * Map<String, SequenceRecommender> recommenders = new LinkedHashMap<>();
 * recommenders.put("popularity", popularity(split.training()));
 * EvaluationReport report =
 *     Evaluator.builder().cutoffs(5, 10, 20).build().run(recommenders, split, log.catalog());
 * System.out.println(report.toText());
 * }</pre>
 *
 * <p>All items of the catalogue are candidates: each request asks for as many items as the largest
 * cutoff, and the recommender itself ranks. No negatives are sampled. Equal scores stay in the
 * order of the answer, which by the contract of {@link SequenceRecommender} is that of the
 * catalogue; {@link EvaluationResult#tiedAnswers()} tells how often that mattered.
 *
 * <p>The same inputs give the same report, timings apart, on any number of threads.
 *
 * <p><b>Immutable</b>; the builder is <b>confined</b>.
 */
public final class Evaluator {
  private static final Metric[] WITH_INTERVAL = {Metric.HIT_RATE, Metric.NDCG};

  private final int[] cutoffs;
  private final int mainCutoff;
  private final SeenItems seenItems;
  private final MetricOptions options;
  private final long seed;
  private final int resamples;
  private final int warmUpRequests;
  private final int threads;
  private final ProgressListener listener;
  private final List<ReferenceRow> references;

  private Evaluator(Builder builder) {
    cutoffs = builder.cutoffs.clone();
    mainCutoff = builder.mainCutoff == 0 ? defaultMainCutoff(cutoffs) : builder.mainCutoff;
    if (Arrays.binarySearch(cutoffs, mainCutoff) < 0) {
      throw new IllegalArgumentException(
          "main cutoff: expected one of %s, found %d"
              .formatted(Arrays.toString(cutoffs), mainCutoff));
    }
    seenItems = builder.seenItems;
    options = builder.options;
    seed = builder.seed;
    resamples = builder.resamples;
    warmUpRequests = builder.warmUpRequests;
    threads = builder.threads;
    listener = builder.listener;
    references = List.copyOf(builder.references);
  }

  /** {@return a builder with cutoffs 1, 5, 10, 20, seen items kept, one thread} */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Asks recommenders the cases of a split.
   *
   * <p>Each is asked alone, after its warm-up. None is closed.
   *
   * @param recommenders the recommenders by name; the report keeps the order of the map
   * @param split the split; what the recommenders were fitted on is up to the caller
   * @param catalog all items that may be recommended. Relevant items outside it cannot be found,
   *     count as missed, and the report says how many there are
   * @return the report
   * @throws IllegalArgumentException if there is no recommender or no case
   * @throws IllegalStateException if an answer is longer than asked for, holds an item twice, one
   *     outside the catalogue or one that the filter rejects, or is not sorted by score; the
   *     message names the recommender, the index of the case and the violation
   */
  public EvaluationReport run(
      Map<String, ? extends SequenceRecommender> recommenders, Split split, Catalog catalog) {
    requireSome("recommenders", recommenders.size());
    requireSome("cases of the split", split.cases().size());
    TrainingStatistics training = TrainingStatistics.of(catalog, split.training());
    List<EvaluationCase> cases = split.cases();
    Map<String, RankedLists> lists = new LinkedHashMap<>();
    Map<String, Measurement> measurements = new LinkedHashMap<>();
    recommenders.forEach(
        (name, recommender) -> {
          Measurement measurement =
              new Measurement(
                  name,
                  recommender,
                  catalog,
                  cases.size(),
                  index -> request(cases.get(index)),
                  listener);
          measurement.run(warmUpRequests, threads);
          measurements.put(name, measurement);
          lists.put(name, RankedLists.of(split, catalog, training, measurement.lists()));
        });
    return report(lists, measurements);
  }

  /**
   * Evaluates lists that were made elsewhere.
   *
   * @param lists the lists by name, all for the same split; the report keeps the order of the map
   * @return the report, without timings
   * @throws IllegalArgumentException if there is nothing, or the splits or catalogues differ
   */
  public EvaluationReport evaluate(Map<String, RankedLists> lists) {
    requireSome("lists", lists.size());
    RankedLists first = lists.values().iterator().next();
    requireSome("cases of the split", first.size());
    lists.forEach(
        (name, each) -> {
          if (each.split() != first.split() || each.catalog() != first.catalog()) {
            throw new IllegalArgumentException(
                "lists '%s': expected the split and catalogue of the first lists, found others"
                    .formatted(name));
          }
        });
    return report(lists, Map.of());
  }

  private EvaluationReport report(
      Map<String, RankedLists> lists, Map<String, Measurement> measurements) {
    List<String> names = List.copyOf(lists.keySet());
    List<Map<Metric, ConfidenceInterval>> intervals = new ArrayList<>();
    names.forEach(name -> intervals.add(new EnumMap<>(Metric.class)));
    List<PairedDifference> differences = new ArrayList<>();
    for (Metric metric : WITH_INTERVAL) {
      double[][] series =
          lists.values().stream().map(each -> ofUsers(each, metric)).toArray(double[][]::new);
      if (resamples == 0 || series[0].length == 0) {
        continue;
      }
      Bootstrap bootstrap = new Bootstrap(series, resamples, seed);
      for (int i = 0; i < series.length; i++) {
        intervals.get(i).put(metric, bootstrap.interval(i));
        for (int j = 0; j < i; j++) {
          differences.add(
              new PairedDifference(
                  names.get(i), names.get(j), metric, mainCutoff, bootstrap.difference(i, j)));
        }
      }
    }
    List<EvaluationResult> results = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      results.add(
          new EvaluationResult(
              names.get(i),
              lists.get(names.get(i)),
              cutoffs,
              mainCutoff,
              options,
              intervals.get(i),
              Optional.ofNullable(measurements.get(names.get(i))),
              threads));
      listener.progress("metrics", i + 1, names.size());
    }
    RankedLists any = lists.get(names.get(0));
    Protocol protocol = new Protocol(any, cutoffs, options, seenItems, seed);
    protocol.put("bootstrapResamples", resamples);
    return new EvaluationReport(
        protocol,
        new Environment(threads, warmUpRequests),
        cutoffs,
        mainCutoff,
        results,
        differences,
        references,
        PopularityShares.ofTraining(any.training()));
  }

  private RecommendationRequest request(EvaluationCase evaluationCase) {
    RecommendationRequest.Builder request =
        RecommendationRequest.of(evaluationCase.history())
            .k(cutoffs[cutoffs.length - 1])
            .seed(seed);
    if (seenItems == SeenItems.FILTER) {
      request.filter(ItemFilter.unseen(evaluationCase.history()));
    }
    evaluationCase.time().ifPresent(request::time);
    evaluationCase.context().forEach(request::context);
    return request.build();
  }

  private double[] ofUsers(RankedLists lists, Metric metric) {
    double[] values = new double[lists.size()];
    for (int u = 0; u < values.length; u++) {
      values[u] = metric.ofUser(lists, u, mainCutoff, options);
    }
    return Arrays.stream(values).filter(value -> !Double.isNaN(value)).toArray();
  }

  private static int defaultMainCutoff(int[] cutoffs) {
    int ten = Arrays.binarySearch(cutoffs, 10);
    return cutoffs[ten >= 0 ? ten : cutoffs.length - 1];
  }

  private static void requireSome(String what, int count) {
    if (count == 0) {
      throw new IllegalArgumentException(what + ": expected at least one, found none");
    }
  }

  /** Collects the parameters of an evaluation. */
  public static final class Builder {
    private int[] cutoffs = {1, 5, 10, 20};
    private int mainCutoff;
    private SeenItems seenItems = SeenItems.KEEP;
    private MetricOptions options = MetricOptions.defaults();
    private long seed;
    private int resamples = 1000;
    private int warmUpRequests = 200;
    private int threads = 1;
    private ProgressListener listener = ProgressListener.none();
    private final List<ReferenceRow> references = new ArrayList<>();

    private Builder() {}

    /**
     * Sets the cutoffs at which every metric is computed.
     *
     * @param cutoffs each at least 1, in any order; 1, 5, 10, 20 if never set
     * @return this
     */
    public Builder cutoffs(int... cutoffs) {
      int[] sorted = Arrays.stream(cutoffs).sorted().distinct().toArray();
      if (sorted.length == 0 || sorted[0] < 1) {
        throw new IllegalArgumentException(
            "cutoffs: expected some, each at least 1, found " + Arrays.toString(cutoffs));
      }
      this.cutoffs = sorted;
      return this;
    }

    /**
     * Sets the cutoff of intervals, differences and single-cutoff tables.
     *
     * @param mainCutoff one of the cutoffs; 10 if it is one and this is never set, else the largest
     * @return this
     */
    public Builder mainCutoff(int mainCutoff) {
      if (mainCutoff < 1) {
        throw new IllegalArgumentException("main cutoff: expected at least 1, found " + mainCutoff);
      }
      this.mainCutoff = mainCutoff;
      return this;
    }

    /**
     * Sets whether items of the history may be recommended.
     *
     * @param seenItems the policy; {@link SeenItems#KEEP} if never set
     * @return this
     */
    public Builder seenItems(SeenItems seenItems) {
      this.seenItems = Objects.requireNonNull(seenItems, "seenItems");
      return this;
    }

    /**
     * Sets the parameters of the metrics.
     *
     * @param options the parameters; {@link MetricOptions#defaults()} if never set
     * @return this
     */
    public Builder options(MetricOptions options) {
      this.options = Objects.requireNonNull(options, "options");
      return this;
    }

    /**
     * Sets the seed of the requests and of the bootstrap.
     *
     * @param seed any value; 0 if never set
     * @return this
     */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * Sets how often the bootstrap draws users.
     *
     * @param resamples 0 for no intervals, else at least 40; 1000 if never set
     * @return this
     */
    public Builder bootstrapResamples(int resamples) {
      if (resamples != 0 && resamples < 40) {
        throw new IllegalArgumentException(
            "bootstrap resamples: expected 0 or at least 40, found " + resamples);
      }
      this.resamples = resamples;
      return this;
    }

    /**
     * Sets how many requests are asked before time is taken: the first cases, again from the start
     * if there are fewer.
     *
     * @param warmUpRequests at least 0; 200 if never set
     * @return this
     */
    public Builder warmUpRequests(int warmUpRequests) {
      if (warmUpRequests < 0) {
        throw new IllegalArgumentException(
            "warm-up requests: expected at least 0, found " + warmUpRequests);
      }
      this.warmUpRequests = warmUpRequests;
      return this;
    }

    /**
     * Sets how many threads ask at once. The threads live as long as {@link Evaluator#run}.
     *
     * @param threads at least 1; 1 if never set, and then the caller's thread asks
     * @return this
     */
    public Builder threads(int threads) {
      if (threads < 1) {
        throw new IllegalArgumentException("threads: expected at least 1, found " + threads);
      }
      this.threads = threads;
      return this;
    }

    /**
     * Sets who hears of the progress.
     *
     * @param listener the listener
     * @return this
     */
    public Builder progressListener(ProgressListener listener) {
      this.listener = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Adds published values to show next to the measured ones.
     *
     * @param references the rows, in order
     * @return this
     */
    public Builder references(Collection<ReferenceRow> references) {
      this.references.addAll(references);
      return this;
    }

    /**
     * Returns the evaluator.
     *
     * @return the evaluator
     * @throws IllegalArgumentException if the main cutoff is none of the cutoffs
     */
    public Evaluator build() {
      return new Evaluator(this);
    }
  }
}
