package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.TopK;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An exact index that keeps only what is not zero: for vectors most elements of which were pruned,
 * as LightGNN does it.
 *
 * <p>Scores are computed in double precision from vectors in single precision, as those of {@link
 * FlatIndex} are, up to the order of additions. {@link #vector} returns what was added exactly.
 *
 * <pre>{@code
 * SparseIndex index = new SparseIndex(64, Similarity.DOT);
 * index.addAll(itemIds, prunedVectors);
 * List<ScoredItem> top = index.search(userVector, 20, ItemFilter.unseen(history));
 * index.save(Path.of("items.sparse"));
 * }</pre>
 *
 * <p><b>Shapes.</b> Every vector and query has length {@link #dimension()} and is finite.
 *
 * <p><b>Order.</b> By descending score; equal scores in the order in which the items were first
 * added. A replaced item keeps its place; one that was removed and added again comes last.
 *
 * <p><b>Thread safety.</b> Thread-safe. Changes take turns. A search takes no lock and sees the
 * index as it was at one moment, so a batch given to {@link #addAll} is seen whole or not at all.
 *
 * <p><b>Lifetime.</b> Holds memory of the Java heap only; closing has no effect.
 *
 * <p><b>Cost.</b> {@link #tableBytes}: 6 bytes an element that is not zero and 8 a vector. A search
 * reads all of it, or only the items on an allow list that is shorter than the index. A replacement
 * or removal copies a bit for each item; items that are added one by one may leave a fifth of the
 * memory unused.
 */
public final class SparseIndex implements ItemIndex, Diagnosable {
  /** The largest dimension: the place of an element is kept in two bytes. */
  public static final int MAX_DIMENSION = 1 << Character.SIZE;

  private static final long DIRECTORY_BYTES_PER_ITEM = 72;

  private final Similarity similarity;
  private final SavedFiles files = new SavedFiles(SparseSnapshot.KIND, SparseSnapshot.FORMAT);
  private final Object lock = new Object();

  /** Changed under lock. */
  private volatile SparseRows rows;

  /**
   * Makes an empty index.
   *
   * @param dimension the length of every vector, from 1 to {@value #MAX_DIMENSION}
   * @param similarity how vectors are compared
   * @throws IllegalArgumentException if the dimension is out of its range
   */
  public SparseIndex(int dimension, Similarity similarity) {
    this(SparseRows.empty(checkedDimension(dimension)), similarity);
  }

  SparseIndex(SparseRows rows, Similarity similarity) {
    this.rows = rows;
    this.similarity = Objects.requireNonNull(similarity, "similarity");
  }

  private static int checkedDimension(int dimension) {
    if (dimension < 1 || dimension > MAX_DIMENSION) {
      throw new IllegalArgumentException(
          "dimension: expected 1 to %d, found %d".formatted(MAX_DIMENSION, dimension));
    }
    return dimension;
  }

  @Override
  public int dimension() {
    return rows.dimension;
  }

  @Override
  public Similarity similarity() {
    return similarity;
  }

  @Override
  public int size() {
    return rows.size;
  }

  /** {@return the bytes of the vectors, without ids and the directory of ids} */
  public long tableBytes() {
    return rows.bytes();
  }

  @Override
  public boolean contains(String itemId) {
    Objects.requireNonNull(itemId, "itemId");
    SparseRows read = rows;
    while (read.row(itemId) < 0) {
      SparseRows latest = rows;
      if (latest == read) {
        return false;
      }
      read = latest;
    }
    return true;
  }

  @Override
  public Optional<float[]> vector(String itemId) {
    Objects.requireNonNull(itemId, "itemId");
    SparseRows read = rows;
    Optional<float[]> vector = read.vector(itemId);
    while (vector.isEmpty() && read != rows) {
      read = rows;
      vector = read.vector(itemId);
    }
    return vector;
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
    float[][] copies = new float[vectors.length][];
    for (int i = 0; i < vectors.length; i++) {
      if (ids.get(i).isEmpty()) {
        throw new IllegalArgumentException("item id: expected a non-empty string");
      }
      copies[i] = vectors[i].clone();
      checkedNorm("vector of item ", ids.get(i), copies[i]);
    }
    synchronized (lock) {
      rows = rows.put(ids, copies);
    }
  }

  @Override
  public boolean remove(String itemId) {
    Objects.requireNonNull(itemId, "itemId");
    synchronized (lock) {
      SparseRows before = rows;
      rows = before.remove(itemId);
      return rows != before;
    }
  }

  @Override
  public List<ScoredItem> search(float[] query, int k, ItemFilter filter) {
    Objects.requireNonNull(query, "query");
    Objects.requireNonNull(filter, "filter");
    double norm = checkedNorm("query", "", query);
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
    SparseRows read = rows;
    TopK best = new TopK(Math.min(k, read.size));
    int[] listed = listedRows(read, filter);
    if (listed != null) {
      for (int row : listed) {
        offer(best, read, row, query, norm, filter);
      }
    } else {
      for (int row = 0; row < read.count; row++) {
        if (read.isAlive(row)) {
          offer(best, read, row, query, norm, filter);
        }
      }
    }
    best.sort();
    List<ScoredItem> found = new ArrayList<>(best.size());
    for (int i = 0; i < best.size(); i++) {
      found.add(new ScoredItem(read.itemIds[best.row(i)], best.score(i)));
    }
    return List.copyOf(found);
  }

  private void offer(
      TopK best, SparseRows read, int row, float[] query, double norm, ItemFilter filter) {
    double score = read.score(row, query, norm, similarity);
    if (best.admits(score, read.orders[row]) && filter.accepts(read.itemIds[row])) {
      best.offer(score, read.orders[row], row);
    }
  }

  /**
   * Returns the rows of a short allow list; null if all have to be read, also because the directory
   * may have gone ahead of what is being read.
   */
  private int @Nullable [] listedRows(SparseRows read, ItemFilter filter) {
    Optional<Set<String>> allowed = filter.allowList().filter(list -> list.size() < read.size);
    if (allowed.isEmpty()) {
      return null;
    }
    int[] listed = new int[allowed.get().size()];
    int found = 0;
    for (String itemId : allowed.get()) {
      int row = read.row(itemId);
      if (row >= 0) {
        listed[found++] = row;
      } else if (read != rows) {
        return null;
      }
    }
    return Arrays.copyOf(listed, found);
  }

  private double checkedNorm(String kind, String name, float[] vector) {
    int dimension = dimension();
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

  /**
   * Saves the items and vectors. The file is replaced as a whole or not at all.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException SNAPSHOT_STALE if the file is there and is not what this index was
   *     opened from or last saved to; SNAPSHOT_INVALID if it is something else; STORAGE_FAILED if
   *     it cannot be written. The file is then as it was
   */
  public void save(Path file) {
    SparseRows saved = rows.dense();
    files.save(file, out -> SparseSnapshot.write(out, saved, similarity));
  }

  /**
   * Saves the items and vectors over whatever sparse index the file has.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    SparseRows saved = rows.dense();
    files.replace(file, out -> SparseSnapshot.write(out, saved, similarity));
  }

  /**
   * Opens a saved index.
   *
   * @param file what {@link #save} wrote
   * @return the index as it was
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static SparseIndex open(Path file) {
    try (SnapshotReader in =
        new SavedFiles(SparseSnapshot.KIND, SparseSnapshot.FORMAT).open(file)) {
      SparseIndex index = SparseSnapshot.read(in);
      index.files.opened(in);
      return index;
    }
  }

  /** {@inheritDoc} There is nothing to measure: it compares with all. */
  @Override
  public Diagnosis diagnose(int sample) {
    SparseRows read = rows;
    return IndexDiagnosis.of(this, read.bytes() + DIRECTORY_BYTES_PER_ITEM * read.size)
        .fact("elements that are not zero", read.starts[read.count])
        .build();
  }

  @Override
  public String toString() {
    SparseRows read = rows;
    return "SparseIndex[%d dimensions, %s, %d items, %d elements]"
        .formatted(read.dimension, similarity, read.size, read.starts[read.count]);
  }
}
