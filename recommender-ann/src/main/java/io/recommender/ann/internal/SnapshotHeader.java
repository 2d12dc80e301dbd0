package io.recommender.ann.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The first {@value #BYTES} bytes of a snapshot. Immutable.
 *
 * <p>All numbers of a snapshot are little-endian.
 *
 * <pre>
 *   0  magic                       40  length of the file
 *   8  version of the container    48  where the table begins
 *  12  version of the format       56  CRC32C of the table
 *  16  generation                  60  bytes of a block
 *  24  lineage, high half          64  kind in ASCII, filled up with zeros
 *  32  lineage, low half          124  CRC32C of the bytes before
 * </pre>
 *
 * <p>Every future version of the container keeps the magic, its version and the last checksum where
 * they are, so that a newer file is told from a damaged one.
 *
 * @param formatVersion the version of what the sections hold
 * @param revision which save this is
 * @param fileLength the length of the file
 * @param tableOffset where the table begins; it ends with the file
 * @param tableChecksum the CRC32C of the table
 * @param blockBytes how many bytes have a checksum of their own
 * @param kind what the snapshot is of
 */
record SnapshotHeader(
    int formatVersion,
    SnapshotRevision revision,
    long fileLength,
    long tableOffset,
    int tableChecksum,
    int blockBytes,
    String kind) {
  static final int BYTES = 128;
  static final int CONTAINER_VERSION = 1;

  /** Sections begin at multiples of this. */
  static final int ALIGNMENT = 64;

  static final int MAX_BLOCK_BYTES = 1 << 24;
  static final int MAX_TABLE_BYTES = 1 << 26;

  /** Not text, and changed by whatever takes it for text. */
  private static final byte[] MAGIC = {(byte) 0x89, 'R', 'S', 'N', 'P', '\r', '\n', 0x1a};

  private static final int KIND_AT = 64;
  private static final int CHECKSUM_AT = BYTES - Integer.BYTES;

  static long align(long offset) {
    return (offset + ALIGNMENT - 1) & -ALIGNMENT;
  }

  static void checkKind(String kind) {
    if (!kind.matches("[a-z0-9][a-z0-9.-]*") || kind.length() > CHECKSUM_AT - KIND_AT) {
      throw new IllegalArgumentException(
          "expected a kind of 1 to 60 letters a-z, digits, dots and dashes, found '" + kind + "'");
    }
  }

  ByteBuffer encode() {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(MAGIC).putInt(CONTAINER_VERSION).putInt(formatVersion);
    bytes.putLong(revision.generation());
    bytes.putLong(revision.lineage().getMostSignificantBits());
    bytes.putLong(revision.lineage().getLeastSignificantBits());
    bytes.putLong(fileLength).putLong(tableOffset).putInt(tableChecksum).putInt(blockBytes);
    bytes.put(kind.getBytes(StandardCharsets.US_ASCII));
    return bytes.putInt(CHECKSUM_AT, checksum(bytes.array())).clear();
  }

  private static int checksum(byte[] header) {
    CRC32C crc = new CRC32C();
    crc.update(header, 0, CHECKSUM_AT);
    return (int) crc.getValue();
  }

  /** Opens a file for reading after a look at what it is. */
  static FileChannel open(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      String found =
          Files.isDirectory(file)
              ? "a folder"
              : Files.exists(file) ? "something else than a file" : "nothing";
      throw SnapshotFailures.invalid(file, "expected a snapshot, found " + found);
    }
    return FileChannel.open(file, StandardOpenOption.READ);
  }

  /** Reads the header of a file and checks it against itself, not against the file's length. */
  static SnapshotHeader read(Path file, FileChannel channel) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) >= 0) {}
    int found = bytes.position();
    byte[] array = bytes.array();
    int compared = Math.min(found, MAGIC.length);
    if (!Arrays.equals(array, 0, compared, MAGIC, 0, compared)) {
      throw SnapshotFailures.invalid(file, "expected a snapshot, found a file of another type");
    }
    if (found < BYTES) {
      throw SnapshotFailures.invalid(
          file,
          found == 0
              ? "expected a snapshot, found an empty file"
              : "truncated: expected at least " + BYTES + " bytes, found " + found);
    }
    int computed = checksum(array);
    if (bytes.getInt(CHECKSUM_AT) != computed) {
      throw SnapshotFailures.invalid(
          file,
          "the header is damaged: expected checksum "
              + SnapshotFailures.checksum(bytes.getInt(CHECKSUM_AT))
              + ", found "
              + SnapshotFailures.checksum(computed));
    }
    int containerVersion = bytes.getInt(8);
    if (containerVersion != CONTAINER_VERSION) {
      throw SnapshotFailures.invalid(
          file,
          "expected version "
              + CONTAINER_VERSION
              + " of the container, found "
              + containerVersion
              + (containerVersion > CONTAINER_VERSION
                  ? ": written by a newer release of this library"
                  : ""));
    }
    return decode(file, bytes);
  }

  private static SnapshotHeader decode(Path file, ByteBuffer bytes) {
    UUID lineage = new UUID(bytes.getLong(24), bytes.getLong(32));
    int kindEnd = KIND_AT;
    while (kindEnd < CHECKSUM_AT && bytes.get(kindEnd) != 0) {
      kindEnd++;
    }
    String kind =
        new String(bytes.array(), KIND_AT, kindEnd - KIND_AT, StandardCharsets.ISO_8859_1);
    SnapshotHeader header;
    try {
      checkKind(kind);
      SnapshotRevision revision = new SnapshotRevision(lineage, bytes.getLong(16));
      if (revision.generation() == 0) {
        throw new IllegalArgumentException("expected a generation from 1, found 0");
      }
      header =
          new SnapshotHeader(
              bytes.getInt(12),
              revision,
              bytes.getLong(40),
              bytes.getLong(48),
              bytes.getInt(56),
              bytes.getInt(60),
              kind);
    } catch (IllegalArgumentException e) {
      throw SnapshotFailures.invalid(file, "the header is inconsistent: " + e.getMessage());
    }
    int block = header.blockBytes;
    if (block < ALIGNMENT || block > MAX_BLOCK_BYTES || block % ALIGNMENT != 0) {
      throw SnapshotFailures.invalid(
          file,
          "the header is inconsistent: expected blocks of a multiple of "
              + ALIGNMENT
              + " bytes up to "
              + MAX_BLOCK_BYTES
              + ", found "
              + block);
    }
    return header;
  }
}
