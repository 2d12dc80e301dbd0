package io.recommender.ann.neighbors;

import it.unimi.dsi.fastutil.ints.Int2IntMap;
import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import java.util.Arrays;

/**
 * For each item a count of its own, and a count for each other item that it occurred with.
 *
 * <p>The rows are in chunks, so that a change copies the rows it is about, their chunks and a table
 * of chunks, and a reader that began before reads on in what it has. <b>Immutable</b>.
 */
final class PairCounts {
  private static final int CHUNK_BITS = 8;
  private static final int CHUNK = 1 << CHUNK_BITS;
  private static final int[] NONE = {};
  private static final Row EMPTY = new Row(0, NONE, NONE);

  /**
   * What is known of an item. The arrays are not to be changed.
   *
   * @param own its own count
   * @param others the items it has a count with, ascending
   * @param counts their counts, none of them 0
   */
  record Row(int own, int[] others, int[] counts) {

    /** Returns this row after changes. */
    private Row plus(int more, Int2IntMap changes) {
      int[] changed = changes.keySet().toIntArray();
      Arrays.sort(changed);
      int[] newOthers = new int[others.length + changed.length];
      int[] newCounts = new int[newOthers.length];
      int size = 0;
      int i = 0;
      for (int other : changed) {
        while (i < others.length && others[i] < other) {
          newOthers[size] = others[i];
          newCounts[size++] = counts[i++];
        }
        int count = changes.get(other);
        if (i < others.length && others[i] == other) {
          count += counts[i++];
        }
        if (count != 0) {
          newOthers[size] = other;
          newCounts[size++] = count;
        }
      }
      System.arraycopy(others, i, newOthers, size, others.length - i);
      System.arraycopy(counts, i, newCounts, size, others.length - i);
      size += others.length - i;
      return new Row(own + more, Arrays.copyOf(newOthers, size), Arrays.copyOf(newCounts, size));
    }
  }

  private final Row[][] chunks;
  private final long pairs;

  private PairCounts(Row[][] chunks, long pairs) {
    this.chunks = chunks;
    this.pairs = pairs;
  }

  /** Takes over rows, one for each item; those that are null know nothing. */
  static PairCounts of(Row[] rows) {
    Row[][] chunks = new Row[(rows.length + CHUNK - 1) >>> CHUNK_BITS][];
    long pairs = 0;
    for (int i = 0; i < chunks.length; i++) {
      int first = i << CHUNK_BITS;
      chunks[i] = Arrays.copyOfRange(rows, first, Math.min(rows.length, first + CHUNK));
      for (int j = 0; j < chunks[i].length; j++) {
        chunks[i][j] = chunks[i][j] == null ? EMPTY : chunks[i][j];
        pairs += chunks[i][j].others.length;
      }
    }
    return new PairCounts(chunks, pairs);
  }

  Row row(int ordinal) {
    return chunks[ordinal >>> CHUNK_BITS][ordinal & (CHUNK - 1)];
  }

  /** Returns how many counts of two items are not 0. */
  long pairs() {
    return pairs;
  }

  Edit edit() {
    return new Edit(this);
  }

  /** A changed copy in the making. Confined. */
  static final class Edit {
    private final PairCounts before;
    private final Int2ObjectOpenHashMap<Int2IntOpenHashMap> pairs = new Int2ObjectOpenHashMap<>();
    private final Int2IntOpenHashMap own = new Int2IntOpenHashMap();

    private Edit(PairCounts before) {
      this.before = before;
    }

    void count(int item, int more) {
      own.addTo(item, more);
      changes(item);
    }

    void count(int item, int other, int more) {
      changes(item).addTo(other, more);
    }

    private Int2IntOpenHashMap changes(int item) {
      Int2IntOpenHashMap changes = pairs.get(item);
      if (changes == null) {
        changes = new Int2IntOpenHashMap();
        pairs.put(item, changes);
      }
      return changes;
    }

    PairCounts build() {
      Row[][] chunks = before.chunks.clone();
      long all = before.pairs;
      for (Int2ObjectMap.Entry<Int2IntOpenHashMap> entry : pairs.int2ObjectEntrySet()) {
        int item = entry.getIntKey();
        int chunk = item >>> CHUNK_BITS;
        if (chunks[chunk] == before.chunks[chunk]) {
          chunks[chunk] = chunks[chunk].clone();
        }
        Row old = before.row(item);
        Row row = old.plus(own.get(item), entry.getValue());
        chunks[chunk][item & (CHUNK - 1)] = row;
        all += row.others.length - old.others.length;
      }
      return new PairCounts(chunks, all);
    }
  }
}
