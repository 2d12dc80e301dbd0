package io.recommender.ann.neighbors;

import static io.recommender.ann.neighbors.SmallLog.CATALOG;
import static io.recommender.ann.neighbors.SmallLog.HISTORIES;
import static io.recommender.ann.neighbors.SmallLog.ask;
import static io.recommender.ann.neighbors.SmallLog.scores;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.SessionKnnOptions.MatchWeight;
import io.recommender.testing.SequenceRecommenderContract;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Sessions by hand, oldest first: abd, bdc, adbd, abce; events: b 4, d 4, a 3, c 2, e 1, f 0. */
class SessionKnnRecommenderTest {
  private static final double TOLERANCE = 1e-12;
  private static final SessionKnnOptions PLAIN = SessionKnnOptions.of(10, 10).idf(1, 0);

  private final SessionKnnRecommender recommender =
      SessionKnnRecommender.fit(CATALOG, HISTORIES, PLAIN);

  @Nested
  class Contract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return SessionKnnRecommender.fit(CATALOG, HISTORIES);
    }

    @Override
    protected Catalog items() {
      return CATALOG;
    }

    @Override
    protected boolean closes() {
      return false;
    }
  }

  @Test
  void addsUpTheSimilaritiesOfTheSessions() {
    // Of a, d: abd, adbd share both (3/2, newest common d: 9/10), bdc d (1, 9/10), abce a (1/2,
    // newest common a: 8/10).
    Recommendations top = ask(recommender, 6, ItemFilter.all(), "a", "d");
    assertEquals(List.of("b", "d", "a", "c", "e", "f"), top.itemIds());
    List<Double> scores = scores(top);
    assertEquals(2 * 1.35 + 0.9 + 0.4, scores.get(0), TOLERANCE);
    assertEquals(2 * 1.35 + 0.9, scores.get(1), TOLERANCE);
    assertEquals(2 * 1.35 + 0.4, scores.get(2), TOLERANCE);
    assertEquals(0.9 + 0.4, scores.get(3), TOLERANCE);
    assertEquals(0.4, scores.get(4), TOLERANCE);
    assertEquals(0, scores.get(5), TOLERANCE);
    assertEquals(
        List.of(
            "session-knn",
            "session-knn",
            "session-knn",
            "session-knn",
            "session-knn",
            "popularity"),
        top.items().stream().map(ScoredItem::source).toList());
    assertEquals(List.of(), top.notices());
  }

  @Test
  void rareItemsCountMore() {
    SessionKnnRecommender weighted =
        SessionKnnRecommender.fit(CATALOG, HISTORIES, SessionKnnOptions.of(10, 10).idf(1, 2));
    Recommendations top = ask(weighted, 6, ItemFilter.allow(List.of("c", "e")), "b");
    assertEquals(List.of("c", "e"), top.itemIds());
    assertEquals(2 * 0.9 * (1 + 2 * Math.log(4 / 2.0)), score(top, "c"), TOLERANCE);
    assertEquals(0.9 * (1 + 2 * Math.log(4 / 1.0)), score(top, "e"), TOLERANCE);
  }

  @Test
  void weighsPositionsAndMatchesAsTold() {
    SessionKnnRecommender told =
        SessionKnnRecommender.fit(
            CATALOG, HISTORIES, PLAIN.positionPower(2).matchWeight(MatchWeight.RECIPROCAL));
    Recommendations top = ask(told, 6, ItemFilter.all(), "a", "d");
    assertEquals(0.25 / 2, score(top, "e"), TOLERANCE);
    assertEquals(1 + 0.25 / 2, score(top, "c"), TOLERANCE);
  }

  @Test
  void comparesTheMostRecentSessionsAndKeepsTheMostSimilar() {
    SessionKnnRecommender two =
        SessionKnnRecommender.fit(CATALOG, HISTORIES, SessionKnnOptions.of(2, 1).idf(1, 0));
    // Of the sessions with b the newest are adbd and abce, equally similar; abce is the newer.
    assertEquals(
        List.of("b", "a", "c", "e"),
        ask(two, 6, ItemFilter.all(), "b").items().stream()
            .filter(item -> item.source().equals("session-knn"))
            .map(ScoredItem::itemId)
            .toList());
  }

  @Test
  void readsOnlyTheNewestItemsOfTheHistory() {
    SessionKnnRecommender last =
        SessionKnnRecommender.fit(CATALOG, HISTORIES, PLAIN.historyLength(1));
    assertEquals(
        ask(last, 6, ItemFilter.all(), "e").items(),
        ask(last, 6, ItemFilter.all(), "a", "x", "e").items());
  }

  @Test
  void anEventCountsAtOnce() {
    recommender.observe("s", Interaction.of("f"));
    assertEquals(0.9, score(ask(recommender, 6, ItemFilter.all(), "f"), "f"), TOLERANCE);
    recommender.observe("s", Interaction.of("e"));
    assertEquals(0.9, score(ask(recommender, 6, ItemFilter.all(), "f"), "e"), TOLERANCE);
    recommender.observe("s", Interaction.of("not in the catalogue"));
    assertEquals(List.of("f", "e"), ask(recommender, 2, ItemFilter.all(), "f").itemIds());
  }

  @Test
  void aForgottenSessionIsNoNeighbour() {
    recommender.observe("s", List.of(Interaction.of("f"), Interaction.of("e")));
    recommender.forget("s");
    Recommendations top = ask(recommender, 6, ItemFilter.all(), "f");
    assertTrue(top.hasNotice(Notice.Code.FALLBACK_USED));
    assertEquals(
        ask(SessionKnnRecommender.fit(CATALOG, HISTORIES, PLAIN), 6, ItemFilter.all(), "f").items(),
        top.items());
  }

  @Test
  void historiesOfAUserAreOneSessionThatCanBeForgotten() {
    SessionKnnRecommender users =
        SessionKnnRecommender.fit(
            CATALOG,
            List.of(
                UserHistory.of("f").forUser("u"),
                UserHistory.of("a", "b"),
                UserHistory.of("c").forUser("u")),
            PLAIN);
    assertEquals(List.of("f", "c"), ask(users, 2, ItemFilter.all(), "c").itemIds());
    users.forget("u");
    assertTrue(ask(users, 2, ItemFilter.all(), "c").hasNotice(Notice.Code.FALLBACK_USED));
  }

  @Test
  void keepsTheMostRecentSessionsOfAnItemAndDropsTheOthers() {
    SessionKnnRecommender small =
        SessionKnnRecommender.fit(CATALOG, List.of(), SessionKnnOptions.of(2, 2).idf(1, 0));
    for (int i = 0; i < 100; i++) {
      small.observe("s" + i, at(i, "a"));
    }
    small.observe("late", at(5, "a"));
    assertEquals("SessionKnnRecommender[6 items, 2 sessions with an id]", small.toString());
    small.observe("s98", at(200, "b"));
    assertEquals("b", ask(small, 2, ItemFilter.deny(List.of("a")), "a").itemIds().get(0));
    small.observe("s3", at(300, "c"));
    assertEquals(
        List.of("c", "a"), // begun anew, without its a
        ask(small, 2, ItemFilter.all(), "c").itemIds());
    assertFalse(
        ask(small, 6, ItemFilter.all(), "a").items().stream()
            .anyMatch(i -> i.itemId().equals("c") && i.source().equals("session-knn")));
  }

  @Test
  void keepsTheNewestEventsOfASession() {
    SessionKnnRecommender two =
        SessionKnnRecommender.fit(CATALOG, List.of(), PLAIN.sessionLength(2));
    two.observe("s", List.of(at(1, "a"), at(2, "b"), at(3, "c")));
    assertTrue(ask(two, 2, ItemFilter.all(), "a").hasNotice(Notice.Code.FALLBACK_USED));
    assertEquals(List.of("b", "c"), ask(two, 2, ItemFilter.all(), "b").itemIds());
  }

  @Test
  void anEmptyOrUnknownHistoryFallsBackToPopularity() {
    Recommendations anonymous = ask(recommender, 3, ItemFilter.all());
    assertEquals(List.of("b", "d", "a"), anonymous.itemIds());
    assertTrue(anonymous.hasNotice(Notice.Code.FALLBACK_USED));
    Recommendations unknown = ask(recommender, 3, ItemFilter.all(), "x", "y");
    assertEquals(anonymous.items(), unknown.items());
    assertTrue(unknown.hasNotice(Notice.Code.UNKNOWN_ITEMS));
  }

  @Test
  void refusesOptionsThatMakeNoSense() {
    assertEquals(
        "neighbors: expected at least 1, found 0",
        assertThrows(IllegalArgumentException.class, () -> SessionKnnOptions.of(5, 0))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> SessionKnnOptions.of(0, 5));
    assertThrows(IllegalArgumentException.class, () -> PLAIN.historyLength(0));
    assertThrows(IllegalArgumentException.class, () -> PLAIN.sessionLength(0));
    assertThrows(IllegalArgumentException.class, () -> PLAIN.positionPower(-1));
    assertThrows(IllegalArgumentException.class, () -> PLAIN.idf(Double.NaN, 1));
  }

  private static double score(Recommendations top, String itemId) {
    return top.items().stream()
        .filter(item -> item.itemId().equals(itemId))
        .mapToDouble(ScoredItem::score)
        .findFirst()
        .orElseThrow();
  }

  private static Interaction at(long second, String itemId) {
    return Interaction.of(itemId).withTime(Instant.ofEpochSecond(second));
  }
}
