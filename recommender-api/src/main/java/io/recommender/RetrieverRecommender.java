package io.recommender;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * Recommends what a retriever finds for the query that a request comes to: a source for a pipeline,
 * which may fuse it with others.
 *
 * <pre>{@code
 * SequenceRecommender words =
 *     new RetrieverRecommender("words", keywords, RetrieverRecommender.text("query"));
 * }</pre>
 *
 * <p>A request that comes to no query gets no item and a notice, and what the retriever has to say
 * of a query comes as notices.
 *
 * <p><b>Thread safety.</b> As that of the retriever and of the function.
 *
 * <p><b>Lifetime.</b> The retriever stays the caller's to close.
 */
public final class RetrieverRecommender implements SequenceRecommender {
  private final String name;
  private final Retriever retriever;
  private final Function<RecommendationRequest, Optional<Query>> queryOf;

  /**
   * Creates a recommender.
   *
   * @param name the source of its items
   * @param retriever what finds them
   * @param queryOf the query of a request, if it has one
   */
  public RetrieverRecommender(
      String name, Retriever retriever, Function<RecommendationRequest, Optional<Query>> queryOf) {
    this.name = Objects.requireNonNull(name, "name");
    this.retriever = Objects.requireNonNull(retriever, "retriever");
    this.queryOf = Objects.requireNonNull(queryOf, "queryOf");
  }

  /**
   * Returns the function that makes a query of a text in the context of a request.
   *
   * @param feature the name of a {@link Feature.Text}
   * @return the function; no query of a request without the feature or with a blank text
   */
  public static Function<RecommendationRequest, Optional<Query>> text(String feature) {
    Objects.requireNonNull(feature, "feature");
    return request ->
        request.context().get(feature) instanceof Feature.Text text && !text.value().isBlank()
            ? Optional.of(new Query.Text(text.value()))
            : Optional.empty();
  }

  /**
   * Returns the function that makes a query of keywords in the context of a request, all of the
   * same weight.
   *
   * @param feature the name of a {@link Feature.Ids}; a keyword that comes twice weighs 2
   * @return the function; no query of a request without the feature or without keywords
   */
  public static Function<RecommendationRequest, Optional<Query>> keywords(String feature) {
    Objects.requireNonNull(feature, "feature");
    return request -> {
      Map<String, Double> weights = new HashMap<>();
      if (request.context().get(feature) instanceof Feature.Ids ids) {
        ids.values().forEach(keyword -> weights.merge(keyword, 1.0, Double::sum));
      }
      return weights.isEmpty() ? Optional.empty() : Optional.of(new Query.Keywords(weights));
    };
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    Optional<Query> query = queryOf.apply(request);
    List<ScoredItem> items = new ArrayList<>();
    List<Notice> notices = new ArrayList<>();
    if (query.isPresent()) {
      for (ScoredItem item : retriever.retrieve(query.get(), request.k(), request.filter())) {
        items.add(new ScoredItem(item.itemId(), item.score(), name, item.taskScores()));
      }
      notices.addAll(retriever.notices(query.get()));
    }
    if (items.size() < request.k()) {
      String why =
          query.isPresent()
              ? "Nothing more fits the query and passes the filter."
              : "The request has no query.";
      notices.add(new Notice(Notice.Code.SHORTFALL, request.k() - items.size(), why));
    }
    return Recommendations.of(request.k(), items).notices(notices).build();
  }

  @Override
  public String toString() {
    return "RetrieverRecommender[" + name + "]";
  }
}
