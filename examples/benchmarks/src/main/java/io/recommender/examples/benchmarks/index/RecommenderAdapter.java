package io.recommender.examples.benchmarks.index;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.HnswIndex;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Collectors;

/** The two indexes of the library. A row is known to them by its number as an item id. */
final class RecommenderAdapter implements IndexAdapter {
  private final Parameters parameters;
  private final boolean exact;
  private ItemFilter filter = ItemFilter.all();
  private Search search = (query, k, ef) -> List.of();

  private interface Search {
    List<ScoredItem> search(float[] query, int k, int ef);
  }

  /**
   * Makes an adapter without an index.
   *
   * @param exact whether to build a {@link FlatIndex}; a {@link HnswIndex} otherwise
   */
  RecommenderAdapter(Parameters parameters, boolean exact) {
    this.parameters = parameters;
    this.exact = exact;
  }

  @Override
  public String description() {
    return FlatIndex.kernels();
  }

  @Override
  public void build(float[][] base, int threads) {
    List<String> itemIds = new ArrayList<>(base.length);
    for (int i = 0; i < base.length; i++) {
      itemIds.add(Integer.toString(i));
    }
    int dimension = base[0].length;
    if (exact) {
      FlatIndex index = new FlatIndex(dimension, parameters.metric().similarity());
      index.addAll(itemIds, base);
      search = (query, k, ef) -> index.search(query, k, filter);
    } else {
      HnswIndex index =
          HnswIndex.builder(dimension, parameters.metric().similarity())
              .m(parameters.m())
              .efConstruction(parameters.efConstruction())
              .seed(parameters.seed())
              .threads(threads)
              .expectedSize(base.length)
              .build();
      index.addAll(itemIds, base);
      search = (query, k, ef) -> index.search(query, k, filter, Math.max(k, ef));
    }
  }

  @Override
  public void filter(BitSet allowed) {
    filter =
        ItemFilter.allow(allowed.stream().mapToObj(Integer::toString).collect(Collectors.toSet()));
  }

  @Override
  public void clearFilter() {
    filter = ItemFilter.all();
  }

  @Override
  public int search(float[] query, int k, int ef, int[] rows) {
    List<ScoredItem> found = search.search(query, k, ef);
    for (int i = 0; i < found.size(); i++) {
      rows[i] = Integer.parseInt(found.get(i).itemId());
    }
    return found.size();
  }

  @Override
  public long offHeapBytes() {
    return 0;
  }

  @Override
  public void close() {
    search = (query, k, ef) -> List.of();
  }
}
