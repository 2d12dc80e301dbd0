package io.recommender.ann.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The file system, but it forces nothing to the device, writes little at a time, and one of its
 * operations may fail: a write after half of its bytes, of which it tells nothing, closing after
 * it.
 */
final class FaultyDisk implements SnapshotDisk {
  private static final int MOST_AT_ONCE = 100;

  private final SnapshotDisk real = SnapshotDisk.real();
  private final int failing;
  private final List<String> operations = new ArrayList<>();

  /** Makes a disk that never fails. It keeps no list, so that it may be shared. */
  FaultyDisk() {
    this(-1);
  }

  /**
   * Makes a disk that fails.
   *
   * @param failing which operation fails, from 0
   */
  FaultyDisk(int failing) {
    this.failing = failing;
  }

  /** What was done or tried, in order. */
  List<String> operations() {
    return operations;
  }

  private boolean fails(String operation) {
    if (failing < 0) {
      return false;
    }
    operations.add(operation);
    return operations.size() - 1 == failing;
  }

  private void step(String operation) throws IOException {
    if (fails(operation)) {
      throw new IOException("no " + operation);
    }
  }

  @Override
  public Output create(Path file) throws IOException {
    step("create");
    Output output = real.create(file);
    return new Output() {
      @Override
      public int write(ByteBuffer source, long position) throws IOException {
        boolean fails = fails(position < SnapshotHeader.BYTES ? "write header" : "write");
        int count = Math.min(MOST_AT_ONCE, source.remaining());
        ByteBuffer part = source.slice(source.position(), fails ? count / 2 : count);
        int written = output.write(part, position);
        if (fails) {
          throw new IOException("no write");
        }
        source.position(source.position() + written);
        return written;
      }

      @Override
      public void force() throws IOException {
        step("force");
      }

      @Override
      public void close() throws IOException {
        output.close();
        step("close");
      }
    };
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    step("move");
    real.move(from, to);
  }

  @Override
  public void forceFolder(Path folder) {
    fails("force folder");
  }
}
