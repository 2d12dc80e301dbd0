package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feedback;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.ann.internal.UserKey;
import io.recommender.ann.memory.ShownPredictions.Prediction;
import io.recommender.ann.neighbors.MarkovRecommender;
import io.recommender.ann.neighbors.SessionKnnOptions;
import io.recommender.ann.neighbors.SessionKnnRecommender;
import java.io.BufferedReader;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stores may take of the heap, in bytes, and what they really take. */
class HeldBytesTest {
  private static final Catalog CATALOG =
      Catalog.ofIds(IntStream.range(0, 2_000).mapToObj(i -> "item-" + i).toList());
  private static final long LIMIT = 4 << 20;

  /** 60 bytes each at most, besides what is counted. */
  private static final long ITEM_TABLE = 60L * CATALOG.size();

  @TempDir private Path folder;

  /** What is filled, and what it says it takes. */
  private record Filled(Object held, long said) {}

  private static Filled errorMemory(int dimension, int capacity) {
    ErrorMemory memory =
        ErrorMemory.of(
            dimension, List.of("click"), ErrorMemoryOptions.defaults().capacity(capacity));
    Random random = new Random(1);
    for (int i = 0; i < capacity + capacity / 10; i++) {
      float[] key = new float[dimension];
      for (int j = 0; j < dimension; j++) {
        key[j] = (float) random.nextGaussian();
      }
      memory.observe(
          Feedback.of("item")
              .forUser("user-" + i)
              .withHidden(key)
              .withOutcome("click", new Feedback.Outcome(1, 0.5f)));
    }
    return new Filled(memory, memory.estimatedBytes());
  }

  private static Filled sessions(long limit) {
    SessionKnnRecommender sessions =
        SessionKnnRecommender.fit(
            CATALOG, List.of(), SessionKnnOptions.of(500, 100).sessionBytes(limit));
    Random random = new Random(2);
    for (int i = 0; i < 25_000; i++) {
      List<Interaction> events = new ArrayList<>();
      for (int j = i % 4; j >= 0; j--) {
        events.add(Interaction.of(CATALOG.id(random.nextInt(CATALOG.size()))));
      }
      sessions.observe("session-" + i, events);
    }
    return new Filled(sessions, sessions.sessionBytes() + ITEM_TABLE);
  }

  private static Filled users() {
    MarkovRecommender chain = MarkovRecommender.fit(CATALOG, List.of(), LIMIT);
    for (int i = 0; i < 60_000; i++) {
      chain.observe("user-" + i % 50_000, Interaction.of("item-1"));
    }
    return new Filled(chain, chain.userBytes() + ITEM_TABLE);
  }

  private static Filled shown() {
    ShownPredictions shown = new ShownPredictions(Integer.MAX_VALUE, LIMIT);
    for (int user = 0; user < 3_000; user++) {
      Map<String, Prediction> predictions = new LinkedHashMap<>();
      for (int i = 0; i < 10; i++) {
        predictions.put("item-" + i + "-" + user, prediction(32));
      }
      String name = "user-" + user;
      shown.put(name, UserKey.of(name), predictions);
    }
    return new Filled(shown, shown.bytes());
  }

  private enum Store {
    EXACT_SHORT(() -> errorMemory(4, 10_000)),
    EXACT_LONG(() -> errorMemory(64, 10_000)),
    GRAPH(() -> errorMemory(16, ErrorMemoryOptions.EXACT_CAPACITY + 1)),
    SESSIONS(() -> sessions(LIMIT)),
    ALL_SESSIONS(() -> sessions(Long.MAX_VALUE)),
    USERS(HeldBytesTest::users),
    SHOWN(HeldBytesTest::shown);

    private final Supplier<Filled> filled;

    Store(Supplier<Filled> filled) {
      this.filled = filled;
    }
  }

  /** Fills all stores twice, the first time to load what they need, and tells what each takes. */
  public static void main(String[] args) {
    for (int pass = 0; pass < 2; pass++) {
      for (Store store : Store.values()) {
        long before = used();
        Filled filled = store.filled.get();
        long bytes = used() - before;
        if (pass > 0) {
          System.out.println(store + "\t" + bytes + "\t" + filled.said());
        }
        Reference.reachabilityFence(filled.held());
      }
    }
  }

  private static long used() {
    for (int i = 0; i < 5; i++) {
      System.gc(); // what has a cleaner goes with the second one
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  /** In a process of its own, whose collector leaves no gaps. */
  @Test
  void noStoreTakesMoreThanItSays() throws Exception {
    Path errors = folder.resolve("errors");
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                HeldBytesTest.class.getName())
            .redirectError(errors.toFile())
            .start();
    List<String> lines = new ArrayList<>();
    try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
      out.lines().forEach(lines::add);
    }
    assertEquals(0, child.waitFor(), Files.readString(errors));
    assertEquals(Store.values().length, lines.size(), lines::toString);
    for (String line : lines) {
      String[] fields = line.split("\t");
      long held = Long.parseLong(fields[1]);
      long said = Long.parseLong(fields[2]);
      assertTrue(held <= said && held > 0.4 * said, line);
    }
  }

  @Test
  void aCapacityIsFoundForBytes() {
    ErrorMemoryOptions options = ErrorMemoryOptions.defaults().capacityWithin(1 << 20, 16, 2);
    ErrorMemory memory = ErrorMemory.of(16, List.of("click", "buy"), options);
    assertEquals((1 << 20) / (2 * (384 + 4 * 16)), options.capacity());
    assertTrue(memory.estimatedBytes() <= 1 << 20);
    assertTrue(memory.estimatedBytes() > (1 << 20) - 1_000);
    assertEquals(
        ErrorMemoryOptions.MAX_CAPACITY, options.capacityWithin(Long.MAX_VALUE, 1, 1).capacity());
    assertEquals(
        "bytes: expected at least 388 for an error of each task, found 387",
        assertThrows(IllegalArgumentException.class, () -> options.capacityWithin(387, 1, 1))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> options.capacityWithin(1_000, 0, 1));
  }

  private static Prediction prediction(int hidden) {
    return new Prediction(new float[2], new float[hidden]);
  }

  /** Against a list of scopes, each with its items, in the order in which they were shown. */
  @Test
  void theLastShownAreKept() {
    Random random = new Random(3);
    for (int round = 0; round < 200; round++) {
      int capacity = 1 + random.nextInt(12);
      long most = random.nextInt(6_000);
      ShownPredictions shown = new ShownPredictions(capacity, most);
      LinkedHashMap<String, LinkedHashMap<String, Integer>> model = new LinkedHashMap<>();
      for (int step = 0; step < 40; step++) {
        String user = "user-" + random.nextInt(5);
        if (random.nextInt(9) == 0) {
          shown.forget(UserKey.of(user));
          model.remove(user);
        } else {
          Map<String, Prediction> put = new LinkedHashMap<>();
          LinkedHashMap<String, Integer> items =
              Optional.ofNullable(model.remove(user)).orElseGet(LinkedHashMap::new);
          for (int i = random.nextInt(5); i >= 0; i--) {
            String item = "item-" + random.nextInt(7);
            int hidden = random.nextInt(200);
            put.put(item, prediction(hidden));
          }
          put.forEach(
              (item, prediction) -> {
                items.remove(item);
                items.put(item, prediction.hidden().length);
              });
          model.put(user, items);
          shown.put(user, UserKey.of(user), put);
          shrink(model, capacity, most);
        }
        assertEquals(bytes(model), shown.bytes());
        assertEquals(model.values().stream().mapToInt(Map::size).sum(), shown.size());
        model.forEach(
            (name, items) ->
                items.forEach(
                    (item, hidden) ->
                        assertEquals(
                            hidden, shown.find(name, item).orElseThrow().hidden().length)));
      }
    }
  }

  private static void shrink(
      LinkedHashMap<String, LinkedHashMap<String, Integer>> model, int capacity, long most) {
    while (model.values().stream().mapToInt(Map::size).sum() > capacity || bytes(model) > most) {
      String oldest = model.keySet().iterator().next();
      LinkedHashMap<String, Integer> items = model.get(oldest);
      if (model.size() > 1 || items.size() == 1) {
        model.remove(oldest);
      } else {
        items.remove(items.keySet().iterator().next());
      }
    }
  }

  private static long bytes(Map<String, LinkedHashMap<String, Integer>> model) {
    long bytes = 0;
    for (Map.Entry<String, LinkedHashMap<String, Integer>> scope : model.entrySet()) {
      bytes += 416 + 2L * scope.getKey().length();
      for (Map.Entry<String, Integer> item : scope.getValue().entrySet()) {
        bytes += 208 + 2L * item.getKey().length() + 4L * (2 + item.getValue());
      }
    }
    return bytes;
  }

  @Test
  void aRankerKeepsWhatItShowedWithinBytes() {
    CompensatingReranker wide =
        CompensatingReranker.of(
            new FakeRanker(), ErrorMemory.of(FakeRanker.HIDDEN, List.of("click", "buy")));
    CompensatingReranker narrow = wide.shownWithin(1_000);
    List<ScoredItem> candidates =
        IntStream.range(0, 40).mapToObj(i -> new ScoredItem("item-" + i, 0)).toList();
    for (CompensatingReranker each : List.of(wide, narrow)) {
      for (String user : List.of("ann", "bob")) {
        each.rerank(
            RecommendationRequest.of(UserHistory.empty().forUser(user)).k(3).build(), candidates);
      }
    }
    assertEquals(40, wide.shownSize());
    assertTrue(wide.shownBytes() > 40 * 208);
    assertTrue(narrow.shownSize() > 0 && narrow.shownBytes() <= 1_000);
    assertThrows(IllegalArgumentException.class, () -> wide.shownWithin(-1));
  }
}
