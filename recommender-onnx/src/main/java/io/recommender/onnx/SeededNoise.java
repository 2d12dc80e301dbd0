package io.recommender.onnx;

/**
 * Standard normal numbers that follow from a seed alone, on every machine: SplitMix64 (Steele, Lea
 * and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014) and the transform of
 * Box and Muller. The exporter computes the same ones for golden requests.
 *
 * <p><b>Confined</b>.
 */
final class SeededNoise {
  private static final double UNIT = 0x1p-53;

  private long state;
  private double second;
  private boolean hasSecond;

  /** Begins anew. */
  void reset(long seed) {
    state = seed;
    hasSecond = false;
  }

  double next() {
    if (hasSecond) {
      hasSecond = false;
      return second;
    }
    // In (0, 1], so that the logarithm is finite.
    double radius = StrictMath.sqrt(-2 * StrictMath.log(((bits() >>> 11) + 1) * UNIT));
    double angle = 2 * Math.PI * ((bits() >>> 11) * UNIT);
    second = radius * StrictMath.sin(angle);
    hasSecond = true;
    return radius * StrictMath.cos(angle);
  }

  private long bits() {
    state += 0x9e3779b97f4a7c15L;
    long mixed = (state ^ state >>> 30) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
    return mixed ^ mixed >>> 31;
  }
}
