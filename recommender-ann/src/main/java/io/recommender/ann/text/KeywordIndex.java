package io.recommender.ann.text;

import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.Query;
import io.recommender.RecommenderException;
import io.recommender.Retriever;
import io.recommender.ScoredItem;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * Items by the words that describe them: an inverted index whose words and queries may have
 * weights.
 *
 * <pre>{@code
 * KeywordIndex index = KeywordIndex.builder().build();
 * index.addTexts(itemIds, titles);
 * index.add("sku-9", Map.of("ramen", 2.5, "late", 0.5));
 * List<ScoredItem> found = index.search(Map.of("ramen", 1.0, "vegan", 2.0), 20, inStock);
 * }</pre>
 *
 * <p><b>Scores.</b> BM25 (Robertson and Walker, "Some Simple Effective Approximations to the
 * 2-Poisson Model for Probabilistic Weighted Retrieval", SIGIR 1994; Robertson and Zaragoza, "The
 * Probabilistic Relevance Framework", 2009): the sum over the keywords that an item has of
 *
 * <pre>
 *   weight in the query * ln(1 + (N - n + 0.5) / (n + 0.5)) * w / (w + k1 * (1 - b + b * l / m))
 * </pre>
 *
 * <p>with N items that have words, n of them the keyword, w its weight in the item, such as how
 * often it comes, l the sum of the weights of the item and m the mean of l. The frequencies are
 * those of Lucene, never negative, and so is leaving out the factor k1 + 1, which changes no order.
 * Lengths are exact, where Lucene rounds those from 40 on; m is the mean of lengths rounded to
 * 2^-20.
 *
 * <p><b>Words.</b> Texts, of items and of queries, are split by the analyzer; keywords that come as
 * a map are taken as they are, so {@code Ramen} is none of {@link WordAnalyzer}'s.
 *
 * <p><b>Order.</b> By descending score, equal scores in the order in which items were first added.
 * A replaced item keeps its place; one that was removed and added again comes last. Scores and
 * order depend on what the index holds, not on how it came to.
 *
 * <p><b>Thread safety.</b> Thread-safe. Changes take turns. A search takes no lock and waits for
 * nothing: it sees the index as it was at one moment, and asks a filter about no item twice.
 *
 * <p><b>Files.</b> {@link #save} replaces a file as a whole or not at all, and never one that
 * somebody else has saved since; {@link #open} refuses a damaged one and names its section.
 *
 * <p><b>Cost.</b> A search passes by what cannot come among the best: it costs most with keywords
 * that are all frequent. A filter is asked about the items that would otherwise be returned, and an
 * allow list of up to 1024 items is looked up item by item. Adding items copies them a few times
 * while the index grows: add many at once. {@link #remove} and {@link #setAvailable} change a few
 * kilobytes. {@link #estimatedBytes} tells the memory, about 80 bytes for an item of twelve words.
 */
public final class KeywordIndex implements Retriever {
  private final double k1;
  private final double b;
  private final Function<String, List<String>> analyzer;
  private final KeywordStore store;
  private final SavedFiles files = new SavedFiles(KeywordSnapshot.KIND, KeywordSnapshot.FORMAT);

  private KeywordIndex(double k1, double b, Function<String, List<String>> analyzer) {
    this.k1 = k1;
    this.b = b;
    this.analyzer = analyzer;
    store = new KeywordStore(b > 0);
  }

  /**
   * Starts an index.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
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
    return !store.version().find(Objects.requireNonNull(itemId, "itemId")).isNowhere();
  }

  /**
   * Returns the words of an item.
   *
   * @param itemId the item
   * @return their weights, rounded to floats; a new map
   */
  public Optional<Map<String, Double>> weights(String itemId) {
    KeywordVersion version = store.version();
    KeywordVersion.Place place = version.find(Objects.requireNonNull(itemId, "itemId"));
    if (place.isNowhere()) {
      return Optional.empty();
    }
    KeywordSegment segment = version.parts().get(place.part()).segment();
    Map<String, Double> weights = new HashMap<>();
    for (int term : segment.termsOf(place.row())) {
      PostingCursor cursor = new PostingCursor(segment.postings(), term);
      if (cursor.goTo(place.row())) {
        weights.put(segment.terms().term(term), (double) cursor.weight());
      }
    }
    return Optional.of(weights);
  }

  /**
   * Adds an item, or replaces the words of one. The next search sees it. A new item is available; a
   * replaced one stays what it is.
   *
   * @param itemId the item, not empty
   * @param weights its words, as they are, and how much each says of the item: above 0, at most
   *     2^20; possibly none
   * @throws IllegalArgumentException if the id or a word is empty or a weight is wrong; the index
   *     is unchanged
   */
  public void add(String itemId, Map<String, Double> weights) {
    addAll(List.of(itemId), List.of(weights));
  }

  /**
   * Adds an item, or replaces the words of one, by a text. A word weighs as often as it comes.
   *
   * @param itemId the item, not empty
   * @param text the text, possibly empty
   * @throws IllegalArgumentException if the id is empty; the index is unchanged
   */
  public void add(String itemId, String text) {
    addTexts(List.of(itemId), List.of(text));
  }

  /**
   * Adds or replaces items, in order. A search sees all of them or none.
   *
   * @param itemIds the items, each once
   * @param weights the weighted words of each
   * @throws IllegalArgumentException if the numbers differ, an id comes twice, or {@link
   *     #add(String, Map)} would throw it; the index is unchanged
   */
  public void addAll(List<String> itemIds, List<Map<String, Double>> weights) {
    checkSizes("weights", itemIds.size(), weights.size());
    DocumentBatch batch = new DocumentBatch();
    for (int i = 0; i < itemIds.size(); i++) {
      batch.add(itemIds.get(i), weights.get(i));
    }
    store.put(batch);
  }

  /**
   * Adds or replaces items by texts, in order. A search sees all of them or none.
   *
   * @param itemIds the items, each once
   * @param texts a text for each
   * @throws IllegalArgumentException if the numbers differ, an id is empty or comes twice; the
   *     index is unchanged
   */
  public void addTexts(List<String> itemIds, List<String> texts) {
    checkSizes("texts", itemIds.size(), texts.size());
    DocumentBatch batch = new DocumentBatch();
    for (int i = 0; i < itemIds.size(); i++) {
      batch.add(itemIds.get(i), analyzer.apply(texts.get(i)));
    }
    store.put(batch);
  }

  private static void checkSizes(String what, int expected, int found) {
    if (expected != found) {
      throw new IllegalArgumentException(
          "%s: expected %d, one for each item, found %d".formatted(what, expected, found));
    }
  }

  /**
   * Removes an item. The next search does not return it, and its words count no more.
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
    KeywordVersion version = store.version();
    KeywordVersion.Place place = version.find(Objects.requireNonNull(itemId, "itemId"));
    return !place.isNowhere() && version.parts().get(place.part()).shown().contains(place.row());
  }

  /**
   * Returns the items that fit keywords best. The result is exact.
   *
   * @param keywords the keywords, as they are, and the weight of each, above 0; possibly none
   * @param k how many items, at least 1
   * @param filter which items may be returned
   * @return at most k available and accepted items that have a keyword, best first; fewer only if
   *     there are fewer
   * @throws IllegalArgumentException if k is below 1 or a weight is not above 0 or above {@link
   *     Float#MAX_VALUE}
   */
  public List<ScoredItem> search(Map<String, Double> keywords, int k, ItemFilter filter) {
    Objects.requireNonNull(filter, "filter");
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
    KeywordVersion version = store.version();
    KeywordQuery query = KeywordQuery.of(version, keywords);
    return query.terms().isEmpty()
        ? List.of()
        : new KeywordSearch(version, query, k1, b, k, filter).run();
  }

  /**
   * Returns the items that fit the words of a text best. A word weighs as often as it comes.
   *
   * @param text the text, possibly empty
   * @param k how many items, at least 1
   * @param filter which items may be returned
   * @return at most k available and accepted items that have a word of the text, best first
   * @throws IllegalArgumentException if k is below 1
   */
  public List<ScoredItem> search(String text, int k, ItemFilter filter) {
    return search(keywords(text), k, filter);
  }

  private Map<String, Double> keywords(String text) {
    Map<String, Double> keywords = new HashMap<>();
    analyzer.apply(text).forEach(word -> keywords.merge(word, 1.0, Double::sum));
    return keywords;
  }

  /**
   * Answers {@link Query.Keywords} and {@link Query.Text}.
   *
   * @throws IllegalArgumentException if it is any other query
   */
  @Override
  public List<ScoredItem> retrieve(Query query, int k, ItemFilter filter) {
    return search(keywords(query), k, filter);
  }

  private Map<String, Double> keywords(Query query) {
    if (query instanceof Query.Keywords keywords) {
      return keywords.weights();
    }
    if (query instanceof Query.Text text) {
      return keywords(text.text());
    }
    throw new IllegalArgumentException(
        "query: a keyword index answers keywords and texts, found "
            + query.getClass().getSimpleName());
  }

  /**
   * Returns the keywords of a query that no item has, available or not.
   *
   * @param query keywords or a text
   * @return the keywords, ascending
   * @throws IllegalArgumentException if it is any other query
   */
  public List<String> unknownKeywords(Query query) {
    return KeywordQuery.of(store.version(), keywords(query)).unknown();
  }

  /** Says which keywords no item has. */
  @Override
  public List<Notice> notices(Query query) {
    List<String> unknown = unknownKeywords(query);
    return unknown.isEmpty()
        ? List.of()
        : List.of(
            new Notice(
                Notice.Code.UNKNOWN_KEYWORDS,
                unknown.size(),
                "No item has the keywords " + String.join(", ", unknown) + "."));
  }

  /**
   * Estimates the memory that the index takes now, without the item ids, which it shares with the
   * caller.
   *
   * @return the number of bytes, for a JVM with compressed references
   */
  public long estimatedBytes() {
    return store.version().bytes();
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
    KeywordPart all = store.compacted();
    files.save(file, out -> KeywordSnapshot.write(out, k1, b, all));
  }

  /**
   * Saves the index over whatever index of keywords the file has; for one that was built anew.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    KeywordPart all = store.compacted();
    files.replace(file, out -> KeywordSnapshot.write(out, k1, b, all));
  }

  /**
   * Opens a saved index whose texts {@link WordAnalyzer} splits.
   *
   * @param file what {@link #save} wrote
   * @return the index as it was
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static KeywordIndex open(Path file) {
    return open(file, new WordAnalyzer());
  }

  /**
   * Opens a saved index.
   *
   * @param file what {@link #save} wrote
   * @param analyzer what splits texts, as before the save: it is not in the file
   * @return the index as it was
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static KeywordIndex open(Path file, Function<String, List<String>> analyzer) {
    SavedFiles files = new SavedFiles(KeywordSnapshot.KIND, KeywordSnapshot.FORMAT);
    try (SnapshotReader in = files.open(file)) {
      KeywordSnapshot.Contents contents = KeywordSnapshot.read(in);
      KeywordIndex index =
          new KeywordIndex(
              contents.k1(), contents.b(), Objects.requireNonNull(analyzer, "analyzer"));
      index.store.fill(contents.documents(), contents.shown());
      index.files.opened(in);
      return index;
    }
  }

  @Override
  public String toString() {
    return "KeywordIndex[%d items, k1 %s, b %s]".formatted(size(), k1, b);
  }

  /** Says what an index is like. <b>Confined</b>. */
  public static final class Builder {
    private double k1 = 1.2;
    private double b = 0.75;
    private Function<String, List<String>> analyzer = new WordAnalyzer();

    private Builder() {}

    /**
     * Sets how soon further weight of a word stops counting.
     *
     * @param k1 finite, at least 0, at which weights do not count at all; 1.2 if never set
     * @return this
     * @throws IllegalArgumentException if it is not
     */
    public Builder k1(double k1) {
      if (!(k1 >= 0 && k1 < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("k1: expected a finite number, at least 0, found " + k1);
      }
      this.k1 = k1;
      return this;
    }

    /**
     * Sets how much the length of an item counts against its words.
     *
     * @param b from 0, not at all, to 1; 0.75 if never set
     * @return this
     * @throws IllegalArgumentException if it is not
     */
    public Builder b(double b) {
      if (!(b >= 0 && b <= 1)) {
        throw new IllegalArgumentException("b: expected a number from 0 to 1, found " + b);
      }
      this.b = b;
      return this;
    }

    /**
     * Sets what splits texts into words.
     *
     * @param analyzer thread-safe; gives no empty word. A {@link WordAnalyzer} if never set
     * @return this
     */
    public Builder analyzer(Function<String, List<String>> analyzer) {
      this.analyzer = Objects.requireNonNull(analyzer, "analyzer");
      return this;
    }

    /** {@return an empty index} */
    public KeywordIndex build() {
      return new KeywordIndex(k1, b, analyzer);
    }
  }
}
