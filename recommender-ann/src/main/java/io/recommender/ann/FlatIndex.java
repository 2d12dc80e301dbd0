package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.VectorKernels;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * An exact index: compares a query with every item.
 *
 * <p>Scores are computed in double precision from vectors in single precision: inner products,
 * cosines, or negative squared Euclidean distances. They and their order do not depend on the JVM
 * or the processor. With {@link Similarity#COSINE} vectors are stored with length 1, and {@link
 * #vector} returns them to their length, up to rounding.
 *
 * <pre>{@code
 * FlatIndex index = new FlatIndex(64, Similarity.DOT);
 * index.addAll(itemIds, vectors);
 * List<ScoredItem> top = index.search(userVector, 10, ItemFilter.unseen(history));
 * }</pre>
 *
 * <p><b>Shapes.</b> Every vector and query has length {@link #dimension()} and is finite.
 *
 * <p><b>Order.</b> By descending score; equal scores in the order in which the items were first
 * added. A replaced item keeps its place; one that was removed and added again comes last.
 *
 * <p><b>Thread safety.</b> Thread-safe. Changes take turns. A search takes no lock and waits for
 * nothing: it sees the index as it was at one moment, so a batch given to {@link #addAll} is seen
 * whole or not at all. Only a search with an allow list looks up each item by itself, and sees each
 * as it was at some moment of the search.
 *
 * <p><b>Lifetime.</b> Holds memory of the Java heap only; closing has no effect. {@link #save}
 * keeps it for the next start.
 *
 * <p><b>Cost.</b> A search compares the query with every item, or only with those on an allow list
 * that is shorter than the index. With SIMD instructions it first compares with vectors in one byte
 * per element, which rule out all but a few items without changing the result. {@link #searchAll}
 * reads the vectors once for many queries. The filter is asked only about items that would enter
 * the result. Memory is {@link #estimatedBytes}; that of removed items is used again.
 */
public final class FlatIndex implements ItemIndex, Diagnosable {
  private static final VectorKernels KERNELS = VectorKernels.best();
  private static final long BYTES_PER_ITEM = 120;

  private final int dimension;
  private final Similarity similarity;
  private final RowStore store;
  private final SavedFiles files = new SavedFiles(FlatSnapshot.KIND, FlatSnapshot.FORMAT);

  /**
   * Makes an empty index.
   *
   * @param dimension the length of every vector, at least 1
   * @param similarity how vectors are compared
   * @throws IllegalArgumentException if the dimension is below 1
   */
  public FlatIndex(int dimension, Similarity similarity) {
    this(dimension, similarity, 0);
  }

  /**
   * Makes an empty index with memory for a number of items; an {@link
   * io.recommender.ItemIndexFactory}.
   *
   * @param dimension the length of every vector, at least 1
   * @param similarity how vectors are compared
   * @param expectedSize how many items are about to be added, at least 0; more may be
   * @throws IllegalArgumentException if the dimension is below 1 or the size below 0
   */
  public FlatIndex(int dimension, Similarity similarity, int expectedSize) {
    checkDimension(dimension);
    if (expectedSize < 0) {
      throw new IllegalArgumentException(
          "expectedSize: expected at least 0, found " + expectedSize);
    }
    this.dimension = dimension;
    this.similarity = Objects.requireNonNull(similarity, "similarity");
    store = new RowStore(dimension, expectedSize, Codes.pay(KERNELS, dimension));
  }

  /**
   * Estimates the memory of an index, without the item ids, which it shares with the caller.
   *
   * @param size the number of items, at least 0
   * @param dimension the length of every vector, at least 1
   * @return the number of bytes, for a JVM with compressed references
   * @throws IllegalArgumentException if the size is below 0 or the dimension below 1
   */
  public static long estimatedBytes(int size, int dimension) {
    checkDimension(dimension);
    if (size < 0) {
      throw new IllegalArgumentException("size: expected at least 0, found " + size);
    }
    return size
        * (BYTES_PER_ITEM
            + (long) dimension * Float.BYTES
            + (Codes.pay(KERNELS, dimension) ? Codes.bytesPerRow(dimension) : 0));
  }

  /**
   * {@return the arithmetic in use, {@code "PanamaVectorKernels"} with SIMD instructions or {@code
   * "ScalarVectorKernels"} without}
   */
  public static String kernels() {
    return KERNELS.toString();
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
    return store.size();
  }

  @Override
  public boolean contains(String itemId) {
    return store.contains(Objects.requireNonNull(itemId, "itemId"));
  }

  @Override
  public Optional<float[]> vector(String itemId) {
    return store.vector(Objects.requireNonNull(itemId, "itemId"));
  }

  @Override
  public void add(String itemId, float[] vector) {
    Objects.requireNonNull(itemId, "itemId");
    Objects.requireNonNull(vector, "vector");
    addAll(List.of(itemId), new float[][] {vector});
  }

  /**
   * {@inheritDoc}
   *
   * <p>Of an item that occurs twice, the last vector is kept.
   */
  @Override
  public void addAll(List<String> itemIds, float[][] vectors) {
    Objects.requireNonNull(vectors, "vectors");
    List<String> ids = List.copyOf(Objects.requireNonNull(itemIds, "itemIds"));
    if (ids.size() != vectors.length) {
      throw new IllegalArgumentException(
          "vectors: expected %d, one for each item, found %d"
              .formatted(ids.size(), vectors.length));
    }
    double[] norms = new double[vectors.length];
    for (int i = 0; i < vectors.length; i++) {
      if (ids.get(i).isEmpty()) {
        throw new IllegalArgumentException("item id: expected a non-empty string");
      }
      norms[i] = checkedNorm("vector of item ", ids.get(i), vectors[i]);
    }
    store.put(ids, vectors, norms, similarity == Similarity.COSINE);
  }

  @Override
  public boolean remove(String itemId) {
    return store.remove(Objects.requireNonNull(itemId, "itemId"));
  }

  @Override
  public List<ScoredItem> search(float[] query, int k, ItemFilter filter) {
    Objects.requireNonNull(query, "query");
    Objects.requireNonNull(filter, "filter");
    double norm = checkedNorm("query", "", query);
    checkK(k);
    float[] prepared = prepare(query, norm);
    try (RowStore.View view = store.view()) {
      Optional<Set<String>> allowList = shortAllowList(filter, view);
      if (allowList.isPresent()) {
        return searchListed(prepared, norm, k, filter, view, allowList.get());
      }
      int capacity = Math.min(k, view.snapshot.size());
      FlatSearch search = begin(prepared, norm, capacity, filter, view);
      search.scan(KERNELS);
      return search.result();
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>All queries see the index as it was at the same moment, unless there is a short allow list.
   * With many queries it is several times faster than one by one.
   *
   * @throws IllegalArgumentException if k is below 1 or any query is wrong
   */
  @Override
  public List<List<ScoredItem>> searchAll(float[][] queries, int k, ItemFilter filter) {
    Objects.requireNonNull(queries, "queries");
    Objects.requireNonNull(filter, "filter");
    checkK(k);
    float[][] prepared = new float[queries.length][];
    double[] norms = new double[queries.length];
    for (int q = 0; q < queries.length; q++) {
      norms[q] = checkedNorm("query ", Integer.toString(q), queries[q]);
      prepared[q] = prepare(queries[q], norms[q]);
    }
    List<List<ScoredItem>> results = new ArrayList<>(queries.length);
    try (RowStore.View view = store.view()) {
      Optional<Set<String>> allowList = shortAllowList(filter, view);
      if (allowList.isPresent()) {
        for (int q = 0; q < queries.length; q++) {
          results.add(searchListed(prepared[q], norms[q], k, filter, view, allowList.get()));
        }
        return List.copyOf(results);
      }
      int capacity = Math.min(k, view.snapshot.size());
      for (int from = 0; from < queries.length; from += FlatBatch.MAX_QUERIES) {
        int to = Math.min(queries.length, from + FlatBatch.MAX_QUERIES);
        List<FlatSearch> searches = new ArrayList<>(to - from);
        for (int q = from; q < to; q++) {
          searches.add(begin(prepared[q], norms[q], capacity, filter, view));
        }
        new FlatBatch(searches, similarity, dimension, view.snapshot).scan(KERNELS);
        searches.forEach(search -> results.add(search.result()));
      }
    }
    return List.copyOf(results);
  }

  /**
   * Saves the items and vectors. The file is replaced as a whole or not at all.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException SNAPSHOT_STALE if the file is there and is not what this index was
   *     opened from or last saved to; SNAPSHOT_INVALID if it is something else; STORAGE_FAILED if
   *     it cannot be written. The file is then as it was
   */
  public void save(Path file) {
    Objects.requireNonNull(file, "file");
    try (RowStore.View view = store.view()) {
      List<Row> rows = RowStore.rows(view.snapshot);
      files.save(file, out -> FlatSnapshot.write(out, dimension, similarity, rows));
    }
  }

  /**
   * Saves the items and vectors over whatever flat index the file has.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    Objects.requireNonNull(file, "file");
    try (RowStore.View view = store.view()) {
      List<Row> rows = RowStore.rows(view.snapshot);
      files.replace(file, out -> FlatSnapshot.write(out, dimension, similarity, rows));
    }
  }

  /**
   * Opens a saved index.
   *
   * @param file what {@link #save} wrote
   * @return an index that answers as the saved one
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static FlatIndex open(Path file) {
    Objects.requireNonNull(file, "file");
    try (SnapshotReader in = new SavedFiles(FlatSnapshot.KIND, FlatSnapshot.FORMAT).open(file)) {
      FlatSnapshot saved = FlatSnapshot.read(in);
      FlatIndex index =
          new FlatIndex(saved.dimension(), saved.similarity(), saved.itemIds().length);
      index.store.restore(
          saved.itemIds(),
          saved.vectors(),
          saved.scales(),
          saved.similarity() == Similarity.COSINE);
      index.files.opened(in);
      return index;
    }
  }

  /** {@inheritDoc} There is nothing to measure: it compares with all. */
  @Override
  public Diagnosis diagnose(int sample) {
    return IndexDiagnosis.of(this, estimatedBytes(size(), dimension)).build();
  }

  @Override
  public String toString() {
    return "FlatIndex[%d dimensions, %s, %d items, %s]"
        .formatted(dimension, similarity, size(), kernels());
  }

  private FlatSearch begin(
      float[] query, double norm, int capacity, ItemFilter filter, RowStore.View view) {
    double preparedNorm = similarity == Similarity.COSINE ? 1 : norm;
    return new FlatSearch(query, preparedNorm, similarity, filter, view.snapshot, capacity);
  }

  private List<ScoredItem> searchListed(
      float[] query,
      double norm,
      int k,
      ItemFilter filter,
      RowStore.View view,
      Set<String> allowList) {
    FlatSearch search = begin(query, norm, Math.min(k, allowList.size()), filter, view);
    for (String itemId : allowList) {
      view.latest(itemId).ifPresent(search::consider);
    }
    return search.result();
  }

  private static Optional<Set<String>> shortAllowList(ItemFilter filter, RowStore.View view) {
    return filter.allowList().filter(allowed -> allowed.size() < view.snapshot.size());
  }

  /** Returns the query itself, or with length 1 if lengths do not count. */
  private float[] prepare(float[] query, double norm) {
    if (similarity != Similarity.COSINE || norm == 0) {
      return query;
    }
    float[] normalized = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      normalized[i] = (float) (query[i] / norm);
    }
    return normalized;
  }

  private double checkedNorm(String kind, String name, float[] vector) {
    if (vector.length != dimension) {
      throw new IllegalArgumentException(
          "%s%s: length %d, index dimension %d".formatted(kind, name, vector.length, dimension));
    }
    double sum = 0;
    for (int i = 0; i < dimension; i++) {
      if (!Float.isFinite(vector[i])) {
        throw new IllegalArgumentException(
            "%s%s: element %d is %s, expected a finite number".formatted(kind, name, i, vector[i]));
      }
      sum += (double) vector[i] * vector[i];
    }
    return Math.sqrt(sum);
  }

  private static void checkDimension(int dimension) {
    if (dimension < 1) {
      throw new IllegalArgumentException("dimension: expected at least 1, found " + dimension);
    }
  }

  private static void checkK(int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
  }
}
