package io.recommender.testing;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/** Items, vectors and filters for the tests of an index. */
final class RandomItems {
  private RandomItems() {}

  /** Adds items to an index and to its model: item-0, item-1 and so on. */
  static void addRandom(
      ItemIndex index, IndexModel model, int count, int dimension, Random random) {
    List<String> ids = IntStream.range(0, count).mapToObj(i -> "item-" + i).toList();
    float[][] vectors = new float[count][];
    for (int i = 0; i < count; i++) {
      vectors[i] = randomVector(dimension, random);
      model.add(ids.get(i), vectors[i]);
    }
    index.addAll(ids, vectors);
  }

  /** Returns a vector of any length, sometimes of zeros. */
  static float[] randomVector(int dimension, Random random) {
    float length = random.nextInt(50) == 0 ? 0 : (float) Math.exp(random.nextGaussian());
    float[] vector = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      vector[i] = length * (float) random.nextGaussian();
    }
    return vector;
  }

  /** Returns a filter of any kind. */
  static ItemFilter randomFilter(Random random) {
    Set<String> some = new HashSet<>();
    for (int i = random.nextInt(100); i > 0; i--) {
      some.add("item-" + random.nextInt(400));
    }
    return switch (random.nextInt(4)) {
      case 0 -> ItemFilter.allow(some);
      case 1 -> ItemFilter.deny(some);
      case 2 -> itemId -> itemId.hashCode() % 3 == 0;
      default -> ItemFilter.all();
    };
  }

  /** Returns a vector that no two of which can be mixed without changing every score. */
  static float[] constant(int dimension, int value) {
    float[] vector = new float[dimension];
    Arrays.fill(vector, 0, dimension / 2, value);
    Arrays.fill(vector, dimension / 2, dimension, value * value);
    return vector;
  }
}
