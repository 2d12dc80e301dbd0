package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SnapshotReader;
import java.nio.file.Path;
import java.time.Duration;
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
 * Nobody has to know how much: {@link SearchOptions#targetRecall} asks for a part of the true best
 * items instead. What a walk reads are codes of four bits, an eighth of the vectors, once those no
 * longer fit into a cache; what it found is ranked by the vectors. {@link Quantization} tells the
 * forms.
 *
 * <p>Where comparing every candidate costs less than the walk the index does that instead: in a
 * small index, under a short allow list, and under a filter that accepts little. A filter that
 * always answers the same, such as {@link ItemFilter#allow}, is remembered when it comes for the
 * second time; keep such filters rather than making them for each search.
 *
 * <pre>{@code
 * SearchOptions options = SearchOptions.defaults().targetRecall(0.98).filter(category);
 * index.search(userVector, 10, options, hits);
 * index.save(Path.of("items.index"));
 * }</pre>
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
 * <p><b>Files.</b> {@link #save} replaces a file as a whole or not at all, and never one that
 * somebody else has saved since; {@link #open} refuses a damaged one and names its section.
 *
 * <p><b>Cost.</b> Memory is {@link Builder#estimatedBytes}. A removed item's place is used again
 * after a repair, which happens once a fifth of the places are empty and links around them all.
 */
public final class HnswIndex implements ItemIndex {
  /** The largest norm of a vector or query. */
  public static final double MAX_NORM = 1e15;

  private static final int MAX_DIMENSION = 1 << 20;

  /** An opened index may grow far beyond the few items that it has. */
  private static final int LEAST_EXPECTED = 1024;

  private final int dimension;
  private final Similarity similarity;
  private final int ef;
  private final int threads;
  private final HnswNodes nodes;

  private final SavedFiles files = new SavedFiles(HnswSnapshot.KIND, HnswSnapshot.FORMAT);

  private HnswIndex(Builder builder) {
    dimension = builder.dimension;
    similarity = builder.similarity;
    ef = builder.ef;
    threads = builder.threads;
    nodes = new HnswNodes(builder);
  }

  /**
   * Starts an index.
   *
   * @param dimension the length of every vector, from 1 to {@value #MAX_DIMENSION}
   * @param similarity how vectors are compared
   * @return a builder
   */
  public static Builder builder(int dimension, Similarity similarity) {
    return new Builder(dimension, similarity);
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
    int breadth = breadth(k, options);
    nodes.search(query, norm, k, breadth, options.filter(), options.timeoutNanos(), hits);
  }

  private int breadth(int k, SearchOptions options) {
    double recall = options.targetRecall();
    if (Double.isNaN(recall)) {
      return options.ef() > 0 ? options.ef() : ef;
    }
    if (recall == 1) {
      return Integer.MAX_VALUE;
    }
    RecallTable table = nodes.recall();
    if (table.items() == 0) {
      return ef;
    }
    return table.breadth(recall, k);
  }

  /**
   * Measures which breadth finds which part of the true best items, for queries like those to come:
   * for vectors of users, say, where items are compared with those. {@link
   * SearchOptions#targetRecall} goes by the result, which is saved with the index.
   *
   * <p>Until this is called, an index goes by searches for 200 of its own items, each as if it had
   * not been added. It goes by those again, whatever queries were given here, when items are added
   * and their number has doubled since, or when it no longer compares all of them.
   *
   * <p><b>Cost.</b> Comparing every query with every item, and a dozen walks for each; an index
   * spends a few parts in a hundred of its construction on its own measurement.
   *
   * @param queries at least one vector, better hundreds
   */
  public void calibrate(float[][] queries) {
    if (queries.length == 0) {
      throw new IllegalArgumentException("queries: expected at least 1, found none");
    }
    float[][] kept = new float[queries.length][];
    for (int i = 0; i < queries.length; i++) {
      checkedNorm("query " + i, queries[i]);
      kept[i] = queries[i].clone();
    }
    if (size() > 0) {
      nodes.measureRecall(kept);
    }
  }

  @Override
  public List<List<ScoredItem>> searchAll(float[][] queries, int k, ItemFilter filter) {
    for (int i = 0; i < queries.length; i++) {
      checkedNorm("query " + i, queries[i]);
    }
    SearchOptions options = SearchOptions.defaults().filter(filter);
    @SuppressWarnings({"unchecked", "rawtypes"})
    List<ScoredItem>[] results = new List[queries.length];
    int workers = Math.max(1, Math.min(threads, queries.length / 16));
    try (HnswWorkers<Object> pool = new HnswWorkers<>(workers, Object::new)) {
      pool.forEach(queries.length, (worker, i) -> results[i] = search(queries[i], k, options));
    }
    return List.of(results);
  }

  /**
   * Returns all items whose score is at least a given one, as far as a walk finds them.
   *
   * @param query the vector; not kept, not changed
   * @param minScore the least score, higher is better; not NaN
   * @param limit how many items at most, at least 1; the best ones are returned
   * @param options how to search; a time limit is one for the whole call
   * @return the items, best first
   */
  public List<ScoredItem> searchRange(
      float[] query, double minScore, int limit, SearchOptions options) {
    if (Double.isNaN(minScore)) {
      throw new IllegalArgumentException("minScore: expected a number, found NaN");
    }
    if (limit < 1) {
      throw new IllegalArgumentException("limit: expected at least 1, found " + limit);
    }
    long start = System.nanoTime();
    SearchHits hits = new SearchHits();
    int k = Math.min(limit, 64);
    search(query, k, options, hits);
    while (hits.isComplete() && k < limit && hits.size() == k && hits.score(k - 1) >= minScore) {
      SearchOptions rest = options;
      if (options.timeout().isPresent()) {
        long left = options.timeoutNanos() - (System.nanoTime() - start);
        if (left <= 0) {
          break;
        }
        rest = options.timeout(Duration.ofNanos(left));
      }
      k = (int) Math.min(limit, 4L * k);
      SearchHits more = new SearchHits();
      search(query, k, rest, more);
      if (!more.isComplete() && more.size() <= hits.size()) {
        break;
      }
      hits = more;
    }
    List<ScoredItem> items = new ArrayList<>();
    for (int rank = 0; rank < hits.size() && hits.score(rank) >= minScore; rank++) {
      items.add(new ScoredItem(hits.itemId(rank), hits.score(rank)));
    }
    return List.copyOf(items);
  }

  /**
   * Saves the index. The file is replaced as a whole or not at all. Searches go on meanwhile,
   * changes wait.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException SNAPSHOT_STALE if the file is there and is not what this index was
   *     opened from or last saved to, so that nobody's newer one is lost; SNAPSHOT_INVALID if it is
   *     something else; STORAGE_FAILED if it cannot be written. The file is then as it was
   */
  public void save(Path file) {
    nodes.withoutChanges(() -> files.save(file, nodes::write));
  }

  /**
   * Saves the index over whatever snapshot of an index the file has; for one that was built anew.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    nodes.withoutChanges(() -> files.replace(file, nodes::write));
  }

  /** How the vectors of an opened index are held. */
  public enum Opening {
    /** In memory. */
    READ,
    /**
     * In the file, which is mapped into memory; codes and links are read. Only the few vectors that
     * a search ranks are fetched, so this needs little memory and suits {@link
     * Quantization#INT4_FLOAT} and {@link Quantization#INT8_FLOAT}. Searches allocate a little.
     */
    MAP
  }

  /**
   * Opens a saved index, its vectors in memory.
   *
   * @param file what {@link #save} wrote
   * @return the index as it was
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static HnswIndex open(Path file) {
    return open(file, Opening.READ);
  }

  /**
   * Opens a saved index.
   *
   * @param file what {@link #save} wrote
   * @param opening how vectors are held
   * @return the index as it was, which can be changed
   * @throws RecommenderException as {@link #open(Path)}
   */
  public static HnswIndex open(Path file, Opening opening) {
    SavedFiles files = new SavedFiles(HnswSnapshot.KIND, HnswSnapshot.FORMAT);
    try (SnapshotReader in = files.open(file)) {
      SectionReader parameters = in.section("parameters");
      Builder builder = HnswSnapshot.readBuilder(in, parameters);
      HnswSnapshot.Counters counters = HnswSnapshot.readCounters(in, parameters);
      RecallTable recall = HnswSnapshot.readRecall(in, parameters);
      parameters.finish();
      HnswSnapshot.checkLengths(in, builder, counters);
      HnswIndex index = builder.expectedSize(Math.max(LEAST_EXPECTED, counters.nodes())).build();
      index.nodes.read(in, counters, recall, opening == Opening.MAP);
      index.files.opened(in);
      return index;
    }
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
      this.dimension = inRange("dimension", dimension, 1, MAX_DIMENSION);
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

    /**
     * Estimates the memory of an index, without the item ids, which it shares with the caller.
     *
     * @param size the number of items, at least 0
     * @return the number of bytes, for a JVM with compressed references
     */
    public long estimatedBytes(long size) {
      Quantization form = quantization.resolved(dimension);
      long bytes = form.keepsFloats() ? (dimension + 15L) / 16 * 16 * Float.BYTES : 0;
      if (form.planes() > 0) {
        int factors = similarity == Similarity.L2 ? 2 : 1;
        bytes += (long) form.planes() * NibbleSpace.length(dimension) / 2;
        bytes += (long) factors * Float.BYTES;
      }
      long links = 2L * m * Integer.BYTES;
      long upper = Integer.BYTES + (16 + (long) m * Integer.BYTES * m / (m - 1)) / m;
      // Weight, id, a share of the table of ids, life.
      long identity = 2L * Integer.BYTES + 6 + 2L * Integer.BYTES;
      return size * (bytes + links + upper + identity);
    }

    /** Copies the parameters. */
    Builder copy() {
      Builder copy = new Builder(dimension, similarity);
      copy.m = m;
      copy.efConstruction = efConstruction;
      copy.ef = ef;
      copy.seed = seed;
      copy.threads = threads;
      copy.expectedSize = expectedSize;
      copy.exactBelow = exactBelow;
      copy.quantization = quantization;
      copy.trainedFrom = trainedFrom;
      return copy;
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
