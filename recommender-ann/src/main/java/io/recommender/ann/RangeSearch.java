package io.recommender.ann;

import java.time.Duration;

/** Finds what scores at least so much, by searches for more and more of the best. */
final class RangeSearch {
  /** How many the first search asks for. */
  private static final int FIRST = 64;

  /** How many times as many the next one asks for. */
  private static final int GROWTH = 4;

  private RangeSearch() {}

  /**
   * Runs searches until one tells an item below the least score, or as many as are wanted.
   *
   * @param hits receives the items, and what all of the searches took
   */
  static void run(
      HnswIndex index,
      float[] query,
      double minScore,
      int limit,
      SearchOptions options,
      SearchHits hits) {
    long start = System.nanoTime();
    int k = Math.min(limit, FIRST);
    index.search(query, k, options, hits);
    while (hits.isComplete() && k < limit && hits.size() == k && hits.score(k - 1) >= minScore) {
      SearchOptions rest = options;
      if (options.timeout().isPresent()) {
        long left = options.timeoutNanos() - (System.nanoTime() - start);
        if (left <= 0) {
          hits.setIncomplete();
          break;
        }
        rest = options.timeout(Duration.ofNanos(left));
      }
      k = (int) Math.min(limit, (long) GROWTH * k);
      SearchHits more = new SearchHits();
      index.search(query, k, rest, more);
      hits.follow(more);
    }
    int count = hits.size();
    while (count > 0 && hits.score(count - 1) < minScore) {
      count--;
    }
    hits.keep(count);
  }
}
