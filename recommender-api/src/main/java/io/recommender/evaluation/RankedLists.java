package io.recommender.evaluation;

import io.recommender.Catalog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The lists that a recommender gave for the cases of a split: what every {@link Metric} reads.
 *
 * <p><b>Order.</b> The i-th list belongs to the i-th case, best item first.
 *
 * <p><b>Immutable</b>.
 */
public final class RankedLists {
  private final Split split;
  private final Catalog catalog;
  private final TrainingStatistics training;
  private final int[][] lists;
  private final int[][] testItems;
  private final double[][] testRatings;

  private RankedLists(Split split, Catalog catalog, TrainingStatistics training, int[][] lists) {
    this.split = split;
    this.catalog = catalog;
    this.training = training;
    int users = split.cases().size();
    if (lists.length != users) {
      throw new IllegalArgumentException(
          "lists: expected one for each of %d cases, found %d".formatted(users, lists.length));
    }
    this.lists = lists;
    testItems = new int[users][];
    testRatings = new double[users][];
    for (int u = 0; u < users; u++) {
      Map<String, Double> ratings = split.cases().get(u).ratings();
      List<Map.Entry<String, Double>> ordered =
          ratings.entrySet().stream()
              .sorted(
                  (a, b) ->
                      Integer.compare(catalog.ordinal(a.getKey()), catalog.ordinal(b.getKey())))
              .toList();
      testItems[u] = ordered.stream().mapToInt(e -> catalog.ordinal(e.getKey())).toArray();
      testRatings[u] = ordered.stream().mapToDouble(Map.Entry::getValue).toArray();
    }
  }

  /**
   * Returns lists for the cases of a split.
   *
   * @param split the split
   * @param catalog all items that could have been recommended
   * @param lists the item ids for each case, best first, possibly none
   * @return the lists
   * @throws IllegalArgumentException if there are more or fewer lists than cases, or a list holds
   *     an item twice or one outside the catalogue
   */
  public static RankedLists of(Split split, Catalog catalog, List<List<String>> lists) {
    Objects.requireNonNull(catalog, "catalog");
    int[][] ordinals = new int[lists.size()][];
    for (int u = 0; u < ordinals.length; u++) {
      ordinals[u] = ordinals(u, lists.get(u), catalog);
    }
    return new RankedLists(
        split, catalog, TrainingStatistics.of(catalog, split.training()), ordinals);
  }

  /** Like {@link #of}, from statistics that were counted before and lists that were checked. */
  static RankedLists of(
      Split split, Catalog catalog, TrainingStatistics training, int[][] ordinals) {
    return new RankedLists(split, catalog, training, ordinals);
  }

  /**
   * Reads lists from a table without a header, {@code user<TAB>rank<TAB>item[<TAB>score]}. Lines
   * may be in any order; a user of the split without a line has an empty list.
   *
   * @param file the file, UTF-8
   * @param split the split
   * @param catalog all items that could have been recommended
   * @return the lists
   * @throws IOException if the file cannot be read, or a line names an unknown user or item or a
   *     rank twice; the message names the file and the line
   * @throws IllegalArgumentException if two cases of the split are of one user
   */
  public static RankedLists read(Path file, Split split, Catalog catalog) throws IOException {
    return GivenFiles.lists(file, split, catalog);
  }

  /** {@return the split whose cases were asked} */
  public Split split() {
    return split;
  }

  /** {@return all items that could have been recommended} */
  public Catalog catalog() {
    return catalog;
  }

  /** {@return the number of lists} */
  public int size() {
    return lists.length;
  }

  TrainingStatistics training() {
    return training;
  }

  /** The ordinals of a list; shared, not to be changed. */
  int[] list(int user) {
    return lists[user];
  }

  /** The ordinals of the first k items of a list, or of all if there are fewer. */
  int[] list(int user, int k) {
    return lists[user].length <= k ? lists[user] : Arrays.copyOf(lists[user], k);
  }

  /** How many test items reach the threshold, those outside the catalogue included. */
  int relevant(int user, double threshold) {
    int count = 0;
    for (double rating : testRatings[user]) {
      if (rating >= threshold) {
        count++;
      }
    }
    return count;
  }

  boolean isRelevant(int user, int ordinal, double threshold) {
    int index = Arrays.binarySearch(testItems[user], ordinal);
    return index >= 0 && testRatings[user][index] >= threshold;
  }

  /** The ordinals of the relevant items that are in the catalogue, ascending. */
  int[] relevantItems(int user, double threshold) {
    int[] items = testItems[user];
    int[] found = new int[items.length];
    int count = 0;
    for (int i = 0; i < items.length; i++) {
      if (items[i] != Catalog.UNKNOWN && testRatings[user][i] >= threshold) {
        found[count++] = items[i];
      }
    }
    return Arrays.copyOf(found, count);
  }

  boolean[] hits(int user, double threshold) {
    int[] list = lists[user];
    boolean[] hits = new boolean[list.length];
    for (int rank = 0; rank < list.length; rank++) {
      hits[rank] = isRelevant(user, list[rank], threshold);
    }
    return hits;
  }

  /** The gain 2^(rating - threshold + 1) - 1 at each rank, 0 where nothing relevant is. */
  double[] gains(int user, double threshold) {
    int[] list = lists[user];
    double[] gains = new double[list.length];
    for (int rank = 0; rank < list.length; rank++) {
      int index = Arrays.binarySearch(testItems[user], list[rank]);
      if (index >= 0) {
        gains[rank] = gain(testRatings[user][index], threshold);
      }
    }
    return gains;
  }

  /** The gains of all relevant items of the user, in no particular order. */
  double[] relevantGains(int user, double threshold) {
    return Arrays.stream(testRatings[user])
        .filter(rating -> rating >= threshold)
        .map(rating -> gain(rating, threshold))
        .toArray();
  }

  private static double gain(double rating, double threshold) {
    return rating >= threshold ? StrictMath.pow(2, rating - threshold + 1) - 1 : 0;
  }

  private static int[] ordinals(int user, List<String> itemIds, Catalog catalog) {
    int[] ordinals = new int[itemIds.size()];
    for (int i = 0; i < ordinals.length; i++) {
      ordinals[i] = catalog.ordinal(itemIds.get(i));
      if (ordinals[i] == Catalog.UNKNOWN) {
        throw new IllegalArgumentException(
            "list %d: expected items of the catalogue, found '%s'".formatted(user, itemIds.get(i)));
      }
    }
    int[] sorted = ordinals.clone();
    Arrays.sort(sorted);
    for (int i = 1; i < sorted.length; i++) {
      if (sorted[i] == sorted[i - 1]) {
        throw new IllegalArgumentException(
            "list %d: expected each item once, found '%s' again"
                .formatted(user, catalog.id(sorted[i])));
      }
    }
    return ordinals;
  }
}
