package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import io.recommender.ann.internal.TopK;
import io.recommender.ann.internal.VectorKernels;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Optional;
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

  /** A scan of copied codes reads the clock once in so many blocks. */
  private static final int CLOCK_EVERY = 32;

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

  // The query in hand.
  private HnswNodes.State now = HnswNodes.State.EMPTY;
  private HnswGraph.View view;
  private NodeScorer walker;
  private double norm;
  private double slack;
  private long deadline;
  private SearchHits hits = none;

  /** Kept, so that reading ahead is not left out. */
  private int kept;

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
      ItemFilter filter,
      long timeout,
      int barred,
      SearchHits receiver) {
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
        inTime = inTime && rankOthers(query, null, null);
        if (top.size() == k || !inTime) {
          finish(inTime);
          return;
        }
        breadth *= 2;
      }
    }
    compareAll(query, k, null);
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
    NodeSet set = owner.sets().find(filter, now, view, deadline);
    if (set != null) {
      answerSet(query, k, ef, set);
      return;
    }
    Optional<Set<String>> allowed = filter.allowList();
    if (allowed.isPresent() && allowed.get().size() <= ef * WALK_COST / 4) {
      compareListed(query, k, filter, allowed.get());
      return;
    }
    if (now.size() > exactBelow
        && ef <= now.size() / WALK_PART
        && walkAsking(query, k, ef, filter)) {
      return;
    }
    compareAll(query, k, filter);
  }

  private void answerSet(float[] query, int k, int ef, NodeSet set) {
    double breadth = ef * (double) now.size() / Math.max(1, set.count());
    prepareWalk();
    if (breadth * WALK_COST < set.count() && now.size() > exactBelow) {
      int start = search.descend(view, walker, 0);
      int wide = (int) Math.ceil(breadth * (now.size() + now.ended()) / now.size());
      boolean inTime = search.search(view, walker, start, 0, wide, deadline);
      countWalk();
      found.clear();
      for (int rank = 0; rank < search.pool.size(); rank++) {
        if (set.contains(search.pool.node(rank))) {
          found.add(rank);
        }
      }
      // Fewer are met where the filter and the query have little to do with each other.
      boolean enough = found.size() >= Math.max(k, ef / 2);
      // Short vectors are linked to long ones, so none of them leads to another.
      boolean bridges = similarity != Similarity.DOT;
      long broad = (long) bridgeBreadth * ef;
      if (!enough && inTime && bridges && set.count() > BRIDGE_COST * WALK_COST * broad) {
        starts[0] = start;
        int count = 1 + seeds(set);
        inTime = search.searchWithin(view, walker, starts, count, (int) broad, set, deadline);
        countWalk();
        hits.countSteppedOver(search.bridgedCount());
        found.clear();
        for (int rank = 0; rank < search.pool.size(); rank++) {
          found.add(rank);
        }
        enough = found.size() >= k;
      }
      if (enough || !inTime) {
        rankPool(query, k, found);
        inTime = inTime && rankOthers(query, set, null);
        if (top.size() == k || !inTime) {
          finish(inTime);
          return;
        }
      }
    }
    compareSet(query, k, ef, set);
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
   * as an unfiltered walk would keep, or until comparing everything is cheaper.
   *
   * @return whether there is an answer
   */
  private boolean walkAsking(float[] query, int k, int ef, ItemFilter filter) {
    double shown = now.size() / (double) (now.size() + now.ended());
    int denied = filter.denyList().map(Set::size).orElse(0);
    int breadth = (int) Math.ceil((ef + Math.min(denied, ef)) / shown);
    int most = now.size() / 16 + 64;
    prepareWalk();
    int start = search.descend(view, walker, 0);
    while (breadth < most) {
      boolean inTime = search.search(view, walker, start, 0, breadth, deadline);
      countWalk();
      found.clear();
      for (int rank = 0; rank < search.pool.size(); rank++) {
        int node = search.pool.node(rank);
        if (isShown(node) && filter.accepts(owner.ids().id(node))) {
          found.add(rank);
        }
        // A filter may take its time.
        if (rank % BLOCK == BLOCK - 1 && isLate()) {
          inTime = false;
          break;
        }
      }
      int accepted = found.size();
      if (!inTime || accepted >= Math.min(ef, 2 * k + ef / 2)) {
        rankPool(query, k, found);
        finish(inTime && rankOthers(query, null, filter));
        return true;
      }
      double share = Math.max(1, accepted) / (double) Math.max(1, search.pool.size());
      breadth = (int) Math.max(2L * breadth, Math.min(1.1 * ef / share, now.size()));
    }
    return false;
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
  private boolean rankOthers(float[] query, @Nullable NodeSet set, @Nullable ItemFilter filter) {
    if (!isRough || walker == ranker) {
      return true;
    }
    int count = 0;
    int asked = 0;
    for (int i = 0; i < search.walkedCount(); i++) {
      float score = search.walkedScore(i);
      int node = search.walked(i);
      double best = walker.told(score) + LIKELY * walker.error(view, node) + slack;
      if (top.isFull() && best < top.threshold() || search.pool.holds(node, score)) {
        continue;
      }
      if (isShown(node) && (set == null || set.contains(node)) && accepts(filter, node)) {
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
      if (filter != null && asked++ % BLOCK == BLOCK - 1 && isLate()) {
        return false;
      }
    }
    rankBlock(query, count);
    hits.count(0, 0, count);
    return true;
  }

  private boolean accepts(@Nullable ItemFilter filter, int node) {
    return filter == null || filter.accepts(owner.ids().id(node));
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
    if (walker == ranker || k > set.count() / 8 || ef == Integer.MAX_VALUE) {
      compareAll(query, k, set, null);
      return;
    }
    search.pool.reset((3 * k + 64) * (isRough ? ROUGH_SCAN : 1));
    boolean inTime = set.packed() == null ? scoreMembers(set) : scorePacked(set, set.packed());
    rankPool(query, k, null);
    finish(inTime);
  }

  private boolean scoreMembers(NodeSet set) {
    int scored = 0;
    boolean inTime = true;
    int next = 0;
    int count;
    while (inTime && (count = set.list(next, block, 0)) > 0) {
      kept += walker.touch(view, block, 0, count);
      walker.score(view, block, 0, count, scores);
      search.pool.addAll(block, 0, scores, count);
      scored += count;
      next = block[count - 1] + 1;
      inTime = !isLate();
    }
    hits.count(0, scored, 0);
    return inTime;
  }

  private boolean scorePacked(NodeSet set, PackedNodes packed) {
    NibbleScorer byCodes = (NibbleScorer) walker;
    int[] nodes = packed.nodes();
    boolean inTime = true;
    int done = 0;
    for (; done < nodes.length && inTime; done += PackedNodes.BLOCK) {
      byCodes.score(packed, done / PackedNodes.BLOCK, scores);
      search.pool.addAll(nodes, done, scores, Math.min(PackedNodes.BLOCK, nodes.length - done));
      // Reading the clock takes as long as scoring dozens of rows.
      inTime = done / PackedNodes.BLOCK % CLOCK_EVERY != CLOCK_EVERY - 1 || !isLate();
    }
    hits.count(0, Math.min(done, nodes.length), 0);
    return inTime;
  }

  private boolean isLate() {
    return deadline != Long.MAX_VALUE && System.nanoTime() - deadline >= 0;
  }

  private void compareAll(float[] query, int k, @Nullable ItemFilter filter) {
    compareAll(query, k, null, filter);
  }

  /** Compares the query with every node that a filter accepts, or with those of a set; exact. */
  private void compareAll(
      float[] query, int k, @Nullable NodeSet set, @Nullable ItemFilter filter) {
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
          if (top.admits(score, order) && accepts(filter, node)) {
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
