package io.recommender.ann.semantic;

import io.recommender.ItemFilter;
import io.recommender.ann.internal.AcceptedRows;
import io.recommender.ann.internal.RowSet;
import org.jspecify.annotations.Nullable;

/**
 * The rows that a filter accepts, which is asked about a row when it matters and never twice: all
 * of a search goes by the same answers, whatever they would be later.
 *
 * <p>A page of answers takes memory once a row of it matters.
 */
final class AskedRows implements AcceptedRows {
  private static final int PAGE_BITS = 12;
  private static final int PAGE_WORDS = 1 << PAGE_BITS - 6;

  private final RowSet shown;
  private final String[] ids;
  private final ItemFilter filter;

  /** The rows of each page that are shown and have not been rejected. */
  private final long @Nullable [][] left;

  /** The rows of each page that have been accepted. */
  private final long @Nullable [][] accepted;

  AskedRows(RowSet shown, String[] ids, ItemFilter filter) {
    this.shown = shown;
    this.ids = ids;
    this.filter = filter;
    int pages = (ids.length >>> PAGE_BITS) + 1;
    left = new long[pages][];
    accepted = new long[pages][];
  }

  @Override
  public int next(int from, int to) {
    int row = shown.next(from, to);
    while (row >= 0) {
      int page = row >>> PAGE_BITS;
      int pageEnd = Math.min(to, page + 1 << PAGE_BITS);
      int found = nextOfPage(page, row, pageEnd);
      if (found >= 0) {
        return found;
      }
      row = shown.next(pageEnd, to);
    }
    return NONE;
  }

  private int nextOfPage(int page, int from, int to) {
    long[] words = left[page];
    long[] known = accepted[page];
    if (words == null || known == null) {
      words = new long[PAGE_WORDS];
      known = new long[PAGE_WORDS];
      int first = page << PAGE_BITS - 6;
      int count = Math.min(PAGE_WORDS, RowSet.words(shown.rows()) - first);
      for (int i = 0; i < count; i++) {
        words[i] = shown.word(first + i);
      }
      left[page] = words;
      accepted[page] = known;
    }
    int end = to - 1 >>> 6;
    long mask = -1L << from;
    for (int i = from >>> 6; i <= end; i++) {
      int at = i & PAGE_WORDS - 1;
      long word = words[at] & mask;
      while (word != 0) {
        int row = (i << 6) + Long.numberOfTrailingZeros(word);
        if (row >= to) {
          return NONE;
        }
        long bit = word & -word;
        if ((known[at] & bit) != 0) {
          return row;
        }
        if (filter.accepts(ids[row])) {
          known[at] |= bit;
          return row;
        }
        words[at] &= ~bit;
        word &= ~bit;
      }
      mask = -1L;
    }
    return NONE;
  }

  @Override
  public int most() {
    return shown.most();
  }
}
