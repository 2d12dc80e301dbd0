package io.recommender.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BatchChoiceTest {
  @Test
  void equalLengthsAllGoTogetherUpToTheMostInTheOrderOfComing() {
    int[] lengths = {7, 7, 7, 7, 7};
    assertArrayEquals(new int[] {0, 1, 2, 3, 4}, BatchChoice.around(lengths, 64, 32));
    assertArrayEquals(new int[] {0, 1, 2}, BatchChoice.around(lengths, 3, 32));
    assertArrayEquals(new int[] {0, 1, 2}, BatchChoice.around(lengths, 3, 0));
  }

  @Test
  void whereARunCostsNothingOnlyEqualLengthsGoTogether() {
    assertArrayEquals(new int[] {0, 3}, BatchChoice.around(new int[] {7, 8, 6, 7, 40}, 64, 0));
  }

  @Test
  void whereARunCostsALotAllGoTogether() {
    assertEquals(5, BatchChoice.around(new int[] {7, 8, 6, 7, 40}, 64, 1e9).length);
  }

  @Test
  void oneThatWouldPadAllOthersStaysBehind() {
    assertArrayEquals(new int[] {0, 1, 2}, BatchChoice.around(new int[] {7, 8, 6, 100}, 64, 32));
  }

  /** By trying every subset that has the first. */
  @Property(tries = 300)
  void noOtherChoiceCostsLess(
      @ForAll("lengths") int[] lengths,
      @ForAll @IntRange(min = 1, max = 12) int most,
      @ForAll @DoubleRange(min = 0, max = 200) double cost) {
    int[] chosen = BatchChoice.around(lengths, most, cost);
    assertEquals(0, chosen[0]);
    assertTrue(chosen.length <= most);
    double least = Double.POSITIVE_INFINITY;
    for (int subset = 1; subset < 1 << lengths.length; subset += 2) {
      int now = subset;
      int[] other = IntStream.range(0, lengths.length).filter(i -> (now >> i & 1) == 1).toArray();
      if (other.length <= most) {
        least = Math.min(least, each(lengths, other, cost));
      }
    }
    assertEquals(least, each(lengths, chosen, cost), 1e-9 * (1 + least));
  }

  @Provide
  Arbitrary<int[]> lengths() {
    return Arbitraries.integers().between(1, 60).array(int[].class).ofMinSize(1).ofMaxSize(10);
  }

  private static double each(int[] lengths, int[] chosen, double cost) {
    int longest = Arrays.stream(chosen).map(i -> lengths[i]).max().orElseThrow();
    int padding = Arrays.stream(chosen).map(i -> longest - lengths[i]).sum();
    return (cost + padding) / chosen.length;
  }
}
