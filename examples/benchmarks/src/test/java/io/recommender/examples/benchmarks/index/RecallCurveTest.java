package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.examples.benchmarks.index.RecallCurve.Point;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

final class RecallCurveTest {
  @Test
  void theLogarithmIsLinearBetweenPoints() {
    RecallCurve curve = RecallCurve.ofPoints(List.of(new Point(0.9, 10_000), new Point(0.98, 100)));
    assertEquals(1000, curve.at(0.94).orElseThrow(), 1e-6);
    assertEquals(10_000, curve.at(0.9).orElseThrow());
    assertEquals(100, curve.at(0.98).orElseThrow(), 1e-9);
  }

  @Test
  void outsideThePointsNothingIsInvented() {
    RecallCurve curve = RecallCurve.ofPoints(List.of(new Point(0.9, 10_000), new Point(0.98, 100)));
    assertEquals(OptionalDouble.of(10_000), curve.at(0.5));
    assertEquals(OptionalDouble.empty(), curve.at(0.981));
    assertEquals(OptionalDouble.empty(), RecallCurve.ofPoints(List.of()).at(0.5));
  }

  @Test
  void beatenPointsAreLeftOut() {
    List<Point> points =
        List.of(
            new Point(0.95, 50),
            new Point(0.9, 100),
            new Point(0.9, 90),
            new Point(0.92, 40),
            new Point(0.99, 10));
    assertEquals(
        List.of(new Point(0.9, 100), new Point(0.95, 50), new Point(0.99, 10)),
        RecallCurve.ofPoints(points).points());
  }
}
