package io.recommender.ann.internal;

import io.recommender.RecommenderException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Saves a snapshot: a file of named sections that is either the old one or the complete new one,
 * whenever the process or the machine stops, and of which every byte is covered by a checksum.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>How.</b> Everything goes to a file beside the target, which is forced to the device and
 * then renamed over it. What a killed process left there is removed by the next save. A second file
 * beside the target, named like it with {@code .lock} behind, is locked meanwhile and stays: it
 * must not be deleted while a process may save.
 *
 * <p><b>Stale writers.</b> A save says on which {@link SnapshotRevision} it is based, and is
 * refused if the file has another one. Of any number of threads and processes that save changes of
 * the same revision exactly one succeeds. The others wait for it before they learn that.
 *
 * <p><b>Thread safety.</b> {@link #write} is thread-safe; the writer that a {@link Body} gets is
 * confined to it and ends with it.
 *
 * <p><b>Memory.</b> One block of a MiB outside the heap, and four bytes for each MiB written.
 */
public final class SnapshotWriter {
  static final String TEMPORARY = ".writing.tmp";

  private static final Environment DEFAULTS =
      new Environment(1 << 20, SnapshotDisk.real(), UUID::randomUUID);

  private final Path file;
  private final SnapshotDisk.Output output;
  private final ByteBuffer block;
  private final Map<String, SnapshotTable.Entry> entries = new LinkedHashMap<>();
  private long position = SnapshotHeader.BYTES;
  private @Nullable SectionWriter current;
  private @Nullable IOException failure;

  private SnapshotWriter(Path file, SnapshotDisk.Output output, int blockBytes) {
    this.file = file;
    this.output = output;
    block = ByteBuffer.allocateDirect(blockBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** What goes into a snapshot. */
  @FunctionalInterface
  public interface Body {

    /**
     * Writes the sections one after the other.
     *
     * @param writer where to; of no use afterwards
     * @throws IOException if something cannot be read or written
     */
    void write(SnapshotWriter writer) throws IOException;
  }

  /**
   * What tests replace.
   *
   * @param blockBytes how many bytes have a checksum of their own
   * @param disk the file system
   * @param lineages draws the lineage of a new snapshot
   */
  record Environment(int blockBytes, SnapshotDisk disk, Supplier<UUID> lineages) {
    Environment {
      if (blockBytes < SnapshotHeader.ALIGNMENT
          || blockBytes > SnapshotHeader.MAX_BLOCK_BYTES
          || blockBytes % SnapshotHeader.ALIGNMENT != 0) {
        throw new IllegalArgumentException("expected a multiple of 64, found " + blockBytes);
      }
    }
  }

  /**
   * Saves a snapshot. If anything fails, the file is what it was before.
   *
   * @param file where to, in a folder that exists; if it is a link, what it leads to is replaced
   * @param kind what the snapshot is of: letters a-z, digits, dots and dashes, 60 at most
   * @param formatVersion the version of what the sections hold
   * @param base the revision that the content is a change of, which the file must have; {@link
   *     SnapshotRevision#NONE} if there must be no file
   * @param body writes the sections; what it throws comes out, an {@link IOException} as the cause
   *     of a {@link RecommenderException}
   * @return the revision saved, which is the base of the next save
   * @throws RecommenderException SNAPSHOT_STALE if the file has another revision than base;
   *     SNAPSHOT_INVALID if it is no snapshot or one of another kind; STORAGE_FAILED if it cannot
   *     be written or the thread is interrupted
   * @throws IllegalArgumentException if the kind, the file's name, or the name of a section cannot
   *     be had
   * @throws IllegalStateException if the body saves the same file
   */
  public static SnapshotRevision write(
      Path file, String kind, int formatVersion, SnapshotRevision base, Body body) {
    return write(file, kind, formatVersion, base, body, DEFAULTS);
  }

  static SnapshotRevision write(
      Path file,
      String kind,
      int formatVersion,
      SnapshotRevision base,
      Body body,
      Environment environment) {
    SnapshotHeader.checkKind(kind);
    Objects.requireNonNull(base, "base");
    Objects.requireNonNull(body, "body");
    String name = String.valueOf(file.getFileName());
    if (name.isEmpty()) {
      throw new IllegalArgumentException("expected a file, found a path without a name");
    }
    if (name.endsWith(".lock") || name.endsWith(".tmp")) {
      throw new IllegalArgumentException(
          "expected a file whose name does not end with .lock or .tmp, found " + file);
    }
    try {
      Path target = resolve(file);
      SnapshotLock lock = SnapshotLock.acquire(target);
      try {
        checkBase(file, target, kind, base);
        SnapshotRevision next =
            base.equals(SnapshotRevision.NONE)
                ? new SnapshotRevision(environment.lineages.get(), 1)
                : new SnapshotRevision(base.lineage(), Math.addExact(base.generation(), 1));
        Path temporary = target.resolveSibling(target.getFileName() + TEMPORARY);
        Files.deleteIfExists(temporary);
        try {
          writeTemporary(file, temporary, kind, formatVersion, next, body, environment);
          // Again, for somebody who copies files without knowing of locks.
          checkBase(file, target, kind, base);
          environment.disk.move(temporary, target);
        } catch (IOException | RuntimeException | Error e) {
          delete(temporary, e);
          throw e;
        }
        environment.disk.forceFolder(target.getParent());
        return next;
      } finally {
        lock.close();
      }
    } catch (UncheckedIOException e) {
      throw SnapshotFailures.storage(file, "cannot be saved", e.getCause());
    } catch (IOException e) {
      throw SnapshotFailures.storage(file, "cannot be saved", e);
    }
  }

  private static Path resolve(Path file) throws IOException {
    if (Files.exists(file)) {
      return file.toRealPath();
    }
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "folder");
    try {
      return folder.toRealPath().resolve(file.getFileName());
    } catch (NoSuchFileException e) {
      String what = "cannot be saved: expected the folder " + folder + ", found nothing";
      throw SnapshotFailures.storage(file, what, e);
    }
  }

  private static void checkBase(Path file, Path target, String kind, SnapshotRevision base)
      throws IOException {
    if (Files.notExists(target)) {
      if (!base.equals(SnapshotRevision.NONE)) {
        throw SnapshotFailures.missing(file, base);
      }
      return;
    }
    SnapshotHeader header;
    try (FileChannel channel = SnapshotHeader.open(target)) {
      header = SnapshotHeader.read(target, channel);
    }
    // First, because there is nothing in it that could be opened and changed.
    if (!header.kind().equals(kind)) {
      throw SnapshotFailures.invalid(
          file, "expected to replace a '" + kind + "', found a '" + header.kind() + "'");
    }
    if (!header.revision().equals(base)) {
      throw SnapshotFailures.stale(file, base, header.revision());
    }
  }

  private static void writeTemporary(
      Path file,
      Path temporary,
      String kind,
      int formatVersion,
      SnapshotRevision revision,
      Body body,
      Environment environment)
      throws IOException {
    try (SnapshotDisk.Output output = environment.disk.create(temporary)) {
      SnapshotWriter writer = new SnapshotWriter(file, output, environment.blockBytes);
      try {
        body.write(writer);
        writer.finish(kind, formatVersion, revision);
      } finally {
        writer.endSection();
      }
      output.force();
    }
  }

  private static void delete(Path temporary, Throwable reason) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }

  /**
   * Begins a section, which ends the one before.
   *
   * @param name its name, which no other section has, at most 255 bytes as UTF-8
   * @return takes the bytes until the next section begins
   * @throws IllegalArgumentException if the name is taken, empty or too long
   */
  public SectionWriter section(String name) {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (length < 1 || length > SnapshotTable.MAX_NAME_BYTES || !SectionWriter.isWellFormed(name)) {
      throw new IllegalArgumentException(
          "expected a name of 1 to " + SnapshotTable.MAX_NAME_BYTES + " bytes, found " + length);
    }
    completeSection();
    if (entries.containsKey(name)) {
      throw new IllegalArgumentException(file + ": section '" + name + "' is there already");
    }
    SectionWriter section = new SectionWriter(this, name, position, block);
    current = section;
    return section;
  }

  private void completeSection() {
    SectionWriter section = current;
    if (section != null) {
      SnapshotTable.Entry entry = section.complete();
      entries.put(entry.name(), entry);
      current = null;
    }
    checkFailure();
  }

  private void endSection() {
    SectionWriter section = current;
    if (section != null) {
      section.end();
    }
  }

  private void finish(String kind, int formatVersion, SnapshotRevision revision)
      throws IOException {
    completeSection();
    long tableOffset = position;
    ByteBuffer table = SnapshotTable.encode(entries.values());
    int tableChecksum = SnapshotTable.checksum(table);
    write(table);
    SnapshotHeader header =
        new SnapshotHeader(
            formatVersion, revision, position, tableOffset, tableChecksum, block.capacity(), kind);
    position = 0;
    write(header.encode());
  }

  /** Writes a block of a section and returns its checksum. */
  int writeBlock() {
    checkFailure();
    CRC32C crc = new CRC32C();
    crc.update(block.flip());
    block.rewind();
    try {
      write(block);
    } catch (IOException e) {
      failure = e;
      throw new UncheckedIOException(e);
    }
    block.clear();
    return (int) crc.getValue();
  }

  /** A body that goes on after a failure must not leave a hole. */
  private void checkFailure() {
    IOException earlier = failure;
    if (earlier != null) {
      throw new UncheckedIOException(earlier);
    }
  }

  private void write(ByteBuffer source) throws IOException {
    while (source.hasRemaining()) {
      position += output.write(source, position);
    }
  }
}
