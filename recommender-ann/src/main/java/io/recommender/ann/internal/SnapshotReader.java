package io.recommender.ann.internal;

import io.recommender.RecommenderException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A snapshot that {@link SnapshotWriter} saved, open for reading. It stays what it was when it was
 * opened, also while the file is saved anew.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Errors.</b> What is no snapshot, or not one that was asked for, or was cut, extended or
 * changed in any bit, is refused with a {@link RecommenderException} of kind SNAPSHOT_INVALID:
 * everything but the sections when it is opened, a section when it is read. STORAGE_FAILED says
 * that the file system did not read; interrupting the thread counts as that and closes the file.
 *
 * <p><b>Thread safety.</b> Confined.
 *
 * <p><b>Lifetime.</b> After {@link #close} everything that reads throws {@link
 * IllegalStateException}, but a {@link MappedSection} stays.
 */
public final class SnapshotReader implements AutoCloseable {
  private static final int MAX_SEGMENT_BYTES = 1 << 30;

  private final Path file;
  private final FileChannel channel;
  private final SnapshotHeader header;
  private final Map<String, SnapshotTable.Entry> entries;
  private final int segmentBytes;

  private SnapshotReader(
      Path file,
      FileChannel channel,
      SnapshotHeader header,
      Map<String, SnapshotTable.Entry> entries,
      int segmentBytes) {
    this.file = file;
    this.channel = channel;
    this.header = header;
    this.entries = entries;
    this.segmentBytes = segmentBytes;
  }

  /**
   * Opens a snapshot and checks everything but its sections.
   *
   * @param file the file
   * @param kind what it must be a snapshot of
   * @param oldestFormat the first version of the format that the caller can read
   * @param newestFormat the last one
   * @return the snapshot, to be closed
   * @throws RecommenderException if it is not such a snapshot or cannot be read
   */
  public static SnapshotReader open(Path file, String kind, int oldestFormat, int newestFormat) {
    return open(file, kind, oldestFormat, newestFormat, MAX_SEGMENT_BYTES);
  }

  static SnapshotReader open(
      Path file, String kind, int oldestFormat, int newestFormat, int segmentBytes) {
    try {
      FileChannel channel = SnapshotHeader.open(file);
      try {
        SnapshotHeader header = SnapshotHeader.read(file, channel);
        check(file, header, kind, oldestFormat, newestFormat);
        checkLength(file, header, channel.size());
        return new SnapshotReader(
            file, channel, header, readTable(file, channel, header), segmentBytes);
      } catch (IOException | RuntimeException | Error e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw SnapshotFailures.storage(file, "cannot be opened", e);
    }
  }

  private static void check(
      Path file, SnapshotHeader header, String kind, int oldestFormat, int newestFormat) {
    if (!header.kind().equals(kind)) {
      throw SnapshotFailures.invalid(
          file, "expected a snapshot of '" + kind + "', found one of '" + header.kind() + "'");
    }
    int version = header.formatVersion();
    if (version < oldestFormat || version > newestFormat) {
      throw SnapshotFailures.invalid(
          file,
          "expected version "
              + (oldestFormat == newestFormat ? "" : oldestFormat + " to ")
              + newestFormat
              + " of '"
              + kind
              + "', found "
              + version
              + (version > newestFormat ? ": written by a newer release of this library" : ""));
    }
  }

  private static void checkLength(Path file, SnapshotHeader header, long found) {
    long expected = header.fileLength();
    if (found != expected) {
      throw SnapshotFailures.invalid(
          file,
          (found < expected ? "truncated" : "extended")
              + ": expected "
              + expected
              + " bytes, found "
              + found);
    }
    long table = expected - header.tableOffset();
    if (header.tableOffset() < SnapshotHeader.BYTES
        || table < Integer.BYTES
        || table > SnapshotHeader.MAX_TABLE_BYTES) {
      throw SnapshotFailures.invalid(
          file,
          "the header is inconsistent: expected a table of contents at the end, found it at "
              + header.tableOffset()
              + " of "
              + expected);
    }
  }

  private static Map<String, SnapshotTable.Entry> readTable(
      Path file, FileChannel channel, SnapshotHeader header) {
    ByteBuffer table = ByteBuffer.allocate((int) (header.fileLength() - header.tableOffset()));
    readFully(file, channel, table, header.tableOffset());
    table.flip();
    int found = SnapshotTable.checksum(table);
    if (found != header.tableChecksum()) {
      throw SnapshotFailures.invalid(
          file,
          "the table of contents is damaged: expected checksum "
              + SnapshotFailures.checksum(header.tableChecksum())
              + ", found "
              + SnapshotFailures.checksum(found));
    }
    return SnapshotTable.decode(file, header, table);
  }

  static void readFully(Path file, FileChannel channel, ByteBuffer target, long position) {
    try {
      while (target.hasRemaining()) {
        int read = channel.read(target, position + target.position());
        if (read < 0) {
          throw SnapshotFailures.invalid(
              file,
              "truncated while it was read: expected "
                  + target.remaining()
                  + " more bytes at "
                  + (position + target.position()));
        }
      }
    } catch (ClosedByInterruptException e) {
      throw SnapshotFailures.storage(file, "cannot be read", e);
    } catch (ClosedChannelException e) {
      throw new IllegalStateException(file + ": expected an open snapshot, found it closed", e);
    } catch (IOException e) {
      throw SnapshotFailures.storage(file, "cannot be read", e);
    }
  }

  /** {@return the file} */
  public Path file() {
    return file;
  }

  /** {@return which save this is, the base of the next one} */
  public SnapshotRevision revision() {
    return header.revision();
  }

  /** {@return the version of the format of the sections} */
  public int formatVersion() {
    return header.formatVersion();
  }

  /** {@return the names of the sections in the order of the file} */
  public List<String> sections() {
    return List.copyOf(entries.keySet());
  }

  /**
   * Begins to read a section. Each block is verified before it is given out.
   *
   * @param name the name of the section
   * @return a reader at the beginning of the section
   * @throws RecommenderException if there is no such section
   */
  public SectionReader section(String name) {
    SnapshotTable.Entry entry = entry(name);
    return new SectionReader(file, entry, blocks(entry));
  }

  /**
   * Checks the content of a section.
   *
   * @param section the name of the section
   * @param holds whether the content is right
   * @param expected what was expected, and what was found instead
   * @throws RecommenderException if it is not right
   */
  public void check(String section, boolean holds, String expected) {
    if (!holds) {
      throw invalid(section, expected);
    }
  }

  /**
   * Checks that numbers are finite.
   *
   * @param section the name of the section
   * @param numbers the numbers
   */
  public void checkFinite(String section, float... numbers) {
    for (float number : numbers) {
      if (!Float.isFinite(number)) {
        throw invalid(section, "finite numbers, found " + number);
      }
    }
  }

  /**
   * Checks that numbers are finite.
   *
   * @param section the name of the section
   * @param numbers the numbers
   */
  public void checkFinite(String section, double... numbers) {
    for (double number : numbers) {
      if (!Double.isFinite(number)) {
        throw invalid(section, "finite numbers, found " + number);
      }
    }
  }

  /**
   * Checks the length of a section.
   *
   * @param section the name of the section
   * @param expected how many bytes it has to have
   * @throws RecommenderException if it has more or fewer
   */
  public void checkLength(String section, long expected) {
    long found = section(section).length();
    check(section, found == expected, "%d bytes, found %d".formatted(expected, found));
  }

  /**
   * Tells that the content of a section is not right.
   *
   * @param section the name of the section
   * @param expected what was expected, and what was found instead
   * @return the exception to throw
   */
  public RecommenderException invalid(String section, String expected) {
    return SnapshotFailures.invalid(file, section, "expected " + expected);
  }

  /**
   * Maps a section into memory without reading it.
   *
   * @param name the name of the section
   * @param recordBytes the size of its records
   * @return the mapping
   * @throws RecommenderException if there is no such section, or it does not consist of such
   *     records, or it cannot be mapped
   * @throws IllegalArgumentException if the size is not positive, or larger than a segment
   */
  public MappedSection map(String name, int recordBytes) {
    if (recordBytes < 1 || recordBytes > segmentBytes) {
      throw new IllegalArgumentException(
          "expected records of 1 to " + segmentBytes + " bytes, found " + recordBytes);
    }
    SnapshotTable.Entry entry = entry(name);
    if (entry.length() % recordBytes != 0) {
      throw SnapshotFailures.invalid(
          file,
          name,
          "expected records of "
              + recordBytes
              + " bytes, found "
              + entry.length()
              + " bytes, which is no multiple");
    }
    int recordsInSegment = segmentBytes / recordBytes;
    long segmentLength = (long) recordsInSegment * recordBytes;
    int count = Math.toIntExact((entry.length() + segmentLength - 1) / segmentLength);
    MappedByteBuffer[] segments = new MappedByteBuffer[count];
    try {
      for (int i = 0; i < count; i++) {
        long from = i * segmentLength;
        segments[i] =
            channel.map(
                FileChannel.MapMode.READ_ONLY,
                entry.offset() + from,
                Math.min(segmentLength, entry.length() - from));
      }
    } catch (IOException e) {
      throw SnapshotFailures.storage(file, "cannot be mapped into memory", e);
    }
    return new MappedSection(entry.length() / recordBytes, recordBytes, recordsInSegment, segments);
  }

  /**
   * Reads a section to see whether it is what was saved.
   *
   * @param name the name of the section
   * @throws RecommenderException if it is not
   */
  public void verify(String name) {
    blocks(entry(name)).verify();
  }

  /**
   * Reads all sections to see whether they are what was saved.
   *
   * @throws RecommenderException if one is not
   */
  public void verify() {
    checkOpen();
    entries.values().forEach(entry -> blocks(entry).verify());
  }

  private void checkOpen() {
    if (!channel.isOpen()) {
      throw new IllegalStateException(file + ": expected an open snapshot, found it closed");
    }
  }

  private SnapshotTable.Entry entry(String name) {
    checkOpen();
    SnapshotTable.Entry entry = entries.get(name);
    if (entry == null) {
      throw SnapshotFailures.invalid(
          file, "expected a section '" + name + "', found " + entries.keySet());
    }
    return entry;
  }

  private SectionBlocks blocks(SnapshotTable.Entry entry) {
    return new SectionBlocks(file, channel, entry, header.blockBytes());
  }

  /** Closes the file. Calls after the first one do nothing. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw SnapshotFailures.storage(file, "cannot be closed", e);
    }
  }
}
