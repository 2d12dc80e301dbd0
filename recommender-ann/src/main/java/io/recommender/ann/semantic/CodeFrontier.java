package io.recommender.ann.semantic;

import java.util.Arrays;

/**
 * Subtrees that may hold items of a result, the one with the highest bound first: a binary heap of
 * numbers of places, whose fields lie in arrays.
 *
 * <p><b>Confined</b>.
 */
final class CodeFrontier {
  /** The rank of a place that has not been looked at. */
  static final int WHOLE = -1;

  private static final int CAPACITY = 512;

  /** No item of the place has a higher score. */
  double[] bounds = new double[CAPACITY];

  /** The sum of the scores of the codes above the place. */
  double[] prefixes = new double[CAPACITY];

  /** How many codes are above the place. */
  int[] depths = new int[CAPACITY];

  /** The number of the node in the directory, negative if it is not listed. */
  int[] nodes = new int[CAPACITY];

  /** The rows of the place. */
  int[] starts = new int[CAPACITY];

  int[] ends = new int[CAPACITY];

  /**
   * What is left of the node: its children from this rank on, by descending score of their codes;
   * or {@link #WHOLE}.
   */
  int[] ranks = new int[CAPACITY];

  private int[] heap = new int[CAPACITY];
  private int[] free = new int[CAPACITY];
  private int size;
  private int freeSize;
  private int used;

  boolean isEmpty() {
    return size == 0;
  }

  /** Returns the place with the highest bound. */
  int first() {
    return heap[0];
  }

  /** Adds a place. */
  void add(double bound, double prefix, int depth, int node, int start, int end, int rank) {
    int place = freeSize > 0 ? free[--freeSize] : used++;
    if (place == bounds.length) {
      grow();
    }
    bounds[place] = bound;
    prefixes[place] = prefix;
    depths[place] = depth;
    nodes[place] = node;
    starts[place] = start;
    ends[place] = end;
    ranks[place] = rank;
    int i = size++;
    while (i > 0) {
      int parent = i - 1 >>> 1;
      if (bounds[heap[parent]] >= bound) {
        break;
      }
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = place;
  }

  /** Removes the first place. What its fields hold stays readable until one is added. */
  void removeFirst() {
    free[freeSize++] = heap[0];
    int last = heap[--size];
    if (size > 0) {
      sink(last);
    }
  }

  /** Puts the first place where it belongs after its bound was lowered. */
  void lowerFirst(double bound) {
    int place = heap[0];
    bounds[place] = bound;
    sink(place);
  }

  private void sink(int place) {
    double bound = bounds[place];
    int i = 0;
    while (2 * i + 1 < size) {
      int child = 2 * i + 1;
      if (child + 1 < size && bounds[heap[child + 1]] > bounds[heap[child]]) {
        child++;
      }
      if (bounds[heap[child]] <= bound) {
        break;
      }
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = place;
  }

  private void grow() {
    int capacity = 2 * bounds.length;
    bounds = Arrays.copyOf(bounds, capacity);
    prefixes = Arrays.copyOf(prefixes, capacity);
    depths = Arrays.copyOf(depths, capacity);
    nodes = Arrays.copyOf(nodes, capacity);
    starts = Arrays.copyOf(starts, capacity);
    ends = Arrays.copyOf(ends, capacity);
    ranks = Arrays.copyOf(ranks, capacity);
    heap = Arrays.copyOf(heap, capacity);
    free = Arrays.copyOf(free, capacity);
  }
}
