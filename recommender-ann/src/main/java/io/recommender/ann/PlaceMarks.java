package io.recommender.ann;

import java.util.Arrays;

/** Marks at places, all of which are taken away at once. <b>Confined</b>. */
final class PlaceMarks {
  private final int[] marked;
  private int current = 1;

  PlaceMarks(int places) {
    marked = new int[places];
  }

  /** Returns marks at as many places, none of which is marked: these, or longer ones. */
  static PlaceMarks cleared(PlaceMarks marks, int places) {
    if (marks.marked.length < places) {
      return new PlaceMarks(places);
    }
    marks.clear();
    return marks;
  }

  private void clear() {
    if (current == Integer.MAX_VALUE) {
      Arrays.fill(marked, 0);
      current = 0;
    }
    current++;
  }

  /** Marks a place; returns whether it was not. */
  boolean mark(int place) {
    boolean isNew = marked[place] != current;
    marked[place] = current;
    return isNew;
  }
}
