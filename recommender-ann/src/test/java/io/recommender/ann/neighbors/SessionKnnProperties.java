package io.recommender.ann.neighbors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.SessionKnnOptions.MatchWeight;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class SessionKnnProperties {
  private static final Catalog CATALOG = Catalog.ofIds(List.of("f", "b", "d", "a", "c", "e"));
  private static final List<String> ITEMS = List.of("a", "b", "c", "d", "e", "f", "x");

  @Property(tries = 400)
  void answersAsTheDefinitionAfterEveryChange(
      @ForAll @IntRange(min = 1, max = 5) int sessions,
      @ForAll @IntRange(min = 1, max = 5) int neighbors,
      @ForAll @IntRange(min = 1, max = 6) int sessionLength,
      @ForAll boolean rareItemsCountMore,
      @ForAll long seed) {
    Random random = new Random(seed);
    SessionKnnOptions options =
        SessionKnnOptions.of(sessions, neighbors)
            .sessionLength(sessionLength)
            .historyLength(1 + random.nextInt(12))
            .positionPower(random.nextInt(3))
            .matchWeight(random.nextBoolean() ? MatchWeight.LINEAR : MatchWeight.RECIPROCAL)
            .idf(rareItemsCountMore ? random.nextInt(2) : 1, rareItemsCountMore ? 5 : 0);
    SessionKnnRecommender recommender = SessionKnnRecommender.fit(CATALOG, List.of(), options);
    SessionKnnModel model = new SessionKnnModel(CATALOG, options);
    for (int change = 0; change < 25; change++) {
      String id = "s" + random.nextInt(8);
      if (random.nextInt(6) == 0) {
        recommender.forget(id);
        model.forget(id);
      } else {
        List<String> items = items(random, 1 + random.nextInt(3));
        long time = random.nextInt(4) - 1;
        recommender.observe(id, events(items, time));
        model.observe(id, items, time);
      }
      List<String> history = items(random, random.nextInt(14));
      String denied = ITEMS.get(random.nextInt(ITEMS.size()));
      ItemFilter filter =
          random.nextBoolean() ? ItemFilter.deny(List.of(denied)) : ItemFilter.allow(ITEMS);
      int k = 1 + random.nextInt(7);
      assertEquals(model.recommend(history, k, filter), ask(recommender, history, k, filter));
    }
    assertEquals(
        "SessionKnnRecommender[6 items, %d sessions with an id]"
            .formatted(model.sessionIds().size()),
        recommender.toString());
  }

  @Property(tries = 200)
  void readingSessionsAtOnceEqualsObservingThem(
      @ForAll @IntRange(min = 1, max = 4) int sessions, @ForAll long seed) {
    Random random = new Random(seed);
    SessionKnnOptions options = SessionKnnOptions.of(sessions, 3).sessionLength(4);
    SessionKnnRecommender observed = SessionKnnRecommender.fit(CATALOG, List.of(), options);
    List<UserHistory> histories = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      List<Interaction> events = events(items(random, random.nextInt(5)), i / 2);
      histories.add(UserHistory.of(events).forUser("s" + i));
      observed.observe("s" + i, events);
    }
    SessionKnnRecommender read = SessionKnnRecommender.fit(CATALOG, histories, options);
    for (String item : ITEMS) {
      List<String> history = List.of("b", item);
      assertEquals(
          ask(observed, history, 6, ItemFilter.all()), ask(read, history, 6, ItemFilter.all()));
    }
    assertEquals(observed.toString(), read.toString());
  }

  @Property(tries = 200)
  void aForgottenSessionLeavesNothingBehind(@ForAll long seed) {
    Random random = new Random(seed);
    SessionKnnOptions options = SessionKnnOptions.of(50, 3);
    SessionKnnRecommender forgetful = SessionKnnRecommender.fit(CATALOG, List.of(), options);
    SessionKnnRecommender never = SessionKnnRecommender.fit(CATALOG, List.of(), options);
    for (int i = 0; i < 20; i++) {
      String id = "s" + random.nextInt(5);
      List<Interaction> events = events(items(random, 2), random.nextInt(5));
      forgetful.observe(id, events);
      if (!id.equals("s0")) {
        never.observe(id, events);
      }
    }
    forgetful.forget("s0");
    forgetful.forget("nobody");
    for (String item : ITEMS) {
      List<String> history = List.of(item);
      assertEquals(
          ask(never, history, 6, ItemFilter.all()), ask(forgetful, history, 6, ItemFilter.all()));
    }
    assertEquals(never.toString(), forgetful.toString());
  }

  /** The least recent sessions go, as if they had not been; here idf is off, which counts them. */
  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void keepsTheMostRecentSessionsWithinBytes(
      @ForAll @IntRange(min = 0, max = 1_500) int most, @ForAll long seed) {
    Random random = new Random(seed);
    SessionKnnOptions roomy = SessionKnnOptions.of(50, 20).sessionLength(4).idf(1, 0);
    SessionKnnRecommender limited =
        SessionKnnRecommender.fit(CATALOG, List.of(), roomy.sessionBytes(most));
    List<UserHistory> kept = new ArrayList<>(); // by last change
    for (int change = 0; change < 25; change++) {
      String id = "s" + random.nextInt(8);
      Optional<UserHistory> before = kept.stream().filter(each -> isOf(each, id)).findFirst();
      List<Interaction> events = events(items(random, 1 + random.nextInt(3)), random.nextInt(9));
      List<Interaction> all =
          new ArrayList<>(before.map(UserHistory::interactions).orElse(List.of()));
      if (random.nextInt(7) == 0) {
        limited.forget(id);
        before.ifPresent(kept::remove);
      } else if (events.stream().anyMatch(event -> CATALOG.contains(event.itemId()))) {
        limited.observe(id, events);
        before.ifPresent(kept::remove);
        events.stream().filter(event -> CATALOG.contains(event.itemId())).forEach(all::add);
        kept.add(UserHistory.of(all).forUser(id));
      } else {
        limited.observe(id, events);
      }
      while (bytes(kept) > most) {
        kept.remove(
            kept.stream().min(Comparator.comparing(SessionKnnProperties::time)).orElseThrow());
      }
      assertEquals(bytes(kept), limited.sessionBytes());
      SessionKnnRecommender expected = SessionKnnRecommender.fit(CATALOG, kept, roomy);
      assertEquals(expected.toString(), limited.toString());
      for (String item : ITEMS) {
        assertEquals(neighbours(expected, item), neighbours(limited, item));
      }
    }
  }

  private static boolean isOf(UserHistory history, String id) {
    return history.userId().equals(Optional.of(id));
  }

  private static Instant time(UserHistory history) {
    return history.interactions().stream()
        .map(event -> event.time().orElseThrow())
        .max(Comparator.naturalOrder())
        .orElseThrow();
  }

  private static long bytes(List<UserHistory> sessions) {
    long bytes = 0;
    for (UserHistory session : sessions) {
      List<Interaction> all = session.interactions();
      List<Interaction> newest = all.subList(Math.max(0, all.size() - 4), all.size());
      long items = newest.stream().map(Interaction::itemId).distinct().count();
      bytes += 256 + 4L * newest.size() + 8 * items;
    }
    return bytes;
  }

  private static List<ScoredItem> neighbours(SessionKnnRecommender recommender, String item) {
    return ask(recommender, List.of(item), 7, ItemFilter.all()).stream()
        .filter(each -> each.source().equals(SessionKnnRecommender.SOURCE))
        .toList();
  }

  private static List<String> items(Random random, int size) {
    List<String> items = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      items.add(ITEMS.get(random.nextInt(ITEMS.size())));
    }
    return items;
  }

  private static List<Interaction> events(List<String> items, long time) {
    return items.stream()
        .map(Interaction::of)
        .map(event -> time < 0 ? event : event.withTime(Instant.ofEpochSecond(time)))
        .toList();
  }

  private static List<ScoredItem> ask(
      SessionKnnRecommender recommender, List<String> history, int k, ItemFilter filter) {
    return recommender
        .recommend(
            RecommendationRequest.of(UserHistory.ofItems(history)).k(k).filter(filter).build())
        .items();
  }
}
