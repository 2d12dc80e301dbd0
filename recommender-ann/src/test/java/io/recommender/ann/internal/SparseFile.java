package io.recommender.ann.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Saves snapshots without the zeros: pages of a file that have nothing else are left out, and read
 * as zeros where the file system knows such files. One of gigabytes takes kilobytes then.
 */
public final class SparseFile {
  private static final int PAGE = 1 << 12;

  private SparseFile() {}

  /** Saves a snapshot as {@link SnapshotWriter#write} does, where there is no file yet. */
  public static void write(Path file, String kind, int format, SnapshotWriter.Body body) {
    SnapshotWriter.write(
        file,
        kind,
        format,
        SnapshotRevision.NONE,
        body,
        new SnapshotWriter.Environment(1 << 20, new Disk(), UUID::randomUUID));
  }

  private static final class Disk implements SnapshotDisk {
    private final SnapshotDisk real = SnapshotDisk.real();

    @Override
    public Output create(Path file) throws IOException {
      Output output = real.create(file);
      return new Output() {
        @Override
        public int write(ByteBuffer source, long position) throws IOException {
          int untilNext = PAGE - (int) (position % PAGE);
          ByteBuffer page =
              source.slice(source.position(), Math.min(untilNext, source.remaining()));
          int count = isZero(page) ? page.remaining() : output.write(page, position);
          source.position(source.position() + count);
          return count;
        }

        @Override
        public void force() throws IOException {
          output.force();
        }

        @Override
        public void close() throws IOException {
          output.close();
        }
      };
    }

    private static boolean isZero(ByteBuffer page) {
      return page.mismatch(ByteBuffer.allocate(page.remaining())) < 0;
    }

    @Override
    public void move(Path from, Path to) throws IOException {
      real.move(from, to);
    }

    @Override
    public void forceFolder(Path folder) {
      real.forceFolder(folder);
    }
  }
}
