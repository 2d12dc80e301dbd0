package io.recommender.ann.neighbors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.FeedbackSink;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import it.unimi.dsi.fastutil.ints.IntSets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The baselines that learn from events against those that are fitted to a log with the events. */
class EventLearningProperties {
  private static final List<String> ITEMS = List.of("a", "b", "c", "d", "e", "f", "g", "x");
  private static final Catalog CATALOG = Catalog.ofIds(List.of("f", "b", "d", "a", "c", "e", "g"));
  private static final List<String> USERS = List.of("ann", "bob", "cy", "dee");

  /** A baseline as the properties see it. */
  enum Baseline {
    POPULARITY {
      @Override
      SequenceRecommender fit(List<UserHistory> histories) {
        return PopularityRecommender.fit(CATALOG, histories);
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, List<Interaction> events) {
        events.forEach(((PopularityRecommender) recommender)::observe);
      }
    },
    MARKOV {
      @Override
      SequenceRecommender fit(List<UserHistory> histories) {
        return MarkovRecommender.fit(CATALOG, histories);
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, List<Interaction> events) {
        ((MarkovRecommender) recommender).observe(userId, events);
      }
    },
    ITEM_KNN {
      @Override
      SequenceRecommender fit(List<UserHistory> histories) {
        return ItemKnnRecommender.fit(CATALOG, histories);
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, List<Interaction> events) {
        ((ItemKnnRecommender) recommender).observe(userId, events);
      }
    },
    ITEM_KNN_OF_TWO {
      @Override
      SequenceRecommender fit(List<UserHistory> histories) {
        return ItemKnnRecommender.fit(CATALOG, histories, 2);
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, List<Interaction> events) {
        ((ItemKnnRecommender) recommender).observe(userId, events);
      }
    },
    EASE {
      @Override
      SequenceRecommender fit(List<UserHistory> histories) {
        return EaseRecommender.fit(CATALOG, histories, EaseOptions.of(0.5));
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, List<Interaction> events) {
        ((EaseRecommender) recommender).observe(userId, events);
      }

      @Override
      void settle(SequenceRecommender recommender) {
        ((EaseRecommender) recommender).refit();
        assertTrue(((EaseRecommender) recommender).isFitted());
      }
    };

    abstract SequenceRecommender fit(List<UserHistory> histories);

    abstract void observe(SequenceRecommender recommender, String userId, List<Interaction> events);

    void settle(SequenceRecommender recommender) {}
  }

  private static List<Interaction> events(Random random, int most) {
    return random
        .ints(random.nextInt(most + 1), 0, ITEMS.size())
        .mapToObj(i -> Interaction.of(ITEMS.get(i)))
        .toList();
  }

  private static List<Object> answers(SequenceRecommender recommender) {
    List<Object> answers = new ArrayList<>(List.of(recommender.toString()));
    for (String first : ITEMS) {
      for (String last : List.of("a", "d", "x")) {
        for (ItemFilter filter : List.of(ItemFilter.all(), ItemFilter.deny(List.of("b")))) {
          Recommendations answer =
              recommender.recommend(
                  RecommendationRequest.of(UserHistory.of(first, last))
                      .k(5)
                      .filter(filter)
                      .build());
          answers.add(answer.items());
          answers.add(answer.notices());
        }
      }
    }
    return answers;
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void observingEventsEqualsFittingALogThatHasThem(@ForAll Baseline baseline, @ForAll long seed) {
    Random random = new Random(seed);
    List<UserHistory> log = new ArrayList<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      UserHistory history = UserHistory.of(events(random, 4));
      log.add(random.nextBoolean() ? history : history.forUser(USERS.get(random.nextInt(4))));
    }
    SequenceRecommender observed = baseline.fit(log);
    for (int i = 0; i < 12; i++) {
      String user = USERS.get(random.nextInt(USERS.size()));
      List<Interaction> events = events(random, 3);
      baseline.observe(observed, user, events);
      log.add(UserHistory.of(events).forUser(user));
      if (i % 4 == 3) {
        baseline.settle(observed);
        assertEquals(answers(baseline.fit(log)), answers(observed));
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void aForgottenUserLeavesNothingBehind(
      @ForAll @IntRange(min = 1, max = 4) int which, @ForAll long seed) {
    Baseline baseline = Baseline.values()[which]; // all that keep something by user
    Random random = new Random(seed);
    List<UserHistory> log = new ArrayList<>();
    List<UserHistory> others = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      String user = USERS.get(random.nextInt(USERS.size()));
      log.add(UserHistory.of(events(random, 4)).forUser(user));
      if (!user.equals("ann")) {
        others.add(log.get(i));
      }
    }
    SequenceRecommender forgetful = baseline.fit(log);
    SequenceRecommender never = baseline.fit(others);
    for (int i = 0; i < 8; i++) {
      String user = USERS.get(random.nextInt(USERS.size()));
      List<Interaction> events = events(random, 3);
      baseline.observe(forgetful, user, events);
      if (!user.equals("ann")) {
        baseline.observe(never, user, events);
      }
    }
    ((FeedbackSink) forgetful).forget("nobody");
    ((FeedbackSink) forgetful).forget("ann");
    baseline.settle(never);
    baseline.settle(forgetful);
    assertEquals(answers(never), answers(forgetful));
    List<Interaction> again = events(random, 3);
    for (SequenceRecommender each : List.of(never, forgetful)) {
      baseline.observe(each, "ann", again);
      baseline.settle(each);
    }
    assertEquals(answers(never), answers(forgetful), "as one who is new");
  }

  @Property(tries = 60, edgeCases = EdgeCasesMode.NONE)
  void aRankingIsAlwaysInOrder(
      @ForAll @IntRange(min = 1, max = 3_000) int items, @ForAll long seed) {
    Random random = new Random(seed);
    Catalog catalog = Catalog.ofIds(IntStream.range(0, items).mapToObj(i -> "i" + i).toList());
    int[] counts = random.ints(items, 0, 1 + random.nextInt(5)).toArray();
    PopularityRanking ranking = new PopularityRanking(catalog, counts);
    PopularityRanking first = ranking;
    List<Integer> before = ranked(counts);
    for (int change = 0; change < 400; change++) {
      int item = (int) (items * random.nextDouble() * random.nextDouble());
      int each = counts[item] > 0 && random.nextInt(3) == 0 ? -1 : 1;
      int[] changed = each > 0 ? new int[] {item, random.nextInt(items), item} : new int[] {item};
      for (int ordinal : changed) {
        counts[ordinal] += each;
      }
      ranking = ranking.plus(changed, each);
    }
    assertEquals(ranked(counts), ranking.top(items, ItemFilter.all(), IntSets.EMPTY_SET));
    assertEquals(before, first.top(items, ItemFilter.all(), IntSets.EMPTY_SET), "unchanged");
    int most = Arrays.stream(counts).max().orElseThrow();
    for (int ordinal = 0; ordinal < items; ordinal++) {
      assertEquals(counts[ordinal], ranking.count(ordinal));
      assertEquals(counts[ordinal] / (most + 1.0), ranking.share(ordinal));
    }
  }

  private static List<Integer> ranked(int[] counts) {
    return IntStream.range(0, counts.length)
        .boxed()
        .sorted(Comparator.comparingInt((Integer i) -> -counts[i]).thenComparingInt(i -> i))
        .toList();
  }

  /** The bytes of users against a map; who has to go stays in the counts and begins anew. */
  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void usersAreKeptWithinBytes(
      @ForAll @IntRange(min = 0, max = 1_000) int most, @ForAll long seed) {
    Random random = new Random(seed);
    MarkovRecommender recommender = MarkovRecommender.fit(CATALOG, List.of(), most);
    Map<String, Integer> kept = new LinkedHashMap<>();
    for (int i = 0; i < 60; i++) {
      String user = "user-" + random.nextInt(9);
      if (random.nextInt(8) == 0) {
        recommender.forget(user);
        kept.remove(user);
      } else {
        recommender.observe(user, Interaction.of("a"));
        Integer events = kept.remove(user);
        kept.put(user, events == null ? 1 : events + 1);
        if (160 + 4 * kept.getOrDefault(user, 0) > most) {
          kept.remove(user);
        }
        while (bytes(kept) > most) {
          kept.remove(kept.keySet().iterator().next());
        }
      }
      assertEquals(bytes(kept), recommender.userBytes());
      assertTrue(recommender.userBytes() <= most);
    }
  }

  private static long bytes(Map<String, Integer> kept) {
    return kept.values().stream().mapToLong(events -> 160 + 4L * events).sum();
  }
}
