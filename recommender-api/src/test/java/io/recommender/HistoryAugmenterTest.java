package io.recommender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HistoryAugmenterTest {
  private static final Catalog CATALOG =
      Catalog.ofIds(List.of("f1", "f2", "f3", "b1", "b2", "b3", "b4"));

  private static final Function<String, Optional<String>> DOMAINS =
      itemId ->
          Optional.of(itemId.substring(0, 1))
              .filter(letter -> !letter.equals("x"))
              .map(letter -> letter.equals("b") ? "books" : "films");

  private static final Instant NOON = Instant.parse("2026-05-01T12:00:00Z");

  private static final UserHistory HISTORY =
      UserHistory.of(
              List.of(
                  Interaction.of("f1").withDomain("films").withTime(NOON),
                  Interaction.of("b1").withDomain("books").withTime(NOON.plusSeconds(60)),
                  Interaction.of("f2")))
          .forUser("ann");

  /** After f1 b2, after f2 b3; how certain depends on the newest item. */
  private static SequenceRecommender model(ScoreKind kind, List<RecommendationRequest> asked) {
    return request -> {
      asked.add(request);
      List<String> items = request.history().itemIds();
      String newest = items.get(items.size() - 1);
      double score = newest.equals("f1") ? 0.9 : 0.6;
      List<ScoredItem> found = new ArrayList<>();
      for (String itemId :
          newest.equals("f1") ? List.of("f3", "b1", "b2", "b4") : List.of("b3", "b2")) {
        if (request.filter().accepts(itemId) && found.size() < request.k()) {
          found.add(
              new ScoredItem(itemId, kind == ScoreKind.LOG_PROBABILITY ? Math.log(score) : score));
          score -= 0.2;
        }
      }
      return Recommendations.of(request.k(), found).scoreKind(kind).build();
    };
  }

  private static HistoryAugmenter augmenter(ScoreKind kind) {
    return HistoryAugmenter.of(model(kind, new ArrayList<>()), "books", DOMAINS);
  }

  @Test
  void whatIsExpectedComesAfterTheInteractionsInOtherDomains() {
    List<RecommendationRequest> asked = new ArrayList<>();
    HistoryTransform more =
        HistoryAugmenter.of(model(ScoreKind.PROBABILITY, asked), "books", DOMAINS)
            .over(CATALOG, 0.5, 4);
    UserHistory extended = more.apply(HISTORY);
    assertEquals(List.of("f1", "b2", "b1", "f2", "b3"), extended.itemIds());
    assertEquals("ann", extended.userId().orElseThrow());
    Interaction added = extended.interactions().get(1);
    assertEquals(Optional.of("books"), added.domain());
    assertEquals(Optional.of(NOON), added.time());
    assertEquals(new Feature.Scalar(0.9), added.context().get(HistoryTransform.ADDED));
    assertEquals(Optional.empty(), extended.interactions().get(4).time());
    assertEquals(
        List.of(List.of("f1"), List.of("f1", "b1", "f2")),
        asked.stream().map(request -> request.history().itemIds()).toList());
    assertTrue(asked.stream().noneMatch(RecommendationRequest::hasConsent));
    for (int place : new int[] {0, 2, 3}) {
      assertFalse(extended.interactions().get(place).context().containsKey(HistoryTransform.ADDED));
    }
  }

  @Test
  void theMostCertainAreAddedUpToTheLimit() {
    HistoryAugmenter two = augmenter(ScoreKind.PROBABILITY).perInteraction(2);
    assertEquals(
        List.of("f1", "b2", "b4", "b1", "f2", "b3"),
        two.over(CATALOG, 0, 9).apply(HISTORY).itemIds(),
        "b2 is proposed twice and added once");
    assertEquals(List.of("f1", "b2", "b1", "f2"), two.over(CATALOG, 0, 1).apply(HISTORY).itemIds());
    assertEquals(
        List.of("f1", "b2", "b1", "f2"), two.over(CATALOG, 0.8, 9).apply(HISTORY).itemIds());
    assertSame(HISTORY, two.over(CATALOG, 1.01, 9).apply(HISTORY));
    assertSame(HISTORY, two.over(Catalog.ofIds(List.of("f1", "f2", "b1")), 0, 9).apply(HISTORY));
    assertEquals(UserHistory.empty(), two.over(CATALOG, 0, 9).apply(UserHistory.empty()));
    UserHistory books = UserHistory.of("b1", "b2");
    assertSame(books, two.over(CATALOG, 0, 9).apply(books));
  }

  @Test
  void confidenceComesFromProbabilitiesOrFromTheCaller() {
    assertEquals(
        0.9, augmenter(ScoreKind.LOG_PROBABILITY).apply(HISTORY).get(0).confidence(), 1e-12);
    HistoryAugmenter logits = augmenter(ScoreKind.LOGIT);
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> logits.apply(HISTORY));
    assertTrue(refused.getMessage().contains("found LOGIT"), refused.getMessage());
    assertEquals(
        List.of(1.0, 0.3),
        logits.confidence(item -> item.itemId().equals("b2") ? 7 : 0.3).apply(HISTORY).stream()
            .map(HistoryAddition::confidence)
            .toList());
  }

  @Test
  void whatAFallbackAnsweredIsNotProposed() {
    SequenceRecommender fallback =
        request ->
            Recommendations.of(1, List.of(new ScoredItem("b2", 1)))
                .notice(new Notice(Notice.Code.FALLBACK_USED, 1, "nothing is known"))
                .build();
    assertEquals(List.of(), HistoryAugmenter.of(fallback, "books", DOMAINS).apply(HISTORY));
  }

  @Test
  void wrongArguments() {
    assertThrows(
        IllegalArgumentException.class, () -> augmenter(ScoreKind.OTHER).perInteraction(0));
    for (double threshold : new double[] {-0.1, Double.NaN}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> HistoryTransform.additions(history -> List.of(), threshold, 1, CATALOG));
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> HistoryTransform.additions(history -> List.of(), 0, 0, CATALOG));
    HistoryTransform beyond =
        HistoryTransform.additions(
            history -> List.of(new HistoryAddition(4, "b2", Optional.empty(), 1)), 0, 1, CATALOG);
    assertThrows(IllegalArgumentException.class, () -> beyond.apply(HISTORY));
    for (double confidence : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new HistoryAddition(0, "a", Optional.empty(), confidence));
    }
    assertThrows(
        IllegalArgumentException.class, () -> new HistoryAddition(-1, "a", Optional.empty(), 1));
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void whateverIsProposedOnlyCertainItemsOfTheCatalogueAreAddedOnce(
      @ForAll long seed,
      @ForAll @IntRange(min = 0, max = 6) int length,
      @ForAll @IntRange(min = 1, max = 4) int limit) {
    Random random = new Random(seed);
    List<String> ids = List.of("f1", "f2", "f3", "b1", "b2", "b3", "b4", "x1", "x2");
    List<Interaction> interactions = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      interactions.add(Interaction.of(ids.get(random.nextInt(ids.size()))));
    }
    UserHistory history = UserHistory.of(interactions);
    List<HistoryAddition> proposed = new ArrayList<>();
    for (int i = random.nextInt(8); i > 0; i--) {
      proposed.add(
          new HistoryAddition(
              random.nextInt(length + 1),
              ids.get(random.nextInt(ids.size())),
              Optional.empty(),
              random.nextInt(5) / 4.0));
    }
    UserHistory extended =
        HistoryTransform.additions(any -> proposed, 0.5, limit, CATALOG).apply(history);
    List<Interaction> added = new ArrayList<>(extended.interactions());
    added.removeIf(interaction -> !interaction.context().containsKey(HistoryTransform.ADDED));
    List<Interaction> kept = new ArrayList<>(extended.interactions());
    kept.removeAll(added);
    assertEquals(history.interactions(), kept);
    Set<String> before = new HashSet<>(history.itemIds());
    Set<String> possible = new HashSet<>();
    for (HistoryAddition addition : proposed) {
      if (addition.confidence() >= 0.5
          && CATALOG.contains(addition.itemId())
          && !before.contains(addition.itemId())) {
        possible.add(addition.itemId());
      }
    }
    assertEquals(Math.min(limit, possible.size()), added.size());
    for (Interaction interaction : added) {
      assertTrue(possible.remove(interaction.itemId()));
    }
  }
}
