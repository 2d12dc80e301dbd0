package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Explainer;
import io.recommender.Item;
import io.recommender.PredictingReranker;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.onnx.Ranker.Task;
import io.recommender.onnx.Ranker.TaskKind;
import io.recommender.serving.Diagnosis;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Ranks candidates with an exported model of one or several tasks: DeepFM, DIN, MMoE, PLE, DLRM,
 * trees, or any graph that scores a candidate by features of the request, the user and the item.
 *
 * <pre>{@code
 * try (OnnxReranker ranker = RecommenderBundle.openReranker(Path.of("bundles/shop-ranker"))) {
 *   List<ScoredItem> ranked = ranker.rerank(request, candidates);
 *   double click = ranked.get(0).taskScores().get("click");
 * }
 * }</pre>
 *
 * <p><b>Features.</b> Those of the request come from its context, its history, and tables by user;
 * those of a candidate from the item and from tables by item or by user and item ({@link
 * RerankerOptions}). Tensors of the request are sent once in a call, however many candidates there
 * are.
 *
 * <p><b>Scores.</b> Each task becomes a probability (or stays the value it is), and a {@link
 * ScorePolicy} makes one score of them: that of the bundle unless the caller says otherwise,
 * without either the first task. {@link ScoredItem#taskScores} has all of them. A candidate's
 * scores do not depend on the other candidates.
 *
 * <p><b>Order.</b> By descending score; equal scores keep the order of the candidates. None is
 * dropped.
 *
 * <p><b>Thread safety.</b> Thread-safe; callers do not wait for each other.
 *
 * <p><b>Lifetime.</b> Holds native memory until {@link #close()}, which waits for calls in flight.
 * Later calls throw {@link IllegalStateException}.
 *
 * <p><b>Cost.</b> For items of the bundle a copy of their rows, which were made at load. For other
 * items a look-up of each feature when an {@link Item} is first seen, and a copy from then on, as
 * long as it is the same object and {@link RerankerOptions#keptBytes} has room: so an application
 * does well to keep its items, and to make a new one when a feature changes. For features in tables
 * a look-up each. All else is the graph.
 *
 * <p>Made by {@link RecommenderBundle#openReranker(java.nio.file.Path)}.
 */
public final class OnnxReranker extends BundledReranker {
  private final Ranker ranker;
  private final RankerModel model;
  private final RerankerOptions options;
  private final List<String> tasks;
  private final ScorePolicy.Bound policy;

  OnnxReranker(
      Ranker ranker,
      Catalog catalog,
      OnnxSession session,
      RankerModel model,
      RerankerOptions options,
      String modelVersion,
      String fingerprint) {
    super(catalog, session, modelVersion, fingerprint);
    this.ranker = ranker;
    this.model = model;
    this.options = options;
    tasks = ranker.taskNames();
    policy =
        options
            .policy()
            .or(ranker::policy)
            .orElseGet(() -> ScorePolicy.weightedSum(Map.of(tasks.get(0), 1.0)))
            .bind(tasks);
  }

  /**
   * Plans a ranker and runs it for the first time; the session stays the caller's if that fails.
   */
  static OnnxReranker of(
      Ranker ranker,
      Catalog catalog,
      OnnxSession session,
      RerankerOptions options,
      String modelVersion,
      String fingerprint) {
    checkTables(ranker, options);
    RankerModel model =
        RankerModel.of(
            session,
            ranker,
            catalog,
            options.tables(),
            options.chunk(),
            options.rememberedBytes(),
            options.keptBytes());
    return new OnnxReranker(ranker, catalog, session, model, options, modelVersion, fingerprint);
  }

  /** A table that no input reads is a misspelt one. */
  static void checkTables(Ranker ranker, RerankerOptions options) {
    options
        .tables()
        .forEach(
            (side, tables) -> {
              TreeSet<String> read = new TreeSet<>();
              ranker.inputs().stream()
                  .filter(input -> input.side() == side && input.role() != Ranker.Role.HISTORY)
                  .flatMap(input -> input.columns().stream())
                  .forEach(column -> read.add(column.feature()));
              for (String feature : tables.keySet()) {
                if (!read.contains(feature)) {
                  throw new IllegalArgumentException(
                      "table '%s': expected a feature that an input of the %s reads, one of %s, found none of that name"
                          .formatted(
                              feature,
                              side == Ranker.Side.REQUEST ? "request" : "candidates",
                              read));
                }
              }
            });
  }

  /** {@return the names of the tasks, in the order of the model} */
  public List<String> tasks() {
    return tasks;
  }

  /** {@return the length of hidden vectors, 0 if the model does not tell them} */
  public int hiddenSize() {
    return ranker.hidden().map(Ranker.Hidden::size).orElse(0);
  }

  /**
   * Ranks by the policy of the options or of the bundle.
   *
   * @throws IllegalArgumentException if the model reads ids and a feature has none, such as a
   *     tensor
   * @throws RecommenderException of kind SHAPE_MISMATCH if a required number or tensor is absent,
   *     or has another shape than the model takes; the message names item, feature and input. Or if
   *     the model fails or gives NaN; the ranker stays usable
   */
  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    return rankedBy(request, candidates, policy);
  }

  /**
   * Returns this ranker with another policy. It shares the model, and closing it has no effect.
   *
   * @param other the policy
   * @return a thread-safe reranker
   * @throws IllegalArgumentException if the policy names a task that the model does not have
   */
  public Reranker rankingBy(ScorePolicy other) {
    ScorePolicy.Bound bound = other.bind(tasks);
    return (request, candidates) -> rankedBy(request, candidates, bound);
  }

  /**
   * Returns this ranker with its predictions and hidden vectors in the open, for what corrects
   * predictions, such as an error memory. It shares the model, and closing it closes this.
   * Probabilities are rounded to floats, so that scores may differ from {@link #rerank} in their
   * last digits.
   *
   * @return a thread-safe reranker
   * @throws IllegalStateException if the model does not tell hidden vectors, or a task is no
   *     probability
   */
  public PredictingReranker predicting() {
    if (hiddenSize() == 0) {
      throw new IllegalStateException(
          modelVersion + ": expected a model that tells hidden vectors, found none in the bundle");
    }
    for (Task task : ranker.tasks()) {
      if (task.kind() == TaskKind.VALUE) {
        throw new IllegalStateException(
            "%s, task '%s': expected LOGIT or PROBABILITY, found VALUE"
                .formatted(modelVersion, task.name()));
      }
    }
    return new Predicting();
  }

  /**
   * Returns what tells the reasons of this ranker: the outputs of its graph that the bundle names
   * for that, such as the shares of experts, the class of the request, or attributions. It shares
   * the model.
   *
   * <p>An item has no reasons if it is neither one of the bundle nor one of the application ({@link
   * RerankerOptions}), and no table knows items.
   *
   * @return a thread-safe explainer; each call is one run of the model, for one item
   * @throws IllegalStateException if the bundle names no such output
   */
  public Explainer explaining() {
    if (ranker.reasons().isEmpty()) {
      throw new IllegalStateException(
          modelVersion + ": expected a model that tells reasons, found none in the bundle");
    }
    return (request, itemId) -> explained(request, itemId, model::reasons);
  }

  /**
   * Returns what tells what each feature adds to the score of an item, for a graph whose scores are
   * those of trees: {@link Reason.Kind#ATTRIBUTION}, in the order of strength, by the names of the
   * features. The weights and the base value of the trees add up to their margin. It shares the
   * model, and does not run it.
   *
   * @param trees what explains the trees, read from the graph of this bundle
   * @return a thread-safe explainer
   * @throws IllegalArgumentException if the trees do not read an input of this ranker that features
   *     alone make, or do not have one output for each of its columns
   */
  public Explainer explaining(TreeShap trees) {
    boolean ofItems = ranker.layout() == Ranker.Layout.ITEMS;
    int outputs = ofItems ? ranker.offset() + catalog.size() : tasks.size();
    RankerTrees attributions = RankerTrees.of(modelVersion, trees, model, outputs, ofItems);
    return (request, itemId) ->
        explained(
            request,
            itemId,
            call -> attributions.explain(call, ofItems ? ranker.offset() + call.ordinals()[0] : 0));
  }

  private List<Reason> explained(
      RecommendationRequest request, String itemId, Function<RankerCall, List<Reason>> explain) {
    lease.enter();
    try {
      RankerCall call = call(request, List.of(new ScoredItem(itemId, 0)));
      boolean isKnown =
          call.ordinals()[0] != Catalog.UNKNOWN
              || ranker.layout() == Ranker.Layout.CANDIDATES
                  && (!options.tables().getOrDefault(Ranker.Side.CANDIDATE, Map.of()).isEmpty()
                      || options.hasItems() && options.find(itemId).isPresent());
      return isKnown ? explain.apply(call) : List.of();
    } finally {
      lease.leave();
    }
  }

  private final class Predicting implements PredictingReranker {
    @Override
    public List<String> tasks() {
      return tasks;
    }

    @Override
    public int hiddenSize() {
      return OnnxReranker.this.hiddenSize();
    }

    @Override
    public Predictions predict(RecommendationRequest request, List<ScoredItem> candidates) {
      lease.enter();
      try {
        RankerScores scores = scores(call(request, candidates));
        float[][] probabilities = new float[candidates.size()][tasks.size()];
        float[][] hidden = new float[candidates.size()][];
        for (int i = 0; i < hidden.length; i++) {
          double[] ofTasks = scores.ofCandidate(i);
          for (int task = 0; task < ofTasks.length; task++) {
            probabilities[i][task] = (float) ofTasks[task];
          }
          hidden[i] = scores.hidden(i).orElseThrow();
        }
        return new Predictions(probabilities, hidden);
      } finally {
        lease.leave();
      }
    }

    @Override
    public List<ScoredItem> order(
        RecommendationRequest request, List<ScoredItem> candidates, float[][] probabilities) {
      double[][] scores = new double[probabilities.length][tasks.size()];
      for (int i = 0; i < scores.length; i++) {
        for (int task = 0; task < tasks.size(); task++) {
          scores[i][task] = probabilities[i][task];
        }
      }
      return ranked(candidates, scores, policy);
    }

    @Override
    public void close() {
      OnnxReranker.this.close();
    }
  }

  private List<ScoredItem> rankedBy(
      RecommendationRequest request, List<ScoredItem> candidates, ScorePolicy.Bound by) {
    lease.enter();
    try {
      RankerScores scores = scores(call(request, candidates));
      double[][] ofTasks = new double[candidates.size()][];
      for (int i = 0; i < ofTasks.length; i++) {
        ofTasks[i] = scores.ofCandidate(i);
      }
      return ranked(candidates, ofTasks, by);
    } finally {
      lease.leave();
    }
  }

  private List<ScoredItem> ranked(
      List<ScoredItem> candidates, double[][] scores, ScorePolicy.Bound by) {
    if (candidates.isEmpty()) {
      return List.of();
    }
    List<ScoredItem> ranked = new ArrayList<>(candidates.size());
    for (int i = 0; i < candidates.size(); i++) {
      ScoredItem candidate = candidates.get(i);
      double score = by.combine(scores[i]);
      if (!Double.isFinite(score)) {
        throw new RecommenderException(
            Kind.NON_FINITE_OUTPUT,
            "%s, item '%s': expected a policy that makes a finite score of %s, found %s"
                .formatted(modelVersion, candidate.itemId(), named(scores[i]), score));
      }
      ranked.add(new ScoredItem(candidate.itemId(), score, candidate.source(), named(scores[i])));
    }
    ranked.sort(BEST_FIRST);
    return ranked;
  }

  /**
   * Scores items that the caller brings, in their order, without ranking them. Their features are
   * read, not those of the bundle.
   *
   * @param request the history, the context and the user
   * @param items the items, possibly none
   * @return a score for each item and task
   * @throws IllegalArgumentException as {@link #rerank}
   * @throws IllegalStateException if closed
   * @throws RecommenderException as {@link #rerank}
   */
  public RankerScores score(RecommendationRequest request, List<Item> items) {
    lease.enter();
    try {
      return scores(RankerCall.ofItems(request, items, catalog, true));
    } finally {
      lease.leave();
    }
  }

  private RankerCall call(RecommendationRequest request, List<ScoredItem> candidates) {
    return RankerCall.of(request, candidates, catalog, options);
  }

  /** What the graph says of items, without asking the tables of the caller. */
  float[][] outputsAsExported(RecommendationRequest request, List<Item> items) {
    RankerScores scores = scores(RankerCall.ofItems(request, items, catalog, false));
    float[][] outputs = new float[items.size()][tasks.size()];
    for (int i = 0; i < outputs.length; i++) {
      for (int task = 0; task < tasks.size(); task++) {
        outputs[i][task] = scores.output(i, tasks.get(task));
      }
    }
    return outputs;
  }

  private RankerScores scores(RankerCall call) {
    if (call.items().isEmpty()) {
      return new RankerScores(tasks, new float[0][], new double[0][], new float[0][]);
    }
    RankerModel.Result result = model.score(call);
    double[][] scores = new double[call.items().size()][tasks.size()];
    for (int i = 0; i < scores.length; i++) {
      for (int task = 0; task < tasks.size(); task++) {
        scores[i][task] =
            ranker
                .tasks()
                .get(task)
                .score(
                    session.name(),
                    ranker.scores(),
                    call.items().get(i),
                    result.outputs()[i][task]);
      }
    }
    for (int i = 0; i < result.hidden().length; i++) {
      for (float component : result.hidden()[i]) {
        if (!Float.isFinite(component)) {
          throw new RecommenderException(
              Kind.NON_FINITE_OUTPUT,
              "%s: output '%s' of item '%s': expected a finite number, found %s"
                  .formatted(
                      session.name(),
                      ranker.hidden().orElseThrow().name(),
                      call.items().get(i).id(),
                      component));
        }
      }
    }
    return new RankerScores(tasks, result.outputs(), scores, result.hidden());
  }

  private Map<String, Double> named(double[] scores) {
    if (scores.length == 1) {
      return Map.of(tasks.get(0), scores[0]);
    }
    if (scores.length == 2) {
      return Map.of(tasks.get(0), scores[0], tasks.get(1), scores[1]);
    }
    @SuppressWarnings({"unchecked", "rawtypes"})
    Map.Entry<String, Double>[] entries = new Map.Entry[scores.length];
    for (int i = 0; i < scores.length; i++) {
      entries[i] = Map.entry(tasks.get(i), scores[i]);
    }
    return Map.ofEntries(entries);
  }

  /** Bytes written so far to tensors of requests. */
  long requestBytes() {
    return model.requestBytes();
  }

  /** Bytes written so far to tensors of candidates. */
  long candidateBytes() {
    return model.candidateBytes();
  }

  @Override
  public Diagnosis diagnose(int sample) {
    lease.enter();
    try {
      return Diagnosis.of("OnnxReranker")
          .version(modelVersion)
          .fact("tasks", String.join(", ", tasks))
          .fact("items", catalog.size())
          .fact("hidden vectors", hiddenSize() == 0 ? "none" : hiddenSize() + " numbers")
          .fact("calls in flight", lease.inside() - 1)
          .part(session.diagnose())
          .build();
    } finally {
      lease.leave();
    }
  }

  /**
   * Closes the model, after the calls in flight. Closing twice has no effect.
   *
   * @throws RecommenderException if the runtime fails to free the model
   */
  @Override
  public void close() {
    lease.close(model::close, session::close);
  }

  @Override
  public String toString() {
    return "OnnxReranker[%s, tasks %s, %s]".formatted(modelVersion, tasks, session.device());
  }
}
