package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Item;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class PointerLoopProperties {

  /**
   * Any logits, infinite ones among them: a list of candidates, each once, of an allowed length.
   */
  @Property(tries = 500)
  void aListIsSomeOfTheCandidatesEachOnce(
      @ForAll @IntRange(min = 1, max = 12) int count,
      @ForAll @IntRange(max = 13) int minLength,
      @ForAll @IntRange(min = 1, max = 13) int extra,
      @ForAll long seed) {
    int maxLength = minLength + extra;
    Random random = new Random(seed);
    List<Item> items = IntStream.range(0, count).mapToObj(i -> Item.of("i" + i)).toList();
    PointerLoop loop = new PointerLoop("model", "logits", items, minLength, maxLength);
    int calls = 0;
    boolean ruledOut = false;
    boolean ended = false;
    while (!ended && calls < Math.min(maxLength, count)) {
      float[] logits = new float[count + 1];
      for (int i = 0; i < count; i++) {
        logits[i] =
            random.nextInt(6) == 0 ? Float.NEGATIVE_INFINITY : (float) random.nextGaussian();
        ruledOut |= logits[i] == Float.NEGATIVE_INFINITY;
      }
      float[] ends = {Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -1, 0, 1};
      logits[count] = ends[random.nextInt(ends.length)];
      int[] before = loop.order();
      boolean[] open = new boolean[count];
      Arrays.fill(open, true);
      IntStream.of(before).forEach(place -> open[place] = false);
      int next = loop.pick(logits);
      calls++;
      ended = next < 0;
      if (ended) {
        assertTrue(
            before.length >= minLength
                || IntStream.range(0, count)
                    .noneMatch(i -> open[i] && logits[i] > Float.NEGATIVE_INFINITY));
      } else {
        assertTrue(open[next], "picked twice");
        for (int i = 0; i < count; i++) {
          assertTrue(
              !open[i] || logits[i] < logits[next] || (logits[i] == logits[next] && i >= next));
        }
        assertTrue(before.length < minLength || logits[count] <= logits[next]);
      }
    }
    int[] order = loop.order();
    assertEquals(order.length, IntStream.of(order).distinct().count());
    assertTrue(IntStream.of(order).allMatch(place -> place >= 0 && place < count));
    assertTrue(order.length <= maxLength);
    assertTrue(ruledOut || order.length >= Math.min(minLength, count));
    assertEquals(order.length + (ended ? 1 : 0), calls);
    double last = 0;
    for (double score : loop.scores()) {
      assertTrue(Double.isFinite(score) && score <= last);
      last = score;
    }
  }
}
