package io.recommender.examples.benchmarks.index;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The best rates of an engine against recall: the points of which no other has both a higher recall
 * and a higher rate.
 *
 * @param points by ascending recall and so by descending rate
 */
record RecallCurve(List<Point> points) {
  /**
   * A measured point.
   *
   * @param recall from 0 to 1
   * @param rate queries per second, above 0
   */
  record Point(double recall, double rate) {}

  /** Keeps the best of some points. */
  static RecallCurve ofPoints(List<Point> all) {
    List<Point> sorted = new ArrayList<>(all);
    sorted.sort(
        Comparator.comparingDouble(Point::recall).thenComparingDouble(Point::rate).reversed());
    List<Point> best = new ArrayList<>();
    double highest = 0;
    for (Point point : sorted) {
      if (point.rate() > highest) {
        highest = point.rate();
        best.add(0, point);
      }
    }
    return new RecallCurve(List.copyOf(best));
  }

  static RecallCurve of(List<BenchmarkReport.Search> searches) {
    return ofPoints(
        searches.stream()
            .map(search -> new Point(search.recall(), search.cpuQps().median()))
            .toList());
  }

  /**
   * Returns the rate at a recall: the logarithm is linear between the two points around it. Below
   * the first point the rate is that of the first, which finds more than is asked for; above the
   * last there is none.
   */
  OptionalDouble at(double recall) {
    for (int i = 0; i < points.size(); i++) {
      Point above = points.get(i);
      if (above.recall() >= recall) {
        if (i == 0) {
          return OptionalDouble.of(above.rate());
        }
        Point below = points.get(i - 1);
        double share = (recall - below.recall()) / (above.recall() - below.recall());
        double log = (1 - share) * Math.log(below.rate()) + share * Math.log(above.rate());
        return OptionalDouble.of(Math.exp(log));
      }
    }
    return OptionalDouble.empty();
  }
}
