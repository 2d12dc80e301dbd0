package io.recommender.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RunCostTest {
  private static final int RUNS = 400;

  /** Observes runs of 1 to 16 requests of 1 to 50 places. */
  private static RunCost observed(double run, double each, double place, double slowRuns) {
    SplittableRandom random = new SplittableRandom(3);
    RunCost cost = new RunCost();
    for (int i = 0; i < RUNS; i++) {
      int requests = random.nextInt(1, 17);
      int length = random.nextInt(1, 51);
      double time = run + requests * (each + place * length);
      cost.observe(requests, length, (long) (random.nextDouble() < slowRuns ? time * 10 : time));
    }
    return cost;
  }

  @Test
  void aGuessIsHeldWhileNothingIsKnown() {
    RunCost cost = new RunCost();
    assertEquals(RunCost.GUESS, cost.places());
    cost.observe(4, 10, 0);
    assertEquals(RunCost.GUESS, cost.places());
  }

  @Test
  void aGuessIsHeldWhileTheRunsAreAllAlike() {
    RunCost cost = new RunCost();
    for (int i = 0; i < RUNS; i++) {
      cost.observe(1, 20, 500_000);
    }
    assertEquals(RunCost.GUESS, cost.places(), 1e-3 * RunCost.GUESS);
  }

  @Test
  void theCostOfARunIsLearned() {
    assertEquals(50, observed(160_000, 25_000, 3_200, 0).places(), 3);
    assertEquals(400, observed(160_000, 0, 400, 0).places(), 40);
    assertEquals(2, observed(2_000, 9_000, 1_000, 0).places(), 1.5);
  }

  @Test
  void runsThatWereHeldUpChangeLittle() {
    assertEquals(50, observed(160_000, 25_000, 3_200, 0.1).places(), 10);
  }

  /** So it is where nothing is known of some users and the model is not run for them. */
  @Test
  void runsThatRanNoModelDoNotCount() {
    for (long quick : new long[] {2_000, 20_000}) {
      RunCost cost = observed(160_000, 25_000, 3_200, 0);
      SplittableRandom random = new SplittableRandom(5);
      for (int i = 0; i < RUNS; i++) {
        boolean isQuick = random.nextInt(20) == 0;
        int requests = random.nextInt(1, 17);
        int length = random.nextInt(1, 51);
        long time = 160_000 + requests * (25_000L + 3_200L * length);
        assertEquals(!isQuick, cost.observe(requests, length, isQuick ? quick : time));
      }
      assertEquals(50, cost.places(), 3);
    }
  }

  @Test
  void runsThatAreAllQuickerThanBeforeCountInTheEnd() {
    RunCost cost = observed(160_000_000, 25_000_000, 3_200_000, 0);
    int skipped = 0;
    while (!cost.observe(8, 20, 1_200_000)) {
      skipped++;
    }
    assertTrue(skipped > 0 && skipped < 100, "skipped " + skipped);
  }

  @Test
  void theCostIsLearnedAnewWhenItChanges() {
    RunCost cost = observed(160_000, 25_000, 3_200, 0);
    SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < 4 * RUNS; i++) {
      int requests = random.nextInt(1, 17);
      int length = random.nextInt(1, 51);
      cost.observe(requests, length, 32_000 + requests * (25_000L + 3_200L * length));
    }
    assertEquals(10, cost.places(), 2);
  }

  @Test
  void whereLengthsDoNotMatterARunCostsMoreThanAnyPadding() {
    assertTrue(observed(5_000_000, 1_000, 0, 0).places() > 1_000);
  }

  @Test
  void whereARunCostsNothingThereIsNoReasonToPad() {
    assertEquals(0, observed(0, 1_000, 1_000, 0).places(), 1);
  }
}
