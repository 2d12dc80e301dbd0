package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;

/** Floats of half precision. */
class HalfPrecisionProperties {
  @Example
  void everyHalfIsKept() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float wide = TensorBuffer.widen((short) bits);
      if (Float.isNaN(wide)) {
        assertTrue(Float.isNaN(TensorBuffer.widen(TensorBuffer.narrow(wide))));
      } else {
        assertEquals((short) bits, TensorBuffer.narrow(wide));
      }
    }
  }

  @Property
  void theNearestHalfIsTakenAndOfTwoTheEvenOne(
      @ForAll @IntRange(max = 0x7bfe) int bits, @ForAll @FloatRange(min = 0, max = 1) float share) {
    float lower = TensorBuffer.widen((short) bits);
    float upper = TensorBuffer.widen((short) (bits + 1));
    float value = lower + (upper - lower) * share;
    float toLower = value - lower;
    float toUpper = upper - value;
    int expected = toLower < toUpper || (toLower == toUpper && (bits & 1) == 0) ? bits : bits + 1;
    assertEquals((short) expected, TensorBuffer.narrow(value), () -> "of " + value);
    assertEquals((short) (expected | 0x8000), TensorBuffer.narrow(-value), () -> "of -" + value);
  }

  @Example
  void whatIsTooLargeIsInfiniteAndWhatIsTooSmallIsZero() {
    assertEquals((short) 0x7bff, TensorBuffer.narrow(65519.996f));
    assertEquals((short) 0x7c00, TensorBuffer.narrow(65520));
    assertEquals((short) 0xfc00, TensorBuffer.narrow(Float.NEGATIVE_INFINITY));
    assertEquals((short) 0, TensorBuffer.narrow(0x1p-25f));
    assertEquals((short) 1, TensorBuffer.narrow(Math.nextUp(0x1p-25f)));
    assertEquals((short) 0x8000, TensorBuffer.narrow(-Float.MIN_VALUE));
  }
}
