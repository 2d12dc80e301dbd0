package io.recommender.pipeline;

import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * Ranks candidates by the class that a request belongs to, where a model tells how likely each
 * class is and a table how well each item suits each class: {@code score(item) = sum over classes
 * of P(class) · share(class, item)}.
 *
 * <pre>{@code
 * Reranker ofPhoto =
 *     ClassReranker.of(soils, Map.of("black", Map.of("cotton", 0.7, "maize", 0.3), ...));
 * }</pre>
 *
 * <p><b>Scores.</b> Where the probabilities of the classes add up to 1, and the shares of each
 * class do so over the items, the scores are the probabilities of a mixture. An item without a
 * share in a class has 0 there. {@link ScoredItem#taskScores} has the probability of each class.
 *
 * <p><b>Order.</b> By descending score; equal scores keep the order of the candidates. None is
 * dropped.
 *
 * <p><b>Thread safety.</b> As that of the classifier.
 *
 * <p><b>Lifetime.</b> Closing closes the classifier.
 *
 * <p><b>Cost.</b> One call of the classifier, and one multiplication for each class and candidate.
 */
public final class ClassReranker implements Reranker {
  private static final Comparator<ScoredItem> BEST_FIRST =
      Comparator.comparingDouble((ToDoubleFunction<ScoredItem>) ScoredItem::score).reversed();

  private final Reranker classifier;
  private final List<ScoredItem> classes;
  private final Map<String, Map<String, Double>> shares;

  private ClassReranker(Reranker classifier, Map<String, Map<String, Double>> shares) {
    this.classifier = classifier;
    this.shares = shares;
    classes = shares.keySet().stream().map(name -> new ScoredItem(name, 0)).toList();
  }

  /**
   * Returns a reranker.
   *
   * @param classifier scores the names of the classes by their probabilities, such as a ranker
   *     whose items they are; a class that it drops has probability 0. Closed with the reranker
   * @param shares for each class the share of each item, finite and at least 0; copied
   * @return the reranker
   * @throws IllegalArgumentException if there is no class, or a share is out of its range
   */
  public static ClassReranker of(Reranker classifier, Map<String, Map<String, Double>> shares) {
    Objects.requireNonNull(classifier, "classifier");
    if (shares.isEmpty()) {
      throw new IllegalArgumentException("shares: expected at least one class, found none");
    }
    Map<String, Map<String, Double>> copy = new TreeMap<>();
    shares.forEach(
        (name, ofItems) -> {
          ofItems.forEach(
              (itemId, share) -> {
                if (!(share >= 0) || Double.isInfinite(share)) {
                  throw new IllegalArgumentException(
                      "share of item '%s' in class '%s': expected a finite number of at least 0, found %s"
                          .formatted(itemId, name, share));
                }
              });
          copy.put(name, Map.copyOf(ofItems));
        });
    return new ClassReranker(classifier, copy);
  }

  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    return rerankWithNotices(request, candidates, notice -> {});
  }

  @Override
  public List<ScoredItem> rerankWithNotices(
      RecommendationRequest request,
      List<ScoredItem> candidates,
      Consumer<? super Notice> notices) {
    if (candidates.isEmpty()) {
      return List.of();
    }
    Map<String, Double> probabilities = new HashMap<>();
    for (ScoredItem named : classifier.rerankWithNotices(request, classes, notices)) {
      probabilities.put(named.itemId(), named.score());
    }
    List<ScoredItem> ranked = new ArrayList<>(candidates.size());
    for (ScoredItem candidate : candidates) {
      double score = 0;
      for (ScoredItem named : classes) {
        score +=
            probabilities.getOrDefault(named.itemId(), 0.0)
                * shares.get(named.itemId()).getOrDefault(candidate.itemId(), 0.0);
      }
      ranked.add(new ScoredItem(candidate.itemId(), score, candidate.source(), probabilities));
    }
    ranked.sort(BEST_FIRST);
    return ranked;
  }

  @Override
  public void close() {
    classifier.close();
  }

  @Override
  public String toString() {
    return "ClassReranker" + shares.keySet();
  }
}
