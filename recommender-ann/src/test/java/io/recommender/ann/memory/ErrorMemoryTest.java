package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feedback;
import io.recommender.ann.HnswIndex;
import io.recommender.testing.FeedbackSinkContract;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ErrorMemoryTest {
  private static final ErrorMemoryOptions ONE =
      ErrorMemoryOptions.defaults().neighbors(1).strength(1);

  private final ErrorMemory memory = ErrorMemory.of(2, List.of("click", "buy"), ONE);

  private static float[] key(float x, float y) {
    return new float[] {x, y};
  }

  @Test
  void theDefaultsAreThoseOfTheDocumentation() {
    ErrorMemoryOptions defaults = ErrorMemory.of(2, List.of("click")).options();
    assertEquals(0.5, defaults.strength());
    assertEquals(100, defaults.neighbors());
    assertEquals(1_000, defaults.capacity());
  }

  @Test
  void withoutErrorsPredictionsKeepTheirBits() {
    memory.observe("buy", key(0, 0), 0.5f, 1);
    for (float prediction : new float[] {0, -0f, Float.MIN_VALUE, 0.1f, 0.7f, 1}) {
      assertEquals(
          Float.floatToRawIntBits(prediction),
          Float.floatToRawIntBits(memory.compensate("click", key(1, 1), prediction)));
    }
    assertEquals(0, memory.compensateAll("click", new float[0][], new float[0]).length);
  }

  @Test
  void theNearestKeyDecides() {
    memory.observe("click", key(0, 0), 0.25f, 1);
    memory.observe("click", key(10, 0), 0.75f, 0.5f);
    assertEquals(0.95f, memory.compensate("click", key(4, 0), 0.2f), 1e-6);
    assertEquals(0.25f, memory.compensate("click", key(6, 0), 0.5f), 1e-6);
    assertEquals(1, memory.compensate("click", key(0, 0), 0.9f), "cut to 1");
    assertEquals(0, memory.compensate("click", key(9, 0), 0.1f), "cut to 0");
  }

  @Test
  void fewErrorsChangeLittle() {
    ErrorMemory cautious = ErrorMemory.of(2, List.of("click"));
    cautious.observe("click", key(0, 0), 0.1f, 1);
    assertEquals(0.2 + 0.5 * 0.9 / 100, cautious.compensate("click", key(0, 0), 0.2f), 1e-6);
  }

  @Test
  void theOldestErrorGoesFirst() {
    ErrorMemory two = ErrorMemory.of(2, List.of("click"), ONE.capacity(2));
    two.observe("click", key(0, 0), 0, 1);
    two.observe("click", key(10, 0), 0, 0);
    two.observe("click", key(20, 0), 0, 0);
    assertEquals(2, two.size("click"));
    assertEquals(0.5f, two.compensate("click", key(0, 0), 0.5f));
  }

  @Test
  void clearingLeavesNothing() {
    memory.observe("click", key(0, 0), 0, 1);
    memory.clear();
    assertEquals(0, memory.size("click"));
    assertEquals(0.5f, memory.compensate("click", key(0, 0), 0.5f));
  }

  private static String message(Runnable call) {
    return assertThrows(IllegalArgumentException.class, call::run).getMessage();
  }

  @Test
  void argumentsAreChecked() {
    assertEquals(
        "task: expected one of [click, buy], found 'like'",
        message(() -> memory.compensate("like", key(0, 0), 0.5f)));
    assertEquals(
        "key: length 3, memory dimension 2",
        message(() -> memory.observe("click", new float[3], 0.5f, 1)));
    assertEquals(
        "key: element 1 is NaN, expected a finite number",
        message(() -> memory.observe("click", key(0, Float.NaN), 0.5f, 1)));
    assertEquals(
        "prediction: expected a number in [0, 1], found NaN",
        message(() -> memory.observe("click", key(0, 0), Float.NaN, 1)));
    assertEquals(
        "prediction: expected a number in [0, 1], found 1.5",
        message(() -> memory.compensate("click", key(0, 0), 1.5f)));
    assertEquals(
        "label: expected a number in [0, 1], found NaN",
        message(() -> memory.observe("click", key(0, 0), 0, Float.NaN)));
    assertEquals(
        "predictions: expected 1, one for each key, found 2",
        message(() -> memory.compensateAll("click", new float[1][2], new float[2])));
    assertEquals(
        "tasks: expected different ones, found 'a' twice",
        message(() -> ErrorMemory.of(2, List.of("a", "a"))));
    assertEquals(
        "tasks: expected at least one, found none", message(() -> ErrorMemory.of(2, List.of())));
    assertEquals(
        "dimension: expected at least 1, found 0", message(() -> ErrorMemory.of(0, List.of("a"))));
    assertEquals(
        "strength: expected a number in [0, 1], found 1.1", message(() -> ONE.strength(1.1)));
    assertEquals("neighbors: expected at least 1, found 0", message(() -> ONE.neighbors(0)));
    assertEquals("capacity: expected 1 to 16777216, found 0", message(() -> ONE.capacity(0)));
    assertEquals(0, memory.size("click"));
  }

  @Test
  void feedbackWithoutAVectorOrAPredictionTeachesNothing() {
    memory.observe(Feedback.of("a").label("click", 1));
    memory.observe(Feedback.of("a").withHidden(key(0, 0)).label("click", 1));
    memory.observe(
        Feedback.of("a").withHidden(key(0, 0)).withOutcome("like", new Feedback.Outcome(1, 0.5f)));
    assertEquals(0, memory.size("click") + memory.size("buy"));
  }

  @Test
  void anApproximateIndexAnswersNearlyAlike() {
    Random random = new Random(4);
    ErrorMemoryOptions options = ErrorMemoryOptions.defaults().capacity(2_000);
    ErrorMemory exact = ErrorMemory.of(8, List.of("click"), options);
    ErrorMemory graph =
        ErrorMemory.of(
            8,
            List.of("click"),
            options.index(
                (dimension, similarity, size) -> HnswIndex.builder(dimension, similarity).build()));
    for (int i = 0; i < 3_000; i++) {
      float[] key = gaussian(random);
      float label = key[0] > 0 ? 1 : 0;
      exact.observe("click", key, 0.5f, label);
      graph.observe("click", key, 0.5f, label);
    }
    assertEquals(2_000, graph.size("click"));
    for (int i = 0; i < 100; i++) {
      float[] key = gaussian(random);
      assertEquals(
          exact.compensate("click", key, 0.5f), graph.compensate("click", key, 0.5f), 0.02);
    }
  }

  @Test
  void aLargeMemoryHasItsOwnIndexAndForgetsAlike() {
    ErrorMemory large =
        ErrorMemory.of(2, List.of("click"), ONE.capacity(ErrorMemoryOptions.EXACT_CAPACITY + 1));
    for (int i = 0; i < 500; i++) {
      large.observe(
          Feedback.of("a")
              .forUser("user-" + i % 2)
              .withHidden(key(i, 0))
              .withOutcome("click", new Feedback.Outcome(1, 0.5f)));
    }
    assertEquals(500, large.size("click"));
    assertEquals(0.75f, large.compensate("click", key(77, 0), 0.25f));
    large.forget("user-0");
    large.forget("user-1");
    assertEquals(0, large.size("click"));
    assertEquals(0.25f, large.compensate("click", key(77, 0), 0.25f));
  }

  private static float[] gaussian(Random random) {
    float[] key = new float[8];
    for (int i = 0; i < key.length; i++) {
      key[i] = (float) random.nextGaussian();
    }
    return key;
  }

  @Test
  void threadsObserveAndCorrectAtOnce() throws Exception {
    ErrorMemory shared = ErrorMemory.of(2, List.of("click"), ONE.capacity(64).neighbors(8));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> done = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        int thread = t;
        done.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 2_000; i++) {
                    float[] key = key(i % 17, thread);
                    if (thread < 2) {
                      shared.observe("click", key, 0.25f, 1);
                    } else {
                      float corrected = shared.compensate("click", key, 0.25f);
                      assertTrue(corrected >= 0.25f && corrected <= 1, "found " + corrected);
                      assertTrue(shared.size("click") <= 64);
                    }
                  }
                }));
      }
      for (Future<?> each : done) {
        each.get();
      }
    } finally {
      threads.shutdown();
    }
    assertEquals(64, shared.size("click"));
    assertEquals(1, shared.compensate("click", key(0, 0), 0.25f), 1e-6);
  }

  @Nested
  class AsSink extends FeedbackSinkContract<ErrorMemory> {
    @Override
    protected ErrorMemory create() {
      return ErrorMemory.of(2, List.of("click"), ONE);
    }

    @Override
    protected Feedback feedback(String userId) {
      return Feedback.of("a")
          .forUser(userId)
          .withHidden(key(userId.length(), 0))
          .withOutcome("click", new Feedback.Outcome(1, 0.5f));
    }

    @Override
    protected Object trace(ErrorMemory sink, String userId) {
      return List.of(sink.size("click"), sink.compensate("click", key(userId.length(), 0), 0.25f));
    }
  }
}
