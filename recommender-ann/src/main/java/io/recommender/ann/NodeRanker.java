package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.TopK;
import io.recommender.ann.internal.VectorKernels;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Ranks what a query has found, or everything, and tells the best.
 *
 * <p>Scores that are told are computed in double precision from what is stored. Estimates and
 * kernels only decide for which nodes that is done, with room for their errors.
 *
 * <p><b>Confined</b>.
 */
final class NodeRanker {
  static final int BLOCK = 64;

  /** What an estimate of a kept node is taken to be off by, in errors of its scorer. */
  private static final double SURE = 3;

  /**
   * The same for the many nodes that a rough walk met and did not keep. Measured at 128 and 768
   * dimensions: with three errors the walk takes a sixth longer and finds no more than one item in
   * 2,000.
   */
  private static final double LIKELY = 2;

  private final HnswNodes owner;
  private final HnswGraph graph;
  private final Similarity similarity;
  private final boolean isRough;
  private final QueryInHand query;
  private final HnswSearch search;
  private final KnownFilter known;
  private final NodeScorer walkByCodes;
  private final NodeScorer scorer;
  private final ToldScorer told;
  private final TopK top = new TopK(16);
  private final int[] block = new int[BLOCK];
  private final float[] scores = new float[BLOCK + 4];
  private NodeScorer walker;
  private double slack;

  /**
   * Makes a ranker.
   *
   * @param query the query that is ranked for
   * @param search what has walked for it
   * @param known which nodes it accepts
   */
  NodeRanker(
      HnswNodes owner,
      HnswGraph graph,
      Similarity similarity,
      Quantization quantization,
      QueryInHand query,
      HnswSearch search,
      KnownFilter known) {
    this.owner = owner;
    this.graph = graph;
    this.similarity = similarity;
    this.query = query;
    this.search = search;
    this.known = known;
    isRough = quantization.walksRoughly();
    HnswGraph.Ranking ranking = HnswGraph.Ranking.ofQueries(similarity);
    walkByCodes = quantization.walker(graph, ranking);
    scorer =
        graph.keepsRows ? new RowScorer(graph, ranking) : new NibbleScorer(graph, ranking, true);
    walker = scorer;
    told = new ToldScorer(graph, similarity, scorer, query.unit);
  }

  /** Gets ready for the query in hand. */
  void prepare() {
    scorer.prepare(query.view, query.unit);
    walker = query.view.codes() == null || scorer == walkByCodes ? scorer : walkByCodes;
    double length = similarity == Similarity.COSINE ? 1 : query.norm;
    double longest = query.now.maxNorm();
    double terms = length * longest;
    if (similarity == Similarity.L2) {
      terms = 2 * terms + longest * longest + query.norm * query.norm;
    }
    slack =
        2 * VectorKernels.relativeError(graph.dimension) * terms
            + 4 * VectorKernels.absoluteError(graph.dimension);
  }

  /** {@return what scores nodes for walks and scans, prepared for the query in hand} */
  NodeScorer walker() {
    if (walker != scorer) {
      walker.prepare(query.view, query.unit);
    }
    return walker;
  }

  /** {@return whether walks go by codes, so that what they find has yet to be ranked} */
  boolean walksByCodes() {
    return walker != scorer;
  }

  /** {@return how many nodes have been ranked among the best} */
  int size() {
    return top.size();
  }

  boolean isShown(int node) {
    return owner.life().isShown(node, query.now.version());
  }

  /**
   * Ranks the nodes of the pool: those first that look best, until the others look too bad.
   *
   * @param ranks the ranks of accepted nodes, or null for all
   */
  void rankPool(int k, @Nullable IntArrayList ranks) {
    top.reset(k);
    int size = ranks == null ? search.pool.size() : ranks.size();
    int count = 0;
    for (int i = 0; i < size; i++) {
      int rank = ranks == null ? i : ranks.getInt(i);
      int node = search.pool.node(rank);
      double error = walker.error(query.view, node);
      double best = walker.told(search.pool.score(rank)) + SURE * error + slack;
      if (top.isFull() && best < top.threshold()) {
        continue;
      }
      if (isShown(node)) {
        block[count++] = node;
      }
      // Few at first, because the limit they set spares others.
      if (count == BLOCK / 4) {
        rankBlock(count);
        count = 0;
      }
    }
    rankBlock(count);
  }

  /**
   * Ranks nodes that a rough walk met and did not keep, where they may be among the best: their
   * estimates are off by so much that many are, and to keep them all in the pool takes longer.
   *
   * @return whether this came to its end
   */
  boolean rankOthers() {
    if (!isRough || walker == scorer) {
      return true;
    }
    NodeSet set = known.set();
    boolean asks = known.isOpen();
    int count = 0;
    int asked = 0;
    for (int i = 0; i < search.scoredCount(); i++) {
      float score = search.walkedScore(i);
      int node = search.walked(i);
      double best = walker.told(score) + LIKELY * walker.error(query.view, node) + slack;
      if (top.isFull() && best < top.threshold() || search.pool.holds(node, score)) {
        continue;
      }
      if (isShown(node) && (set == null || set.contains(node)) && known.accepts(node)) {
        block[count++] = node;
      }
      if (count == BLOCK / 4) {
        rankBlock(count);
        count = 0;
        // Rows may have to be read from a file.
        if (query.isLate()) {
          return false;
        }
      }
      // A filter may take its time.
      if (asks && asked++ % BLOCK == BLOCK - 1 && query.isLate()) {
        return false;
      }
    }
    rankBlock(count);
    return true;
  }

  /** Ranks the nodes of the block, after a walk or a scan has scored them. */
  private void rankBlock(int count) {
    offerBlock(count);
    query.hits.count(0, 0, count);
  }

  /** Offers the nodes of the block that may be among the best. */
  private void offerBlock(int count) {
    if (count == 0) {
      return;
    }
    scorer.score(query.view, block, 0, count, scores);
    for (int i = 0; i < count; i++) {
      int node = block[i];
      if (scorer.told(scores[i]) + scorer.error(query.view, node) + slack >= top.threshold()) {
        top.offer(told.score(query.view, query.vector, node), owner.life().order(node), node);
      }
    }
  }

  /**
   * Ranks the latest nodes of items, which the version need not have.
   *
   * @return whether there was time for all
   */
  boolean rankLatest(int k, IntArrayList nodes) {
    query.view = graph.view();
    scorer.prepare(query.view, query.unit);
    top.reset(Math.min(k, nodes.size()));
    int done = 0;
    while (done < nodes.size() && (done == 0 || !query.isLate())) {
      int count = Math.min(BLOCK, nodes.size() - done);
      nodes.getElements(done, block, 0, count);
      offerBlock(count);
      done += count;
    }
    query.hits.count(0, done, 0);
    return done == nodes.size();
  }

  /**
   * Compares the query with every node that is accepted, or may be.
   *
   * @return whether there was time for all
   */
  boolean rankAll(int k) {
    NodeSet set = known.set();
    top.reset(k);
    int scored = 0;
    int next = 0;
    int count;
    boolean inTime = true;
    while (inTime && (count = nextBlock(set, next)) > 0) {
      scorer.score(query.view, block, 0, count, scores);
      scored += count;
      for (int i = 0; i < count; i++) {
        int node = block[i];
        double best = scorer.told(scores[i]) + scorer.error(query.view, node) + slack;
        if (best >= top.threshold() && isShown(node)) {
          double score = told.score(query.view, query.vector, node);
          int order = owner.life().order(node);
          if (top.admits(score, order) && known.accepts(node)) {
            top.offer(score, order, node);
          }
        }
      }
      inTime = !query.isLate();
      next = block[count - 1] + 1;
    }
    query.hits.count(0, scored, 0);
    return inTime;
  }

  private int nextBlock(@Nullable NodeSet set, int from) {
    if (set != null) {
      return set.list(from, block, 0);
    }
    int count = Math.min(BLOCK, query.view.size() - from);
    for (int i = 0; i < count; i++) {
      block[i] = from + i;
    }
    return Math.max(0, count);
  }

  /** Tells the best, with scores in double precision. */
  void tell(boolean inTime) {
    SearchHits hits = query.hits;
    top.sort();
    for (int i = 0; i < top.size(); i++) {
      hits.add(owner.ids().id(top.row(i)), top.row(i), top.score(i));
    }
    if (!inTime) {
      hits.setIncomplete();
    }
  }
}
