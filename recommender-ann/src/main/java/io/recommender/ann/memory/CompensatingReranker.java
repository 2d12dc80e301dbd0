package io.recommender.ann.memory;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.PredictingReranker;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.ann.internal.UserKey;
import io.recommender.ann.memory.ShownPredictions.Prediction;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A ranker that follows what happens: its predictions are corrected by an {@link ErrorMemory}, and
 * the memory learns from feedback on what the ranker has ranked.
 *
 * <pre>{@code
 * CompensatingReranker adaptive = CompensatingReranker.of(ranker, memory);
 * List<ScoredItem> ranked = adaptive.rerank(request, candidates);
 * adaptive.observe(Feedback.of("sku-7").forUser("ann").label("click", 1));
 * }</pre>
 *
 * <p>So that feedback needs no vectors, the predictions for the first items of each answer are kept
 * for a while, of requests with consent whose user is known: feedback is on the last prediction for
 * the same user and item. With {@link #attributedBy} it is on that of the same answer, also of
 * users that are not known. Feedback on anything else teaches nothing. What has a hidden vector of
 * its own goes to the memory as it is.
 *
 * <p><b>Order.</b> As the ranker orders the corrected predictions. An empty memory changes no bit.
 *
 * <p><b>Thread safety.</b> Thread-safe.
 *
 * <p><b>Lifetime.</b> {@link #close} closes the ranker. The memory is the caller's to save.
 *
 * <p><b>Cost.</b> A search of the memory for each candidate and task, all together, besides the
 * ranker's. Predictions for at most {@value #SHOWN_CAPACITY} items are kept, within 64 MiB or what
 * {@link #shownWithin} says: 208 bytes each, 4 for each number and 2 for each char of the item, and
 * 416 for each user or answer and 2 for each char of its name.
 */
public final class CompensatingReranker implements Reranker, FeedbackSink {
  /** How many predictions are kept for feedback that is still to come. */
  public static final int SHOWN_CAPACITY = 10_000;

  /** How many bytes these predictions may take unless told. */
  private static final long SHOWN_BYTES = 64L << 20;

  /** How many of the first items of an answer are kept at least. */
  private static final int LEAST_SHOWN = 20;

  private final PredictingReranker ranker;
  private final ErrorMemory memory;
  private final @Nullable Function<? super RecommendationRequest, String> attribution;
  private final List<String> tasks;
  private final long maxShownBytes;
  private final ShownPredictions shown;

  private CompensatingReranker(
      PredictingReranker ranker,
      ErrorMemory memory,
      @Nullable Function<? super RecommendationRequest, String> attribution,
      long maxShownBytes) {
    this.maxShownBytes = maxShownBytes;
    shown = new ShownPredictions(SHOWN_CAPACITY, maxShownBytes);
    this.ranker = Objects.requireNonNull(ranker, "ranker");
    this.memory = Objects.requireNonNull(memory, "memory");
    this.attribution = attribution;
    tasks = List.copyOf(ranker.tasks());
    if (ranker.hiddenSize() != memory.dimension()) {
      throw new IllegalArgumentException(
          "memory: expected dimension %d, the size of the ranker's hidden vectors, found %d"
              .formatted(ranker.hiddenSize(), memory.dimension()));
    }
    if (!memory.tasks().containsAll(tasks)) {
      throw new IllegalArgumentException(
          "memory: expected the ranker's tasks %s, found %s".formatted(tasks, memory.tasks()));
    }
  }

  /**
   * Wraps a ranker.
   *
   * @param ranker the ranker, closed with this
   * @param memory the memory, of the ranker's hidden size and tasks
   * @return the adaptive ranker
   * @throws IllegalArgumentException if the memory does not fit the ranker
   */
  public static CompensatingReranker of(PredictingReranker ranker, ErrorMemory memory) {
    return new CompensatingReranker(ranker, memory, null, SHOWN_BYTES);
  }

  /**
   * Returns this ranker with feedback taken for the answer it names, not for its user.
   *
   * @param attribution what names the answer to a request, as given to {@link
   *     io.recommender.pipeline.PipelineBuilder#attribution}; different for requests that are to be
   *     told apart, and not empty
   * @return another ranker with the same memory, which has ranked nothing so far
   */
  public CompensatingReranker attributedBy(
      Function<? super RecommendationRequest, String> attribution) {
    return new CompensatingReranker(
        ranker, memory, Objects.requireNonNull(attribution, "attribution"), maxShownBytes);
  }

  /**
   * Returns this ranker with another limit of the predictions that wait for feedback; those of the
   * user or answer that was shown something longest ago go first.
   *
   * @param bytes at least 0, at which feedback without a hidden vector teaches nothing; 64 MiB
   *     unless set
   * @return another ranker with the same memory, which has ranked nothing so far
   * @throws IllegalArgumentException if it is negative
   */
  public CompensatingReranker shownWithin(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("bytes: expected at least 0, found " + bytes);
    }
    return new CompensatingReranker(ranker, memory, attribution, bytes);
  }

  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    PredictingReranker.Predictions predictions = ranker.predict(request, candidates);
    float[][] raw = predictions.probabilities();
    if (raw.length != candidates.size()) {
      throw new IllegalArgumentException(
          "predictions: expected %d, one for each candidate, found %d"
              .formatted(candidates.size(), raw.length));
    }
    List<ScoredItem> ordered =
        ranker.order(request, candidates, corrected(raw, predictions.hidden()));
    keep(request, candidates, predictions, ordered);
    return ordered;
  }

  private float[][] corrected(float[][] raw, float[][] hidden) {
    float[][] corrected = new float[raw.length][tasks.size()];
    for (int task = 0; task < tasks.size(); task++) {
      float[] column = new float[raw.length];
      for (int i = 0; i < raw.length; i++) {
        column[i] = raw[i][task];
      }
      column = memory.compensateAll(tasks.get(task), hidden, column);
      for (int i = 0; i < raw.length; i++) {
        corrected[i][task] = column[i];
      }
    }
    return corrected;
  }

  private void keep(
      RecommendationRequest request,
      List<ScoredItem> candidates,
      PredictingReranker.Predictions predictions,
      List<ScoredItem> ordered) {
    String scope =
        attribution == null ? request.history().userId().orElse("") : attribution.apply(request);
    if (!request.hasConsent() || scope.isEmpty()) {
      return;
    }
    Map<String, Integer> places = new HashMap<>();
    for (int i = 0; i < candidates.size(); i++) {
      places.put(candidates.get(i).itemId(), i);
    }
    Map<String, Prediction> kept = new LinkedHashMap<>();
    int count = Math.min(ordered.size(), Math.max(LEAST_SHOWN, request.k()));
    for (ScoredItem item : ordered.subList(0, count)) {
      Integer place = places.get(item.itemId());
      if (place != null) {
        kept.put(
            item.itemId(),
            new Prediction(
                predictions.probabilities()[place].clone(), predictions.hidden()[place].clone()));
      }
    }
    shown.put(scope, request.history().userId().map(UserKey::of).orElse(null), kept);
  }

  /** Teaches the memory what became of an item that was ranked. */
  @Override
  public void observe(Feedback feedback) {
    if (!feedback.hasConsent()) {
      return;
    }
    if (feedback.hidden().isPresent()) {
      memory.observe(feedback);
    } else {
      String scope = attribution == null ? feedback.userId().orElse("") : feedback.attributionId();
      shown
          .find(scope, feedback.itemId())
          .ifPresent(prediction -> memory.observe(completed(feedback, prediction)));
    }
    if (ranker instanceof FeedbackSink sink) {
      sink.observe(feedback);
    }
  }

  private Feedback completed(Feedback feedback, Prediction prediction) {
    Feedback completed = feedback.withHidden(prediction.hidden());
    for (int task = 0; task < tasks.size(); task++) {
      Feedback.@Nullable Outcome outcome = feedback.outcomes().get(tasks.get(task));
      if (outcome != null) {
        completed =
            completed.withOutcome(
                tasks.get(task),
                new Feedback.Outcome(outcome.label(), prediction.probabilities()[task]));
      }
    }
    return completed;
  }

  /** Forgets a user here and in the memory. */
  @Override
  public void forget(String userId) {
    shown.forget(UserKey.of(userId));
    memory.forget(userId);
    if (ranker instanceof FeedbackSink sink) {
      sink.forget(userId);
    }
  }

  /** {@return the memory} */
  public ErrorMemory memory() {
    return memory;
  }

  /** {@return how many bytes the predictions take that wait for feedback, at most the limit} */
  public long shownBytes() {
    return shown.bytes();
  }

  /** Returns how many predictions wait for feedback. */
  int shownSize() {
    return shown.size();
  }

  @Override
  public void close() {
    ranker.close();
  }

  @Override
  public String toString() {
    return "CompensatingReranker[%s, %s]".formatted(ranker, memory);
  }
}
