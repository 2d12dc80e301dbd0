package io.recommender.ann;

import io.recommender.ann.internal.CandidatePool;
import java.util.Arrays;

/**
 * A batch that is so large a part of the graph that its nodes would miss each other if they only
 * walked through the graph as it was before.
 *
 * <p>First each node walks until several steps find none of the best. Then it chooses its links
 * among what it has found, those of the batch that have found the same ({@link BatchLists}), and
 * what the nearest of these have found, which makes up for short walks. Lists to which many of the
 * batch link back are cut only once.
 */
final class HnswLargeBatch {
  /** One of so many nodes that a walk keeps counts for who is near to whom. */
  private static final int SHARED_PART = 5;

  private static final int LEAST_SHARED = 12;

  /** A batch is not linked at once if more than this part of it is hidden. */
  private static final int HIDDEN_PART = 8;

  /** What so many others have found is looked at, ... */
  private static final int STEPS = 3;

  /** ... as many of the best of each. */
  private static final int STEP_WIDTH = 32;

  /**
   * A walk keeps this part of what others keep, in percent. Measured: what others of the batch have
   * found makes up for the rest: recall up to 0.99 takes searches as much work, 0.998 up to 7 %
   * more.
   */
  private static final int KEPT_PERCENT = 65;

  /**
   * A walk ends after as many steps without a find as this part of its pool. Measured: the links
   * are as good at equal work of searches, and a third fewer nodes are scored.
   */
  private static final int PATIENCE_PART = 8;

  private final HnswGraph graph;
  private final HnswInserter inserter;
  private final HnswGraph.View view;
  private final int[] batch;

  /** The part of its breadth for which a walk goes on without a find, 0 for ever. */
  private int patiencePart;

  /** By place in the batch the nodes that were found, best first. */
  private final int[][] found;

  /**
   * Prepares a batch.
   *
   * @param view shows the batch, to which no link leads yet
   * @param batch nodes of level 0 only
   */
  HnswLargeBatch(HnswGraph graph, HnswInserter inserter, HnswGraph.View view, int[] batch) {
    this.graph = graph;
    this.inserter = inserter;
    this.view = view;
    this.batch = batch;
    found = new int[batch.length][];
  }

  /**
   * Sets the links of the nodes, unless too many find the same: then the graph has no nodes near to
   * them yet that would tell who is near to whom.
   *
   * @return whether they are set
   */
  boolean link(int efConstruction, HnswWorkers<HnswInserter.Worker> workers) {
    int kept = Math.max((int) (efConstruction * (long) KEPT_PERCENT / 100), graph.baseDegree);
    patiencePart = isPatienceSafe() ? PATIENCE_PART : 0;
    workers.forEach(batch.length, (worker, i) -> found[i] = walk(worker, i, kept));
    int shared = Math.max(LEAST_SHARED, efConstruction / SHARED_PART);
    BatchLists lists = new BatchLists(found, Math.min(BatchLists.MOST_SHARED, shared));
    if (lists.hidden(found) > batch.length / HIDDEN_PART) {
      return false;
    }
    workers.forEach(batch.length, (worker, i) -> choose(worker, i, lists, kept));
    return true;
  }

  /**
   * Returns whether a walk that finds nothing better for a while has come to where it leads to.
   * Rough codes do not tell what is among the best; and from long vectors to short ones there are
   * ways that lead past worse.
   */
  private boolean isPatienceSafe() {
    return !inserter.walksRoughly()
        && (!inserter.hasWeights() || graph.hasEvenWeights(view, batch));
  }

  private int[] walk(HnswInserter.Worker worker, int place, int ef) {
    NodeScorer scorer = HnswInserter.scorer(worker, view, batch[place]);
    worker.search.patience.set(patiencePart, patiencePart, graph.baseDegree);
    worker.search.search(view, scorer, ef, Long.MAX_VALUE);
    worker.search.patience.setEndless();
    CandidatePool pool = worker.search.pool;
    int[] nodes = new int[pool.size()];
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = pool.node(i);
    }
    return nodes;
  }

  private void choose(HnswInserter.Worker worker, int place, BatchLists lists, int most) {
    int[] near = found[place];
    int node = batch[place];
    worker.ensure(lists.mostOthers() + near.length + STEPS * STEP_WIDTH + 4);
    int[] candidates = worker.candidates;
    int others = lists.others(place, near, worker.placeMarks(batch.length), candidates);
    int[] places = Arrays.copyOf(candidates, others);
    for (int i = 0; i < others; i++) {
      candidates[i] = batch[candidates[i]];
    }
    System.arraycopy(near, 0, candidates, others, near.length);
    worker.exact.prepare(view, node);
    worker.exact.score(view, candidates, 0, others, worker.candidateScores);
    int count = step(worker, places, others, others + near.length);
    inserter.rank(worker, view, node, count, 0);
    count = Math.min(count, most);
    int kept = inserter.select(worker, view, node, count, graph.degree(0));
    graph.setLinks(node, 0, worker.selected, inserter.fill(worker, count, kept, 0), kept);
  }

  /**
   * Adds what the nearest others have found.
   *
   * @param places those of the others, which are the first candidates and have scores
   * @param count how many candidates there are, those included that the node itself has found
   * @return how many there are then
   */
  private int step(HnswInserter.Worker worker, int[] places, int others, int count) {
    int[] candidates = worker.candidates;
    float[] scores = worker.candidateScores;
    PlaceMarks marks = worker.nodeMarks(view.size());
    for (int i = others; i < count; i++) {
      marks.mark(candidates[i]);
    }
    int end = count;
    for (int taken = 0; taken < Math.min(STEPS, others); taken++) {
      int best = 0;
      for (int i = 1; i < others; i++) {
        best = scores[i] > scores[best] ? i : best;
      }
      scores[best] = Float.NEGATIVE_INFINITY;
      int[] theirs = found[places[best]];
      for (int i = 0; i < Math.min(STEP_WIDTH, theirs.length); i++) {
        if (marks.mark(theirs[i])) {
          candidates[end++] = theirs[i];
        }
      }
    }
    return end;
  }
}
