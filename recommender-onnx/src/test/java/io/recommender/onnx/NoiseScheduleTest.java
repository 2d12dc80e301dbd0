package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.onnx.Diffusion.Prediction;
import io.recommender.onnx.Diffusion.Sampling;
import java.nio.file.Path;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** Schedules and steps against those of diffusers, and noise against its definition. */
class NoiseScheduleTest {
  private static final JsonNode REFERENCE =
      FixtureJson.read(Path.of("src", "test", "resources", "diffusion", "schedules.json"));

  private static NoiseSchedule schedule(String kind) {
    return switch (kind) {
      case "LINEAR" -> NoiseSchedule.linear(1000, 1e-4, 0.02, false);
      case "SCALED_LINEAR" -> NoiseSchedule.linear(1000, 1e-4, 0.02, true);
      default -> NoiseSchedule.cosine(1000);
    };
  }

  private static double[] numbers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::doubleValue)
        .toArray();
  }

  @Test
  void signalsAreThoseOfTheReference() {
    REFERENCE
        .get("signal")
        .properties()
        .forEach(
            entry -> {
              double[] expected = numbers(entry.getValue());
              for (int i = 0; i < expected.length; i++) {
                double found = schedule(entry.getKey()).signal(111 * i);
                assertEquals(expected[i], found, 1e-4 * expected[i], entry.getKey() + i);
              }
            });
  }

  @Test
  void latentsGoTheWayOfTheReference() {
    assertEquals(32, REFERENCE.get("cases").size());
    for (JsonNode told : REFERENCE.get("cases")) {
      String name = told.get("kind") + " " + told.get("prediction") + " " + told.get("steps");
      NoiseSchedule.Step[] steps =
          schedule(told.get("kind").textValue())
              .steps(
                  new Sampling(told.get("steps").intValue(), told.get("eta").doubleValue()),
                  Prediction.valueOf(told.get("prediction").textValue()));
      double[] latent = numbers(told.get("noise").get(0));
      for (int step = 0; step < steps.length; step++) {
        int time = steps[step].time();
        assertEquals(told.get("times").get(step).intValue(), time, name);
        double[] noise = numbers(told.get("noise").get(step + 1));
        for (int i = 0; i < latent.length; i++) {
          latent[i] =
              steps[step].ofLatent() * latent[i]
                  + steps[step].ofPrediction() * (0.3 * latent[i] + 0.0005 * time - 0.1)
                  + steps[step].noise() * noise[i];
        }
      }
      double[] expected = numbers(told.get("latent"));
      for (int i = 0; i < latent.length; i++) {
        assertEquals(expected[i], latent[i], 1e-3 * Math.max(1, Math.abs(expected[i])), name);
      }
    }
  }

  @Test
  void theLastStepLeavesNoNoise() {
    for (String kind : new String[] {"LINEAR", "SCALED_LINEAR", "COSINE"}) {
      for (int count : new int[] {1, 3, 7, 999, 1000}) {
        NoiseSchedule.Step[] steps = schedule(kind).steps(new Sampling(count, 1), Prediction.X0);
        assertEquals(count, steps.length);
        assertEquals(999, steps[0].time());
        for (int i = 1; i < count; i++) {
          assertTrue(steps[i].time() < steps[i - 1].time(), kind + count);
          assertTrue(steps[i - 1].noise() > 0);
        }
        assertEquals(
            new NoiseSchedule.Step(steps[count - 1].time(), 0, 1, 0), steps[count - 1], kind);
      }
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> schedule("COSINE").steps(new Sampling(1001, 0), Prediction.V));
  }

  /** SplitMix64 is also what SplittableRandom draws from. */
  @Test
  void noiseIsMadeOfPairsOfBits() {
    SeededNoise noise = new SeededNoise();
    for (long seed : new long[] {0, 1, -1, Long.MIN_VALUE, new Random(3).nextLong()}) {
      noise.reset(seed);
      SplittableRandom bits = new SplittableRandom(seed);
      for (int pair = 0; pair < 100; pair++) {
        double u = ((bits.nextLong() >>> 11) + 1) / Math.pow(2, 53);
        double v = (bits.nextLong() >>> 11) / Math.pow(2, 53);
        double radius = Math.sqrt(-2 * Math.log(u));
        assertEquals(radius * Math.cos(2 * Math.PI * v), noise.next(), 1e-14);
        assertEquals(radius * Math.sin(2 * Math.PI * v), noise.next(), 1e-14);
      }
    }
  }

  @Test
  void noiseBeginsAnewInTheMiddleOfAPair() {
    SeededNoise noise = new SeededNoise();
    noise.reset(4);
    double[] first = {noise.next(), noise.next(), noise.next()};
    noise.reset(4);
    assertArrayEquals(first, new double[] {noise.next(), noise.next(), noise.next()});
  }
}
