package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.Catalog;
import io.recommender.ScoredItem;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class TopItemsProperties {

  /** Few distinct scores, so that ties are common. */
  @Property
  void equalsSortingAndReusesItsArrays(
      @ForAll @Size(min = 1, max = 200) List<@IntRange(min = -3, max = 3) Integer> values,
      @ForAll @IntRange(min = 1, max = 50) int k,
      @ForAll boolean backwards) {
    Catalog catalog =
        Catalog.ofIds(IntStream.range(0, values.size()).mapToObj(i -> "i" + i).toList());
    List<ScoredItem> expected =
        IntStream.range(0, values.size())
            .boxed()
            .sorted(Comparator.comparingInt((Integer i) -> -values.get(i)))
            .limit(k)
            .map(i -> new ScoredItem("i" + i, values.get(i), "s"))
            .toList();
    TopItems top = new TopItems();
    for (int round = 0; round < 2; round++) {
      top.reset(k);
      for (int i = 0; i < values.size(); i++) {
        int ordinal = backwards ? values.size() - 1 - i : i;
        top.offer(ordinal, values.get(ordinal));
      }
      assertEquals(expected, top.drain(catalog, "s"));
    }
  }

  @Property
  void everyHalfIsWidenedExactly(@ForAll short half) {
    int sign = (half & 0x8000) == 0 ? 1 : -1;
    int exponent = half >> 10 & 0x1f;
    int mantissa = half & 0x3ff;
    double expected =
        exponent == 0x1f
            ? (mantissa == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN)
            : sign
                * (exponent == 0
                    ? mantissa * Math.pow(2, -24)
                    : (1024 + mantissa) * Math.pow(2, exponent - 25));
    assertEquals((float) expected, TensorBuffer.widen(half));
  }
}
