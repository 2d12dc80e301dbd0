package io.recommender.ann;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures which breadths of walks find which part of the true best 1, 10, 30, 100 and 300 items.
 *
 * <p>A walk for 10 items tells the recall for one, too; the others take a walk each, because a walk
 * for more items goes on for longer. A quarter of the queries is asked for up to 100 items, an
 * eighth for up to 300. The recall that counts is the mean over the queries, or less where there
 * are too few of them to be sure: two standard errors must fit into what {@link RecallTable#MARGIN}
 * spares.
 *
 * <p><b>Cost.</b> Walks, and what it takes to know the best items. A query is not asked again once
 * all of its items are found. Breadths end at {@value #FEW_BROADEST}, and for 30 items or more at a
 * 32nd of the number of items if that is more, at most at 4096.
 *
 * <p><b>Confined</b>.
 */
final class RecallTrial {
  private static final int[] KS = {1, 10, 30, 100, 300};

  /** The place of the greatest k that every query is asked for. */
  private static final int FEW = 1;

  /** For each k, which part of the queries is asked for so many items, and how many at least. */
  private static final int[] PART = {1, 1, 4, 4, 8};

  private static final int[] LEAST = {1, 1, 50, 50, 25};

  private static final double ENOUGH = 0.9995;
  private static final int BROADEST_PART = 32;
  private static final int FEW_BROADEST = 1024;
  private static final int[] BREADTHS = {
    12, 16, 24, 32, 48, 64, 104, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096
  };

  /** Answers a query with a breadth. */
  @FunctionalInterface
  interface Search {
    /** Finds k items. */
    void run(int query, int k, int breadth, SearchHits hits);
  }

  /** Tells which items do not count. */
  @FunctionalInterface
  interface Exclusion {
    boolean isExcluded(int query, String itemId);
  }

  private final int queries;
  private final int items;
  private final int excluded;

  /** The rank of each of the true best items, for each query. */
  private final List<Map<String, Integer>> truths = new ArrayList<>();

  /** How many of the best items of each k were found at last, for each query. */
  private final int[][] found;

  private final boolean[] isDone = new boolean[KS.length];
  private final double[][] recalls = new double[KS.length][BREADTHS.length];
  private final int[] from = new int[KS.length];
  private final int[] to = new int[KS.length];

  /**
   * Prepares a measurement.
   *
   * @param queries how many queries there are
   * @param items how many items there are
   * @param excluded how many items do not count for a query
   */
  RecallTrial(int queries, int items, int excluded) {
    this.queries = queries;
    this.items = items;
    this.excluded = excluded;
    found = new int[queries][KS.length];
  }

  /** Returns how many of the best items have to be known for a query, those excluded included. */
  int asked(int query) {
    return KS[deepest(query)] + excluded;
  }

  /**
   * Measures breadths until nearly everything is found.
   *
   * @param best the true best items for each query, best first, without those that do not count
   * @param workers who searches
   */
  RecallTable measure(
      List<List<String>> best,
      Search search,
      Exclusion exclusion,
      HnswWorkers<SearchHits> workers) {
    for (List<String> itemIds : best) {
      Map<String, Integer> truth = new HashMap<>();
      for (String itemId : itemIds) {
        truth.put(itemId, truth.size());
      }
      truths.add(truth);
    }
    int broadest = Math.max(FEW_BROADEST, items / BROADEST_PART);
    for (int b = 0; b < BREADTHS.length && BREADTHS[b] <= broadest; b++) {
      int breadth = BREADTHS[b];
      workers.forEach(
          queries,
          (hits, q) -> {
            if (isOpen(q, breadth)) {
              walk(q, breadth, search, exclusion, hits);
            }
          });
      for (int c = 0; c < KS.length; c++) {
        if (!isDone[c] && askedFor(c) <= BREADTHS[b]) {
          record(c, b);
        }
      }
    }
    List<RecallCurve> curves = new ArrayList<>();
    for (int c = 0; c < KS.length; c++) {
      curves.add(
          new RecallCurve(
              KS[c],
              Arrays.copyOfRange(BREADTHS, from[c], to[c]),
              Arrays.copyOfRange(recalls[c], from[c], to[c])));
    }
    return new RecallTable(List.copyOf(curves), items);
  }

  /** Returns how many items to search for, so that those of a curve are left that count. */
  private int askedFor(int curve) {
    return KS[curve] + excluded;
  }

  /** Returns the place of the greatest k that a query is asked for; spread over the queries. */
  private int deepest(int query) {
    int place = KS.length - 1;
    while (!isAsked(query, place)) {
      place--;
    }
    return place;
  }

  private boolean isAsked(int query, int place) {
    long count = Math.min(queries, Math.max(LEAST[place], queries / PART[place]));
    return (query + 1) * count / queries > query * count / queries;
  }

  private int wanted(int query, int curve) {
    return Math.min(KS[curve], truths.get(query).size());
  }

  /** Returns whether a broader walk for a query may tell something new. */
  private boolean isOpen(int query, int breadth) {
    for (int c = 0; c <= deepest(query); c++) {
      boolean isTried = askedFor(c) <= breadth && (c > FEW || breadth <= FEW_BROADEST);
      if (isTried && !isDone[c] && found[query][c] < wanted(query, c)) {
        return true;
      }
    }
    return false;
  }

  private void walk(int query, int breadth, Search search, Exclusion exclusion, SearchHits hits) {
    int first = 0;
    for (int c = FEW; c <= deepest(query) && askedFor(c) <= breadth; c++) {
      search.run(query, askedFor(c), breadth, hits);
      count(query, first, c, exclusion, hits);
      first = c + 1;
    }
  }

  /** Counts which of the best items were found, for a few k. */
  private void count(int query, int first, int last, Exclusion exclusion, SearchHits hits) {
    Arrays.fill(found[query], first, last + 1, 0);
    int rank = 0;
    for (int i = 0; i < hits.size(); i++) {
      if (exclusion.isExcluded(query, hits.itemId(i))) {
        continue;
      }
      int trueRank = truths.get(query).getOrDefault(hits.itemId(i), Integer.MAX_VALUE);
      for (int c = first; c <= last; c++) {
        if (Math.max(rank, trueRank) < KS[c]) {
          found[query][c]++;
        }
      }
      rank++;
    }
  }

  private void record(int curve, int breadth) {
    if (to[curve] == 0) {
      from[curve] = breadth;
    }
    double recall = recall(curve);
    // A broader walk that finds less by chance counts as no worse.
    recalls[curve][breadth] =
        breadth == from[curve] ? recall : Math.max(recall, recalls[curve][breadth - 1]);
    to[curve] = breadth + 1;
    isDone[curve] =
        recalls[curve][breadth] >= ENOUGH
            || curve <= FEW
                && breadth + 1 < BREADTHS.length
                && BREADTHS[breadth + 1] > FEW_BROADEST;
  }

  private double recall(int curve) {
    int count = 0;
    long all = 0;
    double sum = 0;
    double squares = 0;
    for (int q = 0; q < queries; q++) {
      int wanted = wanted(q, curve);
      if (deepest(q) >= curve && wanted > 0) {
        double part = found[q][curve] / (double) wanted;
        count++;
        all += wanted;
        sum += part;
        squares += part * part;
      }
    }
    if (count == 0) {
      // All items were removed meanwhile.
      return 1;
    }
    double mean = sum / count;
    double error = Math.sqrt(Math.max(0, squares / count - mean * mean) / count);
    // As if one item more had been missed, because none may be missed by chance.
    double careful = mean * all / (all + 1.0);
    double sure = 1 - RecallTable.MARGIN * (1 - careful + 2 * error);
    return Math.max(0, Math.min(careful, sure));
  }
}
