package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class TopKProperties {

  @Property
  void keepsWhatSortingWouldPutFirst(
      @ForAll @Size(max = 60) List<@IntRange(min = -5, max = 5) Integer> scores,
      @ForAll @IntRange(max = 70) int capacity,
      @ForAll long seed) {
    List<Integer> expected =
        IntStream.range(0, scores.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> -scores.get(i)))
            .limit(capacity)
            .toList();
    TopK top = new TopK(capacity);
    int[] offers = IntStream.range(0, scores.size()).toArray();
    shuffle(offers, new Random(seed));
    for (int row : offers) {
      boolean admitted = top.admits(scores.get(row), row);
      double threshold = top.threshold();
      int size = top.size();
      top.offer(scores.get(row), row, row);
      if (!admitted) {
        assertEquals(threshold, top.threshold());
        assertEquals(size, top.size());
      }
      assertEquals(top.size() == capacity, top.isFull());
    }
    top.sort();
    assertEquals(expected, IntStream.range(0, top.size()).mapToObj(top::row).toList());
    for (int i = 0; i < top.size(); i++) {
      assertEquals((double) scores.get(top.row(i)), top.score(i));
    }
  }

  private static void shuffle(int[] values, Random random) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int value = values[i];
      values[i] = values[j];
      values[j] = value;
    }
  }
}
