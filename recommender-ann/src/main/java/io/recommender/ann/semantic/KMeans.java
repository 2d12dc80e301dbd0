package io.recommender.ann.semantic;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Places the entries of a codebook among vectors: k-means++ (Arthur and Vassilvitskii 2007), then
 * rounds of Lloyd's, in which an entry that no vector is next to moves to the vector that is worst
 * off.
 *
 * <p>Every sum is taken in the order of the vectors, so that the outcome depends on the seed only.
 *
 * <p><b>Confined</b>; for one codebook.
 */
final class KMeans {
  private final float[][] vectors;
  private final int dimension;
  private final int threads;
  private final float[][] entries;

  /** Which entry each vector is next to. */
  private final int[] nearest;

  /** How far from it, squared. */
  private final float[] distances;

  private KMeans(float[][] vectors, int size, int threads) {
    this.vectors = vectors;
    this.threads = threads;
    dimension = vectors[0].length;
    entries = new float[size][];
    nearest = new int[vectors.length];
    distances = new float[vectors.length];
  }

  /**
   * Returns a codebook.
   *
   * @param vectors at least as many as there are to be entries
   * @param iterations how many rounds of Lloyd's at most
   */
  static float[][] fit(float[][] vectors, int size, int iterations, long seed, int threads) {
    KMeans means = new KMeans(vectors, size, threads);
    means.run(iterations, seed);
    return means.entries;
  }

  /** Returns which of the entries each vector is next to. */
  static int[] clusters(float[][] vectors, int size, int iterations, long seed) {
    KMeans means = new KMeans(vectors, size, 1);
    means.run(iterations, seed);
    means.assign();
    return means.nearest;
  }

  private void run(int iterations, long seed) {
    draw(new SplittableRandom(seed));
    for (int i = 0; i < iterations; i++) {
      if (!assign() && i > 0) {
        break;
      }
      move();
    }
  }

  /** Draws the entries, each with a probability that grows with the square of its distance. */
  private void draw(SplittableRandom random) {
    Arrays.fill(distances, Float.POSITIVE_INFINITY);
    int drawn = random.nextInt(vectors.length);
    for (int entry = 0; entry < entries.length; entry++) {
      float[] vector = vectors[drawn].clone();
      entries[entry] = vector;
      Blocks.run(
          vectors.length,
          threads,
          () -> this,
          (from, to, none) -> {
            for (int i = from; i < to; i++) {
              distances[i] = Math.min(distances[i], Rows.distance(vectors[i], vector));
            }
          });
      drawn = drawn(random.nextDouble());
    }
  }

  private int drawn(double share) {
    double sum = 0;
    for (float distance : distances) {
      sum += distance;
    }
    double left = share * sum;
    int last = 0;
    for (int i = 0; i < distances.length; i++) {
      if (distances[i] > 0) {
        last = i;
        left -= distances[i];
        if (left < 0) {
          break;
        }
      }
    }
    return last;
  }

  /** Finds the nearest entry of each vector and returns whether any is another one than before. */
  private boolean assign() {
    float[] columns = ResidualEncoder.columns(entries, dimension);
    float[] halves = new float[entries.length];
    for (int entry = 0; entry < halves.length; entry++) {
      halves[entry] = (float) (Rows.norm(entries[entry]) / 2);
    }
    int[] before = nearest.clone();
    Blocks.run(
        vectors.length,
        threads,
        () -> new float[entries.length],
        (from, to, products) -> {
          for (int i = from; i < to; i++) {
            ResidualEncoder.products(vectors[i], 0, dimension, columns, products);
            int best = 0;
            for (int entry = 1; entry < products.length; entry++) {
              if (products[entry] - halves[entry] > products[best] - halves[best]) {
                best = entry;
              }
            }
            nearest[i] = best;
            distances[i] = Rows.distance(vectors[i], entries[best]);
          }
        });
    return !Arrays.equals(before, nearest);
  }

  /** Moves each entry to the mean of the vectors that it is next to. */
  private void move() {
    int[] ends = new int[entries.length];
    for (int entry : nearest) {
      ends[entry]++;
    }
    for (int entry = 1; entry < ends.length; entry++) {
      ends[entry] += ends[entry - 1];
    }
    int[] members = new int[vectors.length];
    int[] free = ends.clone();
    for (int i = vectors.length - 1; i >= 0; i--) {
      members[--free[nearest[i]]] = i;
    }
    Blocks.run(
        entries.length,
        threads,
        () -> new double[dimension],
        (from, to, sums) -> {
          for (int entry = from; entry < to; entry++) {
            mean(members, free[entry], ends[entry], sums, entries[entry]);
          }
        });
    for (int entry = 0; entry < entries.length; entry++) {
      if (free[entry] == ends[entry]) {
        revive(entry);
      }
    }
  }

  private void mean(int[] members, int from, int to, double[] sums, float[] mean) {
    if (from == to) {
      return;
    }
    Arrays.fill(sums, 0);
    for (int i = from; i < to; i++) {
      float[] vector = vectors[members[i]];
      for (int d = 0; d < dimension; d++) {
        sums[d] += vector[d];
      }
    }
    for (int d = 0; d < dimension; d++) {
      mean[d] = (float) (sums[d] / (to - from));
    }
  }

  private void revive(int entry) {
    int worst = 0;
    for (int i = 1; i < distances.length; i++) {
      if (distances[i] > distances[worst]) {
        worst = i;
      }
    }
    entries[entry] = vectors[worst].clone();
    distances[worst] = 0;
  }
}
