package io.recommender.ann.neighbors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Different numbers in ascending order, in blocks, so that a change copies one block and a table of
 * them. <b>Immutable</b>.
 */
final class SortedKeys {
  private static final int MOST = 512;
  private static final int FEW = 128;

  private final long[][] blocks;

  private SortedKeys(long[][] blocks) {
    this.blocks = blocks;
  }

  /** Cuts an array into blocks, which is sorted and not shared afterwards. */
  static SortedKeys of(long[] keys) {
    Arrays.sort(keys);
    int size = MOST / 2;
    long[][] blocks = new long[(keys.length + size - 1) / size][];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = Arrays.copyOfRange(keys, i * size, Math.min(keys.length, (i + 1) * size));
    }
    return new SortedKeys(blocks);
  }

  /** Returns how many blocks there are, none of them empty. */
  int blocks() {
    return blocks.length;
  }

  /** Returns a block, not to be changed. */
  long[] block(int i) {
    return blocks[i];
  }

  Edit edit() {
    return new Edit(this);
  }

  /** A changed copy in the making. Confined. */
  static final class Edit {
    private final List<long[]> blocks;

    private Edit(SortedKeys keys) {
      blocks = new ArrayList<>(Arrays.asList(keys.blocks));
    }

    /** Takes out a key that is there and puts in one that is not. */
    void replace(long old, long key) {
      remove(old);
      insert(key);
    }

    /** Returns the last block that begins at the key or before it, else the first one. */
    private int place(long key) {
      int low = 0;
      int high = blocks.size() - 1;
      while (low < high) {
        int middle = (low + high + 1) >>> 1;
        if (blocks.get(middle)[0] <= key) {
          low = middle;
        } else {
          high = middle - 1;
        }
      }
      return low;
    }

    private void remove(long key) {
      int place = place(key);
      long[] block = blocks.get(place);
      int at = Arrays.binarySearch(block, key);
      if (at < 0) {
        throw new AssertionError("a key that is not there");
      }
      long[] fewer = new long[block.length - 1];
      System.arraycopy(block, 0, fewer, 0, at);
      System.arraycopy(block, at + 1, fewer, at, fewer.length - at);
      blocks.set(place, fewer);
      if (fewer.length < FEW) {
        join(place);
      }
    }

    /** Joins a short block to one beside it, unless the two would soon be cut again. */
    private void join(int place) {
      int first = place + 1 < blocks.size() ? place : place - 1;
      if (blocks.get(place).length == 0) {
        blocks.remove(place);
      } else if (first >= 0) {
        long[] left = blocks.get(first);
        long[] right = blocks.get(first + 1);
        if (left.length + right.length <= MOST - FEW) {
          long[] both = Arrays.copyOf(left, left.length + right.length);
          System.arraycopy(right, 0, both, left.length, right.length);
          blocks.set(first, both);
          blocks.remove(first + 1);
        }
      }
    }

    private void insert(long key) {
      if (blocks.isEmpty()) {
        blocks.add(new long[] {key});
        return;
      }
      int place = place(key);
      long[] block = blocks.get(place);
      int at = -Arrays.binarySearch(block, key) - 1;
      if (at < 0) {
        throw new AssertionError("a key that is there already");
      }
      long[] more = new long[block.length + 1];
      System.arraycopy(block, 0, more, 0, at);
      more[at] = key;
      System.arraycopy(block, at, more, at + 1, block.length - at);
      if (more.length > MOST) {
        blocks.set(place, Arrays.copyOfRange(more, 0, more.length / 2));
        blocks.add(place + 1, Arrays.copyOfRange(more, more.length / 2, more.length));
      } else {
        blocks.set(place, more);
      }
    }

    SortedKeys build() {
      return new SortedKeys(blocks.toArray(new long[0][]));
    }
  }
}
