package io.recommender.ann.text;

import io.recommender.ann.internal.RowSet;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Changes the items of an index: every change publishes a new {@link KeywordVersion}.
 *
 * <p>What is added is a part of its own, which is merged with those before it that are not {@value
 * #LARGER} times as large: so there are few parts, and an item is copied a few times at most for
 * each of them.
 *
 * <p><b>Thread safety.</b> Thread-safe: changes take turns, {@link #version} takes no lock.
 */
final class KeywordStore {
  private static final int LARGER = 3;

  /** A part is written anew when more rows than this have gone, and this part of it. */
  private static final int LEAST_GONE = 64;

  private static final int GONE_PART = 4;

  /** Order numbers above this are counted anew from 0. */
  private static final int MANY_ORDERS = 1 << 30;

  private final boolean byLength;
  private volatile KeywordVersion version = KeywordVersion.EMPTY;
  private int nextOrder;

  /**
   * Makes a store.
   *
   * @param byLength whether rows are by length
   */
  KeywordStore(boolean byLength) {
    this.byLength = byLength;
  }

  KeywordVersion version() {
    return version;
  }

  /** Takes what a file has, with order numbers from 0 on. */
  synchronized void fill(Documents documents, RowSet shown) {
    nextOrder = documents.size();
    publish(List.of(KeywordPart.of(new KeywordSegment(documents), shown)));
  }

  /** Adds or replaces items. */
  synchronized void put(DocumentBatch batch) {
    KeywordVersion old = version;
    List<String> ids = batch.ids();
    if (ids.isEmpty()) {
      return;
    }
    int[] orders = new int[ids.size()];
    int newOrders = 0;
    Set<String> hidden = new HashSet<>();
    IntArrayList[] replaced = new IntArrayList[old.parts().size()];
    Arrays.setAll(replaced, part -> new IntArrayList());
    for (int i = 0; i < orders.length; i++) {
      KeywordVersion.Place place = old.find(ids.get(i));
      if (place.isNowhere()) {
        orders[i] = nextOrder + newOrders++;
      } else {
        KeywordPart part = old.parts().get(place.part());
        orders[i] = part.segment().order(place.row());
        replaced[place.part()].add(place.row());
        if (!part.shown().contains(place.row())) {
          hidden.add(ids.get(i));
        }
      }
    }
    KeywordSegment added = new KeywordSegment(batch.build(orders, byLength));
    List<KeywordPart> parts = new ArrayList<>();
    for (int i = 0; i < replaced.length; i++) {
      KeywordPart part = old.parts().get(i);
      parts.add(replaced[i].isEmpty() ? part : part.without(replaced[i].toIntArray()));
    }
    long[] words = new long[RowSet.words(added.size())];
    for (int row = 0; row < added.size(); row++) {
      if (!hidden.contains(added.id(row))) {
        words[row >>> 6] |= 1L << row;
      }
    }
    parts.add(KeywordPart.of(added, RowSet.of(added.size(), words)));
    nextOrder += newOrders;
    publish(parts);
  }

  synchronized boolean remove(String itemId) {
    KeywordVersion.Place place = version.find(itemId);
    if (place.isNowhere()) {
      return false;
    }
    List<KeywordPart> parts = new ArrayList<>(version.parts());
    parts.set(place.part(), parts.get(place.part()).without(new int[] {place.row()}));
    publish(parts);
    return true;
  }

  synchronized boolean setAvailable(String itemId, boolean available) {
    KeywordVersion old = version;
    KeywordVersion.Place place = old.find(itemId);
    if (place.isNowhere()) {
      return false;
    }
    List<KeywordPart> parts = new ArrayList<>(old.parts());
    parts.set(place.part(), parts.get(place.part()).with(place.row(), available));
    version = new KeywordVersion(List.copyOf(parts), old.size(), old.documents(), old.units());
    return true;
  }

  private void publish(List<KeywordPart> changed) {
    List<KeywordPart> parts = new ArrayList<>();
    if (nextOrder > MANY_ORDERS) {
      KeywordPart all = merged(changed, true);
      nextOrder = all.segment().size();
      parts.add(all);
    } else {
      for (KeywordPart part : changed) {
        int gone = part.segment().size() - part.present().size();
        boolean isHollow = gone > LEAST_GONE && gone > part.segment().size() / GONE_PART;
        if (part.present().size() > 0) {
          parts.add(isHollow ? merged(List.of(part), false) : part);
        }
      }
      int last = parts.size() - 1;
      int first = last;
      int size = 0;
      for (int i = last; i >= 0; i--) {
        if (i < last && parts.get(i).segment().size() < (long) LARGER * size) {
          first = i;
        }
        size += parts.get(i).segment().size();
      }
      if (first < last) {
        List<KeywordPart> tail = parts.subList(first, parts.size());
        KeywordPart part = merged(tail, false);
        tail.clear();
        parts.add(part);
      }
    }
    version = counted(parts);
  }

  private static KeywordVersion counted(List<KeywordPart> parts) {
    int size = 0;
    int documents = 0;
    long units = 0;
    for (KeywordPart part : parts) {
      KeywordPart.Totals totals = part.totals();
      size += part.present().size();
      documents += totals.documents();
      units = Math.addExact(units, totals.units());
    }
    return new KeywordVersion(List.copyOf(parts), size, documents, units);
  }

  /** Returns everything in one part, with order numbers counted from 0: what goes into a file. */
  KeywordPart compacted() {
    return merged(version.parts(), true);
  }

  private KeywordPart merged(List<KeywordPart> parts, boolean countsOrders) {
    Documents documents = Documents.merge(parts, byLength);
    if (countsOrders) {
      countOrders(documents.orders());
    }
    KeywordSegment segment = new KeywordSegment(documents);
    long[] words = new long[RowSet.words(segment.size())];
    for (KeywordPart part : parts) {
      int end = part.segment().size();
      for (int row = part.shown().next(0, end); row >= 0; row = part.shown().next(row + 1, end)) {
        int moved = segment.find(part.segment().id(row));
        words[moved >>> 6] |= 1L << moved;
      }
    }
    return KeywordPart.of(segment, RowSet.of(segment.size(), words));
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
}
