package io.recommender.ann.semantic;

import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongArrays;
import java.util.Arrays;

/**
 * Items, and for each two of them in how many histories they occur together: a symmetric sparse
 * matrix, row by row.
 *
 * <p><b>Immutable</b>.
 */
final class CooccurrenceGraph {
  /** Items this far apart in a history still count as together. */
  static final int WINDOW = 50;

  /** Where the neighbours of each node begin, and where the last ones end. */
  private final int[] starts;

  private final int[] neighbours;
  private final float[] weights;

  private CooccurrenceGraph(int[] starts, int[] neighbours, float[] weights) {
    this.starts = starts;
    this.neighbours = neighbours;
    this.weights = weights;
  }

  /** Counts pairs of items, each once in a history. */
  static CooccurrenceGraph of(int items, int[][] histories) {
    Long2IntOpenHashMap counts = new Long2IntOpenHashMap();
    for (int[] history : histories) {
      int[] distinct = Arrays.stream(history).distinct().toArray();
      for (int i = 0; i < distinct.length; i++) {
        for (int j = i + 1; j < Math.min(distinct.length, i + 1 + WINDOW); j++) {
          counts.addTo((long) distinct[i] << Integer.SIZE | distinct[j], 1);
          counts.addTo((long) distinct[j] << Integer.SIZE | distinct[i], 1);
        }
      }
    }
    long[] pairs = counts.keySet().toLongArray();
    LongArrays.radixSort(pairs);
    int[] starts = new int[items + 1];
    int[] neighbours = new int[pairs.length];
    float[] weights = new float[pairs.length];
    for (int i = 0; i < pairs.length; i++) {
      starts[(int) (pairs[i] >>> Integer.SIZE) + 1]++;
      neighbours[i] = (int) pairs[i];
      weights[i] = counts.get(pairs[i]);
    }
    for (int node = 0; node < items; node++) {
      starts[node + 1] += starts[node];
    }
    return new CooccurrenceGraph(starts, neighbours, weights);
  }

  int size() {
    return starts.length - 1;
  }

  /** Returns the graph of some nodes, which are numbered by their places. */
  CooccurrenceGraph part(int[] nodes) {
    int[] places = new int[size()];
    Arrays.fill(places, -1);
    int most = 0;
    for (int i = 0; i < nodes.length; i++) {
      places[nodes[i]] = i;
      most += starts[nodes[i] + 1] - starts[nodes[i]];
    }
    int[] partStarts = new int[nodes.length + 1];
    int[] partNeighbours = new int[most];
    float[] partWeights = new float[most];
    int count = 0;
    for (int i = 0; i < nodes.length; i++) {
      for (int at = starts[nodes[i]]; at < starts[nodes[i] + 1]; at++) {
        if (places[neighbours[at]] >= 0) {
          partNeighbours[count] = places[neighbours[at]];
          partWeights[count++] = weights[at];
        }
      }
      partStarts[i + 1] = count;
    }
    return new CooccurrenceGraph(
        partStarts, Arrays.copyOf(partNeighbours, count), Arrays.copyOf(partWeights, count));
  }

  /** Returns one over the square root of the sum of the weights of each node, or 0. */
  double[] scales() {
    double[] scales = new double[size()];
    for (int node = 0; node < scales.length; node++) {
      double sum = 0;
      for (int at = starts[node]; at < starts[node + 1]; at++) {
        sum += weights[at];
      }
      scales[node] = sum > 0 ? 1 / Math.sqrt(sum) : 0;
    }
    return scales;
  }

  /**
   * Multiplies the normalized matrix, whose eigenvalues are from -1 to 1, with columns, and adds
   * them: what comes out has eigenvalues from 0 to 2.
   *
   * @param scales those of the graph
   * @param columns a row for each node
   * @param width how many columns
   * @param out receives the product
   */
  void multiply(double[] scales, double[] columns, int width, double[] out) {
    for (int node = 0; node < scales.length; node++) {
      int to = node * width;
      System.arraycopy(columns, to, out, to, width);
      for (int at = starts[node]; at < starts[node + 1]; at++) {
        int from = neighbours[at] * width;
        double factor = weights[at] * scales[node] * scales[neighbours[at]];
        for (int column = 0; column < width; column++) {
          out[to + column] += factor * columns[from + column];
        }
      }
    }
  }
}
