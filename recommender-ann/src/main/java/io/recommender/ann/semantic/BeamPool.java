package io.recommender.ann.semantic;

/**
 * Beginnings of items and their scores: one set of beams, or the best continuations of them.
 *
 * <p>While it is filled, it keeps the best that it has room for, of equal ones those that came
 * first; then it is sorted. <b>Confined</b>.
 */
final class BeamPool {
  /** Stands for a node of the tree whose children are not listed. */
  static final int UNLISTED = -1;

  private final int capacity;
  private int size;
  private int added;

  /** Where the beams lie: first as a heap with the worst on top, then in order. */
  private final int[] places;

  private final int[] ages;
  private final double[] scores;
  private final int[] parents;
  private final int[] codes;
  private final int[] nodes;
  private final int[] starts;
  private final int[] ends;
  private final int[] deltaStarts;
  private final int[] deltaEnds;

  BeamPool(int capacity) {
    this.capacity = capacity;
    places = new int[capacity];
    ages = new int[capacity];
    scores = new double[capacity];
    parents = new int[capacity];
    codes = new int[capacity];
    nodes = new int[capacity];
    starts = new int[capacity];
    ends = new int[capacity];
    deltaStarts = new int[capacity];
    deltaEnds = new int[capacity];
  }

  int size() {
    return size;
  }

  void clear() {
    size = 0;
    added = 0;
  }

  /** Returns what the next beam has to exceed. */
  double threshold() {
    return size < capacity ? Double.NEGATIVE_INFINITY : scores[places[0]];
  }

  /**
   * Adds a beam above the threshold.
   *
   * @param parent the beam that it continues
   * @param code the code that it continues it with
   * @param node its node of the directory, or {@link #UNLISTED}
   * @param from its first row of the base
   * @param to the row after the last one
   * @param deltaFrom its first row of the delta
   * @param deltaTo the row after the last one
   */
  void add(
      double score, int parent, int code, int node, int from, int to, int deltaFrom, int deltaTo) {
    boolean isFull = size == capacity;
    int place = isFull ? places[0] : size;
    scores[place] = score;
    ages[place] = added++;
    parents[place] = parent;
    codes[place] = code;
    nodes[place] = node;
    starts[place] = from;
    ends[place] = to;
    deltaStarts[place] = deltaFrom;
    deltaEnds[place] = deltaTo;
    if (isFull) {
      sink(size);
    } else {
      places[size++] = place;
      rise();
    }
  }

  /** Adds the beams of a sorted pool that are above the threshold. */
  void addAll(BeamPool others) {
    for (int i = 0; i < others.size && others.score(i) > threshold(); i++) {
      add(
          others.score(i),
          others.parent(i),
          others.code(i),
          others.node(i),
          others.start(i),
          others.end(i),
          others.deltaStart(i),
          others.deltaEnd(i));
    }
  }

  /** Brings the beams into order, the best first. Nothing but {@link #clear} may change it then. */
  void sort() {
    for (int last = size - 1; last > 0; last--) {
      int worst = places[0];
      places[0] = places[last];
      places[last] = worst;
      sink(last);
    }
  }

  double score(int i) {
    return scores[places[i]];
  }

  int parent(int i) {
    return parents[places[i]];
  }

  int code(int i) {
    return codes[places[i]];
  }

  int node(int i) {
    return nodes[places[i]];
  }

  int start(int i) {
    return starts[places[i]];
  }

  int end(int i) {
    return ends[places[i]];
  }

  int deltaStart(int i) {
    return deltaStarts[places[i]];
  }

  int deltaEnd(int i) {
    return deltaEnds[places[i]];
  }

  private boolean isWorse(int one, int other) {
    return scores[one] != scores[other] ? scores[one] < scores[other] : ages[one] > ages[other];
  }

  private void rise() {
    int i = size - 1;
    int place = places[i];
    while (i > 0 && isWorse(place, places[i - 1 >>> 1])) {
      places[i] = places[i - 1 >>> 1];
      i = i - 1 >>> 1;
    }
    places[i] = place;
  }

  private void sink(int count) {
    int place = places[0];
    int i = 0;
    int child = 1;
    while (child < count) {
      if (child + 1 < count && isWorse(places[child + 1], places[child])) {
        child++;
      }
      if (!isWorse(places[child], place)) {
        break;
      }
      places[i] = places[child];
      i = child;
      child = 2 * i + 1;
    }
    places[i] = place;
  }
}
