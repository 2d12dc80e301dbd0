package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.serving.Diagnosis;
import java.util.ArrayList;
import java.util.List;

/**
 * Picks a list item by item, each knowing those before it, and ends it where the model says: what
 * repeats another candidate is left out, and a list is as long as there is something to add. The
 * graph is asked once for each item and once for the end.
 *
 * <p>Pointer networks (Vinyals et al., 2015) with an end of the list, as in SCASRec ("A
 * Self-Correcting and Auto-Stopping Model for Generative Route List Recommendation").
 *
 * <p><b>Features.</b> As those of {@link OnnxReranker}; inputs of candidates have all of them at
 * once.
 *
 * <p><b>Order.</b> As picked. The score of an item is the natural logarithm of the probability of
 * the list up to it, 0 at most, and never above that of the item before. Candidates that were not
 * picked are dropped.
 *
 * <p><b>Thread safety.</b> Thread-safe; callers do not wait for each other.
 *
 * <p><b>Lifetime.</b> Holds native memory until {@link #close()}, which waits for calls in flight.
 * Later calls throw {@link IllegalStateException}.
 *
 * <p><b>Cost.</b> A run of the model for each item that is picked, and one that ends the list,
 * unless it has as many items as it may or there is no candidate left.
 *
 * <p>Made by {@link RecommenderBundle#openListReranker(java.nio.file.Path)}.
 */
public final class OnnxListReranker extends BundledReranker {
  private final ListRanker list;
  private final ListModel model;
  private final RerankerOptions options;

  private OnnxListReranker(
      ListRanker list,
      Catalog catalog,
      OnnxSession session,
      ListModel model,
      RerankerOptions options,
      String modelVersion,
      String fingerprint) {
    super(catalog, session, modelVersion, fingerprint);
    this.list = list;
    this.model = model;
    this.options = options;
  }

  /** Plans the inputs and runs the graph; the session stays the caller's if that fails. */
  static OnnxListReranker of(
      ListRanker list,
      Catalog catalog,
      OnnxSession session,
      RerankerOptions options,
      String modelVersion,
      String fingerprint) {
    if (options.policy().isPresent()) {
      throw new IllegalArgumentException("policy: expected none for lists, which have no tasks");
    }
    OnnxReranker.checkTables(list.ranker(), options);
    ListModel model = ListModel.of(session, list, catalog, options.tables());
    return new OnnxListReranker(list, catalog, session, model, options, modelVersion, fingerprint);
  }

  /** {@return how many items are picked at least, as far as there are candidates} */
  public int minLength() {
    return list.minLength();
  }

  /** {@return how many items are picked at most} */
  public int maxLength() {
    return list.maxLength();
  }

  /**
   * Picks a list.
   *
   * @throws IllegalArgumentException if the model reads ids and a feature has none, such as a
   *     tensor
   * @throws RecommenderException of kind SHAPE_MISMATCH if a required number or tensor is absent,
   *     or has another shape than the model takes; the message names item, feature and input. Or if
   *     the model fails or gives NaN; the reranker stays usable
   */
  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    lease.enter();
    try {
      if (candidates.isEmpty()) {
        return List.of();
      }
      PointerLoop loop = pick(RankerCall.of(request, candidates, catalog, options));
      int[] order = loop.order();
      double[] scores = loop.scores();
      List<ScoredItem> picked = new ArrayList<>(order.length);
      for (int i = 0; i < order.length; i++) {
        ScoredItem candidate = candidates.get(order[i]);
        picked.add(
            new ScoredItem(
                candidate.itemId(), scores[i], candidate.source(), candidate.taskScores()));
      }
      return picked;
    } finally {
      lease.leave();
    }
  }

  /** Picks from items, at least one, without asking the tables of the caller. */
  PointerLoop pickAsExported(RecommendationRequest request, List<Item> items) {
    return pick(RankerCall.ofItems(request, items, catalog, false));
  }

  private PointerLoop pick(RankerCall call) {
    PointerLoop loop =
        new PointerLoop(
            session.name(),
            list.ranker().scores(),
            call.items(),
            list.minLength(),
            list.maxLength());
    model.pick(call, Math.min(list.maxLength(), call.items().size()), loop);
    return loop;
  }

  @Override
  public Diagnosis diagnose(int sample) {
    lease.enter();
    try {
      return Diagnosis.of("OnnxListReranker")
          .version(modelVersion)
          .fact("items", catalog.size())
          .fact("shortest list", list.minLength())
          .fact("longest list", list.maxLength())
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
    return "OnnxListReranker[%s, %s]".formatted(modelVersion, session.device());
  }
}
