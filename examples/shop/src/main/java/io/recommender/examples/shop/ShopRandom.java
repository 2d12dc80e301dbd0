package io.recommender.examples.shop;

import java.util.SplittableRandom;

/**
 * Random numbers that are the same on every Java release: only {@link SplittableRandom#nextLong()}
 * and {@link StrictMath} are used, whose results are specified bit for bit.
 *
 * <p><b>Confined</b>.
 */
final class ShopRandom {
  private final SplittableRandom source;

  ShopRandom(long seed) {
    this(new SplittableRandom(seed));
  }

  private ShopRandom(SplittableRandom source) {
    this.source = source;
  }

  /** Returns a generator of its own sequence. */
  ShopRandom split() {
    return new ShopRandom(source.split());
  }

  /** Returns a number in [0, 1). */
  double uniform() {
    return (source.nextLong() >>> 11) * 0x1.0p-53;
  }

  /** Returns a number in [low, high). */
  double between(double low, double high) {
    return low + (high - low) * uniform();
  }

  /** Returns an integer from 0 to bound - 1. */
  int below(int bound) {
    return (int) (uniform() * bound);
  }

  boolean chance(double probability) {
    return uniform() < probability;
  }

  /** Returns a normal number of mean 0 and deviation 1 (Box and Muller). */
  double gaussian() {
    double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - uniform()));
    return radius * StrictMath.cos(2 * Math.PI * uniform());
  }

  /** Returns an index, each with a probability proportional to its weight; one is positive. */
  int pick(double[] weights) {
    double total = 0;
    for (double weight : weights) {
      total += weight;
    }
    double target = uniform() * total;
    int last = 0;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        target -= weights[i];
        last = i;
        if (target < 0) {
          break;
        }
      }
    }
    return last;
  }

  /** Shuffles in place (Fisher and Yates). */
  void shuffle(int[] values) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = below(i + 1);
      int swapped = values[i];
      values[i] = values[j];
      values[j] = swapped;
    }
  }
}
