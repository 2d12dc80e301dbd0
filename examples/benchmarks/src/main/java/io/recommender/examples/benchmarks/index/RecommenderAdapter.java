package io.recommender.examples.benchmarks.index;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.HnswIndex;
import io.recommender.ann.Quantization;
import io.recommender.ann.SearchHits;
import io.recommender.ann.SearchOptions;
import io.recommender.pipeline.CatalogOverlay;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Collectors;

/** The two indexes of the library. A row is known to them by its number as an item id. */
final class RecommenderAdapter implements IndexAdapter {
  private final Parameters parameters;
  private final Engine engine;
  private final SearchHits hits = new SearchHits();
  private ItemFilter filter = ItemFilter.all();
  private CatalogOverlay stock = new CatalogOverlay();

  /** What the stock says, while it is followed. */
  private BitSet inStock = new BitSet();

  private int size;
  private Search search = (query, k, ef, rows) -> 0;

  private interface Search {
    int search(float[] query, int k, int ef, int[] rows);
  }

  /**
   * Makes an adapter without an index.
   *
   * @param engine one of the library's own
   */
  RecommenderAdapter(Parameters parameters, Engine engine) {
    this.parameters = parameters;
    this.engine = engine;
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
    size = base.length;
    int dimension = base[0].length;
    if (engine.isExact()) {
      FlatIndex index = new FlatIndex(dimension, parameters.metric().similarity());
      index.addAll(itemIds, base);
      search = (query, k, ef, rows) -> copy(index.search(query, k, filter), rows);
    } else {
      HnswIndex index =
          HnswIndex.builder(dimension, parameters.metric().similarity())
              .m(parameters.m())
              .efConstruction(parameters.efConstruction())
              .seed(parameters.seed())
              .threads(threads)
              .expectedSize(base.length)
              .quantization(quantization())
              .build();
      index.addAll(itemIds, base);
      search =
          (query, k, ef, rows) -> {
            index.search(query, k, SearchOptions.defaults().ef(ef).filter(filter), hits);
            for (int i = 0; i < hits.size(); i++) {
              rows[i] = Integer.parseInt(hits.itemId(i));
            }
            return hits.size();
          };
    }
  }

  private Quantization quantization() {
    return switch (engine) {
      case HNSW_FLOAT -> Quantization.FLOAT;
      case HNSW_INT1 -> Quantization.INT1_FLOAT;
      case HNSW_INT8 -> Quantization.INT8;
      default -> Quantization.AUTO;
    };
  }

  @Override
  public void filter(BitSet allowed) {
    filter =
        ItemFilter.allow(allowed.stream().mapToObj(Integer::toString).collect(Collectors.toSet()));
  }

  @Override
  public void follow(BitSet allowed) {
    if (filter != stock.filter()) {
      stock = new CatalogOverlay();
      filter = stock.filter();
      inStock = new BitSet(size);
      inStock.set(0, size);
    }
    BitSet changed = (BitSet) inStock.clone();
    changed.xor(allowed);
    for (int row = changed.nextSetBit(0); row >= 0; row = changed.nextSetBit(row + 1)) {
      stock.setStock(Integer.toString(row), allowed.get(row) ? 1 : 0);
    }
    inStock = allowed;
  }

  @Override
  public void clearFilter() {
    filter = ItemFilter.all();
  }

  private static int copy(List<ScoredItem> found, int[] rows) {
    for (int i = 0; i < found.size(); i++) {
      rows[i] = Integer.parseInt(found.get(i).itemId());
    }
    return found.size();
  }

  @Override
  public int search(float[] query, int k, int ef, int[] rows) {
    return search.search(query, k, ef, rows);
  }

  @Override
  public long offHeapBytes() {
    return 0;
  }

  @Override
  public void close() {
    search = (query, k, ef, rows) -> 0;
  }
}
