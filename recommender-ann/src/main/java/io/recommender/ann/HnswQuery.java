package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import io.recommender.ann.internal.TopK;
import io.recommender.ann.internal.VectorKernels;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One query at a time through a version of an index, with the memory that queries reuse: decides
 * between a walk and a comparison with all that is accepted, and ranks what was found.
 *
 * <p>Scores that are told are computed in double precision from what is stored. Estimates and
 * kernels only decide for which nodes that is done, with room for their errors.
 *
 * <p><b>Confined</b>.
 */
final class HnswQuery {
  private static final int BLOCK = 64;

  /** What an estimate of a kept node is taken to be off by, in errors of its scorer. */
  private static final double SURE = 3;

  /**
   * The same for the many nodes that a rough walk met and did not keep. Measured at 128 and 768
   * dimensions: with three errors the walk takes a sixth longer and finds no more than one item in
   * 2,000.
   */
  private static final double LIKELY = 2;

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
  private final HnswGraph graph;
  private final Similarity similarity;
  private final int exactBelow;
  private final int bridgeBreadth;
  private final boolean isRough;
  private final HnswSearch search;
  private final NodeScorer walkByCodes;
  private final NodeScorer ranker;
  private final float[] unit;
  private final ToldScorer told;
  private final TopK top = new TopK(16);
  private final int[] block = new int[BLOCK];
  private final float[] scores = new float[BLOCK + 4];
  private final int[] starts = new int[SEEDS + 1];
  private final IntArrayList found = new IntArrayList();

  private final SearchHits none = new SearchHits();
  private final KnownFilter known;

  private final SetScan scan;

  // The query in hand.

  /** The recall that was asked for, or NaN. */
  private double targetRecall = Double.NaN;

  private HnswNodes.State now = HnswNodes.State.EMPTY;
  private HnswGraph.View view;
  private NodeScorer walker;
  private double norm;
  private double slack;
  private long deadline;
  private SearchHits hits = none;

  HnswQuery(
      HnswNodes owner,
      HnswGraph graph,
      Similarity similarity,
      Quantization quantization,
      int exactBelow,
      int bridgeBreadth) {
    this.owner = owner;
    this.graph = graph;
    this.similarity = similarity;
    this.exactBelow = exactBelow;
    this.bridgeBreadth = bridgeBreadth;
    HnswGraph.Ranking ranking =
        similarity == Similarity.L2
            ? HnswGraph.Ranking.PRODUCT_PLUS_EXTRA
            : HnswGraph.Ranking.PRODUCT;
    isRough = quantization.walksRoughly();
    search = new HnswSearch(graph, isRough);
    scan = new SetScan(search.pool);
    known = new KnownFilter(owner.ids(), owner.sets());
    walkByCodes = quantization.walker(graph, ranking);
    ranker =
        graph.keepsRows ? new RowScorer(graph, ranking) : new NibbleScorer(graph, ranking, true);
    walker = ranker;
    view = graph.empty;
    unit = new float[graph.dimension];
    told = new ToldScorer(graph, similarity, ranker, unit);
  }

  /** Answers a query from a version that has items. */
  void answer(
      HnswNodes.State version,
      float[] query,
      double queryNorm,
      int wanted,
      int ef,
      SearchOptions options,
      int barred,
      SearchHits receiver) {
    long timeout = options.timeoutNanos();
    ItemFilter filter = options.filter();
    targetRecall = options.targetRecall;
    deadline = timeout == Long.MAX_VALUE ? timeout : System.nanoTime() + timeout;
    now = version;
    view = graph.view();
    hits = receiver;
    search.bar(barred);
    norm = queryNorm;
    int k = Math.min(wanted, now.size());
    double scale = similarity == Similarity.COSINE && norm > 0 ? norm : 1;
    for (int i = 0; i < unit.length; i++) {
      unit[i] = (float) (query[i] / scale);
    }
    ranker.prepare(view, unit);
    walker = view.codes() == null || ranker == walkByCodes ? ranker : walkByCodes;
    setSlack();
    try {
      if (filter == ItemFilter.all()) {
        answerAll(query, k, Math.max(ef, k));
      } else {
        answerSome(query, k, Math.max(ef, k), filter);
      }
    } finally {
      // What is kept between queries must not keep arrays that the index has replaced.
      view = graph.empty;
      now = HnswNodes.State.EMPTY;
      hits = none;
      known.clear();
    }
  }

  private void setSlack() {
    double length = similarity == Similarity.COSINE ? 1 : norm;
    double terms = length * now.maxNorm();
    if (similarity == Similarity.L2) {
      terms = 2 * terms + now.maxNorm() * now.maxNorm() + norm * norm;
    }
    slack =
        2 * VectorKernels.relativeError(graph.dimension) * terms
            + 4 * VectorKernels.absoluteError(graph.dimension);
  }

  private void answerAll(float[] query, int k, int ef) {
    if (now.size() > exactBelow && ef <= now.size() / WALK_PART) {
      double shown = now.size() / (double) (now.size() + now.ended());
      int breadth = (int) Math.ceil(ef / shown);
      prepareWalk();
      int start = search.descend(view, walker, 0);
      while (breadth <= now.size() / WALK_PART) {
        boolean inTime = search.search(view, walker, start, 0, breadth, deadline);
        countWalk();
        rankPool(query, k, null);
        inTime = inTime && rankOthers(query);
        if (top.size() == k || !inTime) {
          finish(inTime);
          return;
        }
        breadth *= 2;
      }
    }
    compareAll(query, k);
  }

  private void prepareWalk() {
    if (walker != ranker) {
      walker.prepare(view, unit);
    }
  }

  private void countWalk() {
    hits.count(search.expandedCount(), search.scoredCount(), 0);
  }

  private void answerSome(float[] query, int k, int ef, ItemFilter filter) {
    known.take(filter, now, view, deadline);
    NodeSet set = known.set();
    Set<String> allowed = known.allowed();
    if (allowed != null
        && allowed.size() <= ef * WALK_COST / 4
        && (set == null || allowed.size() < set.count())) {
      compareListed(query, k, filter, allowed);
      return;
    }
    if (set != null) {
      answerSet(query, k, ef, set);
      return;
    }
    if (now.size() > exactBelow && ef <= now.size() / WALK_PART && walkAsking(query, k, ef)) {
      return;
    }
    compareAll(query, k);
  }

  private void answerSet(float[] query, int k, int ef, NodeSet set) {
    double kept = ef + Math.min(known.denied(), (double) ef);
    double breadth = kept * now.size() / Math.max(1, set.count());
    prepareWalk();
    if (breadth * WALK_COST < set.count() && now.size() > exactBelow) {
      int start = search.descend(view, walker, 0);
      boolean inTime = true;
      // Fewer are met where the filter and the query have little to do with each other.
      boolean enough = false;
      boolean meets = true;
      while (inTime && !enough && meets && breadth * WALK_COST < set.count()) {
        int wide = (int) Math.ceil(breadth * (now.size() + now.ended()) / now.size());
        inTime = search.search(view, walker, start, 0, wide, deadline);
        countWalk();
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
        starts[0] = start;
        int count = 1 + seeds(set);
        inTime = search.searchWithin(view, walker, starts, count, (int) broad, set, deadline);
        countWalk();
        hits.countSteppedOver(search.bridgedCount());
        inTime = findMembers(set) >= 0 && inTime;
        enough = found.size() >= k;
      }
      if (enough || !inTime) {
        rankPool(query, k, found);
        inTime = inTime && rankOthers(query);
        if (top.size() == k || !inTime) {
          finish(inTime);
          return;
        }
      }
    }
    compareSet(query, k, ef, set);
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
        if (asks && members % BLOCK == 0 && isLate()) {
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
      int from = (int) ((long) view.size() * i / SEEDS);
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
  private boolean walkAsking(float[] query, int k, int ef) {
    double shown = now.size() / (double) (now.size() + now.ended());
    int breadth = (int) Math.ceil((ef + Math.min(known.denied(), ef)) / shown);
    int most = now.size() / 16 + 64;
    prepareWalk();
    int start = search.descend(view, walker, 0);
    while (breadth < most) {
      boolean inTime = search.search(view, walker, start, 0, breadth, deadline);
      countWalk();
      found.clear();
      for (int rank = 0; rank < search.pool.size(); rank++) {
        int node = search.pool.node(rank);
        if (isShown(node) && known.accepts(node)) {
          found.add(rank);
        }
        // A filter may take its time.
        if (rank % BLOCK == BLOCK - 1 && isLate()) {
          inTime = false;
          break;
        }
      }
      int accepted = found.size();
      boolean isShort = accepted < enoughAsked(k, ef);
      double share = Math.max(1, accepted) / (double) Math.max(1, search.pool.size());
      double wanted = breadthFor(k / share) / shown;
      if (!inTime || !isShort && breadth >= wanted) {
        rankPool(query, k, found);
        finish(inTime && rankOthers(query));
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
    return table.breadth(targetRecall, (int) Math.ceil(Math.min(items, now.size())));
  }

  /**
   * How many of those that a walk keeps have to be accepted, where a filter is asked about them.
   */
  private static int enoughAsked(int k, int ef) {
    return Math.min(ef, 2 * k + ef / 2);
  }

  private boolean isShown(int node) {
    return owner.life().isShown(node, now.version());
  }

  /**
   * Ranks the nodes of the pool: those first that look best, until the others look too bad.
   *
   * @param ranks the ranks of accepted nodes, or null for all
   */
  private void rankPool(float[] query, int k, @Nullable IntArrayList ranks) {
    top.reset(k);
    int size = ranks == null ? search.pool.size() : ranks.size();
    int count = 0;
    for (int i = 0; i < size; i++) {
      int rank = ranks == null ? i : ranks.getInt(i);
      int node = search.pool.node(rank);
      double best = walker.told(search.pool.score(rank)) + SURE * walker.error(view, node) + slack;
      if (top.isFull() && best < top.threshold()) {
        continue;
      }
      if (isShown(node)) {
        block[count++] = node;
      }
      // Few at first, because the limit they set spares others.
      if (count == BLOCK / 4) {
        rankBlock(query, count);
        hits.count(0, 0, count);
        count = 0;
      }
    }
    rankBlock(query, count);
    hits.count(0, 0, count);
  }

  /**
   * Ranks nodes that a rough walk met and did not keep, where they may be among the best: their
   * estimates are off by so much that many are, and to keep them all in the pool takes longer.
   *
   * @return whether this came to its end
   */
  private boolean rankOthers(float[] query) {
    if (!isRough || walker == ranker) {
      return true;
    }
    NodeSet set = known.set();
    boolean asks = known.isOpen();
    int count = 0;
    int asked = 0;
    for (int i = 0; i < search.walkedCount(); i++) {
      float score = search.walkedScore(i);
      int node = search.walked(i);
      double best = walker.told(score) + LIKELY * walker.error(view, node) + slack;
      if (top.isFull() && best < top.threshold() || search.pool.holds(node, score)) {
        continue;
      }
      if (isShown(node) && (set == null || set.contains(node)) && known.accepts(node)) {
        block[count++] = node;
      }
      if (count == BLOCK / 4) {
        rankBlock(query, count);
        hits.count(0, 0, count);
        count = 0;
        // Rows may have to be read from a file.
        if (isLate()) {
          return false;
        }
      }
      // A filter may take its time.
      if (asks && asked++ % BLOCK == BLOCK - 1 && isLate()) {
        return false;
      }
    }
    rankBlock(query, count);
    hits.count(0, 0, count);
    return true;
  }

  /** Offers the nodes of the block that may be among the best. */
  private void rankBlock(float[] query, int count) {
    if (count == 0) {
      return;
    }
    ranker.score(view, block, 0, count, scores);
    for (int i = 0; i < count; i++) {
      int node = block[i];
      if (ranker.told(scores[i]) + ranker.error(view, node) + slack >= top.threshold()) {
        top.offer(told.score(view, query, node), owner.life().order(node), node);
      }
    }
  }

  private void compareListed(float[] query, int k, ItemFilter filter, Set<String> allowed) {
    found.clear();
    boolean inTime = true;
    int asked = 0;
    for (String itemId : allowed) {
      // Not before some were asked, so that there is an answer however late it is.
      if (asked > 0 && asked % BLOCK == 0 && isLate()) {
        inTime = false;
        break;
      }
      asked++;
      int node = owner.latest(itemId);
      if (node != HnswGraph.NONE && filter.accepts(itemId)) {
        found.add(node);
      }
    }
    // These are the latest nodes, which an earlier view may not have.
    view = graph.view();
    ranker.prepare(view, unit);
    top.reset(Math.min(k, found.size()));
    int done = 0;
    while (done < found.size() && (done == 0 || !isLate())) {
      int count = Math.min(BLOCK, found.size() - done);
      found.getElements(done, block, 0, count);
      rankBlock(query, count);
      done += count;
    }
    hits.count(0, done, 0);
    inTime &= done == found.size();
    if (inTime) {
      hits.setExact();
    }
    finish(inTime);
  }

  /** Scores a set by codes and ranks those that look best, or all if all shall be compared. */
  private void compareSet(float[] query, int k, int ef, NodeSet set) {
    int wanted = (3 * k + 64) * (isRough ? ROUGH_SCAN : 1);
    double kept = known.isOpen() ? 2.0 * wanted : wanted;
    boolean isSmall = walker == ranker || k > set.count() / 8 || ef == Integer.MAX_VALUE;
    while (!isSmall && (!known.isOpen() || kept < set.count() / KEPT_PART)) {
      search.pool.reset((int) kept);
      boolean inTime = scan.run(view, walker, set, deadline);
      hits.count(0, scan.scored(), 0);
      if (!known.isOpen()) {
        rankPool(query, k, null);
        finish(inTime);
        return;
      }
      inTime = findMembers(set) >= 0 && inTime;
      if (found.size() >= wanted * ENOUGH || !inTime) {
        rankPool(query, k, found);
        finish(inTime);
        return;
      }
      // Twice what the part that was accepted asks for, so that hardly any third scan is made.
      kept = 2 * kept * wanted / Math.max(1, found.size());
    }
    compareAll(query, k);
  }

  private boolean isLate() {
    return deadline != Long.MAX_VALUE && System.nanoTime() - deadline >= 0;
  }

  /** Compares the query with every node that is accepted, or may be; exact. */
  private void compareAll(float[] query, int k) {
    NodeSet set = known.set();
    top.reset(k);
    int scored = 0;
    int next = 0;
    while (true) {
      int count = nextBlock(set, next);
      if (count == 0) {
        break;
      }
      ranker.score(view, block, 0, count, scores);
      scored += count;
      for (int i = 0; i < count; i++) {
        int node = block[i];
        double best = ranker.told(scores[i]) + ranker.error(view, node) + slack;
        if (best >= top.threshold() && isShown(node)) {
          double score = told.score(view, query, node);
          int order = owner.life().order(node);
          if (top.admits(score, order) && known.accepts(node)) {
            top.offer(score, order, node);
          }
        }
      }
      if (isLate()) {
        hits.count(0, scored, 0);
        finish(false);
        return;
      }
      next = block[count - 1] + 1;
    }
    hits.count(0, scored, 0);
    hits.setExact();
    finish(true);
  }

  private int nextBlock(@Nullable NodeSet set, int from) {
    if (set != null) {
      return set.list(from, block, 0);
    }
    int count = Math.min(BLOCK, view.size() - from);
    for (int i = 0; i < count; i++) {
      block[i] = from + i;
    }
    return Math.max(0, count);
  }

  private void finish(boolean inTime) {
    top.sort();
    for (int i = 0; i < top.size(); i++) {
      hits.add(owner.ids().id(top.row(i)), top.row(i), top.score(i));
    }
    if (!inTime) {
      hits.setIncomplete();
    }
  }
}
