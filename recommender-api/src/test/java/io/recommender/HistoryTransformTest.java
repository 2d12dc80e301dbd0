package io.recommender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.testing.TableRecommender;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class HistoryTransformTest {
  private static final Instant NOW = Instant.parse("2026-05-01T12:00:00Z");
  private static final Catalog CATALOG =
      Catalog.ofIds(List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"));

  private static Interaction event(String itemId, String behavior, String domain, int hoursAgo) {
    return Interaction.of(itemId)
        .withBehavior(behavior)
        .withDomain(domain)
        .withTime(NOW.minus(Duration.ofHours(hoursAgo)));
  }

  private static final UserHistory HISTORY =
      UserHistory.of(
              List.of(
                  event("a", "view", "books", 48),
                  event("b", "buy", "books", 24),
                  event("a", "buy", "films", 2),
                  Interaction.of("c")))
          .forUser("u");

  @Test
  void newestCutsTheOldestAndKeepsTheUser() {
    UserHistory cut = HistoryTransform.newest(2).apply(HISTORY);
    assertEquals(List.of("a", "c"), cut.itemIds());
    assertEquals("u", cut.userId().orElseThrow());
    assertSame(HISTORY, HistoryTransform.newest(4).apply(HISTORY));
    assertThrows(IllegalArgumentException.class, () -> HistoryTransform.newest(0));
  }

  @Test
  void distinctItemsKeepsTheNewestOfEach() {
    UserHistory distinct = HistoryTransform.distinctItems().apply(HISTORY);
    assertEquals(List.of("b", "a", "c"), distinct.itemIds());
    assertEquals("films", distinct.interactions().get(1).domain().orElseThrow());
    assertSame(distinct, HistoryTransform.distinctItems().apply(distinct));
  }

  @Test
  void behavioursDomainsAndAgesSelect() {
    assertEquals(
        List.of("b", "a"), HistoryTransform.behaviors(Set.of("buy")).apply(HISTORY).itemIds());
    assertEquals(
        List.of("a", "b"), HistoryTransform.domains(Set.of("books")).apply(HISTORY).itemIds());
    assertEquals(
        List.of("b", "a", "c"),
        HistoryTransform.maxAge(Duration.ofHours(24), InstantSource.fixed(NOW))
            .apply(HISTORY)
            .itemIds());
    assertThrows(
        IllegalArgumentException.class,
        () -> HistoryTransform.maxAge(Duration.ofHours(-1), InstantSource.fixed(NOW)));
  }

  @Test
  void chainsApplyInOrderAndAnUnchangedHistoryIsTheSameInstance() {
    HistoryTransform chain =
        HistoryTransform.behaviors(Set.of("buy")).andThen(HistoryTransform.newest(1));
    assertEquals(List.of("a"), chain.apply(HISTORY).itemIds());
    HistoryTransform nothing =
        HistoryTransform.newest(9).andThen(HistoryTransform.where(i -> true));
    assertSame(HISTORY, nothing.apply(HISTORY));
    assertThrows(
        IllegalStateException.class,
        () ->
            nothing
                .andThen(
                    history -> {
                      throw new IllegalStateException("not swallowed");
                    })
                .apply(HISTORY));
  }

  private static final UserHistory TEN =
      UserHistory.of("a", "b", "x1", "c", "d", "e", "f", "x2", "g", "h");

  private static HistoryTransform denoise(double threshold) {
    return HistoryTransform.edits(
        history -> {
          List<HistoryEdit> edits = new ArrayList<>();
          for (int i = 0; i < history.size(); i++) {
            boolean isOdd = history.itemIds().get(i).startsWith("x");
            edits.add(HistoryEdit.remove(i, isOdd ? 0.9 : 0.3));
          }
          return edits;
        },
        threshold,
        CATALOG);
  }

  @Test
  void onlyConfidentEditsAreApplied() {
    assertEquals(
        List.of("a", "b", "c", "d", "e", "f", "g", "h"), denoise(0.8).apply(TEN).itemIds());
    assertSame(TEN, denoise(1.5).apply(TEN));
    assertTrue(denoise(0).apply(TEN).isEmpty());
  }

  @Test
  void aReplacementOutsideTheCatalogueIsRejected() {
    HistoryTransform transform =
        HistoryTransform.edits(
            history ->
                List.of(
                    HistoryEdit.replace(0, "unknown", 1),
                    HistoryEdit.replace(2, "unknown", 1),
                    HistoryEdit.replace(2, "j", 0.9),
                    HistoryEdit.replace(2, "i", 0.9)),
            0.5,
            CATALOG);
    UserHistory result = transform.apply(HISTORY);
    assertEquals(List.of("a", "b", "j", "c"), result.itemIds());
    assertEquals("films", result.interactions().get(2).domain().orElseThrow());
  }

  @Test
  void anEditOfAPositionThatIsNotThereIsRefused() {
    HistoryTransform transform =
        HistoryTransform.edits(history -> List.of(HistoryEdit.remove(4, 1)), 0.5, CATALOG);
    assertEquals(
        "edit: expected a position below 4, found 4",
        assertThrows(IllegalArgumentException.class, () -> transform.apply(HISTORY)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> HistoryEdit.remove(-1, 1));
    assertThrows(IllegalArgumentException.class, () -> HistoryEdit.remove(0, 1.1));
    assertThrows(IllegalArgumentException.class, () -> HistoryEdit.remove(0, Double.NaN));
  }

  @Test
  void theSameTransformServesAnyKindOfRecommender() {
    UserHistory clean = denoise(0.8).apply(TEN);
    double[][] scores = new double[CATALOG.size()][CATALOG.size()];
    scores[CATALOG.ordinal("h")][CATALOG.ordinal("j")] = 1;
    SequenceRecommender table = new TableRecommender(CATALOG, scores);
    SequenceRecommender newest =
        request ->
            Recommendations.of(
                    request.k(), List.of(new ScoredItem(clean.itemIds().get(clean.size() - 1), 1)))
                .build();
    SequenceRecommender counting =
        request ->
            Recommendations.of(request.k(), List.of(new ScoredItem("a", request.history().size())))
                .build();
    assertEquals("j", table.recommend(clean).items().get(0).itemId());
    assertEquals("h", newest.recommend(clean).items().get(0).itemId());
    assertEquals(8, counting.recommend(clean).items().get(0).score());
  }

  @Provide
  Arbitrary<List<HistoryEdit>> proposals() {
    return Combinators.combine(
            Arbitraries.integers().between(0, 9),
            Arbitraries.of("a", "b", "j", "unknown").optional(),
            Arbitraries.doubles().between(0, 1))
        .as(HistoryEdit::new)
        .list()
        .ofMaxSize(15);
  }

  /** The specification, one position after the other. */
  @Property(tries = 1000)
  void eachPositionTakesItsMostCertainAdmissibleEdit(
      @ForAll @From("proposals") List<HistoryEdit> edits, @ForAll("thresholds") double threshold) {
    List<String> expected = new ArrayList<>();
    boolean changed = false;
    for (int i = 0; i < TEN.size(); i++) {
      HistoryEdit best = null;
      for (HistoryEdit edit : edits) {
        boolean admissible =
            edit.position() == i
                && edit.confidence() >= threshold
                && !edit.replacement().equals(Optional.of("unknown"));
        if (admissible && (best == null || edit.confidence() > best.confidence())) {
          best = edit;
        }
      }
      String before = TEN.itemIds().get(i);
      if (best == null) {
        expected.add(before);
      } else {
        best.replacement().ifPresent(expected::add);
        changed |= !best.replacement().equals(Optional.of(before));
      }
    }
    UserHistory result = HistoryTransform.edits(history -> edits, threshold, CATALOG).apply(TEN);
    assertEquals(expected, result.itemIds());
    assertEquals(changed, result != TEN);
  }

  @Provide
  Arbitrary<Double> thresholds() {
    return Arbitraries.doubles().between(0, 1.2);
  }
}
