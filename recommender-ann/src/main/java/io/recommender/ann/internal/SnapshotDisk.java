package io.recommender.ann.internal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a save asks of the file system. Tests put one in its place that fails. Thread-safe. */
interface SnapshotDisk {

  /** A new file. Confined. */
  interface Output extends Closeable {

    /** Writes some of the bytes at a position, at least one. */
    int write(ByteBuffer source, long position) throws IOException;

    /** Returns when everything written is on the device. */
    void force() throws IOException;
  }

  /** Creates a file that must not exist. */
  Output create(Path file) throws IOException;

  /** Puts a file in the place of another one, atomically. */
  void move(Path from, Path to) throws IOException;

  /** Returns when the names of a folder are on the device, if the system has a way to say so. */
  void forceFolder(Path folder);

  /** Returns the file system itself. */
  static SnapshotDisk real() {
    return new Real();
  }

  /** The file system itself. */
  final class Real implements SnapshotDisk {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotDisk.class);

    private Real() {}

    @Override
    public Output create(Path file) throws IOException {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      return new Output() {
        @Override
        public int write(ByteBuffer source, long position) throws IOException {
          return channel.write(source, position);
        }

        @Override
        public void force() throws IOException {
          channel.force(true);
        }

        @Override
        public void close() throws IOException {
          channel.close();
        }
      };
    }

    @Override
    public void move(Path from, Path to) throws IOException {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    // The new file is in place by now, so that a failure here must not look like one of the save.
    @Override
    public void forceFolder(Path folder) {
      FileChannel channel;
      try {
        channel = FileChannel.open(folder, StandardOpenOption.READ);
      } catch (IOException e) {
        LOG.debug("{}: this system does not force folders to the device", folder);
        return;
      }
      try (channel) {
        channel.force(true);
      } catch (IOException e) {
        LOG.warn("{}: saved, but may be lost when the power fails", folder, e);
      }
    }
  }
}
