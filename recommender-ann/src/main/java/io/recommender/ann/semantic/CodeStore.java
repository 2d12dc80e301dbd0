package io.recommender.ann.semantic;

import io.recommender.ann.internal.RowSet;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Arrays;
import java.util.List;

/**
 * Changes the items of an index: every change publishes a new {@link CodeVersion}.
 *
 * <p>A change copies the delta, which is therefore kept short: about the square root of the base.
 * Then the two are merged, in one pass over both.
 *
 * <p><b>Thread safety.</b> Thread-safe: changes take turns, {@link #version} takes no lock.
 */
final class CodeStore {
  private static final int LEAST_DELTA = 256;

  /** The base is also merged when this part of it has gone. */
  private static final int GONE_PART = 4;

  /** Order numbers above this are counted anew from 0. */
  private static final int MANY_ORDERS = 1 << 30;

  private final CodeShape shape;
  private final boolean unique;
  private volatile CodeVersion version;
  private int nextOrder;

  CodeStore(CodeShape shape, boolean unique) {
    this.shape = shape;
    this.unique = unique;
    version = CodeVersion.empty(shape);
  }

  /**
   * What a file has.
   *
   * @param items with order numbers from 0 on
   * @param shown which of them are available
   */
  record Contents(CodeShape shape, boolean unique, SortedCodes items, RowSet shown) {}

  CodeStore(Contents contents) {
    this(contents.shape, contents.unique);
    CodeVersion nothing = version;
    version =
        new CodeVersion(
            new CodeSegment(contents.items),
            RowSet.all(contents.items.size()),
            contents.shown,
            nothing.delta(),
            nothing.deltaShown());
    nextOrder = contents.items.size();
  }

  CodeVersion version() {
    return version;
  }

  /**
   * Adds or replaces items; each once.
   *
   * @throws IllegalArgumentException if codes must be unique and one is not; nothing has changed
   */
  synchronized void put(List<String> itemIds, int[][] codes) {
    CodeVersion old = version;
    String[] ids = itemIds.toArray(new String[0]);
    int[] orders = new int[ids.length];
    int newOrders = 0;
    boolean[] isHidden = new boolean[ids.length];
    IntArrayList replaced = new IntArrayList();
    IntArrayList deltaReplaced = new IntArrayList();
    for (int i = 0; i < ids.length; i++) {
      int deltaRow = old.delta().find(ids[i]);
      int row = deltaRow >= 0 ? -1 : old.findInBase(ids[i]);
      if (deltaRow >= 0) {
        deltaReplaced.add(deltaRow);
        orders[i] = old.delta().orders[deltaRow];
        isHidden[i] = !old.deltaShown().contains(deltaRow);
      } else if (row >= 0) {
        replaced.add(row);
        orders[i] = old.base().orders[row];
        isHidden[i] = !old.shown().contains(row);
      } else {
        orders[i] = nextOrder + newOrders++;
      }
    }
    int[] sorted = SortedCodes.sort(codes, orders);
    SortedCodes batch = SortedCodes.of(shape, ids, codes, orders, sorted);
    long[] batchShown = new long[RowSet.words(ids.length)];
    for (int row = 0; row < sorted.length; row++) {
      if (!isHidden[sorted[row]]) {
        batchShown[row >>> 6] |= 1L << row;
      }
    }
    RowSet present = old.present().with(replaced.elements(), replaced.size(), false);
    RowSet shown = old.shown().with(replaced.elements(), replaced.size(), false);
    RowSet kept =
        RowSet.all(old.delta().size()).with(deltaReplaced.elements(), deltaReplaced.size(), false);
    SortedCodes.Merged merged =
        SortedCodes.merge(shape, old.delta().items, kept, batch, RowSet.all(batch.size()));
    if (unique) {
      checkUnique(old.base(), present, merged.items());
    }
    RowSet deltaShown = moved(merged, old.deltaShown(), RowSet.of(ids.length, batchShown));
    nextOrder += newOrders;
    publish(old.base(), present, shown, merged.items(), deltaShown);
  }

  private static void checkUnique(CodeSegment base, RowSet present, SortedCodes delta) {
    CodeRows rows = delta.rows();
    for (int row = 0; row < delta.size(); row++) {
      String other = null;
      if (row > 0 && rows.compare(row - 1, rows, row) == 0) {
        other = delta.ids()[row - 1];
      } else {
        int found = present.next(base.rows.lowerBound(rows, row), base.size());
        if (found >= 0 && base.rows.compare(found, rows, row) == 0) {
          other = base.ids[found];
        }
      }
      if (other != null) {
        throw new IllegalArgumentException(
            "code of item '%s': expected one that no other item has, found %s, that of item '%s'"
                .formatted(delta.ids()[row], Arrays.toString(rows.copy(row)), other));
      }
    }
  }

  synchronized boolean remove(String itemId) {
    CodeVersion old = version;
    int deltaRow = old.delta().find(itemId);
    if (deltaRow >= 0) {
      RowSet kept = RowSet.all(old.delta().size()).with(deltaRow, false);
      SortedCodes nothing = SortedCodes.empty(shape);
      SortedCodes.Merged left =
          SortedCodes.merge(shape, old.delta().items, kept, nothing, RowSet.all(0));
      RowSet deltaShown = moved(left, old.deltaShown(), RowSet.all(0));
      publish(old.base(), old.present(), old.shown(), left.items(), deltaShown);
      return true;
    }
    int row = old.findInBase(itemId);
    if (row < 0) {
      return false;
    }
    publish(
        old.base(),
        old.present().with(row, false),
        old.shown().with(row, false),
        old.delta().items,
        old.deltaShown());
    return true;
  }

  synchronized boolean setAvailable(String itemId, boolean available) {
    CodeVersion old = version;
    int deltaRow = old.delta().find(itemId);
    int row = deltaRow >= 0 ? -1 : old.findInBase(itemId);
    if (deltaRow < 0 && row < 0) {
      return false;
    }
    version =
        deltaRow >= 0
            ? new CodeVersion(
                old.base(),
                old.present(),
                old.shown(),
                old.delta(),
                old.deltaShown().with(deltaRow, available))
            : new CodeVersion(
                old.base(),
                old.present(),
                old.shown().with(row, available),
                old.delta(),
                old.deltaShown());
    return true;
  }

  private void publish(
      CodeSegment base, RowSet present, RowSet shown, SortedCodes delta, RowSet deltaShown) {
    int gone = base.size() - present.size();
    boolean isLong = delta.size() > longestDelta(base.size());
    boolean isHollow = gone > LEAST_DELTA && gone > base.size() / GONE_PART;
    if (isLong || isHollow) {
      boolean hasManyOrders = nextOrder > MANY_ORDERS;
      version = merged(base, present, shown, delta, deltaShown, hasManyOrders);
      nextOrder = hasManyOrders ? version.size() : nextOrder;
    } else {
      CodeSegment segment =
          delta == version.delta().items ? version.delta() : new CodeSegment(delta);
      version = new CodeVersion(base, present, shown, segment, deltaShown);
    }
  }

  static int longestDelta(int base) {
    return Math.max(LEAST_DELTA, 2 * (int) Math.sqrt(base));
  }

  /** Returns everything in one base, with order numbers counted from 0: what goes into a file. */
  CodeVersion compacted() {
    CodeVersion now = version;
    return merged(
        now.base(), now.present(), now.shown(), now.delta().items, now.deltaShown(), true);
  }

  private CodeVersion merged(
      CodeSegment base,
      RowSet present,
      RowSet shown,
      SortedCodes delta,
      RowSet deltaShown,
      boolean countsOrders) {
    SortedCodes.Merged merged =
        SortedCodes.merge(shape, base.items, present, delta, RowSet.all(delta.size()));
    if (countsOrders) {
      countOrders(merged.items().orders());
    }
    CodeVersion nothing = CodeVersion.empty(shape);
    return new CodeVersion(
        new CodeSegment(merged.items()),
        RowSet.all(merged.items().size()),
        moved(merged, shown, deltaShown),
        nothing.delta(),
        nothing.deltaShown());
  }

  /** Replaces distinct numbers by 0, 1 and so on in the same order. */
  private static void countOrders(int[] orders) {
    int[] rows = new int[orders.length];
    Arrays.setAll(rows, row -> row);
    IntArrays.mergeSort(rows, (one, other) -> Integer.compare(orders[one], orders[other]));
    int[] counted = new int[orders.length];
    for (int i = 0; i < rows.length; i++) {
      counted[rows[i]] = i;
    }
    System.arraycopy(counted, 0, orders, 0, orders.length);
  }

  /** Returns the members of two sets where a merge has put them. */
  private static RowSet moved(SortedCodes.Merged merged, RowSet first, RowSet second) {
    int rows = merged.items().size();
    long[] words = new long[RowSet.words(rows)];
    mark(words, first, merged.first());
    mark(words, second, merged.second());
    return RowSet.of(rows, words);
  }

  private static void mark(long[] words, RowSet members, int[] moved) {
    for (int row = 0; row < moved.length; row++) {
      if (moved[row] >= 0 && members.contains(row)) {
        words[moved[row] >>> 6] |= 1L << moved[row];
      }
    }
  }
}
