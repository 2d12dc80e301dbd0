package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.TopK;
import io.recommender.ann.internal.VectorKernels;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Items as nodes of a graph, with versions: a search shows the nodes of the version it began with.
 *
 * <p>A change writes a row and its links first, and then publishes one version that shows it. A
 * replaced item gets a new node; the old one ends with the same version that begins the new one. A
 * node that ended stays linked, as a stone to step on, until a repair links around it; its place is
 * taken again once no search is left that began before the repair.
 *
 * <p><b>Thread safety.</b> Thread-safe. Writers take turns; readers take no lock.
 */
final class HnswNodes {
  /** A repair happens when this part of the nodes has ended. */
  private static final int REPAIR_PART = 5;

  private static final int REPAIR_LEAST = 64;

  private static final int SCRATCHES = 64;

  private final int dimension;
  private final Similarity similarity;
  private final int m;
  private final long seed;
  private final int threads;
  private final int exactBelow;
  private final HnswGraph graph;
  private final HnswInserter inserter;
  private final Readers readers = new Readers();
  private final NodeIds ids = new NodeIds();
  private final NodeLife life = new NodeLife();
  private final ReentrantLock writeLock = new ReentrantLock();
  private final AtomicReferenceArray<HnswScratch> scratches = new AtomicReferenceArray<>(SCRATCHES);

  private volatile State state = new State(0, 0, 0, 0);

  // The version in the making. All guarded by writeLock.
  private int nextOrder;
  private long levelsDrawn;
  private int ended;
  private double maxSquaredNorm;
  private final ArrayDeque<Integer> free = new ArrayDeque<>();
  private final BitSet freed = new BitSet();
  private long freeSince;

  /**
   * What a reader starts from.
   *
   * @param version the latest version
   * @param size the number of items
   * @param ended the number of nodes that are linked and not shown
   * @param maxNorm the largest norm of a vector so far
   */
  private record State(long version, int size, int ended, double maxNorm) {}

  HnswNodes(HnswIndex.Builder builder) {
    dimension = builder.dimension;
    similarity = builder.similarity;
    m = builder.m;
    seed = builder.seed;
    threads = builder.threads;
    exactBelow = builder.exactBelow;
    graph = new HnswGraph(dimension, m, builder.expectedSize);
    inserter = new HnswInserter(graph, builder.efConstruction, similarity);
  }

  int size() {
    return state.size();
  }

  boolean contains(String itemId) {
    return latest(itemId) != HnswGraph.NONE;
  }

  Optional<float[]> vector(String itemId) {
    AtomicLong reader = readers.enter(state.version());
    try {
      int node = latest(itemId);
      return node == HnswGraph.NONE ? Optional.empty() : Optional.of(vector(node));
    } finally {
      readers.leave(reader);
    }
  }

  /** Returns the node of an item as it is now, which a version to come may be the first to show. */
  private int latest(String itemId) {
    while (true) {
      int node = ids.find(itemId);
      // A node that ended since it was found was replaced or removed: look again.
      if (node == HnswGraph.NONE || life.isAlive(node)) {
        return node;
      }
      Thread.onSpinWait();
    }
  }

  private float[] vector(int node) {
    HnswGraph.View view = graph.view();
    float[] row = view.vectors()[node >>> graph.shift];
    int offset = graph.offset(node);
    float[] vector = Arrays.copyOfRange(row, offset, offset + dimension);
    if (similarity == Similarity.COSINE) {
      double norm = graph.extra(graph.view(), node);
      for (int i = 0; i < dimension; i++) {
        vector[i] = (float) (vector[i] * norm);
      }
    }
    return vector;
  }

  /** Adds or replaces items as one version. Ids are distinct, vectors are the index's own. */
  void put(List<String> itemIds, float[][] vectors) {
    writeLock.lock();
    try {
      long version = state.version() + 1;
      int[] placed = new int[vectors.length];
      for (int i = 0; i < vectors.length; i++) {
        placed[i] = takePlace();
        writeRow(placed[i], vectors[i]);
        ids.setId(placed[i], itemIds.get(i));
      }
      inserter.insert(placed, threads);
      for (int i = 0; i < placed.length; i++) {
        int old = ids.find(itemIds.get(i));
        int order = old == HnswGraph.NONE ? nextOrder++ : life.order(old);
        life.begin(placed[i], version, order);
        // Who looks an item up finds a node that is alive at every moment.
        ids.put(placed[i]);
        if (old != HnswGraph.NONE) {
          life.end(old, version);
          ended++;
        }
      }
      publish(version);
      repairIfNeeded();
    } finally {
      writeLock.unlock();
    }
  }

  boolean remove(String itemId) {
    writeLock.lock();
    try {
      int node = ids.find(itemId);
      if (node == HnswGraph.NONE) {
        return false;
      }
      long version = state.version() + 1;
      ids.remove(itemId);
      life.end(node, version);
      ended++;
      publish(version);
      repairIfNeeded();
      return true;
    } finally {
      writeLock.unlock();
    }
  }

  private int takePlace() {
    if (!free.isEmpty() && freeSince <= readers.earliest()) {
      int node = free.remove();
      freed.clear(node);
      life.clear(node);
      graph.setLevel(node, drawLevel());
      return node;
    }
    int node = graph.extend();
    ids.ensure(node + 1);
    life.ensure(node + 1);
    graph.setLevel(node, drawLevel());
    return node;
  }

  /** Levels are drawn from the seed and the number of the draw, by splitmix64. */
  private int drawLevel() {
    long z = seed + ++levelsDrawn * 0x9E3779B97F4A7C15L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    double uniform = ((z ^ z >>> 31) >>> 11) * 0x1p-53;
    return (int) Math.min(30, -StrictMath.log(1 - uniform) / StrictMath.log(m));
  }

  private void writeRow(int node, float[] vector) {
    float[] rows = graph.view().vectors()[node >>> graph.shift];
    int offset = graph.offset(node);
    double squares = squaredNorm(vector);
    maxSquaredNorm = Math.max(maxSquaredNorm, squares);
    if (similarity == Similarity.COSINE && squares > 0) {
      double norm = Math.sqrt(squares);
      for (int i = 0; i < dimension; i++) {
        rows[offset + i] = (float) (vector[i] / norm);
      }
      graph.setExtra(node, (float) norm);
      return;
    }
    System.arraycopy(vector, 0, rows, offset, dimension);
    graph.setExtra(
        node,
        switch (similarity) {
          case DOT -> squares == 0 ? 1 : (float) StrictMath.pow(squares, -HnswGraph.TEMPERING / 2);
          case COSINE -> 1;
          case L2 -> (float) (-squares / 2);
        });
  }

  private static double squaredNorm(float[] vector) {
    double squares = 0;
    for (float element : vector) {
      squares += (double) element * element;
    }
    return squares;
  }

  private void publish(long version) {
    double maxNorm = similarity == Similarity.COSINE ? 1 : Math.sqrt(maxSquaredNorm);
    state = new State(version, ids.size(), ended, maxNorm);
  }

  private void repairIfNeeded() {
    int linked = graph.view().size() - free.size();
    if ((long) ended * REPAIR_PART <= linked || ended < REPAIR_LEAST) {
      return;
    }
    List<Integer> gone =
        inserter.repair(life::isAlive, node -> life.hasEnded(node) && !freed.get(node), threads);
    free.addAll(gone);
    gone.forEach(freed::set);
    ended = 0;
    // A later version, so that readers of this one count as readers of the links before the repair.
    long version = state.version() + 1;
    freeSince = version;
    publish(version);
  }

  List<ScoredItem> search(float[] query, double norm, int k, ItemFilter filter, int ef) {
    // The order matters: announce first, then take the state.
    AtomicLong reader = readers.enter(state.version());
    int slot = (int) Thread.currentThread().getId() & SCRATCHES - 1;
    HnswScratch scratch = scratches.getAndSet(slot, null);
    if (scratch == null) {
      scratch = new HnswScratch(graph, similarity);
    }
    try {
      State now = state;
      if (now.size() == 0) {
        return List.of();
      }
      scratch.prepare(query, norm);
      Optional<Set<String>> allowed = filter.allowList();
      if (allowed.isPresent() && allowed.get().size() <= listedAtMost(now.size(), ef)) {
        return searchListed(scratch, query, k, filter, allowed.get());
      }
      if (now.size() > exactBelow && k <= now.size() / 4) {
        List<ScoredItem> found = walk(scratch, query, k, filter, ef, now);
        if (found.size() == k) {
          return found;
        }
      }
      return searchEverything(scratch, query, k, filter, now);
    } finally {
      scratches.set(slot, scratch);
      readers.leave(reader);
    }
  }

  /** How long an allow list may be to cost less than a walk that meets as many of its items. */
  private int listedAtMost(int size, int ef) {
    return (int) Math.min(size, Math.max(1000, Math.sqrt(36.0 * ef * size)));
  }

  /**
   * Walks with growing breadth until k items are accepted, or until comparing everything is
   * cheaper.
   */
  private List<ScoredItem> walk(
      HnswScratch scratch, float[] query, int k, ItemFilter filter, int ef, State now) {
    HnswGraph.View view = graph.view();
    double shown = now.size() / (double) (now.size() + now.ended());
    int breadth = (int) Math.ceil(Math.max(ef, k) / shown);
    int start = scratch.search.descend(view, scratch.query, 0);
    while (breadth < now.size() / 16 + 64) {
      scratch.search.search(view, scratch.query, start, 0, breadth);
      scratch.found.clear();
      int examined = accept(scratch, filter, now.version(), k);
      int accepted = scratch.found.size();
      // As many accepted ones must have been met as an unfiltered search would keep.
      double share = accepted / (double) examined;
      if (accepted == k && share * breadth >= Math.min(breadth, ef) * 0.8) {
        return rescored(scratch, query, k);
      }
      double wanted = accepted == 0 ? 8.0 * breadth : 1.1 * ef / share;
      if (accepted == k && wanted >= now.size() / 16.0 + 64) {
        break;
      }
      breadth = (int) Math.max(2L * breadth, Math.min(wanted, now.size()));
    }
    return List.of();
  }

  /** Takes the first k shown and accepted nodes of the pool, and tells how many it looked at. */
  private int accept(HnswScratch scratch, ItemFilter filter, long version, int k) {
    boolean everything = filter == ItemFilter.all();
    int rank = 0;
    for (; rank < scratch.search.pool.size() && scratch.found.size() < k; rank++) {
      int node = scratch.search.pool.node(rank);
      if (life.isShown(node, version) && (everything || filter.accepts(ids.id(node)))) {
        scratch.found.add(node);
      }
    }
    return Math.max(1, rank);
  }

  private List<ScoredItem> searchListed(
      HnswScratch scratch, float[] query, int k, ItemFilter filter, Set<String> allowed) {
    scratch.found.clear();
    for (String itemId : allowed) {
      int node = latest(itemId);
      if (node != HnswGraph.NONE && filter.accepts(itemId)) {
        scratch.found.add(node);
      }
    }
    return rescored(scratch, query, k);
  }

  /** Compares the query with every node; exact. */
  private List<ScoredItem> searchEverything(
      HnswScratch scratch, float[] query, int k, ItemFilter filter, State now) {
    HnswGraph.View view = graph.view();
    TopK top = new TopK(Math.min(k, now.size()));
    boolean everything = filter == ItemFilter.all();
    boolean euclidean = similarity == Similarity.L2;
    double queryNorm = similarity == Similarity.COSINE ? 1 : scratch.norm;
    double terms = queryNorm * now.maxNorm() + (euclidean ? now.maxNorm() * now.maxNorm() / 2 : 0);
    double slack =
        2
            * (VectorKernels.relativeError(dimension) * terms
                + VectorKernels.absoluteError(dimension));
    double squaredQuery = scratch.norm * scratch.norm;
    for (int from = 0; from < view.size(); from += HnswScratch.BLOCK) {
      int count = Math.min(HnswScratch.BLOCK, view.size() - from);
      scratch.scoreRange(view, from, count);
      for (int i = 0; i < count; i++) {
        double about = euclidean ? 2.0 * scratch.scores[i] - squaredQuery : scratch.scores[i];
        int node = from + i;
        if (about + 2 * slack >= top.threshold() && life.isShown(node, now.version())) {
          double score = score(view, scratch, query, node);
          int order = life.order(node);
          if (top.admits(score, order) && (everything || filter.accepts(ids.id(node)))) {
            top.offer(score, order, node);
          }
        }
      }
    }
    return result(top);
  }

  private List<ScoredItem> rescored(HnswScratch scratch, float[] query, int k) {
    HnswGraph.View view = graph.view();
    TopK top = new TopK(Math.min(k, scratch.found.size()));
    for (int i = 0; i < scratch.found.size(); i++) {
      int node = scratch.found.getInt(i);
      top.offer(score(view, scratch, query, node), life.order(node), node);
    }
    return result(top);
  }

  /** Returns the score that is told: in double precision, zero never negative. */
  private double score(HnswGraph.View view, HnswScratch scratch, float[] query, int node) {
    float[] rows = view.vectors()[node >>> graph.shift];
    int offset = graph.offset(node);
    return switch (similarity) {
      case DOT -> VectorKernels.exactDot(query, rows, offset, dimension) + 0.0;
      case COSINE -> {
        double cosine = VectorKernels.exactDot(scratch.query, rows, offset, dimension);
        yield Math.max(-1, Math.min(1, cosine)) + 0.0;
      }
      case L2 -> 0.0 - VectorKernels.exactSquaredL2(query, rows, offset, dimension);
    };
  }

  private List<ScoredItem> result(TopK top) {
    top.sort();
    ScoredItem[] items = new ScoredItem[top.size()];
    for (int i = 0; i < items.length; i++) {
      items[i] = new ScoredItem(ids.id(top.row(i)), top.score(i));
    }
    return List.of(items);
  }
}
