package io.recommender.ann.semantic;

import io.recommender.ann.internal.AcceptedRows;

/**
 * Which items may be returned, for one search. <b>Confined</b>: a filter's answers are remembered.
 *
 * @param base which rows of the base
 * @param delta which rows of the delta
 * @param isAsked whether finding the next row may ask the filter about items that are not returned
 */
record Accepted(AcceptedRows base, AcceptedRows delta, boolean isAsked) {

  boolean any(int from, int to, int deltaFrom, int deltaTo) {
    return base.next(from, to) >= 0 || delta.next(deltaFrom, deltaTo) >= 0;
  }
}
