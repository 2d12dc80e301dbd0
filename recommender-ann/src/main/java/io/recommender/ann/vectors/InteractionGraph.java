package io.recommender.ann.vectors;

import io.recommender.Catalog;
import io.recommender.UserHistory;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.Arrays;
import java.util.List;

/**
 * Who had what, as a graph between users and items along which vectors are propagated.
 *
 * <p>{@link #propagate} is the light graph convolution of LightGCN (He et al., SIGIR 2020): each
 * layer replaces the vector of a node by the sum of those of its neighbours, each divided by the
 * square root of the product of both numbers of neighbours, and the result is the mean over all
 * layers, the given vectors included. A model in the manner of LightGCN, LightGNN with its pruned
 * graph among them, is served so: propagate once at load, then search.
 *
 * <pre>{@code
 * InteractionGraph graph = InteractionGraph.of(histories, catalog);
 * InteractionGraph.Vectors vectors = graph.propagate(trainedUsers, trainedItems, 3);
 * index.addAll(itemIds, vectors.items());
 * }</pre>
 *
 * <p><b>Shapes.</b> Users and items are numbered from 0; an edge counts once however often it is
 * given.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * <p><b>Cost.</b> 8 bytes an edge. Propagation takes two multiplications for each edge, dimension
 * and layer, on one thread, and memory for three times the vectors.
 */
public final class InteractionGraph {
  /** The neighbours of user u are at starts[u] to starts[u + 1] - 1, ascending. */
  private final int[] itemStarts;

  private final int[] itemsOfUsers;
  private final int[] userStarts;
  private final int[] usersOfItems;

  /**
   * Vectors of all nodes.
   *
   * @param users a row for each user
   * @param items a row for each item
   */
  public record Vectors(float[][] users, float[][] items) {}

  private InteractionGraph(int[] itemStarts, int[] itemsOfUsers, int items) {
    this.itemStarts = itemStarts;
    this.itemsOfUsers = itemsOfUsers;
    userStarts = new int[items + 1];
    for (int item : itemsOfUsers) {
      userStarts[item + 1]++;
    }
    for (int item = 0; item < items; item++) {
      userStarts[item + 1] += userStarts[item];
    }
    usersOfItems = new int[itemsOfUsers.length];
    int[] next = userStarts.clone();
    for (int user = 0; user + 1 < itemStarts.length; user++) {
      for (int i = itemStarts[user]; i < itemStarts[user + 1]; i++) {
        usersOfItems[next[itemsOfUsers[i]]++] = user;
      }
    }
  }

  /**
   * Returns the graph of histories.
   *
   * @param histories the history of each user, in the order of their vectors; interactions with
   *     items outside the catalogue are left out
   * @param catalog the items, in the order of their vectors
   * @return the graph
   */
  public static InteractionGraph of(List<UserHistory> histories, Catalog catalog) {
    int[][] items = new int[histories.size()][];
    for (int user = 0; user < items.length; user++) {
      items[user] =
          histories.get(user).interactions().stream()
              .mapToInt(interaction -> catalog.ordinal(interaction.itemId()))
              .filter(ordinal -> ordinal != Catalog.UNKNOWN)
              .toArray();
    }
    return of(items, catalog.size());
  }

  /**
   * Returns a graph of numbered nodes, such as one that was pruned in training.
   *
   * @param itemsOfUsers the items of each user, in any order; copied
   * @param items how many items there are
   * @return the graph
   * @throws IllegalArgumentException if an item is out of range
   */
  public static InteractionGraph of(int[][] itemsOfUsers, int items) {
    int[] starts = new int[itemsOfUsers.length + 1];
    IntArrayList edges = new IntArrayList();
    for (int user = 0; user < itemsOfUsers.length; user++) {
      IntOpenHashSet distinct = new IntOpenHashSet(itemsOfUsers[user]);
      for (int item : distinct.toIntArray()) {
        if (item < 0 || item >= items) {
          throw new IllegalArgumentException(
              "items of user %d: expected 0 to %d, found %d".formatted(user, items - 1, item));
        }
      }
      int[] sorted = distinct.toIntArray();
      Arrays.sort(sorted);
      edges.addElements(edges.size(), sorted);
      starts[user + 1] = edges.size();
    }
    return new InteractionGraph(starts, edges.toIntArray(), items);
  }

  /** {@return the number of users} */
  public int users() {
    return itemStarts.length - 1;
  }

  /** {@return the number of items} */
  public int items() {
    return userStarts.length - 1;
  }

  /** {@return the number of edges} */
  public int edges() {
    return itemsOfUsers.length;
  }

  /**
   * Propagates vectors. A node without neighbours gets nothing in any layer, so its vector comes
   * out divided by the number of layers and one: for a user, the items rank as before.
   *
   * @param users the vector of each user, not changed
   * @param items the vector of each item, not changed
   * @param layers how often, at least 0
   * @return the means over the layers, new arrays
   * @throws IllegalArgumentException if the numbers or lengths differ, a vector is not finite, or
   *     the number of layers is negative
   */
  public Vectors propagate(float[][] users, float[][] items, int layers) {
    checkCount("users", users(), users.length);
    checkCount("items", items(), items.length);
    if (layers < 0) {
      throw new IllegalArgumentException("layers: expected at least 0, found " + layers);
    }
    int dimension = users.length > 0 ? users[0].length : items.length > 0 ? items[0].length : 0;
    check("vector of user ", users, dimension);
    check("vector of item ", items, dimension);
    float[][] ofUsers = users;
    float[][] ofItems = items;
    float[][] userSums = copy(users);
    float[][] itemSums = copy(items);
    for (int layer = 0; layer < layers; layer++) {
      float[][] nextOfUsers = layer(itemStarts, itemsOfUsers, userStarts, ofItems, dimension);
      ofItems = layer(userStarts, usersOfItems, itemStarts, ofUsers, dimension);
      ofUsers = nextOfUsers;
      add(userSums, ofUsers);
      add(itemSums, ofItems);
    }
    divide(userSums, layers + 1);
    divide(itemSums, layers + 1);
    return new Vectors(userSums, itemSums);
  }

  /** Sums up, for each node of the one side, what its neighbours of the other side send. */
  private static float[][] layer(
      int[] starts, int[] neighbors, int[] otherStarts, float[][] vectors, int dimension) {
    float[][] sums = new float[starts.length - 1][dimension];
    double[] sum = new double[dimension];
    for (int node = 0; node < sums.length; node++) {
      Arrays.fill(sum, 0);
      double degree = starts[node + 1] - starts[node];
      for (int i = starts[node]; i < starts[node + 1]; i++) {
        int other = neighbors[i];
        double weight = 1 / Math.sqrt(degree * (otherStarts[other + 1] - otherStarts[other]));
        for (int j = 0; j < dimension; j++) {
          sum[j] += weight * vectors[other][j];
        }
      }
      for (int j = 0; j < dimension; j++) {
        sums[node][j] = (float) sum[j];
      }
    }
    return sums;
  }

  private static void checkCount(String name, int expected, int found) {
    if (expected != found) {
      throw new IllegalArgumentException(
          "%s: expected %d vectors, one for each node, found %d".formatted(name, expected, found));
    }
  }

  private static void check(String what, float[][] vectors, int dimension) {
    for (int i = 0; i < vectors.length; i++) {
      Checks.vector(what + i, vectors[i], dimension);
    }
  }

  private static float[][] copy(float[][] vectors) {
    float[][] copy = new float[vectors.length][];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = vectors[i].clone();
    }
    return copy;
  }

  private static void add(float[][] sums, float[][] vectors) {
    for (int i = 0; i < sums.length; i++) {
      for (int j = 0; j < sums[i].length; j++) {
        sums[i][j] += vectors[i][j];
      }
    }
  }

  private static void divide(float[][] sums, int by) {
    for (float[] sum : sums) {
      for (int j = 0; j < sum.length; j++) {
        sum[j] /= by;
      }
    }
  }

  @Override
  public String toString() {
    return "InteractionGraph[%d users, %d items, %d edges]".formatted(users(), items(), edges());
  }
}
