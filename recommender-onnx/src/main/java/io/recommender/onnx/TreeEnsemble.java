package io.recommender.onnx;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The trees of a {@code TreeEnsembleRegressor} or {@code TreeEnsembleClassifier} of {@code
 * ai.onnx.ml}, as they are in the file.
 *
 * <p><b>Immutable</b>.
 *
 * @param input the tensor that they read
 * @param roots the node each tree starts with
 * @param modes how each node compares, or that it is a leaf
 * @param features the feature that a node compares
 * @param values what it compares it with
 * @param onTrue the node if the comparison holds, itself in a leaf
 * @param onFalse the node if not
 * @param missingIsTrue whether the comparison holds for NaN
 * @param hitRates how often each node was reached in training, or 1 everywhere
 * @param weights what each leaf adds to each output; null in inner nodes
 * @param base what every output starts from
 */
record TreeEnsemble(
    String input,
    int[] roots,
    Mode[] modes,
    int[] features,
    double[] values,
    int[] onTrue,
    int[] onFalse,
    boolean[] missingIsTrue,
    double[] hitRates,
    double[][] weights,
    double[] base) {

  enum Mode {
    BRANCH_LEQ,
    BRANCH_LT,
    BRANCH_GTE,
    BRANCH_GT,
    BRANCH_EQ,
    BRANCH_NEQ,
    LEAF
  }

  /** The attributes of a node of the graph. */
  private record Attributes(
      Map<String, List<Long>> integers,
      Map<String, List<Double>> numbers,
      Map<String, List<String>> texts) {

    int[] ints(String name) {
      return integers.getOrDefault(name, List.of()).stream().mapToInt(Math::toIntExact).toArray();
    }

    /** Floats, or the doubles that newer files have in their place. */
    double[] doubles(String name) {
      List<Double> wide = numbers.get(name + "_as_tensor");
      return (wide == null ? numbers.getOrDefault(name, List.of()) : wide)
          .stream().mapToDouble(Double::doubleValue).toArray();
    }

    String text(String name, String otherwise) {
      List<String> values = texts.getOrDefault(name, List.of());
      return values.isEmpty() ? otherwise : values.get(0);
    }
  }

  /** The number of nodes of all trees. */
  int size() {
    return modes.length;
  }

  int outputs() {
    return base.length;
  }

  /** Whether a row takes the true branch of a node. */
  boolean holds(int node, float[] row) {
    float found = row[features[node]];
    if (Float.isNaN(found)) {
      return missingIsTrue[node];
    }
    double value = values[node];
    return switch (modes[node]) {
      case BRANCH_LEQ -> found <= value;
      case BRANCH_LT -> found < value;
      case BRANCH_GTE -> found >= value;
      case BRANCH_GT -> found > value;
      case BRANCH_EQ -> found == value;
      case BRANCH_NEQ -> found != value;
      case LEAF -> throw new AssertionError(node);
    };
  }

  /** Reads the one ensemble of an ONNX file. */
  static TreeEnsemble read(Path file) {
    String name = String.valueOf(file.getFileName());
    try {
      List<String> operators = new ArrayList<>();
      List<TreeEnsemble> found = new ArrayList<>();
      ProtobufReader model = new ProtobufReader(ByteBuffer.wrap(Files.readAllBytes(file)));
      while (model.next()) {
        if (model.field() == 7) {
          ProtobufReader graph = model.message();
          while (graph.next()) {
            if (graph.field() == 1) {
              readNode(name, graph.message(), operators, found);
            }
          }
        }
      }
      if (found.size() != 1) {
        throw BundleFailures.invalid(
            name,
            "expected one TreeEnsembleRegressor or TreeEnsembleClassifier, found %d among operators %s"
                .formatted(found.size(), operators));
      }
      return found.get(0);
    } catch (IOException e) {
      throw BundleFailures.invalid(name, "cannot be read: " + e, e);
    } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw BundleFailures.invalid(
          name, "expected an ONNX model, found a truncated or damaged file", e);
    }
  }

  private static void readNode(
      String file, ProtobufReader node, List<String> operators, List<TreeEnsemble> found) {
    String operator = "";
    String input = "";
    Attributes attributes = new Attributes(new HashMap<>(), new HashMap<>(), new HashMap<>());
    while (node.next()) {
      if (node.field() == 1 && input.isEmpty()) {
        input = node.text();
      } else if (node.field() == 4) {
        operator = node.text();
      } else if (node.field() == 5) {
        readAttribute(node.message(), attributes);
      }
    }
    operators.add(operator);
    if (operator.equals("TreeEnsembleRegressor")) {
      found.add(of(file, input, attributes, "target", attributes.ints("n_targets")));
    } else if (operator.equals("TreeEnsembleClassifier")) {
      int labels =
          Math.max(
              attributes.integers().getOrDefault("classlabels_int64s", List.of()).size(),
              attributes.texts().getOrDefault("classlabels_strings", List.of()).size());
      // Of two classes, often only one is written: its margin decides.
      boolean oneOfTwo =
          labels == 2 && Arrays.stream(attributes.ints("class_ids")).distinct().count() == 1;
      found.add(of(file, input, attributes, "class", new int[] {oneOfTwo ? 1 : labels}));
    }
  }

  private static void readAttribute(ProtobufReader attribute, Attributes to) {
    String name = "";
    List<Long> integers = new ArrayList<>();
    List<Double> numbers = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    while (attribute.next()) {
      switch (attribute.field()) {
        case 1 -> name = attribute.text();
        case 2 -> numbers.add((double) attribute.number());
        case 3 -> integers.add(attribute.integer());
        case 4, 9 -> texts.add(attribute.text());
        case 5 -> numbers.addAll(ProtobufReader.tensor(attribute.message()));
        case 7 -> attribute.floats(numbers);
        case 8 -> attribute.integers(integers);
        default -> {}
      }
    }
    if (!integers.isEmpty()) {
      to.integers().put(name, integers);
    }
    if (!numbers.isEmpty()) {
      to.numbers().put(name, numbers);
    }
    if (!texts.isEmpty()) {
      to.texts().put(name, texts);
    }
  }

  private static TreeEnsemble of(
      String file, String input, Attributes attributes, String kind, int[] outputCount) {
    String aggregate = attributes.text("aggregate_function", "SUM");
    if (!aggregate.equals("SUM") && !aggregate.equals("AVERAGE")) {
      throw BundleFailures.invalid(
          file, "aggregate_function: expected SUM or AVERAGE, found " + aggregate);
    }
    int[] trees = attributes.ints("nodes_treeids");
    int[] nodes = attributes.ints("nodes_nodeids");
    int size = nodes.length;
    Map<Long, Integer> places = new HashMap<>();
    Map<Integer, Integer> roots = new TreeMap<>();
    for (int i = 0; i < size; i++) {
      places.put(key(trees[i], nodes[i]), i);
      roots.putIfAbsent(trees[i], i);
    }
    Mode[] modes =
        attributes.texts().getOrDefault("nodes_modes", List.of()).stream()
            .map(Mode::valueOf)
            .toArray(Mode[]::new);
    int[] onTrue = attributes.ints("nodes_truenodeids");
    int[] onFalse = attributes.ints("nodes_falsenodeids");
    for (int i = 0; i < size; i++) {
      boolean leaf = modes[i] == Mode.LEAF;
      onTrue[i] = leaf ? i : place(file, places, trees[i], onTrue[i]);
      onFalse[i] = leaf ? i : place(file, places, trees[i], onFalse[i]);
    }
    int[] missing = attributes.ints("nodes_missing_value_tracks_true");
    boolean[] missingIsTrue = new boolean[size];
    for (int i = 0; i < missing.length; i++) {
      missingIsTrue[i] = missing[i] != 0;
    }
    double[] hitRates = attributes.doubles("nodes_hitrates");
    int outputs = outputCount.length == 0 ? 1 : outputCount[0];
    double[] base = attributes.doubles("base_values");
    double[][] weights = new double[size][];
    double scale = aggregate.equals("AVERAGE") ? 1.0 / roots.size() : 1;
    int[] ids = attributes.ints(kind + "_ids");
    double[] added = attributes.doubles(kind + "_weights");
    int[] leafTrees = attributes.ints(kind + "_treeids");
    int[] leafNodes = attributes.ints(kind + "_nodeids");
    for (int i = 0; i < size; i++) {
      weights[i] = modes[i] == Mode.LEAF ? new double[outputs] : new double[0];
    }
    for (int i = 0; i < ids.length; i++) {
      int leaf = place(file, places, leafTrees[i], leafNodes[i]);
      weights[leaf][outputs == 1 ? 0 : ids[i]] += scale * added[i];
    }
    return new TreeEnsemble(
        input,
        roots.values().stream().mapToInt(Integer::intValue).toArray(),
        modes,
        attributes.ints("nodes_featureids"),
        attributes.doubles("nodes_values"),
        onTrue,
        onFalse,
        missingIsTrue,
        hitRates.length == 0 ? IntStream.range(0, size).mapToDouble(i -> 1).toArray() : hitRates,
        weights,
        base.length == outputs ? base : Arrays.copyOf(base, outputs));
  }

  private static long key(int tree, int node) {
    return (long) tree << 32 | node;
  }

  private static int place(String file, Map<Long, Integer> places, int tree, int node) {
    Integer place = places.get(key(tree, node));
    if (place == null) {
      throw BundleFailures.invalid(
          file, "tree %d: expected a node %d, found none".formatted(tree, node));
    }
    return place;
  }
}
