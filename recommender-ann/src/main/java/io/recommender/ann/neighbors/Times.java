package io.recommender.ann.neighbors;

import java.time.Instant;

/** Times of events as numbers. */
final class Times {
  private static final long LIMIT = Long.MAX_VALUE / 1000 - 1;

  private Times() {}

  /** Returns the milliseconds since 1970; the farthest number there is for times beyond. */
  static long milliseconds(Instant time) {
    long seconds = Math.max(-LIMIT, Math.min(LIMIT, time.getEpochSecond()));
    return seconds * 1000 + time.getNano() / 1_000_000;
  }
}
