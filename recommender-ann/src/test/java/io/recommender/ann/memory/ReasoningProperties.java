package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.UserHistory;
import io.recommender.text.PromptText;
import io.recommender.text.ReasoningRecommender;
import io.recommender.text.TextGenerator;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** MR.Rec: a model searches a memory of 50 snippets while it reasons, then names items. */
class ReasoningProperties {
  private static final int DIMENSION = 6;
  private static final int SNIPPETS = 50;
  private static final int MOST = 3;
  private static final PromptText PROMPT = PromptText.of("{found}|{user}|{k}");
  private static final Catalog CATALOG =
      Catalog.of(
          List.of(
              item("a", "Quiet Tent"),
              item("b", "Loud Stove"),
              item("c", "Warm Jacket"),
              item("d", "Dry Boots")));

  private final List<String> prompts = new ArrayList<>();
  private final Map<String, float[]> vectors = new HashMap<>();

  private static Item item(String id, String title) {
    return new Item(id, Map.of("title", new Feature.Text(title)));
  }

  /** A text's vector by its hash: anything does that is the same each time. */
  private static float[] vectorOf(String text) {
    Random random = new Random(text.hashCode());
    float[] vector = new float[DIMENSION];
    for (int i = 0; i < DIMENSION; i++) {
      vector[i] = (float) random.nextGaussian();
    }
    return vector;
  }

  private UserStore<UserMemory> memories(String... users) {
    UserStore<UserMemory> store = UserStore.builder(UserMemory.codec(DIMENSION)).build();
    for (String user : users) {
      for (int i = 0; i < SNIPPETS; i++) {
        String id = user + "-" + i;
        vectors.put(id, vectorOf(id));
        store.update(
            user,
            UserMemory.empty(DIMENSION),
            memory -> memory.plus(id, vectors.get(id), Instant.EPOCH));
      }
    }
    return store;
  }

  /** Writes one text after the other, the last one again and again. */
  private TextGenerator script(String... texts) {
    return prompt -> {
      prompts.add(prompt);
      return texts[Math.min(prompts.size(), texts.length) - 1];
    };
  }

  private ReasoningRecommender recommender(UserStore<UserMemory> store, String... texts) {
    return new ReasoningRecommender(
        script(texts),
        PROMPT,
        CATALOG,
        "title",
        new MemoryLookup(
            store,
            ReasoningProperties::vectorOf,
            id -> id.endsWith("-13") ? Optional.empty() : Optional.of("note " + id),
            MOST));
  }

  private static RecommendationRequest asking(String userId) {
    return RecommendationRequest.of(UserHistory.empty().forUser(userId)).k(2).build();
  }

  private String found(String user, String query) {
    StringBuilder text = new StringBuilder("SEARCH: " + query + "\n");
    float[] vector = vectorOf(query);
    IntStream.range(0, SNIPPETS)
        .mapToObj(i -> user + "-" + i)
        .sorted(Comparator.comparingDouble(id -> -product(vector, vectors.get(id))))
        .limit(MOST)
        .filter(id -> !id.endsWith("-13"))
        .forEach(id -> text.append("- note ").append(id).append('\n'));
    return text.toString();
  }

  private static double product(float[] a, float[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> (double) a[i] * b[i]).sum();
  }

  @Test
  void mrRecSearchesTwiceAndAnswersWithItemsOfTheCatalogue() {
    Recommendations answer =
        recommender(
                memories("ann", "bob"),
                "I wonder.\nSearch: trips\nSEARCH: ignored",
                "  SEARCH: cold nights ",
                "1. Warm Jacket\n2. Flying Carpet\n3. Quiet Tent\n4. Dry Boots")
            .recommend(asking("ann"));
    assertEquals(List.of("c", "a"), answer.itemIds());
    assertEquals(3, answer.modelRuns());
    assertTrue(answer.hasNotice(Notice.Code.UNREADABLE_TEXT));
    String first = found("ann", "trips");
    assertEquals(
        List.of("|ann|2", first + "|ann|2", first + found("ann", "cold nights") + "|ann|2"),
        prompts);
  }

  @Test
  void mrRecStopsAfterItsStepsWithANotice() {
    ReasoningRecommender searching = recommender(memories("ann"), "SEARCH: on and on");
    Recommendations answer = searching.maxSteps(3).recommend(asking("ann"));
    assertTrue(answer.isEmpty());
    assertTrue(answer.hasNotice(Notice.Code.STEPS_USED_UP));
    assertTrue(answer.hasNotice(Notice.Code.SHORTFALL));
    assertEquals(3, prompts.size());
    assertEquals(3, answer.modelRuns());
    prompts.clear();
    Recommendations filtered =
        recommender(memories("ann"), "SEARCH: x", "Loud Stove, Dry Boots")
            .recommend(asking("ann").toBuilder().filter(ItemFilter.deny(Set.of("b"))).build());
    assertEquals(List.of("d"), filtered.itemIds());
  }

  @Test
  void mrRecForgetsAndKnowsNothingOfStrangers() {
    UserStore<UserMemory> store = memories("ann", "bob");
    store.forget("ann");
    for (String user : List.of("ann", "stranger")) {
      prompts.clear();
      recommender(store, "SEARCH: trips", "Dry Boots").recommend(asking(user));
      assertEquals("SEARCH: trips\n|" + user + "|2", prompts.get(1));
    }
    prompts.clear();
    recommender(store, "SEARCH: trips", "Dry Boots")
        .recommend(RecommendationRequest.of(UserHistory.empty()).build());
    assertEquals("SEARCH: trips\n|a stranger|10", prompts.get(1));
    prompts.clear();
    recommender(store, "SEARCH: trips", "Dry Boots").recommend(asking("bob"));
    assertEquals(found("bob", "trips") + "|bob|2", prompts.get(1));
  }

  @Property(tries = 100)
  void nothingOfAnotherUserIsEverFound(
      @ForAll @IntRange(min = 0, max = 4) int user, @ForAll int seed) {
    String[] users = {"ann", "bob", "cid", "dan", "eve"};
    UserStore<UserMemory> store = memories(users);
    Random random = new Random(seed);
    String[] searches = new String[4];
    for (int i = 0; i < searches.length; i++) {
      // Queries that are exactly what others are remembered by.
      searches[i] =
          "SEARCH: " + users[random.nextInt(users.length)] + "-" + random.nextInt(SNIPPETS);
    }
    prompts.clear();
    recommender(store, searches).recommend(asking(users[user]));
    String all = String.join("", prompts);
    assertTrue(all.contains("- note " + users[user] + "-"), all);
    for (String other : users) {
      if (!other.equals(users[user])) {
        assertFalse(all.contains("- note " + other + "-"), all);
      }
    }
  }
}
