package io.recommender.ann.vectors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Explainer;
import io.recommender.Feature;
import io.recommender.ItemIndex;
import io.recommender.Notice;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.HnswIndex;
import io.recommender.ann.SearchOptions;
import io.recommender.ann.SparseIndex;
import io.recommender.ann.memory.UserStore;
import io.recommender.ann.memory.UserValueCodec;
import io.recommender.ann.neighbors.PopularityRecommender;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.junit.jupiter.api.Test;

/** What systems of the coverage table need of tables of vectors, one test or more for each. */
class VectorSystemsTest {
  private static List<String> ids(String prefix, int count) {
    return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
  }

  private static UserStore<float[]> users(float[][] vectors) {
    UserStore<float[]> users = UserStore.builder(UserValueCodec.floats(vectors[0].length)).build();
    for (int user = 0; user < vectors.length; user++) {
      users.put("user-" + user, vectors[user]);
    }
    return users;
  }

  private static RecommendationRequest.Builder ask(String userId) {
    return RecommendationRequest.of(UserHistory.empty().forUser(userId)).k(20);
  }

  /** The items with the highest scores, computed in double precision. */
  private static List<String> best(float[] query, float[][] items, int k, Similarity similarity) {
    return IntStream.range(0, items.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -score(query, items[i], similarity)))
        .limit(k)
        .map(i -> "item-" + i)
        .toList();
  }

  private static double score(float[] query, float[] item, Similarity similarity) {
    double dot = 0;
    double distance = 0;
    for (int i = 0; i < query.length; i++) {
      dot += (double) query[i] * item[i];
      distance += ((double) query[i] - item[i]) * ((double) query[i] - item[i]);
    }
    return similarity == Similarity.DOT ? dot : -distance;
  }

  @Test
  void mambaRecServesUsersAndItemsFromTables() {
    Random random = new Random(6);
    float[][] ofUsers = LinearMapTest.gaussian(random, 200, 64);
    float[][] ofItems = LinearMapTest.gaussian(random, 1000, 64);
    UserStore<float[]> users = users(ofUsers);
    FlatIndex flat = new FlatIndex(64, Similarity.DOT);
    flat.addAll(ids("item-", 1000), ofItems);
    HnswIndex hnsw = HnswIndex.builder(64, Similarity.DOT).build();
    hnsw.addAll(ids("item-", 1000), ofItems);
    SequenceRecommender exact =
        VectorRecommender.of("mamba-rec", QueryVector.user(users::get), flat);
    int found = 0;
    for (int user = 0; user < 200; user++) {
      List<String> expected = best(ofUsers[user], ofItems, 20, Similarity.DOT);
      assertEquals(expected, exact.recommend(ask("user-" + user).build()).itemIds());
      Set<String> hits = new HashSet<>(expected);
      hits.retainAll(
          hnsw.search(ofUsers[user], 20, SearchOptions.defaults()).stream()
              .map(ScoredItem::itemId)
              .toList());
      found += hits.size();
    }
    assertTrue(found >= 0.95 * 200 * 20, "recall " + found / 4000.0);
    float[] ideal = ofUsers[7].clone();
    for (int i = 0; i < ideal.length; i++) {
      ideal[i] *= 10;
    }
    flat.add("new", ideal);
    assertEquals("new", exact.recommend(ask("user-7").build()).itemIds().get(0));
    users.forget("user-7");
    assertTrue(exact.recommend(ask("user-7").build()).isEmpty());
  }

  /** Item vectors that experts made, and how much each of them had to say. */
  @Test
  void magnetServesTablesAndTheRoutingThatMadeThem() {
    Random random = new Random(27);
    List<String> experts = List.of("dominant", "balanced", "complementary");
    float[][] ofUsers = LinearMapTest.gaussian(random, 100, 32);
    float[][] ofItems = LinearMapTest.gaussian(random, 500, 32);
    float[][] shares = new float[500][3];
    for (float[] share : shares) {
      double sum = 0;
      double[] parts = new double[3];
      for (int expert = 0; expert < 3; expert++) {
        parts[expert] = Math.exp(random.nextGaussian());
        sum += parts[expert];
      }
      for (int expert = 0; expert < 3; expert++) {
        share[expert] = (float) (parts[expert] / sum);
      }
    }
    UserStore<float[]> users = users(ofUsers);
    FlatIndex index = new FlatIndex(32, Similarity.DOT);
    index.addAll(ids("item-", 499), Arrays.copyOf(ofItems, 499));
    SequenceRecommender recommender =
        VectorRecommender.of("magnet", QueryVector.user(users::get), index);
    Explainer routing =
        Explainer.ofWeights(
            Reason.Kind.ROUTING,
            experts,
            (request, itemId) ->
                index.contains(itemId)
                    ? Optional.of(shares[Integer.parseInt(itemId.substring(5))])
                    : Optional.empty());
    for (int user = 0; user < 100; user++) {
      RecommendationRequest request = ask("user-" + user).build();
      List<String> found = recommender.recommend(request).itemIds();
      assertEquals(best(ofUsers[user], Arrays.copyOf(ofItems, 499), 20, Similarity.DOT), found);
      float[] share = shares[Integer.parseInt(found.get(0).substring(5))];
      List<Reason> reasons = routing.explain(request, found.get(0));
      assertEquals(3, reasons.size());
      assertEquals(1, reasons.stream().mapToDouble(Reason::weight).sum(), 1e-6);
      int largest = share[0] >= share[1] ? (share[0] >= share[2] ? 0 : 2) : 1;
      largest = share[2] > share[largest] ? 2 : largest;
      assertEquals(experts.get(largest), reasons.get(0).name());
      assertEquals(share[largest], reasons.get(0).weight(), 1e-6);
    }
    // An item that nobody has met: all of its vector comes from its content.
    RecommendationRequest request = ask("user-3").build();
    assertEquals(List.of(), routing.explain(request, "item-499"));
    float[] content = ofUsers[3].clone();
    for (int i = 0; i < content.length; i++) {
      content[i] *= 10;
    }
    index.add("item-499", content);
    assertEquals("item-499", recommender.recommend(request).itemIds().get(0));
    assertEquals(3, routing.explain(request, "item-499").size());
  }

  @Test
  void lightGnnServesPrunedTablesInAFifthOfTheMemory() {
    Random random = new Random(13);
    float[][] items = new float[10_000][64];
    for (float[] item : items) {
      for (int i = 0; i < 64; i++) {
        item[i] = random.nextInt(10) == 0 ? (float) random.nextGaussian() : 0;
      }
    }
    FlatIndex dense = new FlatIndex(64, Similarity.DOT);
    SparseIndex sparse = new SparseIndex(64, Similarity.DOT);
    dense.addAll(ids("item-", items.length), items);
    sparse.addAll(ids("item-", items.length), items);
    assertTrue(
        sparse.tableBytes() <= 0.2 * items.length * 64 * Float.BYTES,
        "bytes " + sparse.tableBytes());
    for (float[] query : LinearMapTest.gaussian(random, 100, 64)) {
      List<ScoredItem> expected = dense.search(query, 20);
      List<ScoredItem> found = sparse.search(query, 20);
      for (int i = 0; i < 20; i++) {
        assertEquals(expected.get(i).itemId(), found.get(i).itemId());
        assertEquals(expected.get(i).score(), found.get(i).score(), 1e-6);
      }
    }
  }

  @Test
  void lightGnnPropagatesAsTheDenseMatrixOfEjml() {
    Random random = new Random(50);
    int users = 20;
    int items = 30;
    int[][] edges = InteractionGraphTest.edges(users, items, random);
    float[][] ofUsers = LinearMapTest.gaussian(random, users, 8);
    float[][] ofItems = LinearMapTest.gaussian(random, items, 8);
    DMatrixRMaj normalized = normalizedAdjacency(edges, items);
    DMatrixRMaj layer = new DMatrixRMaj(50, 8);
    for (int node = 0; node < 50; node++) {
      for (int i = 0; i < 8; i++) {
        layer.set(node, i, node < users ? ofUsers[node][i] : ofItems[node - users][i]);
      }
    }
    DMatrixRMaj sum = layer.copy();
    for (int i = 0; i < 3; i++) {
      DMatrixRMaj next = new DMatrixRMaj(50, 8);
      CommonOps_DDRM.mult(normalized, layer, next);
      CommonOps_DDRM.addEquals(sum, next);
      layer = next;
    }
    InteractionGraph.Vectors vectors =
        InteractionGraph.of(edges, items).propagate(ofUsers, ofItems, 3);
    for (int node = 0; node < 50; node++) {
      float[] found = node < users ? vectors.users()[node] : vectors.items()[node - users];
      for (int i = 0; i < 8; i++) {
        assertEquals(sum.get(node, i) / 4, found[i], 1e-6);
      }
    }
  }

  /** The dense matrix D^-1/2 A D^-1/2 of all nodes, users first. */
  private static DMatrixRMaj normalizedAdjacency(int[][] edges, int items) {
    int users = edges.length;
    DMatrixRMaj adjacency = new DMatrixRMaj(users + items, users + items);
    for (int user = 0; user < users; user++) {
      for (int item : edges[user]) {
        adjacency.set(user, users + item, 1);
        adjacency.set(users + item, user, 1);
      }
    }
    double[] scales = CommonOps_DDRM.sumRows(adjacency, null).data.clone();
    for (int node = 0; node < scales.length; node++) {
      scales[node] = scales[node] == 0 ? 0 : 1 / Math.sqrt(scales[node]);
    }
    CommonOps_DDRM.multRows(scales, adjacency);
    CommonOps_DDRM.multCols(adjacency, scales);
    return adjacency;
  }

  /** Without edges there is no vector worth asking: the history answers, then popularity. */
  @Test
  void lightGnnFallsBackForUsersWithoutEdges() {
    Random random = new Random(14);
    List<UserHistory> histories =
        List.of(UserHistory.of("item-1", "item-2"), UserHistory.of("item-2"), UserHistory.empty());
    Catalog catalog = Catalog.ofIds(ids("item-", 5));
    InteractionGraph.Vectors vectors =
        InteractionGraph.of(histories, catalog)
            .propagate(
                LinearMapTest.gaussian(random, 3, 4), LinearMapTest.gaussian(random, 5, 4), 2);
    FlatIndex index = new FlatIndex(4, Similarity.DOT);
    index.addAll(ids("item-", 5), vectors.items());
    UserStore<float[]> users = users(Arrays.copyOf(vectors.users(), 2));
    SequenceRecommender recommender =
        VectorRecommender.of(
            "light-gnn",
            QueryVector.user(users::get).or(QueryVector.historyMean(index::vector)),
            index,
            PopularityRecommender.fit(catalog, histories));
    assertEquals(
        best(vectors.users()[0], vectors.items(), 3, Similarity.DOT),
        recommender.recommend(ask("user-0").k(3).build()).itemIds());
    assertEquals(
        best(vectors.items()[4], vectors.items(), 3, Similarity.DOT),
        recommender
            .recommend(ask("user-2").k(3).history(UserHistory.of("item-4")).build())
            .itemIds());
    Recommendations popular = recommender.recommend(ask("user-2").k(3).build());
    assertEquals(List.of("item-2", "item-1", "item-0"), popular.itemIds());
    assertTrue(popular.hasNotice(Notice.Code.FALLBACK_USED));
  }

  /** The map of texts; the same map as a graph is held against it where both run. */
  @Test
  void alphaRecRanksByMappedTextsOfHistoryAndQuery() {
    Random random = new Random(35);
    float[][] texts = LinearMapTest.gaussian(random, 60, 16);
    LinearMap map =
        LinearMap.of(
            LinearMapTest.gaussian(random, 8, 16), LinearMapTest.gaussian(random, 1, 8)[0]);
    float[][] items = map.applyAll(texts);
    FlatIndex index = new FlatIndex(8, Similarity.DOT);
    index.addAll(ids("item-", 50), Arrays.copyOf(items, 50));
    float[] typed = LinearMapTest.gaussian(random, 1, 16)[0];
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of("item-3", "item-9"))
            .context("typed", Feature.Tensor.vector(typed))
            .k(20)
            .build();
    QueryVector mean = QueryVector.historyMean(index::vector);
    QueryVector query = QueryVector.context("typed").mapped(map::apply);
    for (double alpha : new double[] {0, 0.5, 1}) {
      float[] blended = new float[8];
      for (int i = 0; i < 8; i++) {
        double ofHistory = ((double) items[3][i] + items[9][i]) / 2;
        blended[i] = (float) ((1 - alpha) * ofHistory + alpha * map.apply(typed)[i]);
      }
      QueryVector sum = QueryVector.sum(mean.times(1 - alpha), query.times(alpha));
      assertEquals(
          best(blended, Arrays.copyOf(items, 50), 20, Similarity.DOT),
          VectorRecommender.of("alpha-rec", sum, index).recommend(request).itemIds());
      if (alpha == 0 || alpha == 1) {
        QueryVector alone = alpha == 0 ? mean : query;
        assertEquals(
            VectorRecommender.of("alpha-rec", alone, index).recommend(request).items(),
            VectorRecommender.of("alpha-rec", sum, index).recommend(request).items());
      }
    }
    for (int item = 50; item < 60; item++) {
      index.add("item-" + item, map.apply(texts[item]));
    }
    assertEquals(
        best(items[55], items, 20, Similarity.DOT),
        VectorRecommender.of("alpha-rec", mean, index)
            .recommend(ask("ann").history(UserHistory.of("item-55")).build())
            .itemIds());
  }

  /** What its ranker reads as well: the vectors of users against those of items. */
  @Test
  void lfm4AdsRetrievesByTheVectorsOfUsersAndItemsAlone() {
    Random random = new Random(24);
    float[][] ofUsers = LinearMapTest.gaussian(random, 60, 48);
    float[][] ofItems = LinearMapTest.gaussian(random, 800, 48);
    UserStore<float[]> users = users(ofUsers);
    FlatIndex index = new FlatIndex(48, Similarity.DOT);
    index.addAll(ids("item-", 800), ofItems);
    SequenceRecommender recommender =
        VectorRecommender.of("lfm4ads", QueryVector.user(users::get), index);
    for (int user = 0; user < 60; user++) {
      List<ScoredItem> found = recommender.recommend(ask("user-" + user).build()).items();
      assertEquals(
          best(ofUsers[user], ofItems, 20, Similarity.DOT),
          found.stream().map(ScoredItem::itemId).toList());
      int first = Integer.parseInt(found.get(0).itemId().substring(5));
      assertEquals(
          score(ofUsers[user], ofItems[first], Similarity.DOT), found.get(0).score(), 1e-9);
    }
  }

  @Test
  void uditsrSearchesAndRecommendsInOneSpace() {
    Random random = new Random(45);
    float[][] ofUsers = LinearMapTest.gaussian(random, 50, 16);
    float[][] ofItems = LinearMapTest.gaussian(random, 300, 16);
    LinearMap generator = LinearMap.of(LinearMapTest.gaussian(random, 16, 16), new float[16]);
    UserStore<float[]> users = users(ofUsers);
    QueryVector user = QueryVector.user(users::get);
    QueryVector search = QueryVector.sum(user, QueryVector.context("query"));
    QueryVector recommendation = QueryVector.sum(user, user.mapped(generator::apply));
    Set<List<String>> byDistance = new HashSet<>();
    Set<List<String>> byProduct = new HashSet<>();
    for (Similarity similarity : List.of(Similarity.L2, Similarity.DOT)) {
      ItemIndex index = new FlatIndex(16, similarity);
      index.addAll(ids("item-", 300), ofItems);
      for (int i = 0; i < 50; i++) {
        float[] typed = LinearMapTest.gaussian(random, 1, 16)[0];
        RecommendationRequest.Builder asked = ask("user-" + i);
        RecommendationRequest typing =
            ask("user-" + i).context("query", Feature.Tensor.vector(typed)).build();
        assertEquals(
            best(plus(ofUsers[i], typed), ofItems, 20, similarity),
            VectorRecommender.of("search", search, index).recommend(typing).itemIds());
        List<String> recommended =
            VectorRecommender.of("recommendation", recommendation, index)
                .recommend(asked.build())
                .itemIds();
        assertEquals(
            best(plus(ofUsers[i], generator.apply(ofUsers[i])), ofItems, 20, similarity),
            recommended);
        RecommendationRequest generated =
            ask("user-" + i)
                .context("query", Feature.Tensor.vector(generator.apply(ofUsers[i])))
                .build();
        assertEquals(
            recommended,
            VectorRecommender.of("search", search, index).recommend(generated).itemIds());
        (similarity == Similarity.L2 ? byDistance : byProduct).add(recommended);
        RecommendationRequest nothing =
            asked.context("query", Feature.Tensor.vector(new float[16])).build();
        List<String> userOnly =
            VectorRecommender.of("user", user, index).recommend(nothing).itemIds();
        assertEquals(
            userOnly, VectorRecommender.of("search", search, index).recommend(nothing).itemIds());
      }
    }
    assertNotEquals(byDistance, byProduct);
    assertFalse(byDistance.isEmpty());
  }

  private static float[] plus(float[] one, float[] other) {
    float[] sum = one.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] = (float) ((double) one[i] + other[i]);
    }
    return sum;
  }
}
