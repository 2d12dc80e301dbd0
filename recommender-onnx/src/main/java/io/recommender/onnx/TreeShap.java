package io.recommender.onnx;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Explains the output of trees: how much each feature of a row adds to it. The numbers are the
 * Shapley values of the game whose value of a set of features is what the trees are expected to say
 * when only those are known, the others following the frequencies of the branches. Lundberg et al.,
 * "From Local Explanations to Global Understanding with Explainable AI for Trees", 2020; here leaf
 * by leaf: a leaf's game is a product, so its values are read off one polynomial.
 *
 * <pre>{@code
 * TreeShap shap = TreeShap.read(Path.of("bundles/crops/model.onnx"), trainingRows);
 * double[] added = shap.explain(row)[0];      // sums, with shap.baseValues()[0], to the output
 * }</pre>
 *
 * <p><b>Shapes.</b> A row has at least {@link #features()} numbers; an explanation is {@code
 * [outputs][features of the row]}. Outputs are margins, before a post-transform such as LOGISTIC.
 *
 * <p><b>Thread safety.</b> <b>Immutable</b>.
 *
 * <p><b>Cost.</b> For each leaf that shares a branch with the row, the square of the number of
 * different features on its path at most.
 */
public final class TreeShap {
  private final TreeEnsemble trees;

  /** The share of a node's rows that came from its parent to it. */
  private final double[] shares;

  private final int features;
  private final double[] base;

  private TreeShap(TreeEnsemble trees, double[] covers) {
    this.trees = trees;
    features = Arrays.stream(inner(trees)).map(node -> trees.features()[node] + 1).max().orElse(0);
    shares = new double[trees.size()];
    Arrays.fill(shares, 1);
    for (int node : inner(trees)) {
      int[] children = {trees.onTrue()[node], trees.onFalse()[node]};
      double sum = covers[children[0]] + covers[children[1]];
      for (int child : children) {
        // Where no row came, nothing is known: halves.
        shares[child] = sum > 0 ? covers[child] / sum : 0.5;
      }
    }
    base = trees.base().clone();
    for (int root : trees.roots()) {
      addExpected(root, 1);
    }
  }

  private static int[] inner(TreeEnsemble trees) {
    return java.util.stream.IntStream.range(0, trees.size())
        .filter(node -> trees.modes()[node] != TreeEnsemble.Mode.LEAF)
        .toArray();
  }

  private void addExpected(int node, double share) {
    if (trees.modes()[node] == TreeEnsemble.Mode.LEAF) {
      for (int output = 0; output < base.length; output++) {
        base[output] += share * trees.weights()[node][output];
      }
      return;
    }
    addExpected(trees.onTrue()[node], share * shares[trees.onTrue()[node]]);
    addExpected(trees.onFalse()[node], share * shares[trees.onFalse()[node]]);
  }

  /**
   * Reads the trees of a graph, and the frequencies of branches from what the file says of its
   * training data ({@code nodes_hitrates}).
   *
   * @param model an ONNX file with one TreeEnsembleRegressor or TreeEnsembleClassifier
   * @return what explains them
   * @throws io.recommender.RecommenderException if there is none, the file is damaged, or it does
   *     not tell frequencies, as most exporters leave them out
   */
  public static TreeShap read(Path model) {
    TreeEnsemble trees = TreeEnsemble.read(model);
    double[] rates = trees.hitRates();
    for (int node : inner(trees)) {
      double children = rates[trees.onTrue()[node]] + rates[trees.onFalse()[node]];
      if (!(rates[node] > 0) || Math.abs(children - rates[node]) > 1e-4 * rates[node]) {
        throw BundleFailures.invalid(
            model.getFileName(),
            "nodes_hitrates: expected how many rows reached each node, found %s at one and %s at both after it; TreeShap.read(model, rows) counts them"
                .formatted(rates[node], children));
      }
    }
    return new TreeShap(trees, rates);
  }

  /**
   * Reads the trees of a graph and counts how often rows take each branch.
   *
   * @param model an ONNX file with one TreeEnsembleRegressor or TreeEnsembleClassifier
   * @param rows what the frequencies are counted over, best the training data; at least one
   * @return what explains them
   * @throws IllegalArgumentException if there is no row, or one is too short
   * @throws io.recommender.RecommenderException if there are no trees or the file is damaged
   */
  public static TreeShap read(Path model, List<float[]> rows) {
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("rows: expected at least one, found none");
    }
    TreeEnsemble trees = TreeEnsemble.read(model);
    TreeShap uncounted = new TreeShap(trees, new double[trees.size()]);
    double[] covers = new double[trees.size()];
    for (float[] row : rows) {
      uncounted.check(row);
      for (int root : trees.roots()) {
        int node = root;
        covers[node]++;
        while (trees.modes()[node] != TreeEnsemble.Mode.LEAF) {
          node = trees.holds(node, row) ? trees.onTrue()[node] : trees.onFalse()[node];
          covers[node]++;
        }
      }
    }
    return new TreeShap(trees, covers);
  }

  /** The tensor of the graph that the trees read. */
  String input() {
    return trees.input();
  }

  /** {@return how many features the trees read: one more than the last of them} */
  public int features() {
    return features;
  }

  /**
   * {@return the number of outputs: targets, classes, or 1 for the margin of one of two classes}
   */
  public int outputs() {
    return base.length;
  }

  /** {@return what each output is expected to be when nothing is known; a new array} */
  public double[] baseValues() {
    return base.clone();
  }

  /**
   * Returns the outputs of the trees.
   *
   * @param row the features
   * @return the margin of each output
   * @throws IllegalArgumentException if the row is too short
   */
  public double[] margins(float[] row) {
    check(row);
    double[] margins = trees.base().clone();
    for (int root : trees.roots()) {
      int node = root;
      while (trees.modes()[node] != TreeEnsemble.Mode.LEAF) {
        node = trees.holds(node, row) ? trees.onTrue()[node] : trees.onFalse()[node];
      }
      for (int output = 0; output < margins.length; output++) {
        margins[output] += trees.weights()[node][output];
      }
    }
    return margins;
  }

  /**
   * Explains a row. For each output, the numbers and {@link #baseValues()} add up to {@link
   * #margins}.
   *
   * @param row the features
   * @return what each feature adds to each output, {@code [outputs][row.length]}
   * @throws IllegalArgumentException if the row is too short
   */
  public double[][] explain(float[] row) {
    check(row);
    double[][] added = new double[base.length][row.length];
    for (int root : trees.roots()) {
      new Walk(row, added).visit(root, 0);
    }
    return added;
  }

  private void check(float[] row) {
    if (row.length < features) {
      throw new IllegalArgumentException(
          "row: expected at least %d numbers, found %d".formatted(features, row.length));
    }
  }

  /** One tree, leaf by leaf, with the features on the way. */
  private final class Walk {
    private final float[] row;
    private final double[][] added;
    private int[] path = new int[8];

    /** The share of rows that would go on if the feature were unknown. */
    private double[] unknown = new double[8];

    /** Whether the row itself goes on. */
    private boolean[] known = new boolean[8];

    Walk(float[] row, double[][] added) {
      this.row = row;
      this.added = added;
    }

    /** Visits a node that {@code length} different features lead to. */
    void visit(int node, int length) {
      if (trees.modes()[node] == TreeEnsemble.Mode.LEAF) {
        addLeaf(trees.weights()[node], length);
        return;
      }
      int feature = trees.features()[node];
      int place = 0;
      while (place < length && path[place] != feature) {
        place++;
      }
      boolean first = place == length;
      if (place == path.length) {
        path = Arrays.copyOf(path, 2 * place);
        unknown = Arrays.copyOf(unknown, 2 * place);
        known = Arrays.copyOf(known, 2 * place);
      }
      double unknownBefore = first ? 1 : unknown[place];
      boolean knownBefore = first || known[place];
      boolean holds = trees.holds(node, row);
      for (boolean branch : new boolean[] {true, false}) {
        int child = branch ? trees.onTrue()[node] : trees.onFalse()[node];
        path[place] = feature;
        unknown[place] = unknownBefore * shares[child];
        known[place] = knownBefore && branch == holds;
        // Where neither leads on, no set of features reaches the leaves below.
        if (known[place] || unknown[place] > 0) {
          visit(child, first ? length + 1 : length);
        }
      }
      unknown[place] = unknownBefore;
      known[place] = knownBefore;
    }

    /**
     * The leaf's value for a set is its weight, times the share of each feature outside of the set,
     * and 0 if the row leaves the path by a feature in it. Coefficient k of the polynomial ∏ (share
     * + known · x) is the sum over the sets of k features.
     */
    private void addLeaf(double[] weights, int length) {
      double[] sums = new double[length + 1];
      sums[0] = 1;
      int degree = 0;
      for (int i = 0; i < length; i++) {
        if (known[i]) {
          degree++;
        }
        for (int k = degree; k >= 0; k--) {
          sums[k] = sums[k] * unknown[i] + (known[i] && k > 0 ? sums[k - 1] : 0);
        }
      }
      for (int i = 0; i < length; i++) {
        double gain =
            known[i] ? gainOfKnown(sums, degree, length, unknown[i]) : -loss(sums, degree, length);
        for (int output = 0; output < weights.length; output++) {
          added[output][path[i]] += gain * weights[output];
        }
      }
    }

    /** The row stays on the path by a feature: the polynomial of the others is a quotient. */
    private double gainOfKnown(double[] sums, int degree, int length, double share) {
      double quotient = 0;
      double expected = 0;
      double weight = weight(length, degree - 1);
      for (int k = degree; k > 0; k--) {
        quotient = sums[k] - share * quotient;
        expected += weight * quotient;
        // weight(length, k - 2) from weight(length, k - 1).
        weight *= k > 1 ? (double) (length - k + 1) / (k - 1) : 0;
      }
      return (1 - share) * expected;
    }

    /** The row leaves the path by a feature, so that knowing it loses what its share gave. */
    private double loss(double[] sums, int degree, int length) {
      double expected = 0;
      double weight = 1.0 / length;
      for (int k = 0; k <= degree; k++) {
        expected += weight * sums[k];
        weight *= (double) (k + 1) / (length - 1 - k);
      }
      return expected;
    }

    /** k! (n - 1 - k)! / n!, the probability that a certain set of k comes before a feature. */
    private double weight(int n, int k) {
      double weight = 1.0 / n;
      for (int i = 1; i <= k; i++) {
        weight *= (double) i / (n - i);
      }
      return weight;
    }
  }
}
