package io.recommender.ann.internal;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Path;

/** The exceptions of snapshots, each naming the file first. */
final class SnapshotFailures {
  private SnapshotFailures() {}

  static RecommenderException invalid(Path file, String expectedAndFound) {
    return new RecommenderException(Kind.SNAPSHOT_INVALID, file + ": " + expectedAndFound);
  }

  static RecommenderException invalid(Path file, String section, String expectedAndFound) {
    return invalid(file, "section '" + section + "': " + expectedAndFound);
  }

  static RecommenderException stale(Path file, SnapshotRevision base, SnapshotRevision found) {
    return new RecommenderException(
        Kind.SNAPSHOT_STALE,
        file
            + ": not saved, because it would undo another save: expected to find "
            + base
            + ", found "
            + found
            + "; open what is there and repeat the changes, replace it, or save to another file");
  }

  static RecommenderException missing(Path file, SnapshotRevision base) {
    return new RecommenderException(
        Kind.SNAPSHOT_STALE,
        file
            + ": not saved, because the file is gone: expected to find "
            + base
            + ", found no file; replace it, or save to another file");
  }

  static RecommenderException storage(Path file, String what, Exception cause) {
    boolean isInterrupted =
        cause instanceof ClosedByInterruptException
            || cause instanceof FileLockInterruptionException;
    String why = isInterrupted ? ", the thread was interrupted: " : ": ";
    return new RecommenderException(Kind.STORAGE_FAILED, file + ": " + what + why + cause, cause);
  }

  static String checksum(int checksum) {
    return String.format("%08x", checksum);
  }
}
