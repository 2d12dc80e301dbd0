package io.recommender.ann.vectors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.UserHistory;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class InteractionGraphTest {

  /** Random edges; the last user and the last item have none. */
  static int[][] edges(int users, int items, Random random) {
    int[][] edges = new int[users][];
    for (int user = 0; user < users; user++) {
      edges[user] =
          user == users - 1 || items == 1
              ? new int[0]
              : random.ints(random.nextInt(6), 0, items - 1).toArray();
    }
    return edges;
  }

  /** The layers by the dense normalized adjacency matrix of all nodes, users first. */
  static double[][] dense(int[][] edges, float[][] users, float[][] items, int layers) {
    int nodes = users.length + items.length;
    double[][] adjacency = new double[nodes][nodes];
    for (int user = 0; user < users.length; user++) {
      for (int item : edges[user]) {
        adjacency[user][users.length + item] = 1;
        adjacency[users.length + item][user] = 1;
      }
    }
    double[] degrees =
        Arrays.stream(adjacency).mapToDouble(row -> Arrays.stream(row).sum()).toArray();
    int dimension = users[0].length;
    double[][] layer = new double[nodes][dimension];
    double[][] mean = new double[nodes][dimension];
    for (int node = 0; node < nodes; node++) {
      for (int j = 0; j < dimension; j++) {
        layer[node][j] = node < users.length ? users[node][j] : items[node - users.length][j];
        mean[node][j] = layer[node][j] / (layers + 1);
      }
    }
    for (int l = 0; l < layers; l++) {
      double[][] next = new double[nodes][dimension];
      for (int one = 0; one < nodes; one++) {
        for (int other = 0; other < nodes; other++) {
          for (int j = 0; adjacency[one][other] > 0 && j < dimension; j++) {
            next[one][j] += layer[other][j] / Math.sqrt(degrees[one] * degrees[other]);
            mean[one][j] +=
                layer[other][j] / Math.sqrt(degrees[one] * degrees[other]) / (layers + 1);
          }
        }
      }
      layer = next;
    }
    return mean;
  }

  @Property(tries = 100)
  void propagatesAsTheDenseMatrixDoes(
      @ForAll @IntRange(min = 1, max = 12) int users,
      @ForAll @IntRange(min = 1, max = 12) int items,
      @ForAll @IntRange(min = 0, max = 4) int layers,
      @ForAll long seed) {
    Random random = new Random(seed);
    int[][] edges = edges(users, items, random);
    float[][] ofUsers = LinearMapTest.gaussian(random, users, 5);
    float[][] ofItems = LinearMapTest.gaussian(random, items, 5);
    InteractionGraph.Vectors vectors =
        InteractionGraph.of(edges, items).propagate(ofUsers, ofItems, layers);
    double[][] expected = dense(edges, ofUsers, ofItems, layers);
    for (int node = 0; node < users + items; node++) {
      float[] found = node < users ? vectors.users()[node] : vectors.items()[node - users];
      for (int j = 0; j < 5; j++) {
        assertEquals(expected[node][j], found[j], 1e-6);
      }
    }
  }

  @Test
  void aNodeWithoutNeighboursKeepsItsDirection() {
    InteractionGraph graph = InteractionGraph.of(new int[][] {{0}, {}}, 2);
    InteractionGraph.Vectors vectors =
        graph.propagate(new float[][] {{1, 0}, {4, -8}}, new float[][] {{0, 1}, {2, 2}}, 3);
    assertArrayEquals(new float[] {1, -2}, vectors.users()[1]);
    assertArrayEquals(new float[] {0.5f, 0.5f}, vectors.items()[1]);
    assertArrayEquals(new float[] {0.5f, 0.5f}, vectors.users()[0]);
  }

  @Test
  void edgesOfHistoriesCountOnce() {
    Catalog catalog = Catalog.ofIds(List.of("a", "b", "c"));
    List<UserHistory> histories =
        List.of(UserHistory.of("a", "c", "a", "unknown"), UserHistory.empty());
    InteractionGraph graph = InteractionGraph.of(histories, catalog);
    assertEquals("InteractionGraph[2 users, 3 items, 2 edges]", graph.toString());
    float[][] users = {{1}, {2}};
    float[][] items = {{3}, {4}, {5}};
    InteractionGraph.Vectors same = graph.propagate(users, items, 0);
    assertTrue(Arrays.deepEquals(users, same.users()));
    assertTrue(Arrays.deepEquals(items, same.items()));
    assertArrayEquals(
        new float[] {(float) ((1 + 8 / Math.sqrt(2)) / 2)},
        graph.propagate(users, items, 1).users()[0],
        1e-6f);
  }

  private static void assertMessage(String message, Runnable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }

  @Test
  void saysWhatIsWrong() {
    assertMessage(
        "items of user 1: expected 0 to 2, found 3",
        () -> InteractionGraph.of(new int[][] {{0}, {3}}, 3));
    InteractionGraph graph = InteractionGraph.of(new int[][] {{0}}, 1);
    float[][] one = {{1, 2}};
    assertMessage(
        "users: expected 1 vectors, one for each node, found 2",
        () -> graph.propagate(new float[2][2], one, 1));
    assertMessage(
        "vector of item 0: expected length 2, found 1",
        () -> graph.propagate(one, new float[][] {{1}}, 1));
    assertMessage("layers: expected at least 0, found -1", () -> graph.propagate(one, one, -1));
  }
}
