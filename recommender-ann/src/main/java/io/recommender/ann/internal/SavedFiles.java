package io.recommender.ann.internal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Which save of which file an index is a change of, so that it never replaces what somebody else
 * has saved since.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Thread safety.</b> Thread-safe; saves take turns.
 */
public final class SavedFiles {
  private final String kind;
  private final int format;

  /** Guarded by this. */
  private final Map<Path, SnapshotRevision> revisions = new HashMap<>();

  /**
   * Makes the memory of an index that has not been saved.
   *
   * @param kind what snapshots of it are of
   * @param format the version of the format that it is saved in; all from 1 on can be read
   */
  public SavedFiles(String kind, int format) {
    this.kind = kind;
    this.format = format;
  }

  /**
   * Opens a file.
   *
   * @param file the file
   * @return the snapshot, to be closed
   */
  public SnapshotReader open(Path file) {
    return SnapshotReader.open(file, kind, 1, format);
  }

  /**
   * Takes note that the index is what a file has.
   *
   * @param in the file
   */
  public synchronized void opened(SnapshotReader in) {
    revisions.put(key(in.file()), in.revision());
  }

  /**
   * Saves over what the index was opened from or last saved to.
   *
   * @param file where to
   * @param body writes the sections
   */
  public synchronized void save(Path file, SnapshotWriter.Body body) {
    save(file, revisions.getOrDefault(key(file), SnapshotRevision.NONE), body);
  }

  /**
   * Saves over whatever snapshot of the kind the file has.
   *
   * @param file where to
   * @param body writes the sections
   */
  public synchronized void replace(Path file, SnapshotWriter.Body body) {
    SnapshotRevision base = SnapshotRevision.NONE;
    if (Files.exists(file)) {
      try (SnapshotReader in = open(file)) {
        base = in.revision();
      }
    }
    save(file, base, body);
  }

  private void save(Path file, SnapshotRevision base, SnapshotWriter.Body body) {
    revisions.put(key(file), SnapshotWriter.write(file, kind, format, base, body));
  }

  private static Path key(Path file) {
    return file.toAbsolutePath().normalize();
  }
}
