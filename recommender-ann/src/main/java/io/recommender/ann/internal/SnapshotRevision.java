package io.recommender.ann.internal;

import java.util.Objects;
import java.util.UUID;

/**
 * Which save of which snapshot: the first save of a file draws a lineage, and every further one
 * based on it counts one generation up. Two files of equal revision hold the same content.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * @param lineage what all generations share, drawn at random by the first save
 * @param generation 1 for the first save, or 0 for {@link #NONE}
 */
public record SnapshotRevision(UUID lineage, long generation) {
  private static final UUID NO_LINEAGE = new UUID(0, 0);

  /** The revision of what was never saved. */
  public static final SnapshotRevision NONE = new SnapshotRevision(NO_LINEAGE, 0);

  /**
   * Checks the parts.
   *
   * @throws IllegalArgumentException if the generation is negative, or 0 with a lineage, or not 0
   *     without one
   */
  public SnapshotRevision {
    Objects.requireNonNull(lineage, "lineage");
    if (generation < 0 || (generation == 0) != lineage.equals(NO_LINEAGE)) {
      throw new IllegalArgumentException(
          "expected a lineage and a generation from 1, found generation " + generation);
    }
  }

  @Override
  public String toString() {
    return generation == 0 ? "no snapshot" : "generation " + generation + " of " + lineage;
  }
}
