package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feedback;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** An error memory against a list of what it was told, searched one by one. */
class ErrorMemoryProperties {

  /** What was observed, with its number. */
  private record Observed(long number, String userId, float[] key, float error) {
    double distance(float[] query) {
      double sum = 0;
      for (int i = 0; i < query.length; i++) {
        double difference = (double) query[i] - key[i];
        sum += difference * difference;
      }
      return sum;
    }
  }

  private static float corrected(
      List<Observed> model, float[] query, float prediction, int neighbors, double strength) {
    double sum =
        model.stream()
            .sorted(
                Comparator.<Observed>comparingDouble(each -> each.distance(query))
                    .thenComparingLong(Observed::number))
            .limit(neighbors)
            .mapToDouble(Observed::error)
            .sum();
    return (float) Math.max(0, Math.min(1, prediction + strength * sum / neighbors));
  }

  private static float[] key(Random random, int dimension) {
    float[] key = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      // Few values, so that distances are often equal.
      key[i] = random.nextInt(4);
    }
    return key;
  }

  @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
  void correctsAsTheListDoes(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40) int capacity,
      @ForAll @IntRange(min = 1, max = 12) int neighbors,
      @ForAll @IntRange(min = 1, max = 5) int dimension) {
    Random random = new Random(seed);
    double strength = random.nextDouble();
    ErrorMemory memory =
        ErrorMemory.of(
            dimension,
            List.of("click"),
            ErrorMemoryOptions.defaults()
                .capacity(capacity)
                .neighbors(neighbors)
                .strength(strength));
    List<Observed> model = new ArrayList<>();
    long observations = 0;
    for (int step = 0; step < 120; step++) {
      String userId = "user-" + random.nextInt(5);
      if (random.nextInt(15) == 0) {
        memory.forget(userId);
        model.removeIf(each -> each.userId().equals(userId));
      } else {
        float[] key = key(random, dimension);
        Feedback.Outcome outcome = new Feedback.Outcome(random.nextInt(2), random.nextInt(5) / 4f);
        memory.observe(
            Feedback.of("item").forUser(userId).withHidden(key).withOutcome("click", outcome));
        model.add(
            new Observed(observations++, userId, key, outcome.label() - outcome.prediction()));
        // The last ones, of which forgotten ones are none.
        long oldest = observations - capacity;
        model.removeIf(each -> each.number() < oldest);
      }
      assertEquals(model.size(), memory.size("click"));
      assertTrue(memory.size("click") <= capacity);
      float[] query = key(random, dimension);
      float prediction = random.nextFloat();
      float expected = corrected(model, query, prediction, neighbors, strength);
      assertEquals(expected, memory.compensate("click", query, prediction), 1e-6);
      assertEquals(
          memory.compensate("click", query, prediction),
          memory.compensateAll("click", new float[][] {query}, new float[] {prediction})[0]);
    }
  }
}
