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
import java.util.List;
import java.util.Random;
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
