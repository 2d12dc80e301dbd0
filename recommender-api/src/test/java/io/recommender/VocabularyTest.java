package io.recommender;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class VocabularyTest {
  private static void assertRefused(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  @Test
  void wrongValuesAreNamed() {
    assertRefused("item id: expected a non-empty string", () -> Item.of(""));
    assertRefused("item id: expected a non-empty string", () -> Interaction.of(""));
    assertRefused("item id: expected a non-empty string", () -> UserHistory.of("a", ""));
    assertRefused(
        "k: expected at least 1, found 0",
        () -> RecommendationRequest.of(UserHistory.empty()).k(0));
    assertRefused(
        "scalar: expected a finite number, found NaN", () -> new Feature.Scalar(Double.NaN));
    assertRefused(
        "tensor: shape [2, 2] holds 4 values, found 3",
        () -> Feature.Tensor.of(new float[3], 2, 2));
    assertRefused(
        "tensor: value 1 is Infinity, expected a finite number",
        () -> Feature.Tensor.vector(0, Float.POSITIVE_INFINITY));
    assertRefused(
        "score of item 'a': expected a finite number, found NaN",
        () -> new ScoredItem("a", Double.NaN));
    assertRefused(
        "items: expected at most 1, found 2",
        () -> Recommendations.of(1, List.of(new ScoredItem("a", 1), new ScoredItem("b", 0))));
    assertRefused(
        "item id 'a' occurs twice, at ordinals 0 and 2",
        () -> Catalog.ofIds(List.of("a", "b", "a")));
    assertRefused(
        "weight of keyword 'x': expected a finite number above 0, found 0.0",
        () -> new Query.Keywords(Map.of("x", 0.0)));
    assertRefused(
        "dimension: expected at least 1, found 0",
        () -> ItemEncoder.of(0, Similarity.DOT, item -> new float[0]));
    assertRefused(
        "vector of item 'a': length 1, expected 2",
        () ->
            ItemEncoder.of(2, Similarity.DOT, item -> new float[1]).encode(List.of(Item.of("a"))));
  }

  @Test
  void nullsAreNamed() {
    NullPointerException e =
        assertThrows(
            NullPointerException.class,
            () -> RecommendationRequest.of(UserHistory.empty()).filter(null));
    assertEquals("filter", e.getMessage());
  }

  @Test
  void tensorsShareNothingWithTheirMakers() {
    float[] values = {1, 2, 3, 4};
    int[] shape = {2, 2};
    Feature.Tensor tensor = Feature.Tensor.of(values, shape);
    values[0] = 9;
    shape[0] = 4;
    tensor.values()[1] = 9;
    tensor.shape()[1] = 9;
    assertArrayEquals(new float[] {1, 2, 3, 4}, tensor.values());
    assertArrayEquals(new int[] {2, 2}, tensor.shape());
    assertEquals(Feature.Tensor.of(new float[] {1, 2, 3, 4}, 2, 2), tensor);
    assertNotEquals(Feature.Tensor.vector(1, 2, 3, 4), tensor);
  }

  @Test
  void historiesAndInteractionsAreCopies() {
    List<Interaction> interactions = new ArrayList<>(List.of(Interaction.of("a")));
    UserHistory history = UserHistory.of(interactions);
    interactions.clear();
    assertEquals(List.of("a"), history.itemIds());
    UserHistory longer = history.forUser("u").plus(Interaction.of("b").withBehavior("buy"));
    assertEquals(List.of("a", "b"), longer.itemIds());
    assertEquals(Optional.of("u"), longer.userId());
    assertEquals(Optional.empty(), history.userId());
    assertEquals(Optional.of("buy"), longer.interactions().get(1).behavior());
    assertTrue(UserHistory.empty().isEmpty());
    assertEquals(UserHistory.of("a"), history);
  }

  @Test
  void aHistoryNeverPrintsWhoItIsOrWhatTheyHad() {
    String text = UserHistory.of("secret-item").forUser("secret-user").toString();
    assertFalse(text.contains("secret"), text);
  }

  @Test
  void anInteractionKeepsEverythingItIsGiven() {
    Instant noon = Instant.parse("2024-05-01T12:00:00Z");
    Interaction full =
        Interaction.of("a")
            .withTime(noon)
            .withBehavior("click")
            .withDomain("books")
            .withContext("stars", new Feature.Scalar(4))
            .withContext("stars", new Feature.Scalar(5));
    assertEquals(Optional.of(noon), full.time());
    assertEquals(Optional.of("books"), full.domain());
    assertEquals(Map.of("stars", new Feature.Scalar(5)), full.context());
    assertEquals("Interaction[a at 2024-05-01T12:00:00Z click in books]", full.toString());
  }

  @Test
  void aRequestIsRebuiltUnchanged() {
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of("a"))
            .k(3)
            .seed(7)
            .time(Instant.EPOCH)
            .filter(ItemFilter.deny(List.of("b")))
            .context("page", new Feature.Category("home"))
            .build();
    RecommendationRequest copy = request.toBuilder().build();
    assertEquals(3, copy.k());
    assertEquals(7, copy.seed());
    assertEquals(Optional.of(Instant.EPOCH), copy.time());
    assertEquals(request.filter(), copy.filter());
    assertEquals(request.context(), copy.context());
    assertEquals(10, RecommendationRequest.of(UserHistory.empty()).build().k());
  }

  @Test
  void aLambdaIsARecommender() {
    SequenceRecommender recommender =
        request ->
            Recommendations.of(request.k(), List.of(new ScoredItem("a", 1.0, "test"))).build();
    Recommendations answer = recommender.recommend(UserHistory.of("x"));
    assertEquals(List.of("a"), answer.itemIds());
    assertEquals(10, answer.requested());
    assertEquals(
        1,
        recommender
            .recommendAll(List.of(RecommendationRequest.of(UserHistory.empty()).build()))
            .size());
  }

  @Test
  void anIndexAnswersVectorsOnly() {
    Retriever text = (query, k, filter) -> List.of(new ScoredItem("a", 1));
    assertEquals(1, text.retrieve(new Query.Text("tent"), 1, ItemFilter.all()).size());
  }

  /** A filter over live state stays live in a conjunction, also if it tells its set. */
  @Test
  void aConjunctionKeepsALiveFilterAlive() {
    Set<String> soldOut = new HashSet<>();
    ItemFilter live =
        new ItemFilter() {
          @Override
          public boolean accepts(String itemId) {
            return !soldOut.contains(itemId);
          }

          @Override
          public Optional<Set<String>> denyList() {
            return Optional.of(soldOut);
          }
        };
    ItemFilter both = live.and(ItemFilter.deny(List.of("b")));
    ItemFilter alone = ItemFilter.all().and(live);
    soldOut.add("a");
    assertFalse(both.accepts("a"));
    assertFalse(alone.accepts("a"));
  }

  @Test
  void aCatalogueFindsItsItems() {
    Item tent = new Item("tent", Map.of("title", new Feature.Text("A tent")));
    Catalog catalog = Catalog.of(List.of(Item.of("x"), tent));
    assertEquals(1, catalog.ordinal("tent"));
    assertEquals(Catalog.UNKNOWN, catalog.ordinal("y"));
    assertEquals(Optional.of("A tent"), catalog.find("tent").flatMap(item -> item.text("title")));
    assertEquals(Optional.empty(), catalog.find("y"));
    assertEquals(Optional.empty(), tent.text("brand"));
    assertThrows(IndexOutOfBoundsException.class, () -> catalog.id(2));
  }

  @Test
  void theNextPageLeavesOutWhatWasShown() {
    RecommendationRequest first =
        RecommendationRequest.of(UserHistory.of("a"))
            .k(2)
            .filter(ItemFilter.deny(Set.of("x")))
            .build();
    Recommendations shown =
        Recommendations.of(2, List.of(new ScoredItem("b", 2), new ScoredItem("c", 1))).build();
    RecommendationRequest second = first.nextPage(shown);
    assertEquals(Set.of("x", "b", "c"), second.filter().denyList().orElseThrow());
    assertEquals(first.history(), second.history());
    assertEquals(2, second.k());
    RecommendationRequest third =
        second.nextPage(Recommendations.of(2, List.of(new ScoredItem("d", 2))).build());
    assertEquals(Set.of("x", "b", "c", "d"), third.filter().denyList().orElseThrow());
  }

  @Test
  void anAnswerMayTellHowItCameAbout() {
    Recommendations plain = Recommendations.of(1, List.of()).build();
    assertEquals("", plain.attributionId());
    assertTrue(plain.trace().isEmpty());
    Trace trace = new Trace(List.of(new Trace.Stage("source:a", 10, 7, 5)), Map.of());
    Recommendations traced =
        Recommendations.of(1, List.of()).attributionId("id").trace(trace).build();
    assertEquals("id", traced.attributionId());
    assertEquals(7, traced.trace().orElseThrow().stage("source:a").orElseThrow().out());
    assertTrue(trace.stage("source:b").isEmpty());
  }
}
