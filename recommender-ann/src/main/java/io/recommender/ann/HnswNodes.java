package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;

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

  private static final int QUERIES = 64;

  private final int dimension;
  private final Similarity similarity;
  private final int m;
  private final long seed;
  private final int exactBelow;
  private final Quantization quantization;
  private final HnswGraph graph;
  private final HnswCoder coder;
  private final HnswInserter inserter;
  private final Readers readers = new Readers();
  private final NodeIds ids;
  private final NodeLife life;
  private final ReentrantLock writeLock = new ReentrantLock();
  private final HnswIndexBuilder builder;
  private final HnswCalibration calibration;
  private volatile RecallTable recall = RecallTable.NONE;
  private final NodeSets sets;
  private final AtomicReferenceArray<HnswQuery> queries = new AtomicReferenceArray<>(QUERIES);

  private volatile State state = new State(0, 0, 0, 0, new Log(0, new int[64]), 0);

  // The version in the making. All guarded by writeLock.
  private int nextOrder;
  private Log log = state.log();
  private int logged;
  private long levelsDrawn;
  private int ended;
  private double maxSquaredNorm;

  /** The lowest is taken first, so that an index goes on in the same way after it was opened. */
  private final PriorityQueue<Integer> free = new PriorityQueue<>();

  private final BitSet freed = new BitSet();
  private long freeSince;

  /**
   * What a reader starts from.
   *
   * @param version the latest version
   * @param size the number of items
   * @param ended the number of nodes that are linked and not shown
   * @param maxNorm the largest norm of a vector so far
   * @param log the nodes that changed
   * @param logged how many of them the version shows
   */
  record State(long version, int size, int ended, double maxNorm, Log log, int logged) {
    static final State EMPTY = new State(0, 0, 0, 0, new Log(0, new int[0]), 0);
  }

  /**
   * The nodes that began or ended, in the order in which they did.
   *
   * @param epoch a number of its own for each log that was begun
   * @param nodes the nodes
   */
  record Log(long epoch, int[] nodes) {}

  /**
   * Makes nodes without any.
   *
   * @param builder the parameters, which change no more
   */
  HnswNodes(HnswIndexBuilder builder) {
    this.builder = builder;
    dimension = builder.dimension;
    similarity = builder.similarity;
    m = builder.m;
    seed = builder.seed;
    exactBelow = builder.exactBelow;
    quantization = builder.quantization.resolved(dimension);
    ids = new NodeIds(builder.expectedSize);
    life = new NodeLife(builder.expectedSize);
    sets = new NodeSets(ids, life);
    graph = new HnswGraph(dimension, m, builder.expectedSize, quantization.keepsFloats());
    coder = new HnswCoder(graph, quantization, builder);
    inserter = new HnswInserter(graph, quantization, builder);
    calibration = new HnswCalibration(builder, graph, ids, life, this::walk);
  }

  int size() {
    return state.size();
  }

  /** {@return how many nodes are linked that are those of no item any more} */
  int ended() {
    return state.ended();
  }

  /** {@return whether walks read codes, rather than vectors} */
  boolean hasCodes() {
    return graph.view().codes() != null;
  }

  /** Returns the ids of items drawn at random, at most so many. */
  List<String> sample(int count) {
    Set<String> drawn = new LinkedHashSet<>();
    SplittableRandom random = new SplittableRandom(seed);
    AtomicLong reader = readers.enter(state.version());
    try {
      int places = graph.view().size();
      for (int tries = 0; places > 0 && drawn.size() < count && tries < 8 * count; tries++) {
        int node = random.nextInt(places);
        if (life.isAlive(node)) {
          drawn.add(ids.id(node));
        }
      }
    } finally {
      readers.leave(reader);
    }
    return List.copyOf(drawn);
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
  int latest(String itemId) {
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
    float[] vector = new float[dimension];
    graph.vector(node, vector, new float[0]);
    if (similarity == Similarity.COSINE) {
      double norm = graph.extra(graph.view(), node);
      for (int i = 0; i < dimension; i++) {
        vector[i] = (float) (vector[i] * norm);
      }
    }
    return vector;
  }

  /**
   * Adds or replaces items as one version. Ids are distinct, vectors are the index's own. If this
   * throws, nothing has changed, or everything if it was during the repair that followed.
   */
  void put(List<String> itemIds, float[][] vectors) {
    writeLock.lock();
    try {
      int before = linked();
      int[] placed = place(itemIds, vectors);
      long version = state.version() + 1;
      for (int i = 0; i < placed.length; i++) {
        int old = ids.find(itemIds.get(i));
        int order = old == HnswGraph.NONE ? nextOrder++ : life.order(old);
        life.begin(placed[i], version, order);
        // Who looks an item up finds a node that is alive at every moment.
        ids.put(placed[i]);
        log(placed[i]);
        if (old != HnswGraph.NONE) {
          end(old, version);
        }
      }
      publish(version);
      if (!repairIfNeeded() && hasGrown(before, linked())) {
        new HnswRepair(graph, inserter, life::isAlive).reach();
      }
      measureRecall();
    } finally {
      writeLock.unlock();
    }
  }

  /** Links vectors as new nodes that no version shows yet. */
  private int[] place(List<String> itemIds, float[][] vectors) {
    int[] placed = new int[vectors.length];
    int taken = 0;
    int written = 0;
    boolean isLinked = false;
    try {
      ids.ensure(graph.allocated() + vectors.length - free.size());
      life.ensure(graph.allocated() + vectors.length - free.size());
      while (written < placed.length) {
        int node = takePlace();
        placed[taken++] = node;
        graph.setLevel(node, drawLevel());
        writeRow(node, vectors[written]);
        ids.setId(node, itemIds.get(written++));
      }
      coder.code(placed, vectors);
      inserter.insert(placed);
      isLinked = true;
      return placed;
    } finally {
      if (!isLinked) {
        for (int i = written; i < taken; i++) {
          graph.setExtra(placed[i], HnswGraph.extra(similarity, 0));
          ids.setId(placed[i], itemIds.get(i));
        }
        abandon(Arrays.copyOf(placed, taken));
      }
    }
  }

  /** Lets nodes that may be linked end before any version shows them; others are free again. */
  private void abandon(int[] nodes) {
    long version = state.version() + 1;
    for (int node : nodes) {
      if (graph.view().entry() == HnswGraph.NONE) {
        free.add(node);
        freed.set(node);
      } else {
        life.begin(node, version, nextOrder++);
        life.end(node, version);
        ended++;
      }
    }
    inserter.resume(inUse());
    publish(version);
  }

  /** Measures the recall of walks once there are enough items, and when they have doubled. */
  private void measureRecall() {
    int size = ids.size();
    // What was measured while everything was compared says nothing of walks.
    boolean isKnown = recall.items() > exactBelow && size < 2L * recall.items();
    if (size <= exactBelow || isKnown || size < HnswCalibration.SAMPLE) {
      return;
    }
    recall = calibration.ofItems();
  }

  /** Measures the recall of walks for queries; changes wait meanwhile. */
  void measureRecall(float[][] queries) {
    withoutChanges(() -> recall = calibration.of(queries));
  }

  private void walk(float[] query, int k, int breadth, int barred, SearchHits hits) {
    double norm = Math.sqrt(squaredNorm(query));
    search(query, norm, k, breadth, SearchOptions.defaults(), barred, hits);
  }

  RecallTable recall() {
    return recall;
  }

  /** Does something while changes wait; searches do not. */
  void withoutChanges(Runnable task) {
    writeLock.lock();
    try {
      task.run();
    } finally {
      writeLock.unlock();
    }
  }

  /** Writes everything; without changes. */
  void write(SnapshotWriter out) {
    HnswGraph.View view = graph.view();
    HnswSnapshot.writeParameters(
        out,
        builder,
        new HnswSnapshot.Counters(
            graph.allocated(),
            view.entry(),
            view.top(),
            levelsDrawn,
            nextOrder,
            maxSquaredNorm,
            coder.trainedOn()),
        recall);
    List<HnswSnapshot.Node> nodes = new ArrayList<>();
    for (int node = 0; node < graph.allocated(); node++) {
      if (life.isAlive(node)) {
        nodes.add(new HnswSnapshot.Node(HnswSnapshot.SHOWN, life.order(node), ids.id(node)));
      } else if (freed.get(node)) {
        nodes.add(new HnswSnapshot.Node(HnswSnapshot.FREE, 0, ""));
      } else {
        nodes.add(new HnswSnapshot.Node(HnswSnapshot.ENDED, life.order(node), ids.id(node)));
      }
    }
    HnswSnapshot.writeNodes(out, nodes);
    HnswSnapshot.writeGraph(out, graph, quantization);
  }

  /** Takes what a file has into an index that has nothing yet. */
  void read(
      SnapshotReader in, HnswSnapshot.Counters counters, RecallTable table, boolean isMapped) {
    writeLock.lock();
    try {
      List<HnswSnapshot.Node> nodes = HnswSnapshot.readNodes(in, counters);
      if (isMapped && graph.keepsRows && !nodes.isEmpty()) {
        HnswSnapshot.mapRows(in, graph, similarity, counters);
      }
      for (int node = 0; node < counters.nodes(); node++) {
        graph.extend();
      }
      HnswSnapshot.readGraph(in, graph, similarity, quantization, nodes, counters);
      ids.ensure(counters.nodes());
      life.ensure(counters.nodes());
      for (int node = 0; node < nodes.size(); node++) {
        HnswSnapshot.Node one = nodes.get(node);
        if (one.isFree()) {
          free.add(node);
          freed.set(node);
          continue;
        }
        ids.setId(node, one.itemId());
        life.begin(node, 1, one.order());
        if (one.state() == HnswSnapshot.SHOWN) {
          ids.put(node);
        } else {
          life.end(node, 1);
          ended++;
        }
      }
      levelsDrawn = counters.levelsDrawn();
      nextOrder = counters.nextOrder();
      maxSquaredNorm = counters.squares();
      coder.resume(counters.trained());
      recall = table;
      graph.publish(counters.entry(), counters.top(), EntryNodes.NONE);
      inserter.resume(inUse());
      publish(1);
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
      end(node, version);
      publish(version);
      repairIfNeeded();
      return true;
    } finally {
      writeLock.unlock();
    }
  }

  private void end(int node, long version) {
    life.end(node, version);
    log(node);
    ended++;
  }

  private void log(int node) {
    if (logged == log.nodes().length) {
      // A log that is long for the nodes is begun anew: who has not followed it asks them all.
      boolean isLong = logged > graph.allocated() / 8 + 1024;
      int[] nodes = isLong ? new int[64] : Arrays.copyOf(log.nodes(), 2 * logged);
      log = new Log(isLong ? log.epoch() + 1 : log.epoch(), nodes);
      logged = isLong ? 0 : logged;
    }
    log.nodes()[logged++] = node;
  }

  private int takePlace() {
    if (!free.isEmpty() && freeSince <= readers.earliest()) {
      int node = free.remove();
      freed.clear(node);
      life.clear(node);
      return node;
    }
    ids.ensure(graph.allocated() + 1);
    life.ensure(graph.allocated() + 1);
    return graph.extend();
  }

  /** Levels are drawn from the seed and the number of the draw, by splitmix64. */
  private int drawLevel() {
    long z = seed + ++levelsDrawn * 0x9E3779B97F4A7C15L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    double uniform = ((z ^ z >>> 31) >>> 11) * 0x1p-53;
    return (int) Math.min(30, -StrictMath.log(1 - uniform) / StrictMath.log(m));
  }

  /** Writes the row of a node; a vector whose length does not count is given length 1. */
  private void writeRow(int node, float[] vector) {
    double squares = squaredNorm(vector);
    maxSquaredNorm = Math.max(maxSquaredNorm, squares);
    if (similarity == Similarity.COSINE && squares > 0) {
      double norm = Math.sqrt(squares);
      for (int i = 0; i < dimension; i++) {
        vector[i] = (float) (vector[i] / norm);
      }
    }
    if (graph.keepsRows) {
      graph.writeRow(node, vector);
    }
    graph.setExtra(node, HnswGraph.extra(similarity, squares));
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
    life.moveUp(version);
    state = new State(version, ids.size(), ended, maxNorm, log, logged);
  }

  /** {@return the nodes that are linked, those that have ended included} */
  private int[] inUse() {
    return IntStream.range(0, graph.allocated()).filter(node -> !freed.get(node)).toArray();
  }

  /** {@return how many nodes are linked, those that have ended included} */
  private int linked() {
    return graph.view().size() - free.size();
  }

  /**
   * Returns whether the number of nodes has passed one of those at which all are reached: each a
   * fifth more than the one before. It does not depend on when an index was saved and opened.
   */
  private static boolean hasGrown(int before, int after) {
    double mark = REPAIR_LEAST;
    while (mark <= before) {
      mark += mark / REPAIR_PART;
    }
    return mark <= after;
  }

  /** Returns whether it was needed. */
  private boolean repairIfNeeded() {
    if ((long) ended * REPAIR_PART <= linked() || ended < REPAIR_LEAST) {
      return false;
    }
    List<Integer> gone =
        new HnswRepair(graph, inserter, life::isAlive)
            .run(node -> life.hasEnded(node) && !freed.get(node));
    free.addAll(gone);
    gone.forEach(freed::set);
    ended = 0;
    // A later version, so that readers of this one count as readers of the links before the repair.
    long version = state.version() + 1;
    freeSince = version;
    publish(version);
    return true;
  }

  /** Answers a query; see {@link HnswIndex#search(float[], int, SearchOptions, SearchHits)}. */
  void search(float[] query, double norm, int k, int ef, SearchOptions options, SearchHits hits) {
    search(query, norm, k, ef, options, HnswGraph.NONE, hits);
  }

  /** Answers a query; walks go around the barred node, if there is one. */
  private void search(
      float[] query,
      double norm,
      int k,
      int ef,
      SearchOptions options,
      int barred,
      SearchHits hits) {
    // The order matters: announce first, then take the state.
    AtomicLong reader = readers.enter(state.version());
    int slot = (int) Thread.currentThread().getId() & QUERIES - 1;
    HnswQuery one = queries.getAndSet(slot, null);
    if (one == null) {
      one = new HnswQuery(this, graph, similarity, quantization, exactBelow, builder.bridgeBreadth);
    }
    boolean isAnswered = false;
    try {
      State now = state;
      hits.clear();
      if (now.size() > 0) {
        one.answer(now, query, norm, k, ef, options, barred, hits);
      } else {
        hits.setExact();
      }
      isAnswered = true;
    } finally {
      if (!isAnswered) {
        hits.clear();
      }
      queries.set(slot, one);
      readers.leave(reader);
    }
  }

  NodeIds ids() {
    return ids;
  }

  NodeLife life() {
    return life;
  }

  NodeSets sets() {
    return sets;
  }
}
