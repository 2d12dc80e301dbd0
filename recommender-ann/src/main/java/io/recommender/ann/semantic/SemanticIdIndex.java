package io.recommender.ann.semantic;

import io.recommender.ItemFilter;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.ann.internal.RowSet;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Items by their codes: which codes may follow a prefix so that it leads to an item that exists and
 * may be returned, and which items a code stands for. Codes are those of a quantizer (semantic
 * ids), of an indexing of items, or the tokens of titles.
 *
 * <pre>{@code
 * SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(4, 256)).build();
 * index.add("sku-1", 17, 3, 250, 0);
 * int[] allowed = index.allowedNext(new int[] {17, 3}, inStock);
 * index.setAvailable("sku-1", false);
 * index.save(Path.of("items.codes"));
 * }</pre>
 *
 * <p><b>Structure.</b> Items are sorted by code, so that everything with a prefix is a range of
 * rows, and whether anything in a range is left is a matter of a few bits, also under a filter. No
 * memory is taken for nodes but those of the upper levels.
 *
 * <p><b>Order.</b> Items of one code, and items of equal score, in the order in which they were
 * first added. A replaced item keeps its place; one that was removed and added again comes last.
 *
 * <p><b>Thread safety.</b> Thread-safe. Changes take turns. A search takes no lock and waits for
 * nothing: it sees the index as it was at one moment, and asks a filter about no item twice.
 *
 * <p><b>Files.</b> {@link #save} replaces a file as a whole or not at all, and never one that
 * somebody else has saved since; {@link #open} refuses a damaged one and names its section.
 *
 * <p><b>Cost.</b> An item takes {@link #estimatedBytes}, four codes of 256 about 25 bytes. Adding
 * one copies a small part, about twice the square root of the number of items, which is merged with
 * the rest when it has grown to that: add many at once with {@link #addAll}. {@link #setAvailable}
 * and {@link #remove} change a few bits. A filter that always answers the same, such as {@link
 * ItemFilter#allow}, is remembered when it comes for the second time; any other is asked about the
 * items that matter.
 */
public final class SemanticIdIndex {
  private final CodeShape shape;
  private final boolean unique;
  private final CodeStore store;
  private final Filters filters = new Filters();
  private final SavedFiles files =
      new SavedFiles(SemanticIdSnapshot.KIND, SemanticIdSnapshot.FORMAT);

  private SemanticIdIndex(CodeShape shape, boolean unique, CodeStore store) {
    this.shape = shape;
    this.unique = unique;
    this.store = store;
  }

  /**
   * Starts an index.
   *
   * @param shape what codes look like
   * @return a builder
   */
  public static Builder builder(CodeShape shape) {
    return new Builder(shape);
  }

  /**
   * Estimates the memory of an index, without the item ids, which it shares with the caller.
   *
   * @param size the number of items, at least 0
   * @param shape what codes look like; if lengths are unequal, the largest is assumed
   * @return the number of bytes, for a JVM with compressed references
   */
  public static long estimatedBytes(int size, CodeShape shape) {
    int width = CodeRows.allocate(shape, 0, 0).width();
    long codes = (long) shape.levels() * width + (shape.hasUnequalLengths() ? Integer.BYTES : 0);
    long nodes = CodeDirectory.mostBytes(size);
    return size * (codes + 2 * Integer.BYTES) + CodeSegment.tableBytes(size) + nodes + size / 4;
  }

  /** {@return what codes look like} */
  public CodeShape shape() {
    return shape;
  }

  /** {@return whether two items may not have the same code} */
  public boolean isUnique() {
    return unique;
  }

  /** {@return the number of items} */
  public int size() {
    return store.version().size();
  }

  /**
   * Returns whether an item is in the index, available or not.
   *
   * @param itemId the item
   * @return whether it is
   */
  public boolean contains(String itemId) {
    return store.version().contains(Objects.requireNonNull(itemId, "itemId"));
  }

  /**
   * Returns the code of an item.
   *
   * @param itemId the item
   * @return a copy of the code
   */
  public Optional<int[]> code(String itemId) {
    return Optional.ofNullable(store.version().code(Objects.requireNonNull(itemId, "itemId")));
  }

  /**
   * Adds an item, or replaces the code of one. The next search sees it. A new item is available; a
   * replaced one stays what it is.
   *
   * @param itemId the item, not empty
   * @param code its code, copied
   * @throws IllegalArgumentException if the code does not have the shape, or codes are unique and
   *     another item has it; the index is unchanged
   */
  public void add(String itemId, int... code) {
    addAll(List.of(itemId), new int[][] {code});
  }

  /**
   * Adds or replaces items, in order. A search sees all of them or none.
   *
   * @param itemIds the items, each once
   * @param codes one code for each item, copied
   * @throws IllegalArgumentException if the numbers differ, an id is empty or comes twice, a code
   *     does not have the shape, or codes are unique and one is not; the index is unchanged
   */
  public void addAll(List<String> itemIds, int[][] codes) {
    List<String> ids = List.copyOf(itemIds);
    if (ids.size() != codes.length) {
      throw new IllegalArgumentException(
          "codes: expected %d, one for each item, found %d".formatted(ids.size(), codes.length));
    }
    int[][] copies = new int[codes.length][];
    Map<String, Integer> places = new HashMap<>(ids.size() * 4 / 3 + 1);
    for (int i = 0; i < copies.length; i++) {
      String id = ids.get(i);
      if (id.isEmpty()) {
        throw new IllegalArgumentException("item id: expected a non-empty string");
      }
      Integer earlier = places.putIfAbsent(id, i);
      if (earlier != null) {
        throw new IllegalArgumentException(
            "items: expected each once, found '%s' at %d and %d".formatted(id, earlier, i));
      }
      copies[i] = codes[i].clone();
      if (!shape.fits(copies[i])) {
        shape.check("code of item '" + id + "'", copies[i]);
      }
    }
    store.put(ids, copies);
  }

  /**
   * Removes an item. The next search does not return it.
   *
   * @param itemId the item
   * @return whether it was there
   */
  public boolean remove(String itemId) {
    return store.remove(Objects.requireNonNull(itemId, "itemId"));
  }

  /**
   * Sets whether an item may be returned, such as whether it is in stock. What cannot be returned
   * stays in the index and keeps its place; scores of other items do not change.
   *
   * @param itemId the item
   * @param available whether it may be returned; the next search goes by it
   * @return whether the item is in the index
   */
  public boolean setAvailable(String itemId, boolean available) {
    return store.setAvailable(Objects.requireNonNull(itemId, "itemId"), available);
  }

  /**
   * Returns whether an item is in the index and may be returned.
   *
   * @param itemId the item
   * @return whether it is
   */
  public boolean isAvailable(String itemId) {
    CodeVersion version = store.version();
    int row = version.delta().find(Objects.requireNonNull(itemId, "itemId"));
    if (row >= 0) {
      return version.deltaShown().contains(row);
    }
    int baseRow = version.findInBase(itemId);
    return baseRow >= 0 && version.shown().contains(baseRow);
  }

  /**
   * Returns the items that a code stands for, available or not.
   *
   * @param code the whole code
   * @return the items in the order in which they were first added, possibly none
   * @throws IllegalArgumentException if the code does not have the shape
   */
  public List<String> items(int... code) {
    shape.check("code", code);
    CodeVersion version = store.version();
    Accepted all = new Accepted(version.present(), RowSet.all(version.delta().size()), false);
    CodeRows rows = version.base().rows;
    CodeRows deltaRows = version.delta().rows;
    int from = rows.lowerBound(code);
    int deltaFrom = deltaRows.lowerBound(code);
    List<String> items = new ArrayList<>();
    version.forEachInOrder(
        all,
        from,
        rows.endOfEqual(code, from),
        deltaFrom,
        deltaRows.endOfEqual(code, deltaFrom),
        Integer.MAX_VALUE,
        (segment, row) -> items.add(segment.ids[row]));
    return List.copyOf(items);
  }

  /**
   * Returns the codes that may follow a prefix, so that it still leads to an item that is available
   * and accepted. If lengths are unequal, an item may also end where the prefix does: see {@link
   * #items}.
   *
   * @param prefix the first codes of items, possibly none
   * @param filter which items may be returned
   * @return the codes of the next level, ascending; none if nothing goes on from there
   * @throws IllegalArgumentException if the prefix is longer than codes are or has a code out of
   *     range
   */
  public int[] allowedNext(int[] prefix, ItemFilter filter) {
    shape.checkPrefix(prefix);
    CodeVersion version = store.version();
    return version.next(prefix, filters.of(version, filter)).toIntArray();
  }

  /**
   * Returns the codes that may follow a prefix.
   *
   * @param prefix the first codes of items, possibly none
   * @return the codes of the next level that lead to an available item, ascending
   */
  public int[] allowedNext(int... prefix) {
    return allowedNext(prefix, ItemFilter.all());
  }

  /**
   * Returns the items with the highest scores, without a model: the score of an item is the sum of
   * the scores of its codes. The result is exact.
   *
   * <p>Sums are taken in double precision, level by level from the first. Items of equal score,
   * such as those of one code, come in the order in which they were first added.
   *
   * <p><b>Cost.</b> Subtrees whose best codes cannot reach the result are not read: of a million
   * items with four codes of 256, a few thousand are. It is least if scores of the first levels
   * differ most, as those of residual quantizers do. If all scores are equal, every item is read.
   *
   * @param scores a finite score of each code, by level; not kept, not changed
   * @param k how many items, at least 1
   * @param filter which items may be returned
   * @return at most k available and accepted items, best first; fewer only if there are fewer
   * @throws IllegalArgumentException if k is below 1, or the scores do not have the shape of codes
   *     or are not finite
   */
  public List<ScoredItem> search(float[][] scores, int k, ItemFilter filter) {
    checkScores(scores);
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
    CodeVersion version = store.version();
    return new CodeSearch(shape, version, filters.of(version, filter), scores, k).run();
  }

  /**
   * Returns the items with the highest scores.
   *
   * @param scores a finite score of each code, by level; not kept, not changed
   * @param k how many items, at least 1
   * @return at most k available items, best first
   * @throws IllegalArgumentException if k is below 1, or the scores do not have the shape of codes
   *     or are not finite
   */
  public List<ScoredItem> search(float[][] scores, int k) {
    return search(scores, k, ItemFilter.all());
  }

  private void checkScores(float[][] scores) {
    if (scores.length != shape.levels()) {
      throw new IllegalArgumentException(
          "scores: expected %d levels, found %d".formatted(shape.levels(), scores.length));
    }
    for (int level = 0; level < scores.length; level++) {
      if (scores[level].length != shape.size(level)) {
        throw new IllegalArgumentException(
            "scores: expected %d at level %d, found %d"
                .formatted(shape.size(level), level, scores[level].length));
      }
      for (int code = 0; code < scores[level].length; code++) {
        if (!Float.isFinite(scores[level][code])) {
          throw new IllegalArgumentException(
              "score of code %d at level %d: expected a finite number, found %s"
                  .formatted(code, level, scores[level][code]));
        }
      }
    }
  }

  /**
   * Counts the different codes of all items. An index without collisions has as many as items; the
   * collision rate of the literature is 1 - distinctCodes / size.
   *
   * @return the number of codes that stand for at least one item
   */
  public int distinctCodes() {
    return store.version().distinctCodes();
  }

  /**
   * Saves the index. The file is replaced as a whole or not at all. Searches and changes go on
   * meanwhile; what is saved is the index as it was when this began.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException SNAPSHOT_STALE if the file is there and is not what this index was
   *     opened from or last saved to, so that nobody's newer one is lost; SNAPSHOT_INVALID if it is
   *     something else; STORAGE_FAILED if it cannot be written. The file is then as it was
   */
  public void save(Path file) {
    CodeVersion version = store.compacted();
    files.save(file, out -> SemanticIdSnapshot.write(out, shape, unique, version));
  }

  /**
   * Saves the index over whatever index of codes the file has; for one that was built anew.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    CodeVersion version = store.compacted();
    files.replace(file, out -> SemanticIdSnapshot.write(out, shape, unique, version));
  }

  /**
   * Opens a saved index.
   *
   * @param file what {@link #save} wrote
   * @return the index as it was
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static SemanticIdIndex open(Path file) {
    SavedFiles files = new SavedFiles(SemanticIdSnapshot.KIND, SemanticIdSnapshot.FORMAT);
    try (SnapshotReader in = files.open(file)) {
      CodeStore.Contents contents = SemanticIdSnapshot.read(in);
      SemanticIdIndex index =
          new SemanticIdIndex(contents.shape(), contents.unique(), new CodeStore(contents));
      index.files.opened(in);
      return index;
    }
  }

  CodeVersion version() {
    return store.version();
  }

  Accepted accepted(CodeVersion version, ItemFilter filter) {
    return filters.of(version, filter);
  }

  @Override
  public String toString() {
    return "SemanticIdIndex[%s, %d items]".formatted(shape, size());
  }

  /** Collects the parameters of an index. <b>Confined</b>. */
  public static final class Builder {
    private final CodeShape shape;
    private boolean unique;

    private Builder(CodeShape shape) {
      this.shape = Objects.requireNonNull(shape, "shape");
    }

    /**
     * Refuses an item whose code another one has. Without this, items may share a code, and are
     * then returned together.
     *
     * @return this
     */
    public Builder unique() {
      unique = true;
      return this;
    }

    /** {@return an empty index} */
    public SemanticIdIndex build() {
      return new SemanticIdIndex(shape, unique, new CodeStore(shape, unique));
    }
  }
}
