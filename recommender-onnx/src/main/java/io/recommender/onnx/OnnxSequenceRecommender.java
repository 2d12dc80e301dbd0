package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Explainer;
import io.recommender.ItemEncoder;
import io.recommender.ItemIndexFactory;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.SequenceRecommender;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Answers with an exported sequential model: the newest interactions become a window, the graph
 * runs once, and its scores (or its user vector, through an index) rank the whole catalogue.
 *
 * <p><b>Order.</b> By descending score, equal scores by catalogue ordinal. The filter acts inside
 * the selection: k items come back whenever the catalogue has k that it accepts and the model does
 * not rule out.
 *
 * <p><b>Cold start.</b> Interactions with unknown items are skipped and counted (or as the bundle's
 * policy says). When none is left, the bundle's fallback list answers, with a notice.
 *
 * <p><b>Thread safety.</b> Thread-safe; callers do not wait for each other.
 *
 * <p><b>Lifetime.</b> Holds native memory until {@link #close()}, which waits for calls in flight
 * and also closes the index. Later calls throw {@link IllegalStateException}. A filter is called
 * during a call, so it must not close the recommender.
 *
 * <p><b>Diffusion.</b> A model of contract {@code SEQ_DIFFUSION} samples the vector of the user:
 * its first graph makes a condition of the window, and a second one takes the noise out of a random
 * vector under it, step by step. The noise follows from the {@linkplain RecommendationRequest#seed
 * seed of the request} alone, so that equal requests get equal answers, alone or in a batch.
 *
 * <p><b>Cost.</b> One run of the model, for diffusion one more for each step, a pass over its
 * scores, and no allocation that grows with the catalogue.
 *
 * <p>Made by {@link RecommenderBundle#open}.
 */
public final class OnnxSequenceRecommender implements SequenceRecommender, Diagnosable {
  /** The source of items that the fallback list proposed. */
  public static final String FALLBACK_SOURCE = "fallback";

  private final Manifest manifest;
  private final Catalog catalog;
  private final OnnxSession session;
  private final SequenceModel model;
  private final Head head;
  private final Runnable closeHead;
  private final Runnable closeSession;
  private final String fingerprint;
  private final String modelVersion;
  private final int maxBatch;
  private final SequenceAnswers answers;
  private final ModelLease lease;

  /** Written before anyone else knows this. */
  private OptionalDouble goldenRecall = OptionalDouble.empty();

  OnnxSequenceRecommender(
      Manifest manifest,
      Catalog catalog,
      OnnxSession session,
      SequenceModel model,
      Head head,
      Runnable closeHead,
      Runnable closeSession,
      String fingerprint,
      int maxBatch) {
    this.manifest = manifest;
    this.catalog = catalog;
    this.session = session;
    this.model = model;
    this.head = head;
    this.closeHead = closeHead;
    this.closeSession = closeSession;
    this.fingerprint = fingerprint;
    this.maxBatch = model.maxBatch(maxBatch);
    modelVersion =
        "%s@%s+%s".formatted(manifest.name(), manifest.version(), fingerprint.substring(0, 12));
    answers = new SequenceAnswers(manifest, modelVersion, model);
    lease = new ModelLease(modelVersion);
  }

  /** Notes which part of the items of the golden requests was found at open. */
  void foundGolden(double recall) {
    goldenRecall = OptionalDouble.of(recall);
  }

  /** {@return the items of the bundle, in the order of the model} */
  public Catalog catalog() {
    return catalog;
  }

  /**
   * {@return name, version and the start of the fingerprint: {@code shop-sasrec@1+0a1b2c3d4e5f}}
   */
  public String modelVersion() {
    return modelVersion;
  }

  /** {@return the SHA-256 that seals the bundle, in hexadecimal} */
  public String fingerprint() {
    return fingerprint;
  }

  /** {@return the device the model runs on: {@code cpu} or {@code cuda:0}} */
  public String device() {
    return session.device();
  }

  /** {@return how often graphs of the model were run since it was opened} */
  public long modelRuns() {
    return model.runs();
  }

  /** {@return the bytes, outside the heap, of the tables of items that inputs are read from} */
  public long tableBytes() {
    return model.tableBytes();
  }

  /**
   * Returns to how many places a request is padded in a run of its own. Requests of similar length
   * share a run at little cost; {@link io.recommender.serving.BatchingRecommender} can go by this.
   *
   * @param request the request
   * @return the number of places, the same for all requests if the graph has a fixed length
   */
  public int paddedLength(RecommendationRequest request) {
    Manifest.Sequence sequence = manifest.sequence();
    return sequence.length() == Manifest.Length.FIXED
        ? sequence.maxLength()
        : Math.max(1, Math.min(request.history().size(), sequence.maxItems()))
            + sequence.suffix().length;
  }

  @Override
  public Diagnosis diagnose(int sample) {
    lease.enter();
    try {
      Manifest.Sequence sequence = manifest.sequence();
      Diagnosis.Builder diagnosis =
          Diagnosis.of("OnnxSequenceRecommender")
              .version(modelVersion)
              .fact("contract", manifest.contract().name())
              .fact("items", catalog.size())
              .fact("history seen", sequence.maxItems())
              .fact(
                  "padding",
                  sequence.length() == Manifest.Length.FIXED
                      ? "always to " + sequence.maxLength()
                      : "to the longest of a run")
              .fact("largest batch", maxBatch)
              .fact("calls in flight", lease.inside() - 1)
              .bytes("tables of items", model.tableBytes())
              .bytes("idle buffers", model.idleBytes());
      goldenRecall.ifPresent(recall -> diagnosis.ratio("recall of golden items", recall));
      diagnosis.part(session.diagnose());
      model
          .denoiser()
          .ifPresent(
              denoiser ->
                  diagnosis
                      .fact("sampling", denoiser.sampling())
                      .part(denoiser.session().diagnose()));
      head.diagnose(diagnosis, sample);
      return diagnosis.build();
    } finally {
      lease.leave();
    }
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    return recommend(request, head);
  }

  private Recommendations recommend(RecommendationRequest request, Head by) {
    lease.enter();
    Lane lane = model.acquire();
    try {
      Window window = lane.window(0);
      window.assemble(request, catalog);
      if (window.isEmpty()) {
        return answers.fallback(request, window);
      }
      model.run(lane, 1);
      return answers.ranked(lane, 0, by);
    } finally {
      model.release(lane);
      lease.leave();
    }
  }

  /**
   * Returns the state of the model for a request: the user vector, sampled or not, before the head
   * of the model compares it with those of items, and before it is normalized. {@link #steered}
   * edits it.
   *
   * @param request the request
   * @return the vector, a new array; empty if no item of the history is known
   * @throws IllegalStateException if closed, or if the model does not end in a user vector
   * @throws RecommenderException if the model fails; the recommender stays usable
   */
  public Optional<float[]> userVector(RecommendationRequest request) {
    VectorHead vectors = vectorHead();
    lease.enter();
    Lane lane = model.acquire();
    try {
      Window window = lane.window(0);
      window.assemble(request, catalog);
      if (window.isEmpty()) {
        return Optional.empty();
      }
      model.run(lane, 1);
      return Optional.of(vectors.userVector(lane, 0));
    } finally {
      model.release(lane);
      lease.leave();
    }
  }

  /**
   * Returns this recommender with its state edited before the head ranks: for steering by what is
   * known of the state, such as the latents of an autoencoder. It shares the model and its version,
   * and closing it has no effect. An edit that returns what it is given changes nothing, to the
   * last bit; the fallback of empty histories is not edited.
   *
   * @param edit makes a vector of the same length of the user vector, which it may return or
   *     change; thread-safe. The index refuses a vector that is not finite
   * @return a thread-safe recommender
   * @throws IllegalStateException if the model does not end in a user vector
   */
  public SequenceRecommender steered(UnaryOperator<float[]> edit) {
    Head editing = vectorHead().editing(Objects.requireNonNull(edit, "edit"));
    return new SequenceRecommender() {
      @Override
      public Recommendations recommend(RecommendationRequest request) {
        return OnnxSequenceRecommender.this.recommend(request, editing);
      }

      @Override
      public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
        return OnnxSequenceRecommender.this.recommendAll(requests, editing);
      }
    };
  }

  /**
   * Returns an encoder of items that are sequences, such as playlists of tracks: the vector of an
   * item is what an index is searched with for a user whose history it is. It shares the model, and
   * closing it has no effect.
   *
   * @param feature the {@link io.recommender.Feature.Ids} of an item, oldest or first id first; an
   *     item without it, with an empty one or without any known id is refused by {@link
   *     IllegalArgumentException}, ids that the model does not know are left out
   * @return a thread-safe encoder; items longer than the model's window are told by their end
   * @throws IllegalStateException if the model does not end in a user vector
   */
  public ItemEncoder historyEncoder(String feature) {
    vectorHead();
    return new OnnxHistoryEncoder(
        this, Objects.requireNonNull(feature, "feature"), manifest.embedding().orElseThrow());
  }

  /** Makes the vectors that an index is searched with; each request has a known item. */
  float[][] searchVectors(List<RecommendationRequest> requests) {
    VectorHead vectors = vectorHead();
    float[][] found = new float[requests.size()][];
    int[] order =
        IntStream.range(0, found.length)
            .boxed()
            .sorted(Comparator.comparingInt(i -> requests.get(i).history().size()))
            .mapToInt(Integer::intValue)
            .toArray();
    lease.enter();
    Lane lane = model.acquire();
    try {
      for (int from = 0; from < order.length; from += maxBatch) {
        int rows = Math.min(maxBatch, order.length - from);
        for (int row = 0; row < rows; row++) {
          lane.window(row).assemble(requests.get(order[from + row]), catalog);
        }
        model.run(lane, rows);
        for (int row = 0; row < rows; row++) {
          found[order[from + row]] = vectors.searchVector(lane, row);
        }
      }
      return found;
    } finally {
      model.release(lane);
      lease.leave();
    }
  }

  /**
   * Returns a recommender of other items by the same model, one that reads items by tables alone,
   * such as the vectors of their texts and images: a new domain is new tables. The model is not
   * opened again.
   *
   * @param other the items; of histories it knows these
   * @param tables by the name of the file in the bundle that each takes the place of, a row of
   *     numbers for each item by ordinal, copied; a row of NaN is an item that has none, as in a
   *     bundle
   * @param itemVectors what the user vector is compared with, a row for each item
   * @param index makes the index of those
   * @return a recommender with no fallback list, to be closed by the caller, which leaves this one
   *     open; after this one is closed, its calls throw {@link IllegalStateException}
   * @throws IllegalArgumentException if a table is absent, is too much, or has other extents
   * @throws IllegalStateException if the model reads item ids or tables of integers, or does not
   *     end in a user vector
   * @throws RecommenderException as opening a bundle does, for an item without numbers
   */
  public OnnxSequenceRecommender withCatalog(
      Catalog other, Map<String, float[][]> tables, float[][] itemVectors, ItemIndexFactory index) {
    vectorHead();
    lease.enter();
    try {
      return OtherCatalog.open(
          new OtherCatalog.Source(manifest, session, modelVersion, fingerprint, maxBatch, model),
          other,
          tables,
          itemVectors,
          index);
    } finally {
      lease.leave();
    }
  }

  /**
   * Returns what tells the reasons of this model: the outputs of its graph that the bundle names
   * for that, such as the class of the user's state. It shares the model. The reasons are those of
   * the request, the same for every item of the catalogue; a request without a known item has none.
   *
   * @return a thread-safe explainer; each call is one run of the model
   * @throws IllegalStateException if the bundle names no such output
   */
  public Explainer explaining() {
    if (manifest.reasons().isEmpty()) {
      throw new IllegalStateException(
          modelVersion + ": expected a model that tells reasons, found none in the bundle");
    }
    return (request, itemId) -> {
      lease.enter();
      Lane lane = model.acquire();
      try {
        Window window = lane.window(0);
        window.assemble(request, catalog);
        return window.isEmpty() || !catalog.contains(itemId) ? List.of() : model.reasons(lane);
      } finally {
        model.release(lane);
        lease.leave();
      }
    };
  }

  private VectorHead vectorHead() {
    if (head instanceof VectorHead vectors) {
      return vectors;
    }
    throw new IllegalStateException(
        "%s: expected a model of contract SEQ_EMBEDDING or SEQ_DIFFUSION, which has a user vector, found %s"
            .formatted(modelVersion, manifest.contract()));
  }

  /**
   * Answers several requests with as few runs of the model as the largest batch allows. Requests of
   * similar length share a run, so that little padding is computed.
   *
   * <p>If one request is refused, all are.
   */
  @Override
  public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
    return recommendAll(requests, head);
  }

  private List<Recommendations> recommendAll(List<RecommendationRequest> requests, Head by) {
    Integer[] order = IntStream.range(0, requests.size()).boxed().toArray(Integer[]::new);
    if (manifest.sequence().length() == Manifest.Length.DYNAMIC) {
      Arrays.sort(order, Comparator.comparingInt(i -> requests.get(i).history().size()));
    }
    Recommendations[] made = new Recommendations[order.length];
    lease.enter();
    Lane lane = model.acquire();
    try {
      int[] places = new int[maxBatch];
      int rows = 0;
      for (int i = 0; i < order.length; i++) {
        RecommendationRequest request = requests.get(order[i]);
        Window window = lane.window(rows);
        window.assemble(request, catalog);
        if (window.isEmpty()) {
          made[order[i]] = answers.fallback(request, window);
        } else {
          places[rows++] = order[i];
        }
        if (rows == maxBatch || (rows > 0 && i == order.length - 1)) {
          model.run(lane, rows);
          for (int row = 0; row < rows; row++) {
            made[places[row]] = answers.ranked(lane, row, by);
          }
          rows = 0;
        }
      }
    } finally {
      model.release(lane);
      lease.leave();
    }
    return List.of(made);
  }

  /**
   * Closes the model and its index, after the calls in flight. Closing twice has no effect.
   *
   * @throws RecommenderException if the runtime fails to free the model
   */
  @Override
  public void close() {
    lease.close(model::close, closeSession, closeHead);
  }

  @Override
  public String toString() {
    return "OnnxSequenceRecommender[%s, %d items, %s]"
        .formatted(modelVersion, catalog.size(), session.device());
  }
}
