package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Set;

/**
 * One query at a time through a version of an index, with the memory that queries reuse: decides
 * between a walk and a comparison with all that is accepted.
 *
 * <p><b>Confined</b>.
 */
final class HnswQuery {
  /** How many more nodes a scan by rough codes keeps. */
  private static final int ROUGH_SCAN = 8;

  /** What is asked about what codes left has to accept this part of what is kept without asking. */
  private static final double ENOUGH = 0.75;

  /** All of a set is compared where a larger part of it would be kept. */
  private static final int KEPT_PART = 8;

  /** An index with fewer accepted items for each kept one is compared as a whole. */
  private static final int WALK_PART = 4;

  /**
   * What a walk costs for each kept node, in comparisons by a scan. Measured at 64 to 784
   * dimensions and 100,000 to 1,000,000 items: 90 to 130.
   */
  private static final double WALK_COST = 110;

  /** A walk for all items may end early after this part of its breadth, in steps. */
  private static final int PATIENCE_PART = 6;

  /** ... or after this part, if the query may be unlike most items. */
  private static final int UNUSUAL_PART = 3;

  /** ... in which none of the best twice as many as are wanted was found, or of these. */
  private static final int LEAST_BEST = 20;

  /** How much more a walk costs that steps over items. */
  private static final double BRIDGE_COST = 3;

  /**
   * How much broader such a walk is, so that it is only made where a scan would cost a lot more.
   * Others lose too much: of items in clusters, a filter that accepts some clusters and a query in
   * another, a walk of equal breadth finds between a third and nearly all.
   */
  static final int BRIDGE_BREADTH = 32;

  /** In so many places of a set such a walk begins. */
  private static final int SEEDS = 32;

  private final HnswNodes owner;
  private final Similarity similarity;
  private final int exactBelow;
  private final int bridgeBreadth;
  private final boolean isRough;
  private final QueryInHand query;
  private final HnswSearch search;
  private final KnownFilter known;
  private final NodeRanker ranker;
  private final SetScan scan;
  private final int[] starts = new int[SEEDS + 1];
  private final IntArrayList found = new IntArrayList();

  /** The recall that was asked for, or NaN. */
  private double targetRecall = Double.NaN;

  HnswQuery(
      HnswNodes owner,
      HnswGraph graph,
      Similarity similarity,
      Quantization quantization,
      int exactBelow,
      int bridgeBreadth) {
    this.owner = owner;
    this.similarity = similarity;
    this.exactBelow = exactBelow;
    this.bridgeBreadth = bridgeBreadth;
    isRough = quantization.walksRoughly();
    query = new QueryInHand(graph, similarity);
    search = new HnswSearch(graph, isRough);
    scan = new SetScan(search.pool);
    known = new KnownFilter(owner.ids(), owner.sets());
    ranker = new NodeRanker(owner, graph, similarity, quantization, query, search, known);
  }

  /** Answers a query from a version that has items. */
  void answer(
      HnswNodes.State version,
      float[] vector,
      double norm,
      int wanted,
      int ef,
      SearchOptions options,
      int barred,
      SearchHits receiver) {
    ItemFilter filter = options.filter();
    targetRecall = options.targetRecall;
    query.take(version, vector, norm, options.timeoutNanos(), receiver);
    search.bar(barred);
    ranker.prepare();
    int k = Math.min(wanted, version.size());
    try {
      if (filter == ItemFilter.all()) {
        answerAll(k, Math.max(ef, k));
      } else {
        answerSome(k, Math.max(ef, k), filter);
      }
    } finally {
      query.clear();
      known.clear();
    }
  }

  private void answerAll(int k, int ef) {
    if (query.now.size() > exactBelow && ef <= query.now.size() / WALK_PART) {
      double shown = query.now.size() / (double) (query.now.size() + query.now.ended());
      int breadth = (int) Math.ceil(ef / shown);
      NodeScorer walker = ranker.walker();
      while (breadth <= query.now.size() / WALK_PART) {
        boolean inTime = walkPatiently(walker, k, ef, breadth);
        ranker.rankPool(k, null);
        inTime = inTime && ranker.rankOthers();
        if (ranker.size() == k || !inTime) {
          ranker.tell(inTime);
          return;
        }
        breadth *= 2;
      }
    }
    compareAll(k);
  }

  /**
   * Walks until the best items have not changed for a while. Most walks have come to the best by
   * then, and others need breadth to get away from where they were led astray. Measured on eight
   * kinds of vectors: recall 0.99 takes 3 to 12 % fewer comparisons, and on two kinds 2 % more.
   * Queries that are the mean of three items need more patience: with as little for all, some of
   * their nearest items were not found however broad the walk.
   *
   * @param counting how many of those kept are expected to count: to be there still, and accepted
   */
  private boolean walkPatiently(NodeScorer walker, int k, double counting, int breadth) {
    // Rough codes do not tell what is among the best.
    double ranks = Math.max(LEAST_BEST, 2.0 * k) * breadth / counting;
    int part = isRough ? 0 : PATIENCE_PART;
    int unusual = isRough ? 0 : UNUSUAL_PART;
    search.patience.set(part, unusual, (int) Math.min(breadth, Math.ceil(ranks)));
    boolean inTime = walk(walker, breadth);
    search.patience.setEndless();
    return inTime;
  }

  private boolean walk(NodeScorer walker, int breadth) {
    boolean inTime = search.search(query.view, walker, breadth, query.deadline);
    countWalk();
    return inTime;
  }

  private void countWalk() {
    int scored = search.listedCount() + search.scoredCount();
    query.hits.count(search.expandedCount(), scored, 0);
  }

  private void answerSome(int k, int ef, ItemFilter filter) {
    known.take(filter, query.now, query.view, mostScanned(ef), query.deadline);
    NodeSet set = known.set();
    Set<String> allowed = known.allowed();
    if (allowed != null
        && allowed.size() <= ef * WALK_COST / 4
        && (set == null || allowed.size() < set.count())) {
      compareListed(k, filter, allowed);
      return;
    }
    if (set != null) {
      answerSet(k, ef, set);
      return;
    }
    if (query.now.size() > exactBelow && ef <= query.now.size() / WALK_PART && walkAsking(k, ef)) {
      return;
    }
    compareAll(k);
  }

  /**
   * How many members a set has at most that is scanned because a walk takes longer, which has to
   * keep so many of them: a walk keeps more for each if fewer are members.
   */
  private int mostScanned(double kept) {
    int size = query.now.size();
    return size <= exactBelow ? size : (int) Math.min(size, Math.sqrt(kept * WALK_COST * size));
  }

  private void answerSet(int k, int ef, NodeSet set) {
    double kept = ef + Math.min(known.denied(), (double) ef);
    double breadth = kept * query.now.size() / Math.max(1, set.count());
    NodeScorer walker = ranker.walker();
    if (set.count() > mostScanned(kept)) {
      boolean inTime = true;
      // Fewer are met where the filter and the query have little to do with each other.
      boolean enough = false;
      boolean meets = true;
      while (inTime && !enough && meets && breadth * WALK_COST < set.count()) {
        int wide =
            (int) Math.ceil(breadth * (query.now.size() + query.now.ended()) / query.now.size());
        // What is asked beside a set may accept less of what is near.
        double counting = (double) wide * set.count() / query.view.size();
        inTime = known.isOpen() ? walk(walker, wide) : walkPatiently(walker, k, counting, wide);
        int members = findMembers(set);
        inTime = inTime && members >= 0;
        enough = found.size() >= (known.isOpen() ? enoughAsked(k, ef) : Math.max(k, ef / 2));
        meets = members >= Math.max(k, ef / 2);
        // There are members, and what is asked beside refuses them.
        breadth = Math.max(2 * breadth, 1.1 * breadth * ef / Math.max(1, found.size()));
      }
      // Short vectors are linked to long ones, so none of them leads to another.
      boolean bridges = similarity != Similarity.DOT;
      long broad = (long) bridgeBreadth * ef;
      if (!enough && inTime && !meets && bridges && set.count() > BRIDGE_COST * WALK_COST * broad) {
        starts[0] = search.start();
        int count = 1 + seeds(set);
        inTime =
            search.searchWithin(
                query.view, walker, starts, count, (int) broad, set, query.deadline);
        countWalk();
        query.hits.countSteppedOver(search.bridgedCount());
        inTime = findMembers(set) >= 0 && inTime;
        enough = found.size() >= k;
      }
      if (enough || !inTime) {
        ranker.rankPool(k, found);
        inTime = inTime && ranker.rankOthers();
        if (ranker.size() == k || !inTime) {
          ranker.tell(inTime);
          return;
        }
      }
    }
    compareSet(k, ef, set, walker);
  }

  /**
   * Finds which ranks of the pool are accepted.
   *
   * @return how many are of the set, or -1 if there was no time to ask about all of them
   */
  private int findMembers(NodeSet set) {
    boolean asks = known.isOpen();
    int members = 0;
    found.clear();
    for (int rank = 0; rank < search.pool.size(); rank++) {
      int node = search.pool.node(rank);
      if (set.contains(node)) {
        members++;
        if (!asks || known.accepts(node)) {
          found.add(rank);
        }
        // A filter may take its time.
        if (asks && members % NodeRanker.BLOCK == 0 && query.isLate()) {
          return -1;
        }
      }
    }
    return members;
  }

  /** Spreads places to begin over the members of a set. */
  private int seeds(NodeSet set) {
    int count = 0;
    for (int i = 0; i < SEEDS; i++) {
      int from = (int) ((long) query.view.size() * i / SEEDS);
      count += set.first(from, starts, 1 + count);
    }
    return count;
  }

  /**
   * Walks with growing breadth and asks the filter about what it meets, until as many are accepted
   * as an unfiltered walk would keep and the walk is broad enough for the recall that was asked
   * for, or until comparing everything is cheaper.
   *
   * @return whether there is an answer
   */
  private boolean walkAsking(int k, int ef) {
    double shown = query.now.size() / (double) (query.now.size() + query.now.ended());
    int breadth = (int) Math.ceil((ef + Math.min(known.denied(), ef)) / shown);
    int most = query.now.size() / 16 + 64;
    NodeScorer walker = ranker.walker();
    while (breadth < most) {
      boolean inTime = walk(walker, breadth);
      found.clear();
      for (int rank = 0; rank < search.pool.size(); rank++) {
        int node = search.pool.node(rank);
        if (ranker.isShown(node) && known.accepts(node)) {
          found.add(rank);
        }
        // A filter may take its time.
        if (rank % NodeRanker.BLOCK == NodeRanker.BLOCK - 1 && query.isLate()) {
          inTime = false;
          break;
        }
      }
      int accepted = found.size();
      boolean isShort = accepted < enoughAsked(k, ef);
      double share = Math.max(1, accepted) / (double) Math.max(1, search.pool.size());
      double wanted = breadthFor(k / share) / shown;
      if (!inTime || !isShort && breadth >= wanted) {
        ranker.rankPool(k, found);
        ranker.tell(inTime && ranker.rankOthers());
        return true;
      }
      // Grows in any case; casting keeps what is too large at the largest.
      breadth = (int) Math.ceil(isShort ? Math.max(2.0 * breadth, 1.1 * ef / share) : wanted);
    }
    return false;
  }

  /**
   * How broad a walk has to be to find so many items of all with the recall that was asked for:
   * among these are as many as are wanted that a filter accepts.
   */
  private double breadthFor(double items) {
    RecallTable table = owner.recall();
    if (Double.isNaN(targetRecall) || table.items() == 0) {
      return 0;
    }
    return table.breadth(targetRecall, (int) Math.ceil(Math.min(items, query.now.size())));
  }

  /**
   * How many of those that a walk keeps have to be accepted, where a filter is asked about them.
   */
  private static int enoughAsked(int k, int ef) {
    return Math.min(ef, 2 * k + ef / 2);
  }

  private void compareListed(int k, ItemFilter filter, Set<String> allowed) {
    found.clear();
    boolean inTime = true;
    int asked = 0;
    for (String itemId : allowed) {
      // Not before some were asked, so that there is an answer however late it is.
      if (asked > 0 && asked % NodeRanker.BLOCK == 0 && query.isLate()) {
        inTime = false;
        break;
      }
      asked++;
      int node = owner.latest(itemId);
      if (node != HnswGraph.NONE && filter.accepts(itemId)) {
        found.add(node);
      }
    }
    inTime = ranker.rankLatest(k, found) && inTime;
    if (inTime) {
      query.hits.setExact();
    }
    ranker.tell(inTime);
  }

  /** Scores a set by codes and ranks those that look best, or all if all shall be compared. */
  private void compareSet(int k, int ef, NodeSet set, NodeScorer walker) {
    int wanted = (3 * k + 64) * (isRough ? ROUGH_SCAN : 1);
    double kept = known.isOpen() ? 2.0 * wanted : wanted;
    boolean isSmall = !ranker.walksByCodes() || k > set.count() / 8 || ef == Integer.MAX_VALUE;
    while (!isSmall && (!known.isOpen() || kept < set.count() / KEPT_PART)) {
      search.pool.reset((int) kept);
      boolean inTime = scan.run(query.view, walker, set, query.deadline);
      query.hits.count(0, scan.scored(), 0);
      if (!known.isOpen()) {
        ranker.rankPool(k, null);
        ranker.tell(inTime);
        return;
      }
      inTime = findMembers(set) >= 0 && inTime;
      if (found.size() >= wanted * ENOUGH || !inTime) {
        ranker.rankPool(k, found);
        ranker.tell(inTime);
        return;
      }
      // Twice what the part that was accepted asks for, so that hardly any third scan is made.
      kept = 2 * kept * wanted / Math.max(1, found.size());
    }
    compareAll(k);
  }

  private void compareAll(int k) {
    boolean inTime = ranker.rankAll(k);
    if (inTime) {
      query.hits.setExact();
    }
    ranker.tell(inTime);
  }
}
