package io.recommender.ann.semantic;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import org.ejml.interfaces.decomposition.QRDecomposition;

/**
 * Splits the nodes of a graph into clusters and these into smaller ones: spectral clustering (Ng,
 * Jordan and Weiss 2001), by the leading eigenvectors of the normalized matrix, which orthogonal
 * iteration finds, and k-means among their rows.
 *
 * <p><b>Immutable</b>.
 */
final class ClusterTree {
  /** Columns beyond those that are needed make the needed ones converge. */
  private static final int SPARE = 8;

  private static final int ITERATIONS = 60;
  private static final int ROUNDS = 30;

  private final int clusters;
  private final int largest;
  private final long seed;

  /**
   * Prepares a tree.
   *
   * @param clusters into how many clusters one is split
   * @param largest how many nodes a cluster has at most that is not split
   */
  ClusterTree(int clusters, int largest, long seed) {
    this.clusters = clusters;
    this.largest = largest;
    this.seed = seed;
  }

  /** Is given the leaves of a tree. */
  interface Leaf {
    /**
     * Takes a node.
     *
     * @param path the number of the cluster at each level
     * @param number the place of the node in the last one
     */
    void take(int node, int[] path, int number);
  }

  /** Splits all nodes of a graph. */
  void split(CooccurrenceGraph graph, Leaf leaf) {
    int[] nodes = new int[graph.size()];
    Arrays.setAll(nodes, node -> node);
    split(graph, nodes, new int[0], leaf);
  }

  private void split(CooccurrenceGraph graph, int[] nodes, int[] path, Leaf leaf) {
    if (nodes.length <= largest) {
      for (int i = 0; i < nodes.length; i++) {
        leaf.take(nodes[i], path, i);
      }
      return;
    }
    CooccurrenceGraph part = path.length == 0 ? graph : graph.part(nodes);
    int[] cluster = cluster(part);
    int[] sizes = new int[clusters];
    for (int number : cluster) {
      sizes[number]++;
    }
    for (int number = 0; number < clusters; number++) {
      int[] members = new int[sizes[number]];
      int count = 0;
      for (int i = 0; i < nodes.length; i++) {
        if (cluster[i] == number) {
          members[count++] = nodes[i];
        }
      }
      int[] longer = Arrays.copyOf(path, path.length + 1);
      longer[path.length] = number;
      split(graph, members, longer, leaf);
    }
  }

  /** Returns the cluster of each node, numbered in the order of their first nodes. */
  private int[] cluster(CooccurrenceGraph graph) {
    int count = graph.size();
    int parts = Math.min(clusters, count);
    int[] cluster = KMeans.clusters(embed(graph, parts), parts, ROUNDS, seed);
    int[] sizes = new int[parts];
    for (int number : cluster) {
      sizes[number]++;
    }
    if (Arrays.stream(sizes).max().orElse(0) == count) {
      // Nodes that nothing tells apart are split as they come.
      Arrays.setAll(cluster, node -> (int) ((long) node * parts / count));
    }
    int[] numbers = new int[parts];
    Arrays.fill(numbers, -1);
    int next = 0;
    for (int node = 0; node < count; node++) {
      if (numbers[cluster[node]] < 0) {
        numbers[cluster[node]] = next++;
      }
      cluster[node] = numbers[cluster[node]];
    }
    return cluster;
  }

  /** Returns a row of length 1 for each node, or zeros if it has no neighbours. */
  private float[][] embed(CooccurrenceGraph graph, int parts) {
    int count = graph.size();
    int width = Math.min(count, parts + SPARE);
    double[] scales = graph.scales();
    DMatrixRMaj basis = new DMatrixRMaj(count, width);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < basis.data.length; i++) {
      basis.data[i] = random.nextDouble() - 0.5;
    }
    orthonormalize(basis);
    DMatrixRMaj product = new DMatrixRMaj(count, width);
    for (int i = 0; i < ITERATIONS; i++) {
      graph.multiply(scales, basis.data, width, product.data);
      DMatrixRMaj previous = basis;
      basis = product;
      product = previous;
      orthonormalize(basis);
    }
    graph.multiply(scales, basis.data, width, product.data);
    DMatrixRMaj small = new DMatrixRMaj(width, width);
    CommonOps_DDRM.multTransA(basis, product, small);
    DMatrixRMaj leading = leading(small, parts);
    DMatrixRMaj rows = new DMatrixRMaj(count, parts);
    CommonOps_DDRM.mult(basis, leading, rows);
    float[][] embedding = new float[count][parts];
    for (int node = 0; node < count; node++) {
      double sum = 0;
      for (int i = 0; i < parts; i++) {
        sum += rows.get(node, i) * rows.get(node, i);
      }
      double scale = scales[node] > 0 && sum > 0 ? 1 / Math.sqrt(sum) : 0;
      for (int i = 0; i < parts; i++) {
        embedding[node][i] = (float) (rows.get(node, i) * scale);
      }
    }
    return embedding;
  }

  private static void orthonormalize(DMatrixRMaj columns) {
    QRDecomposition<DMatrixRMaj> decomposition =
        DecompositionFactory_DDRM.qr(columns.numRows, columns.numCols);
    decomposition.decompose(columns.copy());
    decomposition.getQ(columns, true);
  }

  /** Returns the eigenvectors of a symmetric matrix with the highest eigenvalues, as columns. */
  private static DMatrixRMaj leading(DMatrixRMaj matrix, int count) {
    int size = matrix.numRows;
    for (int row = 0; row < size; row++) {
      for (int column = 0; column < row; column++) {
        double mean = (matrix.get(row, column) + matrix.get(column, row)) / 2;
        matrix.set(row, column, mean);
        matrix.set(column, row, mean);
      }
    }
    EigenDecomposition_F64<DMatrixRMaj> decomposition =
        DecompositionFactory_DDRM.eig(size, true, true);
    decomposition.decompose(matrix);
    Integer[] order = new Integer[size];
    Arrays.setAll(order, i -> i);
    Arrays.sort(
        order,
        (one, other) ->
            Double.compare(
                decomposition.getEigenvalue(other).getReal(),
                decomposition.getEigenvalue(one).getReal()));
    DMatrixRMaj leading = new DMatrixRMaj(size, count);
    for (int column = 0; column < count; column++) {
      DMatrixRMaj vector = decomposition.getEigenVector(order[column]);
      for (int row = 0; row < size; row++) {
        leading.set(row, column, vector.get(row, 0));
      }
    }
    return leading;
  }
}
