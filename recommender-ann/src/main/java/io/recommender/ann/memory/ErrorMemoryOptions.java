package io.recommender.ann.memory;

import io.recommender.ItemIndex;
import io.recommender.ItemIndexFactory;
import io.recommender.Similarity;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.HnswIndex;
import java.util.Objects;

/**
 * How much an {@link ErrorMemory} keeps, and how strongly it corrects. Each method returns changed
 * options, so they can be written as a chain.
 *
 * <p><b>Immutable</b>.
 */
public final class ErrorMemoryOptions {
  /** The most errors of a task that a memory keeps. */
  public static final int MAX_CAPACITY = 1 << 24;

  /** Up to this capacity nearest keys are found exactly unless {@link #index} says otherwise. */
  public static final int EXACT_CAPACITY = 10_000;

  /**
   * How many bytes an error takes at most besides 4 for each dimension of its key, with the index
   * that is used unless {@link #index} says otherwise.
   */
  public static final int ENTRY_BYTES = 384;

  private static final ErrorMemoryOptions DEFAULTS =
      new ErrorMemoryOptions(0.5, 100, 1_000, ErrorMemoryOptions::indexFor);

  private final double strength;
  private final int neighbors;
  private final int capacity;
  private final ItemIndexFactory index;

  private ErrorMemoryOptions(double strength, int neighbors, int capacity, ItemIndexFactory index) {
    this.strength = strength;
    this.neighbors = neighbors;
    this.capacity = capacity;
    this.index = index;
  }

  /**
   * Returns the options that need no thought.
   *
   * @return strength 0.5, 100 neighbours, the last 1,000 errors of each task, compared exactly
   */
  public static ErrorMemoryOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets which part of the mean error of the neighbours is taken from a prediction.
   *
   * @param strength in [0, 1]; 0 = nothing is corrected
   * @return changed options
   * @throws IllegalArgumentException if it is not in [0, 1]
   */
  public ErrorMemoryOptions strength(double strength) {
    if (!(strength >= 0 && strength <= 1)) {
      throw new IllegalArgumentException(
          "strength: expected a number in [0, 1], found " + strength);
    }
    return new ErrorMemoryOptions(strength, neighbors, capacity, index);
  }

  /**
   * Sets how many errors a correction is the mean of. The fewer they are, the more of chance is in
   * it.
   *
   * @param neighbors at least 1
   * @return changed options
   * @throws IllegalArgumentException if it is below 1
   */
  public ErrorMemoryOptions neighbors(int neighbors) {
    if (neighbors < 1) {
      throw new IllegalArgumentException("neighbors: expected at least 1, found " + neighbors);
    }
    return new ErrorMemoryOptions(strength, neighbors, capacity, index);
  }

  /**
   * Sets how many errors of each task are kept, the newest.
   *
   * @param capacity from 1 to {@link #MAX_CAPACITY}
   * @return changed options
   * @throws IllegalArgumentException if it is out of range
   */
  public ErrorMemoryOptions capacity(int capacity) {
    if (capacity < 1 || capacity > MAX_CAPACITY) {
      throw new IllegalArgumentException(
          "capacity: expected 1 to %d, found %d".formatted(MAX_CAPACITY, capacity));
    }
    return new ErrorMemoryOptions(strength, neighbors, capacity, index);
  }

  /**
   * Sets how many errors of each task are kept to as many as have room within a number of bytes,
   * counted as {@link ErrorMemory#estimatedBytes} does.
   *
   * @param bytes how many bytes the whole memory may take
   * @param dimension the length of every key, at least 1
   * @param tasks the number of tasks, at least 1
   * @return changed options
   * @throws IllegalArgumentException if there is no room for one error of each task, or the
   *     dimension or the number of tasks is below 1
   */
  public ErrorMemoryOptions capacityWithin(long bytes, int dimension, int tasks) {
    long each = bytesOfEach(dimension, tasks);
    if (bytes < each) {
      throw new IllegalArgumentException(
          "bytes: expected at least %d for an error of each task, found %d".formatted(each, bytes));
    }
    return capacity((int) Math.min(MAX_CAPACITY, bytes / each));
  }

  /** Returns how many bytes an error of each task takes at most. */
  static long bytesOfEach(int dimension, int tasks) {
    if (dimension < 1 || tasks < 1) {
      throw new IllegalArgumentException(
          "dimension and tasks: expected at least 1, found %d and %d".formatted(dimension, tasks));
    }
    return (ENTRY_BYTES + (long) Float.BYTES * dimension) * tasks;
  }

  /**
   * Sets what finds the nearest keys.
   *
   * @param index gets the capacity as expected size. Unless set, it is a {@link FlatIndex}, which
   *     is exact, up to {@value #EXACT_CAPACITY} keys, and an {@link HnswIndex} above
   * @return changed options
   */
  public ErrorMemoryOptions index(ItemIndexFactory index) {
    return new ErrorMemoryOptions(
        strength, neighbors, capacity, Objects.requireNonNull(index, "index"));
  }

  private static ItemIndex indexFor(int dimension, Similarity similarity, int capacity) {
    // Sparser than a graph of items: which of many near keys are found matters little to a mean.
    return capacity <= EXACT_CAPACITY
        ? new FlatIndex(dimension, similarity, capacity)
        : HnswIndex.builder(dimension, similarity).m(8).efConstruction(40).build();
  }

  /** {@return which part of the mean error is taken from a prediction} */
  public double strength() {
    return strength;
  }

  /** {@return how many errors a correction is the mean of} */
  public int neighbors() {
    return neighbors;
  }

  /** {@return how many errors of each task are kept} */
  public int capacity() {
    return capacity;
  }

  ItemIndexFactory index() {
    return index;
  }

  @Override
  public String toString() {
    return "ErrorMemoryOptions[strength %s, %d neighbors, capacity %d]"
        .formatted(strength, neighbors, capacity);
  }
}
