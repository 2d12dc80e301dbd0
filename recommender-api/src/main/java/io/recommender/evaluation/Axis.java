package io.recommender.evaluation;

import java.util.ArrayList;
import java.util.List;

/** A linear axis from 0 that ends at a round number. */
record Axis(double step, int steps) {
  private static final int MOST_STEPS = 6;

  /** An axis that holds a value in at most six steps of 1, 2 or 5 times a power of ten. */
  static Axis upTo(double value) {
    double positive = value > 0 ? value : 1;
    double raw = positive / MOST_STEPS;
    double power = StrictMath.pow(10, Math.floor(StrictMath.log10(raw)));
    double step = power;
    for (double factor : new double[] {2, 5, 10}) {
      if (step < raw * 0.999999) {
        step = factor * power;
      }
    }
    return new Axis(step, (int) Math.ceil(positive / step - 1e-9));
  }

  double end() {
    return step * steps;
  }

  /** The values to mark, 0 and the end included. */
  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    for (int i = 0; i <= steps; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /** A tick with as many decimals as the step needs. */
  String label(double tick) {
    int decimals = (int) Math.max(0, Math.ceil(-StrictMath.log10(step) - 1e-9));
    return Svg.format("%." + decimals + "f", tick);
  }
}
