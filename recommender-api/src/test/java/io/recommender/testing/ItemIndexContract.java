package io.recommender.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.Query;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every {@link ItemIndex} must do. Extend it and supply an empty index; an approximate one
 * also lowers {@link #recall}.
 */
public abstract class ItemIndexContract {

  /**
   * Makes an empty index.
   *
   * @param dimension the length of every vector
   * @param similarity how vectors are compared
   * @return a new index
   */
  protected abstract ItemIndex create(int dimension, Similarity similarity);

  /** {@return the share of the true best items that every search must find, 1 if it is exact} */
  protected double recall() {
    return 1;
  }

  /** {@return how far a score may be from the true one, relative to the norms of the vectors} */
  protected double tolerance() {
    return 1e-5;
  }

  /** {@return how often each of two threads changes an index while others search it} */
  protected int changes() {
    return 4_000;
  }

  /** {@return the largest norm a vector may have, infinite if there is no limit} */
  protected double largestNorm() {
    return Double.POSITIVE_INFINITY;
  }

  @Test
  void findsTheMostSimilarByInnerProduct() {
    List<ScoredItem> found = plane(Similarity.DOT).search(new float[] {2, 1}, 4);
    assertResult(found, List.of("far", "east", "north", "west"), 30, 2, 1, -2);
  }

  @Test
  void findsTheMostSimilarByCosine() {
    List<ScoredItem> found = plane(Similarity.COSINE).search(new float[] {2, 1}, 4);
    double norm = Math.sqrt(5);
    List<String> expected = List.of("far", "east", "north", "west");
    assertResult(found, expected, 3 / (norm * Math.sqrt(2)), 2 / norm, 1 / norm, -2 / norm);
  }

  @Test
  void findsTheMostSimilarByDistance() {
    List<ScoredItem> found = plane(Similarity.L2).search(new float[] {2, 1}, 4);
    assertResult(found, List.of("east", "north", "west", "far"), -2, -4, -10, -145);
  }

  @Test
  void aVectorOfZerosHasCosineZero() {
    ItemIndex index = create(2, Similarity.COSINE);
    index.add("zero", new float[2]);
    index.add("opposite", new float[] {-1, 0});
    index.add("same", new float[] {1, 0});
    List<ScoredItem> found = index.search(new float[] {3, 0}, 3);
    assertResult(found, List.of("same", "zero", "opposite"), 1, 0, -1);
    found = index.search(new float[2], 3);
    assertResult(found, List.of("zero", "opposite", "same"), 0, 0, 0);
  }

  @ParameterizedTest
  @EnumSource
  void returnsAtMostKItems(Similarity similarity) {
    ItemIndex index = plane(similarity);
    float[] query = {2, 1};
    List<ScoredItem> all = index.search(query, 4);
    assertEquals(4, all.size());
    assertEquals(all.subList(0, 1), index.search(query, 1));
    assertEquals(all.subList(0, 3), index.search(query, 3));
    assertEquals(all, index.search(query, 5));
    assertEquals(all, index.search(query, Integer.MAX_VALUE));
  }

  @ParameterizedTest
  @EnumSource
  void wrongArgumentsAreNamed(Similarity similarity) {
    ItemIndex index = plane(similarity);
    float[] query = {2, 1};
    assertThrows(IllegalArgumentException.class, () -> index.search(query, 0));
    assertThrows(
        IllegalArgumentException.class, () -> index.searchAll(new float[][] {query}, -1, all()));
    IllegalArgumentException length =
        assertThrows(IllegalArgumentException.class, () -> index.search(new float[3], 1));
    assertTrue(length.getMessage().contains("3"), length::getMessage);
    assertTrue(length.getMessage().contains("2"), length::getMessage);
    for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] vector = {0, wrong};
      assertThrows(IllegalArgumentException.class, () -> index.search(vector, 1));
      assertThrows(IllegalArgumentException.class, () -> index.add("new", vector));
      assertThrows(
          IllegalArgumentException.class,
          () -> index.searchAll(new float[][] {query, vector}, 1, all()));
    }
    assertThrows(IllegalArgumentException.class, () -> index.add("new", new float[1]));
    assertThrows(IllegalArgumentException.class, () -> index.add("", query));
    assertThrows(
        IllegalArgumentException.class, () -> index.retrieve(new Query.Text("x"), 1, all()));
    assertEquals(4, index.size());
    assertFalse(index.contains("new"));
  }

  @ParameterizedTest
  @EnumSource
  void aWrongBatchChangesNothing(Similarity similarity) {
    ItemIndex index = plane(similarity);
    List<ScoredItem> before = index.search(new float[] {2, 1}, 10);
    float[][] wrong = {{5, 5}, {Float.NaN, 0}};
    List<String> ids = List.of("east", "new");
    assertThrows(IllegalArgumentException.class, () -> index.addAll(ids, wrong));
    float[][] tooFew = {{5, 5}};
    assertThrows(IllegalArgumentException.class, () -> index.addAll(ids, tooFew));
    float[][] tooLong = {{5, 5}, {1, 2, 3}};
    assertThrows(IllegalArgumentException.class, () -> index.addAll(ids, tooLong));
    float[][] right = {{5, 5}, {1, 2}};
    assertThrows(IllegalArgumentException.class, () -> index.addAll(List.of("east", ""), right));
    assertEquals(before, index.search(new float[] {2, 1}, 10));
    assertEquals(4, index.size());
  }

  @ParameterizedTest
  @EnumSource
  void anEmptyIndexFindsNothing(Similarity similarity) {
    ItemIndex index = create(3, similarity);
    assertEquals(0, index.size());
    assertEquals(3, index.dimension());
    assertEquals(similarity, index.similarity());
    assertEquals(List.of(), index.search(new float[3], 10));
    assertEquals(List.of(), index.search(new float[3], 10, ItemFilter.allow(Set.of("a"))));
    assertEquals(List.of(), index.searchAll(new float[0][], 10, all()));
    assertEquals(List.of(List.of(), List.of()), index.searchAll(new float[2][3], 10, all()));
    assertFalse(index.remove("a"));
    assertFalse(index.contains("a"));
    assertEquals(Optional.empty(), index.vector("a"));
  }

  @ParameterizedTest
  @EnumSource
  void filtersActInsideTheSearch(Similarity similarity) {
    ItemIndex index = create(8, similarity);
    IndexModel model = new IndexModel(similarity);
    Random random = new Random(11);
    RandomItems.addRandom(index, model, 500, 8, random);
    Set<String> few = Set.of("item-3", "item-77", "item-498", "nowhere");
    Set<String> most = new HashSet<>(model.itemIds());
    few.forEach(most::remove);
    List<ItemFilter> filters =
        List.of(
            itemId -> false,
            itemId -> itemId.endsWith("7"),
            ItemFilter.allow(few),
            ItemFilter.allow(most),
            ItemFilter.deny(few),
            ItemFilter.deny(most),
            ItemFilter.allow(Set.of()),
            ItemFilter.allow(few).and(itemId -> !itemId.equals("item-77")),
            ItemFilter.allow(most).and(ItemFilter.deny(few)));
    for (ItemFilter filter : filters) {
      for (int k : new int[] {1, 10, 600}) {
        float[] query = RandomItems.randomVector(8, random);
        check(model, index.search(query, k, filter), query, k, filter);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theFilterIsAskedAboutFewItems(Similarity similarity) {
    ItemIndex index = create(8, similarity);
    RandomItems.addRandom(index, new IndexModel(similarity), 2000, 8, new Random(12));
    List<String> asked = new ArrayList<>();
    index.search(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 5, asked::add);
    assertTrue(asked.size() < 1000, () -> "asked about " + asked.size() + " of 2000 items");
  }

  @ParameterizedTest
  @EnumSource
  void equalScoresAreOrderedByFirstAddition(Similarity similarity) {
    ItemIndex index = create(5, similarity);
    float[] vector = {1, 2, 3, 4, 5};
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      ids.add("item-" + (i * 37 % 100));
      index.add(ids.get(i), vector);
    }
    assertEquals(ids.subList(0, 10), itemIds(index.search(vector, 10)));
    assertEquals(ids, itemIds(index.search(vector, 100)));
    assertEquals(
        ids.subList(50, 60),
        itemIds(index.search(vector, 10, ItemFilter.deny(ids.subList(0, 50)))));
    assertEquals(
        ids.subList(40, 50),
        itemIds(index.search(vector, 10, ItemFilter.allow(ids.subList(40, 60)))));

    // A replaced item keeps its place; one that was removed and added again comes last.
    index.add(ids.get(0), vector.clone());
    index.remove(ids.get(1));
    index.add(ids.get(1), vector);
    List<String> expected = new ArrayList<>(ids);
    expected.add(expected.remove(1));
    assertEquals(expected, itemIds(index.search(vector, 100)));
  }

  @ParameterizedTest
  @EnumSource
  void replacingAnItemLeavesNothingOfTheOldVector(Similarity similarity) {
    ItemIndex index = plane(similarity);
    index.add("west", new float[] {4, 2});
    assertEquals(4, index.size());
    List<ScoredItem> found = index.search(new float[] {4, 2}, 10);
    assertEquals(4, found.size());
    assertEquals(Set.of("east", "north", "west", "far"), new HashSet<>(itemIds(found)));
    assertArrayEquals(new float[] {4, 2}, index.vector("west").orElseThrow(), 1e-5f);
    index.addAll(List.of("twin", "twin"), new float[][] {{9, 9}, {-9, 1}});
    assertEquals(5, index.size());
    assertArrayEquals(new float[] {-9, 1}, index.vector("twin").orElseThrow(), 1e-5f);
  }

  @ParameterizedTest
  @EnumSource
  void aRemovedItemIsGoneUntilItIsAddedAgain(Similarity similarity) {
    ItemIndex index = plane(similarity);
    assertTrue(index.remove("north"));
    assertFalse(index.remove("north"));
    assertFalse(index.contains("north"));
    assertEquals(Optional.empty(), index.vector("north"));
    assertEquals(3, index.size());
    assertFalse(itemIds(index.search(new float[] {0, 1}, 10)).contains("north"));
    assertEquals(
        List.of(), index.search(new float[] {0, 1}, 10, ItemFilter.allow(Set.of("north"))));
    index.add("north", new float[] {0, 2});
    assertTrue(itemIds(index.search(new float[] {0, 1}, 10)).contains("north"));
    assertEquals(4, index.size());
  }

  @ParameterizedTest
  @EnumSource
  void argumentsAreCopiedAndNotChanged(Similarity similarity) {
    ItemIndex index = create(2, similarity);
    float[] vector = {3, 4};
    index.add("a", vector);
    assertArrayEquals(new float[] {3, 4}, vector);
    vector[0] = 100;
    assertArrayEquals(new float[] {3, 4}, index.vector("a").orElseThrow(), 1e-5f);
    index.vector("a").orElseThrow()[1] = -7;
    assertArrayEquals(new float[] {3, 4}, index.vector("a").orElseThrow(), 1e-5f);
    float[] query = {5, 12};
    index.search(query, 1);
    index.searchAll(new float[][] {query, query}, 1, all());
    assertArrayEquals(new float[] {5, 12}, query);
    float[][] batch = {{1, 1}, {2, 2}};
    index.addAll(List.of("b", "c"), batch);
    batch[0][0] = 50;
    assertArrayEquals(new float[] {1, 1}, index.vector("b").orElseThrow(), 1e-5f);
  }

  @ParameterizedTest
  @EnumSource
  void theSameQueryHasTheSameAnswer(Similarity similarity) {
    ItemIndex index = create(16, similarity);
    Random random = new Random(13);
    RandomItems.addRandom(index, new IndexModel(similarity), 300, 16, random);
    float[][] queries = new float[70][];
    Arrays.setAll(queries, i -> RandomItems.randomVector(16, random));
    List<List<ScoredItem>> first = index.searchAll(queries, 7, all());
    assertEquals(first, index.searchAll(queries, 7, all()));
    for (int q = 0; q < queries.length; q++) {
      assertEquals(first.get(q), index.search(queries[q], 7));
      assertEquals(first.get(q), index.retrieve(new Query.Vector(queries[q]), 7, all()));
    }
  }

  @ParameterizedTest
  @EnumSource
  void extremeVectorsGiveFiniteScores(Similarity similarity) {
    ItemIndex index = create(3, similarity);
    float big = (float) Math.min(Float.MAX_VALUE, largestNorm() / 2);
    float[][] vectors = {
      {big, big, big},
      {-big, big, -big},
      {Float.MIN_VALUE, 0, Float.MIN_VALUE},
      {1, 1, 1},
      {0, 0, 0},
      {-big, -big, -big}
    };
    List<String> ids = List.of("a", "b", "c", "d", "e", "f");
    index.addAll(ids, vectors);
    IndexModel model = new IndexModel(similarity);
    IntStream.range(0, 6).forEach(i -> model.add(ids.get(i), vectors[i]));
    for (float[] query : vectors) {
      check(model, index.search(query, 6), query, 6, all());
      check(model, index.search(query, 3), query, 3, all());
    }
  }

  @ParameterizedTest
  @EnumSource
  void randomOperationsAgreeWithAModel(Similarity similarity) {
    for (int seed = 0; seed < 12; seed++) {
      Random random = new Random(seed);
      int dimension = 1 + random.nextInt(40);
      ItemIndex index = create(dimension, similarity);
      IndexModel model = new IndexModel(similarity);
      for (int step = 0; step < 400; step++) {
        String context = "seed " + seed + ", step " + step;
        String itemId = "item-" + random.nextInt(seed % 2 == 0 ? 60 : 400);
        switch (random.nextInt(8)) {
          case 0, 1, 2 -> {
            float[] vector = RandomItems.randomVector(dimension, random);
            index.add(itemId, vector);
            model.add(itemId, vector);
          }
          case 3 -> RandomItems.addRandom(index, model, random.nextInt(40), dimension, random);
          case 4, 5 -> assertEquals(model.remove(itemId), index.remove(itemId), context);
          default -> {
            float[] query = RandomItems.randomVector(dimension, random);
            int k = 1 + random.nextInt(30);
            ItemFilter filter = RandomItems.randomFilter(random);
            check(model, index.search(query, k, filter), query, k, filter);
          }
        }
        assertEquals(model.itemIds().size(), index.size(), context);
        assertEquals(model.contains(itemId), index.contains(itemId), context);
      }
      float[][] queries = new float[20][];
      Arrays.setAll(queries, i -> RandomItems.randomVector(dimension, random));
      List<List<ScoredItem>> results = index.searchAll(queries, 10, all());
      for (int q = 0; q < queries.length; q++) {
        check(model, results.get(q), queries[q], 10, all());
      }
    }
  }

  @Test
  void closingTwiceHasNoEffect() {
    ItemIndex index = plane(Similarity.DOT);
    index.close();
    index.close();
  }

  @ParameterizedTest
  @EnumSource
  void searchesSeeNoHalfChange(Similarity similarity) throws Exception {
    ItemIndex index = create(ChangingItems.dimension(), similarity);
    new ChangingItems(index, recall(), tolerance()).assertFoundWhole(changes());
  }

  private void check(
      IndexModel model, List<ScoredItem> found, float[] query, int k, ItemFilter filter) {
    model.check(found, query, k, filter, recall(), tolerance());
  }

  private ItemIndex plane(Similarity similarity) {
    ItemIndex index = create(2, similarity);
    index.add("west", new float[] {-1, 0});
    index.add("east", new float[] {1, 0});
    index.addAll(List.of("north", "far"), new float[][] {{0, 1}, {10, 10}});
    return index;
  }

  private void assertResult(List<ScoredItem> found, List<String> expected, double... scores) {
    assertEquals(expected, itemIds(found));
    for (int i = 0; i < scores.length; i++) {
      assertEquals(scores[i], found.get(i).score(), tolerance() * Math.max(1, Math.abs(scores[i])));
    }
  }

  private static List<String> itemIds(List<ScoredItem> items) {
    return items.stream().map(ScoredItem::itemId).toList();
  }

  private static ItemFilter all() {
    return ItemFilter.all();
  }
}
