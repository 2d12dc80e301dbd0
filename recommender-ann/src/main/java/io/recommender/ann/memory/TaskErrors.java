package io.recommender.ann.memory;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.UserKey;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The last errors of one task by their keys.
 *
 * <p>Observations are numbered. The error of number n is at place n modulo the capacity, until that
 * of n + capacity takes it; its key is in the index under its number. A search finds numbers, and
 * what has meanwhile lost its place does not count.
 *
 * <p><b>Thread safety.</b> Thread-safe. Changes take turns; searches wait for nothing.
 */
final class TaskErrors {
  private final int neighbors;
  private final ItemIndex index;
  private final AtomicReferenceArray<@Nullable Entry> places;
  private final ReentrantLock writeLock = new ReentrantLock();

  /** Guarded by writeLock. */
  private long next;

  TaskErrors(int dimension, ErrorMemoryOptions options) {
    neighbors = options.neighbors();
    index = options.index().create(dimension, Similarity.L2, options.capacity());
    places = new AtomicReferenceArray<>(options.capacity());
  }

  /**
   * An observed error.
   *
   * @param number counts observations, from 0
   * @param user whose it is, null = of nobody known
   * @param error label minus prediction, in [-1, 1]
   */
  record Entry(long number, @Nullable UserKey user, float error) {
    String id() {
      return Long.toString(number);
    }
  }

  /** Entries by number, with their keys, and the number of the next one. */
  record Contents(long next, List<Entry> entries, float[][] keys) {}

  void add(float[] key, @Nullable UserKey user, float error) {
    writeLock.lock();
    try {
      Entry entry = new Entry(next, user, error);
      remove(place(next));
      places.set(place(next), entry);
      index.add(entry.id(), key);
      next++;
    } finally {
      writeLock.unlock();
    }
  }

  private int place(long number) {
    return (int) (number % places.length());
  }

  private void remove(int place) {
    Entry entry = places.getAndSet(place, null);
    if (entry != null) {
      index.remove(entry.id());
    }
  }

  void forget(UserKey user) {
    writeLock.lock();
    try {
      for (int place = 0; place < places.length(); place++) {
        Entry entry = places.get(place);
        if (entry != null && user.equals(entry.user())) {
          remove(place);
        }
      }
    } finally {
      writeLock.unlock();
    }
  }

  void clear() {
    writeLock.lock();
    try {
      for (int place = 0; place < places.length(); place++) {
        remove(place);
      }
    } finally {
      writeLock.unlock();
    }
  }

  int size() {
    return index.size();
  }

  /** Returns the sum of the errors of the nearest keys, 0 without any, over their wanted number. */
  double meanError(float[] key) {
    return size() == 0 ? 0 : mean(index.search(key, neighbors));
  }

  double[] meanErrors(float[][] keys) {
    double[] means = new double[keys.length];
    if (size() > 0 && keys.length > 0) {
      List<List<ScoredItem>> found = index.searchAll(keys, neighbors, ItemFilter.all());
      for (int i = 0; i < means.length; i++) {
        means[i] = mean(found.get(i));
      }
    }
    return means;
  }

  private double mean(List<ScoredItem> nearest) {
    double sum = 0;
    for (ScoredItem hit : nearest) {
      long number = Long.parseLong(hit.itemId());
      Entry entry = places.get(place(number));
      if (entry != null && entry.number() == number) {
        sum += entry.error();
      }
    }
    // Over the wanted number also where fewer are there: few errors are little reason to correct.
    return sum / neighbors;
  }

  Contents contents() {
    writeLock.lock();
    try {
      List<Entry> entries = new ArrayList<>();
      List<float[]> keys = new ArrayList<>();
      for (long number = Math.max(0, next - places.length()); number < next; number++) {
        Entry entry = places.get(place(number));
        if (entry != null) {
          entries.add(entry);
          keys.add(index.vector(entry.id()).orElseThrow());
        }
      }
      return new Contents(next, entries, keys.toArray(new float[0][]));
    } finally {
      writeLock.unlock();
    }
  }

  /** Takes over what was saved; nothing has been added yet. */
  void load(Contents contents) {
    writeLock.lock();
    try {
      next = contents.next();
      List<String> ids = new ArrayList<>();
      for (Entry entry : contents.entries()) {
        places.set(place(entry.number()), entry);
        ids.add(entry.id());
      }
      index.addAll(ids, contents.keys());
    } finally {
      writeLock.unlock();
    }
  }
}
