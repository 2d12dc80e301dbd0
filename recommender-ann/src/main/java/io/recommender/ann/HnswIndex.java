package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

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
 * items it meets: a larger {@link HnswIndexBuilder#ef} finds more of the true best ones and takes
 * longer. Nobody has to know how much: {@link SearchOptions#targetRecall} asks for a part of the
 * true best items instead. What a walk reads are codes of four bits, an eighth of the vectors, once
 * those no longer fit into a cache; what it found is ranked by the vectors. {@link Quantization}
 * tells the forms.
 *
 * <p>Where comparing every candidate costs less than the walk the index does that instead: in a
 * small index, under a short allow list, and under a filter that accepts little.
 *
 * <p><b>Filters.</b> A filter that always answers the same, such as {@link ItemFilter#allow}, is
 * remembered when it comes for the second time; keep such filters rather than making them for each
 * search. Of a conjunction ({@link ItemFilter#and}) each such part is remembered by itself: in
 * {@code category.and(stock).and(ItemFilter.unseen(history))} the category is, though the rest is
 * new in each call, and stock and history are asked only about items of the category that look
 * good. Deny lists are asked, and remembered when they come for the eighth time. There is room for
 * 64 filters; a further one takes the place of the least used once it comes more than twice as
 * often as that. They take an eighth of a byte an item each, and copies of codes for at most half
 * of the items together. The search that first asks about all items and those before it may answer
 * differently from later ones for the same query: a walk finds nearly all of the best, and a scan
 * of what is remembered may find others or more.
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
 * <p><b>Errors.</b> Null is refused with a {@link NullPointerException} that names the argument,
 * another wrong argument with an {@link IllegalArgumentException} that says what was expected and
 * what was found. Nothing has changed then.
 *
 * <p><b>Lifetime.</b> Holds memory of the Java heap, and after {@link #open(Path, Opening)} with
 * {@link Opening#MAP} a mapping of the file. {@link #close} has no effect: the mapping ends when
 * the garbage collector finds that nobody has the index any more. Threads that a call starts end
 * with the call.
 *
 * <p><b>Files.</b> {@link #save} replaces a file as a whole or not at all, and never one that
 * somebody else has saved since; {@link #open} refuses a damaged one and names its section.
 *
 * <p><b>Cost.</b> Memory is {@link HnswIndexBuilder#estimatedBytes}. A removed item's place is used
 * again after a repair, which happens once a fifth of the places are empty and links around them
 * all.
 */
public final class HnswIndex implements ItemIndex, Diagnosable {
  /** The largest norm of a vector or query. */
  public static final double MAX_NORM = 1e15;

  static final int MAX_DIMENSION = 1 << 20;

  /** An opened index may grow far beyond the few items that it has. */
  private static final int LEAST_EXPECTED = 1024;

  private final int dimension;
  private final Similarity similarity;
  private final int ef;
  private final HnswIndexBuilder parameters;
  private final CheckedVectors checked;
  private final HnswNodes nodes;

  private final SavedFiles files = new SavedFiles(HnswSnapshot.KIND, HnswSnapshot.FORMAT);

  HnswIndex(HnswIndexBuilder builder) {
    dimension = builder.dimension;
    similarity = builder.similarity;
    ef = builder.ef;
    parameters = builder.copy();
    checked = new CheckedVectors(dimension, MAX_NORM);
    nodes = new HnswNodes(parameters);
  }

  /**
   * Starts an index.
   *
   * @param dimension the length of every vector, from 1 to {@value #MAX_DIMENSION}
   * @param similarity how vectors are compared
   * @return a builder
   */
  public static HnswIndexBuilder builder(int dimension, Similarity similarity) {
    return new HnswIndexBuilder(dimension, similarity);
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
    addAll(List.of(Objects.requireNonNull(itemId, "itemId")), new float[][] {vector});
  }

  /**
   * {@inheritDoc}
   *
   * <p>Of an item that occurs twice, the last vector is kept. Searches see all of these items or
   * none: they are shown at once, when the last one is linked. Only where a filter allows so few
   * ids that each is looked up, a search at that very moment may see some of them. All vectors are
   * copied before the first is, so that many take their memory twice for as long as the call, and
   * each item up to some 600 bytes beside; give an index that is built anew its items in parts of
   * some ten thousand, if that is too much. The larger the parts, the less time it takes: what
   * comes at once is linked together, up to a quarter of what there is.
   *
   * @throws IllegalArgumentException if the numbers differ, an id is empty, or a vector has another
   *     length, is not finite or is longer than {@value #MAX_NORM}; the index is unchanged
   */
  @Override
  public void addAll(List<String> itemIds, float[][] vectors) {
    CheckedVectors.Items items = checked.items(itemIds, vectors);
    nodes.put(items.itemIds(), items.vectors());
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
   * @throws IllegalArgumentException if k is below 1, or the query has another length, is not
   *     finite or is longer than {@value #MAX_NORM}
   */
  public List<ScoredItem> search(float[] query, int k, SearchOptions options) {
    SearchHits hits = new SearchHits();
    search(query, k, options, hits);
    return hits.items();
  }

  /**
   * Finds the items most similar to a vector, and tells what it took. With hits that have received
   * as many items before it allocates nothing, but for what a filter does and the vectors that are
   * fetched from a file ({@link Opening#MAP}), and while sets of filters are made or follow
   * changes. Searches of some threads at once need some memory for each, which is kept.
   *
   * @param query the vector; not kept, not changed
   * @param k how many items, at least 1
   * @param options how to search
   * @param hits receives at most k items; fewer only if fewer are accepted or the time is up. Left
   *     as they were if an argument is refused, empty if a filter throws something
   * @throws IllegalArgumentException if k is below 1, or the query has another length, is not
   *     finite or is longer than {@value #MAX_NORM}
   */
  public void search(float[] query, int k, SearchOptions options, SearchHits hits) {
    double norm = checked.norm("query", query);
    CheckedVectors.positive("k", k);
    Objects.requireNonNull(options, "options");
    Objects.requireNonNull(hits, "hits");
    nodes.search(query, norm, k, breadth(k, options), options, hits);
  }

  int breadth(int k, SearchOptions options) {
    double recall = options.targetRecall;
    if (Double.isNaN(recall)) {
      return options.ef > 0 ? options.ef : ef;
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
   * <p>Chance decides less with more queries: of a dozen measurements with queries far from all
   * items and a target of 0.99, those with 300 queries reached 0.986 to 0.997, with 600 0.991 to
   * 0.995.
   *
   * <p><b>Cost.</b> Comparing every query with every item, and a dozen walks for each; an index
   * spends a few parts in a hundred of its construction on its own measurement.
   *
   * <p>Changes wait meanwhile, searches do not.
   *
   * @param queries at least one vector, better hundreds; copied
   * @throws IllegalArgumentException if there is none, or one has another length, is not finite or
   *     is longer than {@value #MAX_NORM}; what was measured before is kept then
   */
  public void calibrate(float[][] queries) {
    float[][] kept = checked.copies(queries);
    if (size() > 0) {
      nodes.measureRecall(kept);
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>On as many threads as were set, each query as {@link #search(float[], int, ItemFilter)} does
   * it, and each from a version of its own where items change meanwhile.
   *
   * @throws IllegalArgumentException if k is below 1 or any query is wrong; the filter has not been
   *     asked then
   */
  @Override
  public List<List<ScoredItem>> searchAll(float[][] queries, int k, ItemFilter filter) {
    return searchAll(queries, k, SearchOptions.defaults().filter(filter)).stream()
        .map(SearchHits::items)
        .toList();
  }

  /**
   * Answers several queries on as many threads as were set, each query as {@link #search(float[],
   * int, SearchOptions, SearchHits)} does it.
   *
   * @param queries the vectors; not kept, not changed
   * @param k how many items for each, at least 1
   * @param options how to search; a time limit is one for each query
   * @return hits of its own for each query, in order
   * @throws IllegalArgumentException if k is below 1 or any query is wrong; the filter has not been
   *     asked then
   */
  public List<SearchHits> searchAll(float[][] queries, int k, SearchOptions options) {
    checked.all(queries);
    CheckedVectors.positive("k", k);
    Objects.requireNonNull(options, "options");
    SearchHits[] results = new SearchHits[queries.length];
    int most = Math.max(1, queries.length / 16);
    try (HnswWorkers<Object> workers = parameters.workers(most, Object::new)) {
      workers.forEach(
          queries.length,
          (worker, i) -> {
            results[i] = new SearchHits();
            search(queries[i], k, options, results[i]);
          });
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
   * @throws IllegalArgumentException if the score is NaN, the limit below 1, or the query has
   *     another length, is not finite or is longer than {@value #MAX_NORM}
   */
  public List<ScoredItem> searchRange(
      float[] query, double minScore, int limit, SearchOptions options) {
    SearchHits hits = new SearchHits();
    searchRange(query, minScore, limit, options, hits);
    return hits.items();
  }

  /**
   * As {@link #searchRange(float[], double, int, SearchOptions)}, and tells what it took. A range
   * of more than 64 items takes several searches: what they cost is added up.
   *
   * @param query the vector; not kept, not changed
   * @param minScore the least score, higher is better; not NaN
   * @param limit how many items at most, at least 1; the best ones are returned
   * @param options how to search; a time limit is one for the whole call
   * @param hits receives the items; {@link SearchHits#isComplete} is false if the time was up. Left
   *     as they were if an argument is refused, empty if a filter throws something in the first
   *     search
   * @throws IllegalArgumentException if the score is NaN, the limit below 1, or the query has
   *     another length, is not finite or is longer than {@value #MAX_NORM}
   */
  public void searchRange(
      float[] query, double minScore, int limit, SearchOptions options, SearchHits hits) {
    if (Double.isNaN(minScore)) {
      throw new IllegalArgumentException("minScore: expected a number, found NaN");
    }
    CheckedVectors.positive("limit", limit);
    Objects.requireNonNull(options, "options");
    RangeSearch.run(this, query, minScore, limit, options, hits);
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
    Objects.requireNonNull(file, "file");
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
    Objects.requireNonNull(file, "file");
    nodes.withoutChanges(() -> files.replace(file, nodes::write));
  }

  /** How the vectors of an opened index are held. */
  public enum Opening {
    /** In memory. */
    READ,
    /**
     * In the file, which is mapped into memory; codes and links are read. Only the few vectors that
     * a search ranks are fetched, so this needs little memory and suits {@link
     * Quantization#INT4_FLOAT}, {@link Quantization#INT8_FLOAT} and, where memory is shortest,
     * {@link Quantization#INT1_FLOAT}. Searches allocate a little.
     */
    MAP
  }

  /**
   * Opens a saved index, its vectors in memory.
   *
   * @param file what {@link #save} wrote
   * @return the index as it was
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, or if its
   *     checksums are right and it has what no index has, such as vectors that are not finite,
   *     naming the section, what was expected and what was found; STORAGE_FAILED if it cannot be
   *     read
   */
  public static HnswIndex open(Path file) {
    return open(file, Opening.READ);
  }

  /**
   * Opens a saved index. All of the file is read once and checked, however vectors are held. Mapped
   * vectors are not checked again when a search fetches them, so nobody may write into the file.
   * Replacing it as a whole, as {@link #save} does, is safe and leaves this index what it was; but
   * on Windows nobody can replace a mapped file, not even this index: save to another one there.
   *
   * @param file what {@link #save} wrote
   * @param opening how vectors are held
   * @return the index as it was, which can be changed
   * @throws RecommenderException as {@link #open(Path)}
   */
  public static HnswIndex open(Path file, Opening opening) {
    return opened(file, opening, builder -> {});
  }

  /**
   * Opens a saved index that uses threads of the caller's; see {@link HnswIndexBuilder#executor}.
   *
   * @param file what {@link #save} wrote
   * @param opening how vectors are held
   * @param executor who runs what is done on several threads, as many as were set when the index
   *     was built
   * @return the index as it was, which can be changed
   * @throws RecommenderException as {@link #open(Path)}
   */
  public static HnswIndex open(Path file, Opening opening, Executor executor) {
    Objects.requireNonNull(executor, "executor");
    return opened(file, opening, builder -> builder.executor(executor));
  }

  private static HnswIndex opened(Path file, Opening opening, Consumer<HnswIndexBuilder> further) {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(opening, "opening");
    SavedFiles files = new SavedFiles(HnswSnapshot.KIND, HnswSnapshot.FORMAT);
    try (SnapshotReader in = files.open(file)) {
      SectionReader section = in.section("parameters");
      HnswIndexBuilder builder = HnswSnapshot.readBuilder(in, section);
      HnswSnapshot.Counters counters = HnswSnapshot.readCounters(in, section);
      RecallTable recall = HnswSnapshot.readRecall(in, section);
      section.finish();
      HnswSnapshot.checkLengths(in, builder, counters);
      further.accept(builder.expectedSize(Math.max(LEAST_EXPECTED, counters.nodes())));
      HnswIndex index = builder.build();
      index.nodes.read(in, counters, recall, opening == Opening.MAP);
      index.files.opened(in);
      return index;
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>"walks by" tells whether there are codes yet, which come with the number of items.
   *
   * <p>With a sample, as many items search for the ten best others, as searches without options do
   * and by comparing with all.
   */
  @Override
  public Diagnosis diagnose(int sample) {
    Diagnosis.Builder diagnosis =
        IndexDiagnosis.of(this, parameters.estimatedBytes(size()))
            .fact("quantization", parameters.quantization.resolved(dimension).toString())
            .fact("walks by", nodes.hasCodes() ? "codes" : "floats")
            .fact("m", parameters.m)
            .fact("ef", ef);
    int removed = nodes.ended();
    diagnosis
        .fact("removed, still linked", removed)
        .ratio("removed ratio", removed / Math.max(1.0, removed + (double) size()));
    IndexDiagnosis.recall(
        diagnosis,
        this,
        nodes.sample(sample),
        (query, filter) -> search(query, IndexDiagnosis.K, filter),
        (query, filter) ->
            search(
                query, IndexDiagnosis.K, SearchOptions.defaults().targetRecall(1).filter(filter)));
    return diagnosis.build();
  }

  @Override
  public String toString() {
    return "HnswIndex[%d dimensions, %s, %d items, %s]"
        .formatted(dimension, similarity, size(), FlatIndex.kernels());
  }
}
