package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feedback;
import io.recommender.testing.FeedbackSinkContract;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class UserStoreTest {
  private static final UserValueCodec<float[]> PAIRS = UserValueCodec.floats(2);

  /** What an entry of a user with an id of one char takes. */
  private static final int ENTRY = UserStore.ENTRY_BYTES + 2 + 8;

  private static float[] pair(float x, float y) {
    return new float[] {x, y};
  }

  private static UserStore<float[]> room(int users) {
    return UserStore.builder(PAIRS).maxBytes((long) users * ENTRY).maxBytesPerUser(8).build();
  }

  @Test
  void aValueIsACopy() {
    UserStore<float[]> store = room(1);
    float[] given = pair(1, 2);
    store.put("a", given);
    given[0] = 9;
    store.get("a").orElseThrow()[1] = 9;
    assertArrayEquals(pair(1, 2), store.get("a").orElseThrow());
    assertTrue(store.get("A").isEmpty() && store.get("").isEmpty());
  }

  @Test
  void whatWasUsedLongestAgoGoes() {
    UserStore<float[]> store = room(2);
    store.put("a", pair(1, 1));
    store.put("b", pair(2, 2));
    assertTrue(store.get("a").isPresent());
    store.put("c", pair(3, 3));
    assertTrue(store.get("b").isEmpty());
    assertTrue(store.get("a").isPresent() && store.get("c").isPresent());
    assertEquals(1, store.evictions());
    assertEquals(2 * ENTRY, store.sizeInBytes());
    store.put("a", pair(4, 4));
    assertEquals(2 * ENTRY, store.sizeInBytes());
    assertEquals("UserStore[floats-2, 2 users, 276 of 276 bytes]", store.toString());
  }

  private static String message(Runnable call) {
    return assertThrows(IllegalArgumentException.class, call::run).getMessage();
  }

  @Test
  void valuesAndLimitsAreChecked() {
    UserStore<float[]> store = room(1);
    store.put("a", pair(1, 2));
    assertEquals(
        "value of a user: expected 2 elements, found 3",
        message(() -> store.put("a", new float[3])));
    assertEquals(
        "value of a user: expected finite elements, found NaN",
        message(() -> store.put("a", pair(0, Float.NaN))));
    assertEquals(
        "value of a user: expected at most 138 bytes with its id, found 140",
        message(() -> store.put("ab", pair(0, 0))));
    assertEquals(
        "value of a user: expected at most 7 bytes, found 8",
        message(() -> UserStore.builder(PAIRS).maxBytesPerUser(7).build().put("a", pair(0, 0))));
    assertArrayEquals(pair(1, 2), store.get("a").orElseThrow());
    assertEquals(
        "maxBytes: expected at least 1, found 0",
        message(() -> UserStore.builder(PAIRS).maxBytes(0)));
    assertEquals(
        "maxBytesPerUser: expected at least 1, found 0",
        message(() -> UserStore.builder(PAIRS).maxBytesPerUser(0)));
    assertEquals("length: expected at least 1, found 0", message(() -> UserValueCodec.floats(0)));
  }

  /** A source whose values are fixed, and which notes what it is given. */
  private static final class Fixed implements UserStore.Source<float[]> {
    private final List<String> calls = new ArrayList<>();
    private boolean isDown;

    @Override
    public Optional<float[]> load(String userId) {
      calls.add("load " + userId);
      return userId.equals("x") ? Optional.empty() : Optional.of(pair(7, userId.length()));
    }

    @Override
    public void save(String userId, float[] value) {
      calls.add("save " + userId + " " + value[0]);
      if (isDown) {
        throw new IllegalStateException("down");
      }
    }

    @Override
    public void forget(String userId) {
      calls.add("forget " + userId);
    }
  }

  @Test
  void onlyWhatWasChangedGoesBackToTheSource() {
    Fixed source = new Fixed();
    UserStore<float[]> store = UserStore.builder(PAIRS).maxBytes(2 * ENTRY).source(source).build();
    assertArrayEquals(pair(7, 1), store.get("a").orElseThrow());
    assertArrayEquals(pair(7, 1), store.get("a").orElseThrow());
    assertTrue(store.get("x").isEmpty());
    store.update("b", pair(0, 0), old -> pair(old[0] + 1, 0));
    store.get("c");
    store.get("d");
    store.forget("d");
    assertEquals(
        List.of("load a", "load x", "load b", "load c", "load d", "save b 8.0", "forget d"),
        source.calls);
  }

  @Test
  void aSourceThatFailsDoesNotBreakTheLimit() {
    Fixed source = new Fixed();
    source.isDown = true;
    UserStore<float[]> store = UserStore.builder(PAIRS).maxBytes(ENTRY).source(source).build();
    store.put("a", pair(1, 1));
    assertThrows(IllegalStateException.class, () -> store.put("b", pair(2, 2)));
    assertEquals(ENTRY, store.sizeInBytes());
    assertArrayEquals(pair(2, 2), store.get("b").orElseThrow());
  }

  @Test
  void whatHasNoRoomIsHandedOutAndNotKept() {
    UserStore<float[]> store = UserStore.builder(PAIRS).maxBytes(ENTRY).source(new Fixed()).build();
    store.put("a", pair(1, 1));
    assertArrayEquals(pair(7, 17), store.get("an id of 17 chars").orElseThrow());
    assertEquals(1, store.size());
  }

  @Test
  void changesOfManyThreadsAreAllKept() throws Exception {
    UserStore<float[]> store = UserStore.builder(PAIRS).build();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> done = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        done.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 1_000; i++) {
                    store.update("user-" + i % 3, pair(0, 0), old -> pair(old[0] + 1, old[1]));
                  }
                }));
      }
      for (Future<?> each : done) {
        each.get();
      }
    } finally {
      threads.shutdown();
    }
    float sum = 0;
    for (int i = 0; i < 3; i++) {
      sum += store.get("user-" + i).orElseThrow()[0];
    }
    assertEquals(4_000, sum);
  }

  @Test
  void aMemoryDropsWhatIsOldest() {
    UserValueCodec<UserMemory> codec = UserMemory.codec(2);
    UserMemory memory = UserMemory.empty(2);
    for (int i = 0; i < 10; i++) {
      memory = memory.plus("note-" + i, pair(i, 1), Instant.ofEpochSecond(i));
    }
    memory = memory.plus("note-3", pair(30, 1), Instant.ofEpochSecond(30));
    assertEquals(10, memory.size());
    byte[] bytes = codec.encode(memory, 3 * (2 + 6 + 8 + 8) + 5);
    UserMemory cut = codec.decode(bytes);
    assertEquals(List.of("note-8", "note-9", "note-3"), cut.ids());
    assertEquals(Optional.of(Instant.ofEpochSecond(9)), cut.time("note-9"));
    assertEquals("note-3", cut.nearest(pair(1, 0), 1).get(0).itemId());
    assertArrayEquals(bytes, codec.encode(cut, Integer.MAX_VALUE));
    assertEquals(0, codec.decode(codec.encode(cut, 3)).size());
    assertFalse(memory.toString().contains("note"));
  }

  @Test
  void memoriesAreChecked() {
    UserMemory memory = UserMemory.empty(2);
    assertEquals(
        "vector: length 3, memory dimension 2",
        message(() -> memory.plus("a", new float[3], Instant.EPOCH)));
    assertEquals(
        "query: expected finite elements, found Infinity",
        message(() -> memory.nearest(pair(0, Float.POSITIVE_INFINITY), 1)));
    assertEquals(
        "id: expected 1 to 256 chars, found 0",
        message(() -> memory.plus("", pair(0, 0), Instant.EPOCH)));
    assertEquals(
        "id: expected 1 to 256 chars, found 257",
        message(() -> EntityCounts.empty().plus("x".repeat(257), Instant.EPOCH)));
    assertEquals(
        "id: expected whole surrogate pairs, found half of one",
        message(() -> EntityCounts.empty().plus("\ud800", Instant.EPOCH)));
    assertEquals(
        "value of a user: expected dimension 3, found 2",
        message(() -> UserMemory.codec(3).encode(memory, 100)));
  }

  @Test
  void countsDropWhatWasMetLeast() {
    EntityCounts counts =
        EntityCounts.empty()
            .plus("Q2", Instant.ofEpochSecond(1))
            .plus("Q1", Instant.ofEpochSecond(5))
            .plus("Q3", Instant.ofEpochSecond(9))
            .plus("Q1", Instant.ofEpochSecond(2));
    List<String> order = counts.top(9).stream().map(EntityCounts.Entity::id).toList();
    assertEquals(List.of("Q1", "Q3", "Q2"), order);
    assertEquals(
        Optional.of(new EntityCounts.Entity("Q1", 2, Instant.ofEpochSecond(5))), counts.find("Q1"));
    UserValueCodec<EntityCounts> codec = EntityCounts.codec();
    EntityCounts cut = codec.decode(codec.encode(counts, 2 * (2 + 2 + 12) + 1));
    assertEquals(List.of("Q1", "Q3"), cut.top(9).stream().map(EntityCounts.Entity::id).toList());
    assertEquals(Optional.empty(), cut.find("Q2"));
  }

  @Nested
  class AsSink extends FeedbackSinkContract<UserStore<EntityCounts>> {
    @Override
    protected UserStore<EntityCounts> create() {
      return UserStore.builder(EntityCounts.codec())
          .learning(
              (before, feedback) ->
                  before.orElse(EntityCounts.empty()).plus(feedback.itemId(), Instant.EPOCH))
          .build();
    }

    @Override
    protected Feedback feedback(String userId) {
      return Feedback.of("Q" + userId.length()).forUser(userId);
    }

    @Override
    protected Object trace(UserStore<EntityCounts> sink, String userId) {
      return sink.get(userId).map(counts -> counts.top(5)) + " " + sink.sizeInBytes();
    }
  }
}
