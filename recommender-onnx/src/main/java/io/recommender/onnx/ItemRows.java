package io.recommender.onnx;

import io.recommender.Item;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Tensor rows of items that the application brings, made when an item is first seen and copied from
 * then on.
 *
 * <p>The key is the item itself, not its id. An item never changes, so a row is never stale: an
 * item with the same id and other features is another key. Items are not kept alive.
 *
 * <p>The table is made of sets of {@value #WAYS}. In a full set an item that was asked for since it
 * was last passed over gets a second chance.
 *
 * <p><b>Thread-safe</b>, without locks: two threads may make the same row at once.
 */
final class ItemRows {
  /** Keeps nothing. */
  static final ItemRows NONE = new ItemRows(new long[0], 0);

  private static final int WAYS = 4;

  /** What an entry takes besides its row: itself, the header of the row, its slot. */
  private static final int ENTRY_BYTES = 80;

  private static final int MOST_ROW_BYTES = 1 << 28;
  private static final int MOST_ENTRIES = 1 << 18;
  private static final int NOT_KEPT = -1;

  /** Where the row of each input starts in that of an item, or {@value #NOT_KEPT}. */
  private final int[] offsets;

  private final int rowBytes;
  private final AtomicReferenceArray<@Nullable Entry> slots;

  /**
   * Makes room.
   *
   * @param bytesOfInputs bytes of a row of each input, 0 for those whose rows are not kept
   * @param most the most bytes that all rows may take; with none in a set, nothing is kept
   */
  ItemRows(long[] bytesOfInputs, long most) {
    offsets = new int[bytesOfInputs.length];
    long sum = 0;
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = bytesOfInputs[i] == 0 ? NOT_KEPT : (int) sum;
      sum += bytesOfInputs[i];
    }
    rowBytes = (int) sum;
    boolean isKept = sum > 0 && sum <= MOST_ROW_BYTES;
    long entries = isKept ? Math.min(MOST_ENTRIES, most / (sum + ENTRY_BYTES)) : 0;
    slots = new AtomicReferenceArray<>(entries < WAYS ? 0 : (int) Long.highestOneBit(entries));
  }

  private static final class Entry extends WeakReference<Item> {
    private final byte[] row;

    /** Racy: a lost update costs a second chance and no more. */
    private boolean asked;

    Entry(Item item, byte[] row) {
      super(item);
      this.row = row;
    }
  }

  private int firstOfSet(Item item) {
    // The upper half of a product of the hash, whose lower bits alone are not even.
    int spread = System.identityHashCode(item) * 0x9e3779b9;
    return (spread >>> 8 & slots.length() - 1) & -WAYS;
  }

  private byte @Nullable [] find(Item item) {
    int first = firstOfSet(item);
    for (int way = 0; way < WAYS; way++) {
      Entry entry = slots.getAcquire(first + way);
      if (entry != null && entry.refersTo(item)) {
        entry.asked = true;
        return entry.row;
      }
    }
    return null;
  }

  private void keep(Item item, byte[] row) {
    int first = firstOfSet(item);
    int place = first + (System.identityHashCode(item) & WAYS - 1);
    boolean isFound = false;
    for (int way = 0; way < WAYS && !isFound; way++) {
      Entry entry = slots.getAcquire(first + way);
      isFound = entry == null || entry.refersTo(null) || !entry.asked;
      if (isFound) {
        place = first + way;
      } else if (entry != null) {
        entry.asked = false;
      }
    }
    slots.setRelease(place, new Entry(item, row));
  }

  /** The rows of some candidates of a call. */
  Batch of(RankerCall call, int from, int to) {
    Batch batch = new Batch(call, from, to - from);
    if (slots.length() > 0) {
      batch.find();
    }
    return batch;
  }

  /** The rows of some candidates of a call. <b>Confined</b>. */
  final class Batch {
    private final RankerCall call;
    private final int from;
    private final byte @Nullable [][] rows;
    private final boolean[] isNew;

    private Batch(RankerCall call, int from, int count) {
      this.call = call;
      this.from = from;
      rows = new byte @Nullable [count][];
      isNew = new boolean[count];
    }

    private void find() {
      for (int i = 0; i < rows.length; i++) {
        Item item = call.items().get(from + i);
        // Items that nobody knows are made anew in every call.
        if (!call.known()[from + i] && !item.features().isEmpty()) {
          byte[] row = ItemRows.this.find(item);
          isNew[i] = row == null;
          rows[i] = row == null ? new byte[rowBytes] : row;
        }
      }
    }

    /**
     * Copies what is kept of a candidate to a row of a tensor.
     *
     * @return whether there was something
     */
    boolean read(int input, int candidate, TensorBuffer to, int index, int count) {
      byte[] row = rows[candidate - from];
      if (row == null || isNew[candidate - from] || offsets[input] == NOT_KEPT) {
        return false;
      }
      to.put(index, row, offsets[input], count);
      return true;
    }

    /** Takes over the row of a tensor, if that of the candidate is to be kept. */
    void write(int input, int candidate, TensorBuffer source, int index, int count) {
      byte[] row = rows[candidate - from];
      if (row != null && isNew[candidate - from] && offsets[input] != NOT_KEPT) {
        source.get(index, row, offsets[input], count);
      }
    }

    /** Keeps the new rows, now that every input has written them. */
    void keep() {
      for (int i = 0; i < rows.length; i++) {
        byte[] row = rows[i];
        if (row != null && isNew[i]) {
          ItemRows.this.keep(call.items().get(from + i), row);
        }
      }
    }
  }
}
