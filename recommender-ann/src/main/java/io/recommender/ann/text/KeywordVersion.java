package io.recommender.ann.text;

import java.util.List;

/**
 * What an index holds at one moment.
 *
 * <p><b>Immutable</b>.
 *
 * @param parts by descending size, about: a later one is smaller
 * @param size how many items there are
 * @param documents how many of them have terms
 * @param units the sum of their lengths, in units of {@link KeywordPart.Totals}
 */
record KeywordVersion(List<KeywordPart> parts, int size, int documents, long units) {
  static final KeywordVersion EMPTY = new KeywordVersion(List.of(), 0, 0, 0);

  /** Where an item is. */
  record Place(int part, int row) {
    static final Place NOWHERE = new Place(-1, -1);

    boolean isNowhere() {
      return part < 0;
    }
  }

  Place find(String itemId) {
    for (int i = parts.size() - 1; i >= 0; i--) {
      int row = parts.get(i).find(itemId);
      if (row >= 0) {
        return new Place(i, row);
      }
    }
    return Place.NOWHERE;
  }

  /** Returns how many items have a term. */
  int count(byte[] term) {
    int count = 0;
    for (KeywordPart part : parts) {
      int number = part.segment().terms().find(term);
      count += number < 0 ? 0 : part.count(number);
    }
    return count;
  }

  double meanLength() {
    return KeywordPart.meanLength(units, documents);
  }

  long bytes() {
    return parts.stream().mapToLong(KeywordPart::bytes).sum();
  }
}
