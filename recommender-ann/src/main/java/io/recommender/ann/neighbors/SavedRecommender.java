package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.FeedbackSink;
import io.recommender.RecommenderException;
import io.recommender.SequenceRecommender;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotWriter;
import java.nio.file.Path;
import java.util.Objects;

/** A recommender that learns from events and is saved with what it has learnt. */
abstract class SavedRecommender implements SequenceRecommender, FeedbackSink {
  final Catalog catalog;
  final SavedFiles files;

  SavedRecommender(Catalog catalog, SavedFiles files) {
    this.catalog = Objects.requireNonNull(catalog, "catalog");
    this.files = files;
  }

  /** Returns what writes what there is now. */
  abstract SnapshotWriter.Body body();

  /**
   * Saves what was learnt from the log and from events, and how answers are made of it. The file is
   * replaced as a whole or not at all. An event that comes meanwhile is in it or not.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException SNAPSHOT_STALE if the file is there and is not what this was
   *     opened from or last saved to; SNAPSHOT_INVALID if it is something else; STORAGE_FAILED if
   *     it cannot be written. The file is then as it was
   */
  public void save(Path file) {
    files.save(file, body());
  }

  /**
   * Saves as {@link #save} does, over whatever another recommender of this kind has saved there.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    files.replace(file, body());
  }
}
