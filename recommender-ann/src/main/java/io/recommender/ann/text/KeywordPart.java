package io.recommender.ann.text;

import io.recommender.ann.internal.RowSet;

/**
 * A segment and what of it is left.
 *
 * <p><b>Immutable</b>.
 *
 * @param segment the items as they were added
 * @param present which rows have neither been removed nor replaced since
 * @param shown which of those are available
 * @param gone how many rows that are not present each term has
 * @param totals what the present rows come to
 */
record KeywordPart(
    KeywordSegment segment, RowSet present, RowSet shown, TermCounts gone, Totals totals) {
  private static final double LENGTH_UNIT = 1 << 20;

  /**
   * What rows come to.
   *
   * @param documents how many have terms
   * @param units the sum of their lengths in 2^-20 of a weight. The sum of whole numbers does not
   *     depend on their order, so that scores do not depend on how an index came to hold what it
   *     holds
   */
  record Totals(int documents, long units) {
    private Totals minus(float length) {
      return new Totals(documents - (length > 0 ? 1 : 0), units - unitsOf(length));
    }
  }

  static KeywordPart of(KeywordSegment segment, RowSet shown) {
    int documents = 0;
    long units = 0;
    for (int row = 0; row < segment.size(); row++) {
      documents += segment.length(row) > 0 ? 1 : 0;
      units = Math.addExact(units, unitsOf(segment.length(row)));
    }
    return new KeywordPart(
        segment,
        RowSet.all(segment.size()),
        shown,
        TermCounts.zeros(segment.terms().size()),
        new Totals(documents, units));
  }

  /** Returns the row of an item that is present, or -1. */
  int find(String itemId) {
    int row = segment.find(itemId);
    return row >= 0 && present.contains(row) ? row : -1;
  }

  /** Returns the first present row from one on, or -1. */
  int nextPresent(int row) {
    return present.next(row, segment.size());
  }

  /** Returns how many present rows have a term. */
  int count(int term) {
    return segment.postings().counts[term] - gone.get(term);
  }

  /** Returns the part without rows that are present. */
  KeywordPart without(int[] rows) {
    int[][] terms = new int[rows.length][];
    Totals left = totals;
    for (int i = 0; i < rows.length; i++) {
      terms[i] = segment.termsOf(rows[i]);
      left = left.minus(segment.length(rows[i]));
    }
    return new KeywordPart(
        segment,
        present.with(rows, rows.length, false),
        shown.with(rows, rows.length, false),
        gone.plus(terms),
        left);
  }

  /** Returns the part with a row that is available or is not. */
  KeywordPart with(int row, boolean available) {
    return new KeywordPart(segment, present, shown.with(row, available), gone, totals);
  }

  private static long unitsOf(float length) {
    // What has a length counts, so that the mean is 0 only where no item has any.
    return length > 0 ? Math.max(1, Math.round(length * LENGTH_UNIT)) : 0;
  }

  static double meanLength(long units, int documents) {
    return units / LENGTH_UNIT / documents;
  }

  long bytes() {
    return segment.bytes() + gone.bytes() + 2L * (segment.size() / 8);
  }
}
