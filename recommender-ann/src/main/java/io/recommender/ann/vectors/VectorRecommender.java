package io.recommender.ann.vectors;

import io.recommender.ItemIndex;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Recommends the items whose vectors are most similar to that of the request: matrix factorization,
 * graph and multimodal models whose vectors are known, and texts alone.
 *
 * <p>No model runs. An item that is added to the index is recommended by the next call.
 *
 * <pre>{@code
 * QueryVector user = QueryVector.user(users::get).or(QueryVector.historyMean(index::vector));
 * SequenceRecommender recommender = VectorRecommender.of("light-gcn", user, index, popularity);
 * }</pre>
 *
 * <p><b>Cold start.</b> A request that leads to no vector is answered by the fallback, with a
 * notice; without one the answer is empty and says so. Items of the history that the index does not
 * have are counted in a notice.
 *
 * <p><b>Order.</b> By descending score, equal scores in the order in which the items were added to
 * the index.
 *
 * <p><b>Thread safety.</b> Thread-safe.
 *
 * <p><b>Lifetime.</b> Closing has no effect; index and fallback are the caller's.
 *
 * <p><b>Cost.</b> Making the vector, and one search.
 */
public final class VectorRecommender implements SequenceRecommender, Diagnosable {
  private final String source;
  private final QueryVector query;
  private final ItemIndex index;
  private final @Nullable SequenceRecommender fallback;

  private VectorRecommender(
      String source, QueryVector query, ItemIndex index, @Nullable SequenceRecommender fallback) {
    this.source = Objects.requireNonNull(source, "source");
    this.query = Objects.requireNonNull(query, "query");
    this.index = Objects.requireNonNull(index, "index");
    this.fallback = fallback;
  }

  /**
   * Returns a recommender without a fallback.
   *
   * @param source the source of the items that it proposes
   * @param query the vector of a request
   * @param index the vectors of the items
   * @return the recommender
   */
  public static VectorRecommender of(String source, QueryVector query, ItemIndex index) {
    return new VectorRecommender(source, query, index, null);
  }

  /**
   * Returns a recommender.
   *
   * @param source the source of the items that it proposes
   * @param query the vector of a request
   * @param index the vectors of the items
   * @param fallback answers requests that lead to no vector
   * @return the recommender
   */
  public static VectorRecommender of(
      String source, QueryVector query, ItemIndex index, SequenceRecommender fallback) {
    return new VectorRecommender(
        source, query, index, Objects.requireNonNull(fallback, "fallback"));
  }

  /**
   * Answers one request.
   *
   * @throws IllegalArgumentException if the vector of the request does not fit the index
   */
  @Override
  public Recommendations recommend(RecommendationRequest request) {
    Optional<float[]> vector = query.vector(request);
    if (vector.isEmpty()) {
      return fallback == null ? nothing(request) : fallen(fallback, request);
    }
    List<ScoredItem> items = new ArrayList<>();
    for (ScoredItem item : index.search(vector.get(), request.k(), request.filter())) {
      items.add(new ScoredItem(item.itemId(), item.score(), source));
    }
    Recommendations.Builder answer =
        Recommendations.of(request.k(), items).scoreKind(index.similarity().scoreKind());
    noteUnknown(answer, request);
    noteShortfall(answer, request, items.size(), "no other item of the index passes the filter");
    return answer.build();
  }

  private Recommendations nothing(RecommendationRequest request) {
    Recommendations.Builder answer = Recommendations.of(request.k(), List.of());
    noteUnknown(answer, request);
    noteShortfall(answer, request, 0, "the request leads to no vector, and there is no fallback");
    return answer.build();
  }

  private Recommendations fallen(SequenceRecommender other, RecommendationRequest request) {
    Recommendations answered = other.recommend(request);
    Recommendations.Builder answer = answered.toBuilder();
    if (!answered.hasNotice(Notice.Code.FALLBACK_USED)) {
      answer.notice(
          new Notice(
              Notice.Code.FALLBACK_USED,
              answered.size(),
              "the request leads to no vector; the fallback answered"));
    }
    if (!answered.hasNotice(Notice.Code.UNKNOWN_ITEMS)) {
      noteUnknown(answer, request);
    }
    return answer.build();
  }

  private void noteUnknown(Recommendations.Builder answer, RecommendationRequest request) {
    long unknown =
        request.history().interactions().stream()
            .filter(interaction -> !index.contains(interaction.itemId()))
            .count();
    if (unknown > 0) {
      answer.notice(
          new Notice(
              Notice.Code.UNKNOWN_ITEMS,
              (int) unknown,
              "%d interactions are with items outside the index".formatted(unknown)));
    }
  }

  private static void noteShortfall(
      Recommendations.Builder answer, RecommendationRequest request, int found, String why) {
    if (found < request.k()) {
      answer.notice(
          new Notice(
              Notice.Code.SHORTFALL,
              request.k() - found,
              "%d requested, %d found: %s".formatted(request.k(), found, why)));
    }
  }

  @Override
  public Diagnosis diagnose(int sample) {
    return Diagnosis.of("VectorRecommender")
        .fact("source", source)
        .fact("falls back", fallback != null)
        .part(index, sample)
        .build();
  }

  @Override
  public String toString() {
    return "VectorRecommender[%s, %s]".formatted(source, index);
  }
}
