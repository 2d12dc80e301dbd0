package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * An approximate index: a hierarchical navigable small world graph (Malkov and Yashunin, Efficient
 * and robust approximate nearest neighbor search using hierarchical navigable small world graphs,
 * IEEE TPAMI 2018).
 *
 * <pre>{@code
 * HnswIndex index = HnswIndex.builder(128, Similarity.DOT).m(16).efConstruction(100).build();
 * index.addAll(itemIds, vectors);
 * List<ScoredItem> top = index.search(userVector, 10, inStock);
 * }</pre>
 *
 * <p>A search walks from neighbour to neighbour towards the query and keeps the best {@code ef}
 * items it meets: a larger {@link Builder#ef} finds more of the true best ones and takes longer.
 * Where comparing every candidate costs less than the walk it does that instead, and is exact: in a
 * small index, under an allow list, and under a filter that accepts little.
 *
 * <p>{@link Similarity#DOT} is the true inner product, also of vectors of unequal length.
 *
 * <p><b>Shapes.</b> Every vector and query has length {@link #dimension()}, is finite, and has a
 * Euclidean norm of at most {@value #MAX_NORM}, so that no product overflows.
 *
 * <p><b>Order.</b> By descending score; equal scores in the order in which the items were first
 * added. Scores are computed in double precision from the stored vectors.
 *
 * <p><b>Determinism.</b> The same calls in the same order with the same seed give the same graph on
 * any number of threads.
 *
 * <p><b>Thread safety.</b> Thread-safe. Changes take turns. A search takes no lock and waits for
 * nothing: it sees each item as it was at one moment.
 *
 * <p><b>Cost.</b> Memory is {@link #estimatedBytes}. A removed item's place is used again after a
 * repair, which happens once a fifth of the places are empty and links around them all.
 */
public final class HnswIndex implements ItemIndex {
  /** The largest norm of a vector or query. */
  public static final double MAX_NORM = 1e15;

  private final int dimension;
  private final Similarity similarity;
  private final int ef;
  private final HnswNodes nodes;

  private HnswIndex(Builder builder) {
    dimension = builder.dimension;
    similarity = builder.similarity;
    ef = builder.ef;
    nodes = new HnswNodes(builder);
  }

  /**
   * Starts an index.
   *
   * @param dimension the length of every vector, at least 1
   * @param similarity how vectors are compared
   * @return a builder
   */
  public static Builder builder(int dimension, Similarity similarity) {
    return new Builder(dimension, similarity);
  }

  /**
   * Estimates the memory of an index, without the item ids, which it shares with the caller.
   *
   * @param size the number of items, at least 0
   * @param dimension the length of every vector, at least 1
   * @param m {@link Builder#m}
   * @return the number of bytes, for a JVM with compressed references
   */
  public static long estimatedBytes(int size, int dimension, int m) {
    long row = (dimension + 15L) / 16 * 16 * Float.BYTES + Float.BYTES;
    long links = (2L * m + 1) * Integer.BYTES;
    long upper = Integer.BYTES + (16 + (m + 1L) * Integer.BYTES * m / (m - 1)) / m;
    long identity = 4L * Integer.BYTES + 2L * Long.BYTES;
    return size * (row + links + upper + identity);
  }

  @Override
  public int dimension() {
    return dimension;
  }

  @Override
  public Similarity similarity() {
    return similarity;
  }

  @Override
  public int size() {
    return nodes.size();
  }

  @Override
  public boolean contains(String itemId) {
    return nodes.contains(Objects.requireNonNull(itemId, "itemId"));
  }

  @Override
  public Optional<float[]> vector(String itemId) {
    return nodes.vector(Objects.requireNonNull(itemId, "itemId"));
  }

  @Override
  public void add(String itemId, float[] vector) {
    addAll(List.of(itemId), new float[][] {vector});
  }

  /**
   * {@inheritDoc}
   *
   * <p>Of an item that occurs twice, the last vector is kept.
   */
  @Override
  public void addAll(List<String> itemIds, float[][] vectors) {
    List<String> ids = List.copyOf(itemIds);
    if (ids.size() != vectors.length) {
      throw new IllegalArgumentException(
          "vectors: expected %d, one for each item, found %d"
              .formatted(ids.size(), vectors.length));
    }
    Map<String, Integer> last = new LinkedHashMap<>(ids.size() * 4 / 3 + 1);
    for (int i = 0; i < vectors.length; i++) {
      if (ids.get(i).isEmpty()) {
        throw new IllegalArgumentException("item id: expected a non-empty string");
      }
      checkedNorm("vector of item '" + ids.get(i) + "'", vectors[i]);
      last.put(ids.get(i), i);
    }
    float[][] kept = new float[last.size()][];
    int count = 0;
    for (int i : last.values()) {
      kept[count++] = vectors[i].clone();
    }
    nodes.put(new ArrayList<>(last.keySet()), kept);
  }

  @Override
  public boolean remove(String itemId) {
    return nodes.remove(Objects.requireNonNull(itemId, "itemId"));
  }

  @Override
  public List<ScoredItem> search(float[] query, int k, ItemFilter filter) {
    return search(query, k, SearchOptions.defaults().filter(filter));
  }

  /**
   * Returns the items most similar to a vector.
   *
   * @param query the vector; not kept, not changed
   * @param k how many items, at least 1
   * @param options how to search
   * @return at most k items, best first; fewer only if fewer are accepted or the time is up
   */
  public List<ScoredItem> search(float[] query, int k, SearchOptions options) {
    SearchHits hits = new SearchHits();
    search(query, k, options, hits);
    ScoredItem[] items = new ScoredItem[hits.size()];
    for (int rank = 0; rank < items.length; rank++) {
      items[rank] = new ScoredItem(hits.itemId(rank), hits.score(rank));
    }
    return List.of(items);
  }

  /**
   * Finds the items most similar to a vector, and tells what it took. With hits that have been used
   * before it allocates nothing, but for what a filter does.
   *
   * @param query the vector; not kept, not changed
   * @param k how many items, at least 1
   * @param options how to search
   * @param hits receives at most k items; fewer only if fewer are accepted or the time is up. Left
   *     as they were if this method throws
   */
  public void search(float[] query, int k, SearchOptions options, SearchHits hits) {
    double norm = checkedNorm("query", query);
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
    Objects.requireNonNull(hits, "hits");
    int breadth = options.ef() > 0 ? options.ef() : ef;
    nodes.search(query, norm, k, breadth, options.filter(), options.timeoutNanos(), hits);
  }

  private double checkedNorm(String name, float[] vector) {
    if (vector.length != dimension) {
      throw new IllegalArgumentException(
          "%s: length %d, index dimension %d".formatted(name, vector.length, dimension));
    }
    double sum = 0;
    for (float element : vector) {
      sum += (double) element * element;
    }
    double norm = Math.sqrt(sum);
    if (!(norm <= MAX_NORM)) {
      throw new IllegalArgumentException(
          "%s: expected finite elements and a norm of at most %s, found norm %s"
              .formatted(name, MAX_NORM, norm));
    }
    return norm;
  }

  @Override
  public String toString() {
    return "HnswIndex[%d dimensions, %s, %d items, %s]"
        .formatted(dimension, similarity, size(), FlatIndex.kernels());
  }

  /** Collects the parameters of an index. <b>Confined</b>. */
  public static final class Builder {
    final int dimension;
    final Similarity similarity;
    int m = 16;
    int efConstruction = 100;
    int ef = 64;
    long seed = 42;
    int threads = 1;
    int expectedSize;
    int exactBelow = 2000;
    Quantization quantization = Quantization.AUTO;
    int trainedFrom = HnswCoder.TRAINED_FROM;

    private Builder(int dimension, Similarity similarity) {
      if (dimension < 1) {
        throw new IllegalArgumentException("dimension: expected at least 1, found " + dimension);
      }
      this.dimension = dimension;
      this.similarity = Objects.requireNonNull(similarity, "similarity");
    }

    /**
     * Sets the number of links of a node: m at the higher levels, 2m at the lowest.
     *
     * @param m from 2 to 256; 16 if never set
     * @return this
     */
    public Builder m(int m) {
      this.m = inRange("m", m, 2, 256);
      return this;
    }

    /**
     * Sets how many candidates the search for a new node's neighbours keeps.
     *
     * @param efConstruction at least 1; 100 if never set
     * @return this
     */
    public Builder efConstruction(int efConstruction) {
      this.efConstruction = inRange("efConstruction", efConstruction, 1, 1 << 20);
      return this;
    }

    /**
     * Sets how many items a search keeps unless it says otherwise.
     *
     * @param ef at least 1; 64 if never set
     * @return this
     */
    public Builder ef(int ef) {
      this.ef = inRange("ef", ef, 1, 1 << 20);
      return this;
    }

    /**
     * Sets the seed of the levels.
     *
     * @param seed any number; 42 if never set
     * @return this
     */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * Sets how many threads {@link HnswIndex#addAll} uses; the graph does not depend on it. The
     * threads live as long as the call.
     *
     * @param threads at least 1, which is the default
     * @return this
     */
    public Builder threads(int threads) {
      this.threads = inRange("threads", threads, 1, 1024);
      return this;
    }

    /**
     * Sets how many items memory is laid out for; more may be added.
     *
     * @param expectedSize at least 0, which is the default
     * @return this
     */
    public Builder expectedSize(int expectedSize) {
      this.expectedSize = inRange("expectedSize", expectedSize, 0, Integer.MAX_VALUE);
      return this;
    }

    /**
     * Sets in which form vectors are kept.
     *
     * @param quantization the form; {@link Quantization#AUTO} if never set
     * @return this
     */
    public Builder quantization(Quantization quantization) {
      this.quantization = Objects.requireNonNull(quantization, "quantization");
      return this;
    }

    /** Sets below how many items every item is compared; for tests of the graph. */
    Builder exactBelow(int exactBelow) {
      this.exactBelow = exactBelow;
      return this;
    }

    /** Sets from how many items on codes are relative to a mean; for tests of codes. */
    Builder trainedFrom(int trainedFrom) {
      this.trainedFrom = trainedFrom;
      return this;
    }

    /** {@return an empty index} */
    public HnswIndex build() {
      return new HnswIndex(this);
    }

    private static int inRange(String name, int value, int least, int most) {
      if (value < least || value > most) {
        throw new IllegalArgumentException(
            "%s: expected %d to %d, found %d".formatted(name, least, most, value));
      }
      return value;
    }
  }
}
