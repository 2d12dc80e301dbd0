package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.ScoredItem;
import java.util.List;

/**
 * The best k of a stream of scored ordinals: a binary min-heap over two arrays.
 *
 * <p>Of equal scores the lower ordinal is better. <b>Confined</b>, reused from call to call.
 */
final class TopItems {
  private float[] scores = new float[16];
  private int[] ordinals = new int[16];
  private int capacity;
  private int size;

  void reset(int k) {
    capacity = k;
    size = 0;
    if (scores.length < k) {
      scores = new float[k];
      ordinals = new int[k];
    }
  }

  /** A score at or below this one cannot enter at a higher ordinal than those offered before. */
  float threshold() {
    return size < capacity ? Float.NEGATIVE_INFINITY : scores[0];
  }

  /** Offers an ordinal with a finite score. */
  void offer(int ordinal, float score) {
    if (size < capacity) {
      int i = size++;
      while (i > 0) {
        int parent = (i - 1) >>> 1;
        if (!worse(score, ordinal, scores[parent], ordinals[parent])) {
          break;
        }
        scores[i] = scores[parent];
        ordinals[i] = ordinals[parent];
        i = parent;
      }
      scores[i] = score;
      ordinals[i] = ordinal;
    } else if (worse(scores[0], ordinals[0], score, ordinal)) {
      sink(score, ordinal);
    }
  }

  /** Takes everything out, best first. */
  List<ScoredItem> drain(Catalog catalog, String source) {
    ScoredItem[] items = new ScoredItem[size];
    for (int i = size - 1; i >= 0; i--) {
      items[i] = new ScoredItem(catalog.id(ordinals[0]), scores[0], source);
      size--;
      if (size > 0) {
        sink(scores[size], ordinals[size]);
      }
    }
    return List.of(items);
  }

  private void sink(float score, int ordinal) {
    int i = 0;
    for (int child = 1; child < size; child = 2 * i + 1) {
      if (child + 1 < size
          && worse(scores[child + 1], ordinals[child + 1], scores[child], ordinals[child])) {
        child++;
      }
      if (!worse(scores[child], ordinals[child], score, ordinal)) {
        break;
      }
      scores[i] = scores[child];
      ordinals[i] = ordinals[child];
      i = child;
    }
    scores[i] = score;
    ordinals[i] = ordinal;
  }

  private static boolean worse(float score, int ordinal, float otherScore, int otherOrdinal) {
    return score < otherScore || (score == otherScore && ordinal > otherOrdinal);
  }
}
