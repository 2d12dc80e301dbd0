package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Ranks by a row of scores, one for each item.
 *
 * <p>One pass in blocks that stay in the first-level cache. A score is compared with the worst of
 * the best k so far; only one above it is looked at further, so the filter is asked about O(k log
 * N) items and the check for NaN costs nothing: NaN fails the same comparison.
 */
final class ScoreHead implements Head {
  private final String model;
  private final Manifest.Scores scores;
  private final Catalog catalog;
  private final String source;
  private final int columns;

  ScoreHead(String model, Manifest.Scores scores, Catalog catalog, String source, int columns) {
    this.model = model;
    this.scores = scores;
    this.catalog = catalog;
    this.source = source;
    this.columns = columns;
  }

  @Override
  public ScoreKind scoreKind() {
    return scores.kind();
  }

  @Override
  public List<ScoredItem> rank(Lane lane, int row, RecommendationRequest request) {
    TopItems top = lane.top();
    top.reset(Math.min(request.k(), catalog.size()));
    ItemFilter filter = request.filter();
    int base = row * columns + scores.offset();
    Optional<Set<String>> allowed = filter.allowList();
    if (allowed.isPresent() && allowed.get().size() < catalog.size() / 8) {
      rankAllowed(lane, base, allowed.get(), filter);
    } else {
      rankAll(lane, base, filter);
    }
    return top.drain(catalog, source);
  }

  private void rankAll(Lane lane, int base, ItemFilter filter) {
    TopItems top = lane.top();
    float[] block = lane.block();
    boolean everything = filter == ItemFilter.all();
    int size = catalog.size();
    float threshold = top.threshold();
    for (int from = 0; from < size; from += block.length) {
      int count = Math.min(block.length, size - from);
      lane.output().get(base + from, block, count);
      for (int i = nextNotBelow(block, 0, count, threshold);
          i < count;
          i = nextNotBelow(block, i + 1, count, threshold)) {
        int ordinal = from + i;
        requireFinite(block[i], ordinal);
        if (everything || filter.accepts(catalog.id(ordinal))) {
          top.offer(ordinal, block[i]);
          threshold = top.threshold();
        }
      }
    }
  }

  /**
   * Returns the next place whose score is above the threshold or NaN, or the end. A method of its
   * own, so that the compiler sees nothing but this loop: three times faster than inside the other.
   */
  private static int nextNotBelow(float[] scores, int from, int to, float threshold) {
    for (int i = from; i < to; i++) {
      // Not "scores[i] > threshold": NaN has to be found too.
      if (!(scores[i] <= threshold)) {
        return i;
      }
    }
    return to;
  }

  private void rankAllowed(Lane lane, int base, Set<String> allowed, ItemFilter filter) {
    TopItems top = lane.top();
    float[] one = lane.block();
    for (String itemId : allowed) {
      int ordinal = catalog.ordinal(itemId);
      if (ordinal != Catalog.UNKNOWN && filter.accepts(itemId)) {
        lane.output().get(base + ordinal, one, 1);
        if (one[0] != Float.NEGATIVE_INFINITY) {
          requireFinite(one[0], ordinal);
          top.offer(ordinal, one[0]);
        }
      }
    }
  }

  private void requireFinite(float score, int ordinal) {
    if (!Float.isFinite(score)) {
      throw new RecommenderException(
          Kind.NON_FINITE_OUTPUT,
          "%s: output '%s', column %d (item '%s'): expected a finite score, found %s"
              .formatted(
                  model, scores.name(), ordinal + scores.offset(), catalog.id(ordinal), score));
    }
  }
}
