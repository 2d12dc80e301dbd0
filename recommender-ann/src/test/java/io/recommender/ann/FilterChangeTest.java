package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Filters that are kept while items come, move and go, and filters whose answers change. */
class FilterChangeTest {
  private static final int COUNT = 16_000;
  private static final int DIMENSION = 36;
  private static final int CLUSTERS = 20;
  private static final int K = 5;
  private static final int EF = 28;
  private static final int ROUNDS = 3;
  private static final double[] PARTS = {1, 0.5, 0.1, 0.01, 0.001, 0.0001};

  /** The ways to answer a query, told apart by what they cost. */
  private enum Way {
    SCAN_OF_CODES,
    SCAN,
    WALK,
    WALK_WITH_STEPS,
    WALK_THEN_SCAN;

    static Way of(SearchHits hits) {
      if (hits.visited() == 0) {
        return hits.isExact() ? SCAN : SCAN_OF_CODES;
      }
      if (hits.isExact()) {
        return WALK_THEN_SCAN;
      }
      return hits.steppedOver() > 0 ? WALK_WITH_STEPS : WALK;
    }
  }

  private record Numbers(IntPredicate numbers, boolean isConstant) implements ItemFilter {
    @Override
    public boolean accepts(String itemId) {
      return numbers.test(Integer.parseInt(itemId.substring(5)));
    }
  }

  /** A deny list that changes, so that nothing of it may be remembered. */
  private record Sold(Set<String> itemIds) implements ItemFilter {
    @Override
    public boolean accepts(String itemId) {
      return !itemIds.contains(itemId);
    }

    @Override
    public Optional<Set<String>> denyList() {
      return Optional.of(itemIds);
    }
  }

  private final Random random = new Random(8);
  private final BitSet inStock = new BitSet();
  private final Set<String> sold = new HashSet<>();
  private final Map<String, ItemFilter> filters = new LinkedHashMap<>();
  private HnswIndex index = HnswIndex.builder(1, Similarity.DOT).build();
  private FlatIndex exact = new FlatIndex(1, Similarity.DOT);
  private int latest;

  private static boolean isPart(int number, double part) {
    // Spread over all items, those to come included.
    return (number * 7919L % 10_007) / 10_007.0 < part;
  }

  private static Set<String> ids(IntPredicate numbers) {
    Set<String> ids = new HashSet<>();
    IntStream.range(0, 2 * COUNT).filter(numbers).forEach(i -> ids.add(TestVectors.id(i)));
    return ids;
  }

  private float[] vector(int cluster) {
    float[] vector = TestVectors.gaussian(DIMENSION, random);
    float[] centre = TestVectors.centre(cluster, DIMENSION);
    for (int i = 0; i < DIMENSION; i++) {
      vector[i] = centre[i] + 0.5f * vector[i];
    }
    return vector;
  }

  private void fill(Quantization form, Similarity similarity) {
    index =
        HnswIndex.builder(DIMENSION, similarity)
            .quantization(form)
            .trainedFrom(1_000)
            .ef(EF)
            .bridgeBreadth(1)
            .threads(2)
            .build();
    exact = new FlatIndex(DIMENSION, similarity);
    float[][] vectors = new float[COUNT][];
    for (int i = 0; i < COUNT; i++) {
      vectors[i] = vector(i % CLUSTERS);
    }
    index.addAll(TestVectors.ids(COUNT), vectors);
    exact.addAll(TestVectors.ids(COUNT), vectors);
    latest = COUNT;
    for (double part : PARTS) {
      IntPredicate numbers = number -> isPart(number, part);
      filters.put("bits of " + part, new Numbers(numbers, true));
      filters.put("allow " + part, ItemFilter.allow(ids(numbers)));
      filters.put("asks for " + part, new Numbers(numbers, false));
    }
    // Whole clusters, so that none near to some queries is accepted.
    IntPredicate category = number -> number % 5 != 0;
    filters.put("category", new Numbers(category, true));
    filters.put(
        "category and stock", new Numbers(category, true).and(new Numbers(inStock::get, false)));
    filters.put("stock", new Numbers(inStock::get, false));
    filters.put("deny few", ItemFilter.deny(ids(number -> isPart(number, 0.001))));
    filters.put("deny half", ItemFilter.deny(ids(number -> isPart(number, 0.5))));
    filters.put("sold", new Sold(sold));
  }

  private void put(int number) {
    float[] vector = vector(number % CLUSTERS);
    index.add(TestVectors.id(number), vector);
    exact.add(TestVectors.id(number), vector);
  }

  /** Adds an item, moves one to another place of its cluster, and removes one. */
  private void change() {
    put(latest++);
    put(latest - 1 - random.nextInt(COUNT / 2));
    String gone = TestVectors.id(random.nextInt(latest));
    assertEquals(exact.remove(gone), index.remove(gone));
    assertEquals(exact.size(), index.size());
  }

  private void restock() {
    inStock.clear();
    double part = PARTS[random.nextInt(PARTS.length)];
    IntStream.range(0, latest).filter(i -> random.nextDouble() < part).forEach(inStock::set);
    sold.clear();
    random.ints(200, 0, latest).forEach(number -> sold.add(TestVectors.id(number)));
  }

  private static int found(List<ScoredItem> truth, SearchHits hits) {
    Set<String> best = TestVectors.itemIds(truth);
    int found = 0;
    for (int rank = 0; rank < hits.size(); rank++) {
      found += best.contains(hits.itemId(rank)) ? 1 : 0;
    }
    return found;
  }

  @ParameterizedTest
  @CsvSource({
    "FLOAT, L2",
    "FLOAT, DOT",
    "INT1_FLOAT, COSINE",
    "INT4_FLOAT, COSINE",
    "INT4_FLOAT, DOT",
    "INT8, COSINE",
    "INT8, L2"
  })
  void whatIsFoundIsAcceptedAndThereAndNearlyTheBest(Quantization form, Similarity similarity) {
    fill(form, similarity);
    Map<String, EnumSet<Way>> ways = new HashMap<>();
    Map<String, int[]> counts = new LinkedHashMap<>();
    SearchHits hits = new SearchHits();
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < 100; i++) {
        change();
      }
      for (Map.Entry<String, ItemFilter> each : filters.entrySet()) {
        String name = each.getKey();
        // As broad as a walk with steps may be here before comparing costs less.
        int ef = name.equals("category") ? 36 : EF;
        SearchOptions options = SearchOptions.defaults().ef(ef).filter(each.getValue());
        int[] count = counts.computeIfAbsent(name, key -> new int[2]);
        for (int q = 0; q < 10; q++) {
          if (q % 5 == 4) {
            change();
            restock();
          }
          float[] query = vector(random.nextInt(CLUSTERS));
          List<ScoredItem> truth = exact.search(query, K, each.getValue());
          index.search(query, K, options, hits);
          assertEquals(truth.size(), hits.size(), name);
          Set<String> seen = new HashSet<>();
          for (int rank = 0; rank < hits.size(); rank++) {
            String itemId = hits.itemId(rank);
            assertTrue(seen.add(itemId), itemId);
            assertTrue(exact.contains(itemId), itemId);
            assertTrue(each.getValue().accepts(itemId), itemId);
          }
          count[0] += found(truth, hits);
          count[1] += truth.size();
          ways.computeIfAbsent(name, key -> EnumSet.noneOf(Way.class)).add(Way.of(hits));
        }
      }
    }
    // Codes of one bit see little in 36 dimensions, and these walks are narrow. Codes alone change
    // the order of near ties.
    double least = form == Quantization.INT1_FLOAT ? 0.85 : form.keepsFloats() ? 0.95 : 0.88;
    counts.forEach(
        (name, count) ->
            assertTrue(
                count[0] >= least * count[1],
                () -> name + ": found " + count[0] + " of " + count[1] + " by " + ways.get(name)));
    assertWay(ways, Way.SCAN, "allow 0.01", "allow 1.0E-4", "bits of 0.001");
    assertWay(ways, Way.WALK, "bits of 0.5", "allow 0.5", "bits of 1.0", "asks for 0.1");
    assertWay(ways, Way.WALK, "deny few", "deny half", "sold");
    if (similarity != Similarity.DOT) {
      assertWay(ways, Way.WALK_WITH_STEPS, "category");
    }
    assertWay(ways, Way.WALK_THEN_SCAN, "asks for 1.0E-4");
    if (form != Quantization.FLOAT) {
      assertWay(ways, Way.SCAN_OF_CODES, "bits of 0.1", "allow 0.01");
    } else {
      assertWay(ways, Way.SCAN, "bits of 0.1", "allow 0.01");
    }
  }

  private static void assertWay(Map<String, EnumSet<Way>> ways, Way way, String... names) {
    for (String name : names) {
      assertTrue(ways.get(name).contains(way), () -> name + " was answered by " + ways.get(name));
    }
  }

  /** Fewer than are asked for are accepted. */
  @Test
  void whereFewAreAcceptedOthersAreNotCompared() {
    fill(Quantization.INT4_FLOAT, Similarity.L2);
    SearchHits hits = new SearchHits();
    for (String name : List.of("allow 1.0E-4", "bits of 1.0E-4")) {
      SearchOptions options = SearchOptions.defaults().filter(filters.get(name));
      for (int i = 0; i < 6; i++) {
        index.search(vector(i), K, options, hits);
        assertTrue(hits.size() > 0 && hits.size() < K, () -> name + ": " + hits);
        if (i >= 2) {
          assertTrue(hits.isExact(), name);
          assertEquals(hits.size(), hits.scored(), name);
        }
      }
    }
  }

  /** Four bits do not tell apart what is this near to each other. */
  @Test
  void aTargetOfOneIsExactUnderAFilterThatComesAgain() {
    index =
        HnswIndex.builder(DIMENSION, Similarity.L2)
            .quantization(Quantization.INT4_FLOAT)
            .trainedFrom(1_000)
            .build();
    exact = new FlatIndex(DIMENSION, Similarity.L2);
    float[][] vectors = TestVectors.clustered(8_000, DIMENSION, 4, 0.01, 3);
    index.addAll(TestVectors.ids(8_000), vectors);
    exact.addAll(TestVectors.ids(8_000), vectors);
    ItemFilter filter = new Numbers(number -> number % 3 == 0, true);
    SearchOptions options = SearchOptions.defaults().targetRecall(1).filter(filter);
    List<List<ScoredItem>> truths = new ArrayList<>();
    List<List<ScoredItem>> answers = new ArrayList<>();
    for (float[] query : TestVectors.clustered(20, DIMENSION, 4, 0.01, 4)) {
      truths.add(exact.search(query, K, filter));
      answers.add(index.search(query, K, options));
    }
    assertEquals(truths, answers);
  }

  /** The set that is being made has a node then that the search which makes it does not show. */
  @Test
  void whatIsReplacedWhileASetIsMadeIsFound() {
    index = HnswIndex.builder(1, Similarity.L2).exactBelow(0).build();
    List<String> ids = TestVectors.ids(200);
    for (int i = 0; i < 200; i++) {
      index.add(ids.get(i), new float[] {i});
    }
    boolean[] isReplacing = {false};
    Numbers once =
        new Numbers(
            number -> {
              if (isReplacing[0]) {
                isReplacing[0] = false;
                int nearest = number == 0 ? 1 : 0;
                index.add(TestVectors.id(nearest), new float[] {nearest + 0.25f});
              }
              return true;
            },
            true);
    ItemFilter filter = ItemFilter.allow(ids.subList(0, 20)).and(once);
    float[] query = {0.1f};
    assertEquals("item-0", index.search(query, 1, filter).get(0).itemId());
    isReplacing[0] = true;
    List<ScoredItem> meanwhile = index.search(query, 2, filter);
    assertEquals(Set.of("item-0", "item-1"), TestVectors.itemIds(meanwhile));
    assertFalse(isReplacing[0]);
    for (int i = 0; i < 3; i++) {
      List<ScoredItem> later = index.search(query, 2, filter);
      assertEquals(Set.of("item-0", "item-1"), TestVectors.itemIds(later));
    }
  }

  /** What a filter accepts lies where walks for the query do not come. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void whatIsFarFromTheQueryIsFound(Similarity similarity) {
    int count = 20_000;
    float[][] vectors = TestVectors.clustered(count, DIMENSION, CLUSTERS, 0.7, 5);
    TestVectors.unequal(vectors, 0.5, 5);
    index = HnswIndex.builder(DIMENSION, similarity).trainedFrom(1_000).build();
    exact = new FlatIndex(DIMENSION, similarity);
    index.addAll(TestVectors.ids(count), vectors);
    exact.addAll(TestVectors.ids(count), vectors);
    double[] norms = new double[count];
    for (int i = 0; i < count; i++) {
      norms[i] = TestVectors.score(Similarity.DOT, vectors[i], vectors[i]);
    }
    double middle = Arrays.stream(norms).sorted().toArray()[count / 2];
    for (boolean isConstant : new boolean[] {true, false}) {
      assertFound(new Numbers(number -> norms[number] < middle, isConstant));
      assertFound(new Numbers(number -> norms[number] >= middle, isConstant));
      assertFound(new Numbers(number -> number % CLUSTERS < CLUSTERS / 2, isConstant));
      assertFound(new Numbers(number -> number % CLUSTERS > 1, isConstant));
    }
  }

  private void assertFound(ItemFilter filter) {
    SearchHits hits = new SearchHits();
    SearchOptions options = SearchOptions.defaults().ef(64).filter(filter);
    int found = 0;
    int wanted = 0;
    for (float[] query : TestVectors.clustered(60, DIMENSION, CLUSTERS, 0.7, 6)) {
      List<ScoredItem> truth = exact.search(query, K, filter);
      index.search(query, K, options, hits);
      assertEquals(K, hits.size());
      found += found(truth, hits);
      wanted += truth.size();
    }
    int all = found;
    assertTrue(found >= 0.95 * wanted, () -> "found " + all);
  }
}
