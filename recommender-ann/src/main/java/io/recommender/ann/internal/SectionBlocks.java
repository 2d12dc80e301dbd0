package io.recommender.ann.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * The blocks of a section, each checked when it is read. One buffer, which every block replaces.
 * Confined.
 */
final class SectionBlocks {
  private final Path file;
  private final FileChannel channel;
  private final SnapshotTable.Entry entry;
  private final int blockBytes;
  private final ByteBuffer buffer;
  private final CRC32C crc = new CRC32C();

  SectionBlocks(Path file, FileChannel channel, SnapshotTable.Entry entry, int blockBytes) {
    this.file = file;
    this.channel = channel;
    this.entry = entry;
    this.blockBytes = blockBytes;
    // The table was checked against the length of the file, so this is never more than there is.
    buffer =
        ByteBuffer.allocateDirect((int) Math.min(blockBytes, entry.paddedLength()))
            .order(ByteOrder.LITTLE_ENDIAN);
  }

  int count() {
    return entry.checksums().length;
  }

  /** Returns a block without the zeros at the end of the section. */
  ByteBuffer read(int index) {
    long from = (long) index * blockBytes;
    buffer.clear().limit((int) Math.min(blockBytes, entry.paddedLength() - from));
    SnapshotReader.readFully(file, channel, buffer, entry.offset() + from);
    crc.reset();
    crc.update(buffer.flip());
    int expected = entry.checksums()[index];
    if ((int) crc.getValue() != expected) {
      throw SnapshotFailures.invalid(
          file,
          entry.name(),
          "damaged between bytes "
              + (entry.offset() + from)
              + " and "
              + (entry.offset() + from + buffer.limit())
              + " of the file: expected checksum "
              + SnapshotFailures.checksum(expected)
              + ", found "
              + SnapshotFailures.checksum((int) crc.getValue()));
    }
    return buffer.rewind().limit((int) Math.min(blockBytes, entry.length() - from));
  }

  /** Reads all blocks. */
  void verify() {
    for (int i = 0; i < count(); i++) {
      read(i);
    }
  }
}
