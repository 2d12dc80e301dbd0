package io.recommender.ann.semantic;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * The ways to give items codes of "How to Index Item IDs for Recommendation Foundation Models" (Hua
 * et al. 2023, P5).
 *
 * <pre>{@code
 * ItemCodes codes = ItemIndexers.collaborative(20, 100, 42).index(histories);
 * SemanticIdIndex index = codes.toIndex();
 * }</pre>
 *
 * <p>No two items get the same code, and none gets a beginning of another's. The same arguments
 * give the same codes.
 *
 * <p><b>Thread safety.</b> The indexers are immutable; a function that is given to one is asked in
 * the calling thread.
 */
public final class ItemIndexers {
  private ItemIndexers() {}

  /**
   * Numbers items in the order in which they occur first, user by user: items that are used
   * together often get neighbouring numbers. A code is a number, its digits from the first to the
   * last.
   *
   * @param base how many digits there are, at least 2
   * @return the indexer
   * @throws IllegalArgumentException if the base is below 2
   */
  public static ItemIndexer sequential(int base) {
    atLeast("base", base, 2);
    return histories -> {
      List<String> items = items(histories);
      return numbered(items, identity(items.size()), base);
    };
  }

  /**
   * Numbers items in a random order, to compare with. A code is a number as in {@link #sequential}.
   *
   * @param base how many digits there are, at least 2
   * @param seed the seed of the order
   * @return the indexer
   * @throws IllegalArgumentException if the base is below 2
   */
  public static ItemIndexer random(int base, long seed) {
    atLeast("base", base, 2);
    return histories -> {
      List<String> items = items(histories);
      int[] numbers = identity(items.size());
      SplittableRandom random = new SplittableRandom(seed);
      for (int i = numbers.length - 1; i > 0; i--) {
        int j = random.nextInt(i + 1);
        int number = numbers[i];
        numbers[i] = numbers[j];
        numbers[j] = number;
      }
      return numbered(items, numbers, base);
    };
  }

  /**
   * Splits items into clusters of those that occur together in histories, clusters into smaller
   * ones, and so on: spectral clustering of the graph of items that counts how many histories two
   * of them share. A code is the way to the cluster and the number of the item in it.
   *
   * <p><b>Cost.</b> Items further than {@value CooccurrenceGraph#WINDOW} apart in a history do not
   * count as together, so that time and memory grow with the length of histories and not with its
   * square. Ten thousand items take some seconds.
   *
   * @param clusters into how many clusters one is split, at least 2
   * @param largest how many items a cluster has at most that is not split, at least 1
   * @param seed the seed of the clustering
   * @return the indexer
   * @throws IllegalArgumentException if a number is too small
   */
  public static ItemIndexer collaborative(int clusters, int largest, long seed) {
    atLeast("clusters", clusters, 2);
    atLeast("largest", largest, 1);
    return histories -> {
      List<String> items = items(histories);
      List<int[]> codes = clusterCodes(items, histories, clusters, largest, seed, false);
      int size = Math.max(Math.max(clusters, largest), highest(codes) + 1);
      return new ItemCodes(shape(codes, size), items, codes.toArray(new int[0][]));
    };
  }

  /**
   * Follows the categories of items, from the broadest to the narrowest. A code is the way through
   * the categories and the number of the item among those of the same way.
   *
   * @param categories the categories of an item, possibly none
   * @return the indexer
   */
  public static ItemIndexer semantic(Function<String, List<String>> categories) {
    Objects.requireNonNull(categories, "categories");
    return histories -> {
      List<String> items = items(histories);
      Category root = new Category();
      List<List<String>> paths = new ArrayList<>();
      for (String item : items) {
        List<String> path = List.copyOf(categories.apply(item));
        paths.add(path);
        Category category = root;
        for (String name : path) {
          category = category.children.computeIfAbsent(name, any -> new Category());
        }
      }
      List<int[]> codes = new ArrayList<>();
      for (List<String> path : paths) {
        codes.add(root.code(path));
      }
      return new ItemCodes(shape(codes, highest(codes) + 1), items, codes.toArray(new int[0][]));
    };
  }

  /**
   * Joins the way to the cluster of {@link #collaborative} with a last code that no other item has,
   * so that what items share and what is their own are apart. Codes of items follow those of
   * clusters.
   *
   * @param clusters into how many clusters one is split, at least 2
   * @param largest how many items a cluster has at most that is not split, at least 1
   * @param seed the seed of the clustering
   * @return the indexer
   * @throws IllegalArgumentException if a number is too small
   */
  public static ItemIndexer hybrid(int clusters, int largest, long seed) {
    atLeast("clusters", clusters, 2);
    atLeast("largest", largest, 1);
    return histories -> {
      List<String> items = items(histories);
      List<int[]> codes = clusterCodes(items, histories, clusters, largest, seed, true);
      return new ItemCodes(shape(codes, highest(codes) + 1), items, codes.toArray(new int[0][]));
    };
  }

  private static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s: expected at least %d, found %d".formatted(name, least, value));
    }
  }

  /** Returns the items in the order in which they occur first. */
  private static List<String> items(List<List<String>> histories) {
    List<String> items = histories.stream().flatMap(List::stream).distinct().toList();
    if (items.isEmpty()) {
      throw new IllegalArgumentException("histories: expected at least one item, found none");
    }
    if (items.contains("")) {
      throw new IllegalArgumentException("item id: expected a non-empty string");
    }
    return items;
  }

  private static int[] identity(int count) {
    int[] numbers = new int[count];
    Arrays.setAll(numbers, i -> i);
    return numbers;
  }

  private static ItemCodes numbered(List<String> items, int[] numbers, int base) {
    int levels = 1;
    for (long most = base; most < numbers.length; most *= base) {
      levels++;
    }
    int[][] codes = new int[numbers.length][levels];
    for (int i = 0; i < codes.length; i++) {
      int number = numbers[i];
      for (int level = levels - 1; level >= 0; level--) {
        codes[i][level] = number % base;
        number /= base;
      }
    }
    return new ItemCodes(CodeShape.of(levels, base), items, codes);
  }

  private static List<int[]> clusterCodes(
      List<String> items,
      List<List<String>> histories,
      int clusters,
      int largest,
      long seed,
      boolean hasOwn) {
    Map<String, Integer> ordinals = new HashMap<>();
    items.forEach(item -> ordinals.put(item, ordinals.size()));
    int[][] sequences =
        histories.stream()
            .map(history -> history.stream().mapToInt(ordinals::get).toArray())
            .toArray(int[][]::new);
    CooccurrenceGraph graph = CooccurrenceGraph.of(items.size(), sequences);
    int[][] codes = new int[items.size()][];
    ClusterTree tree = new ClusterTree(clusters, largest, seed);
    tree.split(
        graph,
        (item, path, number) -> codes[item] = joined(path, hasOwn ? clusters + item : number));
    return Arrays.asList(codes);
  }

  private static int[] joined(int[] path, int last) {
    int[] code = Arrays.copyOf(path, path.length + 1);
    code[path.length] = last;
    return code;
  }

  private static int highest(List<int[]> codes) {
    return codes.stream().flatMapToInt(Arrays::stream).max().orElse(0);
  }

  /** Returns the shape of codes, of equal length if all are. */
  private static CodeShape shape(List<int[]> codes, int size) {
    int longest = codes.stream().mapToInt(code -> code.length).max().orElse(1);
    boolean isEqual = codes.stream().allMatch(code -> code.length == longest);
    return isEqual ? CodeShape.of(longest, size) : CodeShape.upTo(longest, size);
  }

  /** A category while codes are given: first the codes of its children, then those of its items. */
  private static final class Category {
    final Map<String, Category> children = new LinkedHashMap<>();
    private final Map<String, Integer> numbers = new HashMap<>();
    private int items;

    int[] code(List<String> path) {
      int[] code = new int[path.size() + 1];
      Category category = this;
      for (int level = 0; level < path.size(); level++) {
        code[level] = category.number(path.get(level));
        category = Objects.requireNonNull(category.children.get(path.get(level)));
      }
      code[path.size()] = category.children.size() + category.items++;
      return code;
    }

    private int number(String child) {
      return numbers.computeIfAbsent(child, any -> numbers.size());
    }
  }
}
