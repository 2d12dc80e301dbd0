package io.recommender.ann;

import io.recommender.ScoredItem;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a search found and what it cost, in memory that is used again: a search that is given hits
 * made before allocates nothing. New hits have room for 16 items, and grow with the first search
 * that finds more.
 *
 * <pre>{@code
 * SearchHits hits = new SearchHits();
 * index.search(query, 10, options, hits);
 * for (int rank = 0; rank < hits.size(); rank++) {
 *   use(hits.itemId(rank), hits.score(rank));
 * }
 * }</pre>
 *
 * <p><b>Order.</b> Best first; ranks begin at 0. Another rank is refused with an {@link
 * IndexOutOfBoundsException} that says what was expected and what was found.
 *
 * <p><b>Confined</b>. Valid until the next search that is given the same object.
 */
public final class SearchHits {
  private @Nullable String[] itemIds = new String[16];
  private int[] ordinals = new int[16];
  private double[] scores = new double[16];
  private int size;
  private int visited;
  private int scored;
  private int reranked;
  private int steppedOver;
  private boolean isComplete = true;
  private boolean isExact;

  /** Makes empty hits. */
  public SearchHits() {}

  /** {@return how many items were found} */
  public int size() {
    return size;
  }

  /**
   * Returns an item.
   *
   * @param rank from 0 to {@link #size} - 1
   * @return its id
   */
  public String itemId(int rank) {
    String itemId = itemIds[checked(rank)];
    if (itemId == null) {
      throw new IllegalStateException("rank " + rank + " has no item");
    }
    return itemId;
  }

  /**
   * Returns the number of an item within the index, a small integer. It stays the same until the
   * item is replaced or removed, and may then become that of another item.
   *
   * @param rank from 0 to {@link #size} - 1
   * @return its number, at least 0
   */
  public int ordinal(int rank) {
    return ordinals[checked(rank)];
  }

  /**
   * Returns the score of an item.
   *
   * @param rank from 0 to {@link #size} - 1
   * @return its score, higher is better
   */
  public double score(int rank) {
    return scores[checked(rank)];
  }

  /**
   * {@return how many nodes had their links followed by walks, one that was walked twice counted
   * twice; 0 if everything was compared}
   */
  public int visited() {
    return visited;
  }

  /**
   * {@return how many comparisons of an item with the query were the first of their walk or scan,
   * by codes or by vectors}
   */
  public int scored() {
    return scored;
  }

  /**
   * {@return how many comparisons were repeated with more precision, to rank what walks or codes
   * left}
   */
  public int reranked() {
    return reranked;
  }

  /** {@return whether the search came to its end, rather than to its time limit} */
  public boolean isComplete() {
    return isComplete;
  }

  /** {@return whether every accepted item was compared, so that the hits are the true best ones} */
  public boolean isExact() {
    return isExact;
  }

  /** {@return the items with their scores} */
  List<ScoredItem> items() {
    ScoredItem[] items = new ScoredItem[size];
    for (int rank = 0; rank < size; rank++) {
      items[rank] = new ScoredItem(itemId(rank), scores[rank]);
    }
    return List.of(items);
  }

  /** {@return how many nodes that are not accepted a walk stepped over} */
  int steppedOver() {
    return steppedOver;
  }

  private int checked(int rank) {
    if (rank < 0 || rank >= size) {
      throw new IndexOutOfBoundsException(
          size == 0
              ? "rank: expected none, as there are no hits, found " + rank
              : "rank: expected 0 to %d, found %d".formatted(size - 1, rank));
    }
    return rank;
  }

  void clear() {
    Arrays.fill(itemIds, 0, size, null);
    size = 0;
    visited = 0;
    scored = 0;
    reranked = 0;
    steppedOver = 0;
    isComplete = true;
    isExact = false;
  }

  void add(String itemId, int ordinal, double score) {
    if (size == itemIds.length) {
      itemIds = Arrays.copyOf(itemIds, 2 * size);
      ordinals = Arrays.copyOf(ordinals, 2 * size);
      scores = Arrays.copyOf(scores, 2 * size);
    }
    itemIds[size] = itemId;
    ordinals[size] = ordinal;
    scores[size++] = score;
  }

  /**
   * Takes the items of a broader search, unless it found no more for lack of time, and its cost.
   */
  void follow(SearchHits broader) {
    if (broader.isComplete || broader.size > size) {
      keep(0);
      for (int rank = 0; rank < broader.size; rank++) {
        add(broader.itemId(rank), broader.ordinals[rank], broader.scores[rank]);
      }
      isExact = broader.isExact;
    }
    isComplete = broader.isComplete;
    count(broader.visited, broader.scored, broader.reranked);
    countSteppedOver(broader.steppedOver);
  }

  /** Leaves the best items only. */
  void keep(int count) {
    Arrays.fill(itemIds, count, size, null);
    size = count;
  }

  void count(int moreVisited, int moreScored, int moreReranked) {
    visited += moreVisited;
    scored += moreScored;
    reranked += moreReranked;
  }

  void countSteppedOver(int more) {
    steppedOver += more;
  }

  void setIncomplete() {
    isComplete = false;
  }

  void setExact() {
    isExact = true;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("SearchHits[");
    for (int rank = 0; rank < size; rank++) {
      text.append(rank == 0 ? "" : ", ").append(itemIds[rank]).append('=').append(scores[rank]);
    }
    return text.append(']').toString();
  }
}
