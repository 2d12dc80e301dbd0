package io.recommender.ann.memory;

import io.recommender.RecommenderException;
import io.recommender.ann.internal.SnapshotReader;

/** Refuses a file whose sections are whole but say what cannot be. */
final class Invalid {
  private Invalid() {}

  static void unless(boolean holds, SnapshotReader in, String section, String expected) {
    if (!holds) {
      throw new RecommenderException(
          RecommenderException.Kind.SNAPSHOT_INVALID,
          "%s: section '%s': expected %s".formatted(in.file(), section, expected));
    }
  }
}
