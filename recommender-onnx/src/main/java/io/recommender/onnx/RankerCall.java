package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the inputs of a ranker read in one call.
 *
 * <p><b>Immutable</b>.
 *
 * @param items the candidates
 * @param ordinals their ordinals in the bundle, UNKNOWN for others
 * @param known whether each has the features that the bundle says, so that rows made of those hold
 * @param useTables whether tables of the caller are asked; golden requests bring their own values
 */
record RankerCall(
    RecommendationRequest request,
    List<Item> items,
    int[] ordinals,
    boolean[] known,
    boolean useTables) {

  /** Looks candidates up: the items of the application go before those of the bundle. */
  static RankerCall of(
      RecommendationRequest request,
      List<ScoredItem> candidates,
      Catalog catalog,
      RerankerOptions options) {
    int count = candidates.size();
    Item[] items = new Item[count];
    int[] ordinals = new int[count];
    boolean[] known = new boolean[count];
    for (int i = 0; i < count; i++) {
      String itemId = candidates.get(i).itemId();
      int ordinal = catalog.ordinal(itemId);
      ordinals[i] = ordinal;
      Item own = options.hasItems() ? options.find(itemId).orElse(null) : null;
      known[i] = own == null && ordinal != Catalog.UNKNOWN;
      items[i] = own != null ? own : known[i] ? catalog.item(ordinal) : Item.of(itemId);
    }
    return new RankerCall(request, Arrays.asList(items), ordinals, known, true);
  }

  /** What the inputs read of items with features of their own. */
  static RankerCall ofItems(
      RecommendationRequest request, List<Item> items, Catalog catalog, boolean useTables) {
    return new RankerCall(
        request,
        items,
        items.stream().mapToInt(item -> catalog.ordinal(item.id())).toArray(),
        new boolean[items.size()],
        useTables);
  }

  /** A table of features that the caller keeps. */
  @FunctionalInterface
  interface Table {
    /**
     * Returns a feature.
     *
     * @param candidate a place among the items, -1 for the request
     */
    Optional<Feature> find(RankerCall call, int candidate);
  }

  /** Returns a feature of a candidate, or of the request for -1; a table of the caller decides. */
  @Nullable Feature feature(String name, @Nullable Table table, int candidate) {
    if (table != null && useTables) {
      Optional<Feature> found = table.find(this, candidate);
      if (found.isPresent()) {
        return found.get();
      }
    }
    return candidate < 0 ? request.context().get(name) : items.get(candidate).features().get(name);
  }

  /** The candidate, for messages; none for the request. */
  @Nullable Item owner(int candidate) {
    return candidate < 0 ? null : items.get(candidate);
  }
}
