package io.recommender.ann.internal;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The table of contents at the end of a snapshot: how many sections there are, and of each its
 * name, offset, length and one checksum for each of its blocks.
 *
 * <p>Sections follow each other without a gap: after the header, each from a multiple of {@value
 * SnapshotHeader#ALIGNMENT}, filled up with zeros to the next one. The zeros belong to the last
 * block and so to its checksum, which leaves no byte of a file unchecked.
 */
final class SnapshotTable {
  static final int MAX_NAME_BYTES = 255;

  private SnapshotTable() {}

  /**
   * A section. The array is shared, not copied.
   *
   * @param name its name
   * @param offset where it begins
   * @param length its length without the zeros at its end
   * @param checksums the CRC32C of each block
   */
  record Entry(String name, long offset, long length, int[] checksums) {

    /** Returns the length with the zeros at the end. */
    long paddedLength() {
      return SnapshotHeader.align(length);
    }

    static long blocks(long length, int blockBytes) {
      return (SnapshotHeader.align(length) + blockBytes - 1) / blockBytes;
    }
  }

  static ByteBuffer encode(Collection<Entry> entries) {
    long size = Integer.BYTES;
    for (Entry entry : entries) {
      size += Integer.BYTES + entry.name.getBytes(StandardCharsets.UTF_8).length;
      size += 2 * Long.BYTES + (long) Integer.BYTES * entry.checksums.length;
    }
    if (size > SnapshotHeader.MAX_TABLE_BYTES) {
      throw new IllegalArgumentException(
          "expected a table of at most "
              + SnapshotHeader.MAX_TABLE_BYTES
              + " bytes, found "
              + size
              + ": too many or too large sections");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(entries.size());
    for (Entry entry : entries) {
      byte[] name = entry.name.getBytes(StandardCharsets.UTF_8);
      bytes.putInt(name.length).put(name).putLong(entry.offset).putLong(entry.length);
      for (int checksum : entry.checksums) {
        bytes.putInt(checksum);
      }
    }
    return bytes.flip();
  }

  static int checksum(ByteBuffer table) {
    CRC32C crc = new CRC32C();
    crc.update(table.duplicate());
    return (int) crc.getValue();
  }

  /** Decodes a table whose checksum is right; what it says may still be nonsense. */
  static Map<String, Entry> decode(Path file, SnapshotHeader header, ByteBuffer bytes) {
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    Map<String, Entry> entries = new LinkedHashMap<>();
    long end = SnapshotHeader.BYTES;
    try {
      int count = bytes.getInt();
      if (count < 0) {
        throw inconsistent(file, "expected a number of sections, found " + count);
      }
      for (int i = 0; i < count; i++) {
        Entry entry = decode(file, header, bytes, end);
        if (entries.put(entry.name, entry) != null) {
          throw inconsistent(file, "section '" + entry.name + "' is there twice");
        }
        end = entry.offset + entry.paddedLength();
      }
    } catch (BufferUnderflowException e) {
      throw inconsistent(file, "an entry ends behind the table");
    }
    if (end != header.tableOffset() || bytes.hasRemaining()) {
      throw inconsistent(
          file,
          "expected the sections to end at "
              + header.tableOffset()
              + " and nothing behind the table, found "
              + end
              + " and "
              + bytes.remaining()
              + " bytes");
    }
    return entries;
  }

  private static Entry decode(Path file, SnapshotHeader header, ByteBuffer bytes, long expected) {
    int nameLength = bytes.getInt();
    if (nameLength < 1 || nameLength > MAX_NAME_BYTES) {
      throw inconsistent(
          file, "expected a name of 1 to " + MAX_NAME_BYTES + " bytes, found " + nameLength);
    }
    byte[] name = new byte[nameLength];
    bytes.get(name);
    long offset = bytes.getLong();
    long length = bytes.getLong();
    if (offset != expected || length < 0 || length > header.tableOffset() - offset) {
      throw inconsistent(
          file,
          "expected a section at "
              + expected
              + " that ends before "
              + header.tableOffset()
              + ", found offset "
              + offset
              + ", length "
              + length);
    }
    long blocks = Entry.blocks(length, header.blockBytes());
    if (blocks > bytes.remaining() / Integer.BYTES) {
      throw new BufferUnderflowException();
    }
    int[] checksums = new int[(int) blocks];
    for (int i = 0; i < checksums.length; i++) {
      checksums[i] = bytes.getInt();
    }
    return new Entry(new String(name, StandardCharsets.UTF_8), offset, length, checksums);
  }

  private static RuntimeException inconsistent(Path file, String what) {
    return SnapshotFailures.invalid(file, "the table of contents is inconsistent: " + what);
  }
}
