package io.recommender.ann.internal;

import static io.recommender.ann.internal.SnapshotFixture.FORMAT;
import static io.recommender.ann.internal.SnapshotFixture.KIND;
import static io.recommender.ann.internal.SnapshotFixture.SMALL_BLOCKS;
import static io.recommender.ann.internal.SnapshotFixture.assertRefused;
import static io.recommender.ann.internal.SnapshotFixture.number;
import static io.recommender.ann.internal.SnapshotFixture.readNumber;
import static io.recommender.ann.internal.SnapshotFixture.saveNumber;
import static io.recommender.ann.internal.SnapshotRevision.NONE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SnapshotSaveTest {
  private static final Set<String> ONLY_THE_FILE = Set.of("a.bin", "a.bin.lock");

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void setUp() {
    file = folder.resolve("a.bin");
  }

  @Test
  void generationsCountUpInOneLineage() {
    SnapshotRevision base = NONE;
    for (int i = 1; i <= 5; i++) {
      SnapshotRevision saved = saveNumber(file, base, i);
      assertEquals(new SnapshotRevision(SnapshotFixture.LINEAGE, i), saved);
      assertEquals(saved, SnapshotFixture.revision(file));
      assertEquals(i, readNumber(file));
      base = saved;
    }
  }

  @Test
  void theRealDiskSavesToo() throws IOException {
    SnapshotRevision first = SnapshotWriter.write(file, KIND, FORMAT, NONE, number(1));
    SnapshotRevision second = SnapshotWriter.write(file, KIND, FORMAT, first, number(2));
    assertEquals(new SnapshotRevision(first.lineage(), 2), second);
    assertEquals(2, readNumber(file));
    assertEquals(ONLY_THE_FILE, SnapshotFixture.names(folder));
    SnapshotRevision other =
        SnapshotWriter.write(folder.resolve("b.bin"), KIND, FORMAT, NONE, number(1));
    assertNotEquals(first.lineage(), other.lineage());
  }

  @Test
  void readersKeepWhatTheyOpened() {
    SnapshotRevision base = saveNumber(file, NONE, 1);
    try (SnapshotReader before = SnapshotFixture.open(file)) {
      MappedSection mapped = before.map("number", Long.BYTES);
      saveNumber(file, base, 2);
      assertEquals(1, readNumber(before));
      assertEquals(1, mapped.longs(0, 1).get(0));
      assertEquals(2, readNumber(file));
    }
  }

  @Test
  void staleWritersAreRefusedAndBothRevisionsNamed() throws IOException {
    SnapshotRevision first = saveNumber(file, NONE, 1);
    SnapshotRevision second = saveNumber(file, first, 2);
    SnapshotRevision elsewhere = new SnapshotRevision(new UUID(1, 2), 2);
    byte[] bytes = Files.readAllBytes(file);
    for (SnapshotRevision base : List.of(NONE, first, elsewhere)) {
      String message =
          assertRefused(Kind.SNAPSHOT_STALE, () -> saveNumber(file, base, 3)).getMessage();
      assertTrue(
          message.startsWith(
              file
                  + ": not saved, because it would undo another save: expected to find "
                  + base
                  + ", found "
                  + second
                  + ";"),
          message);
      assertArrayEquals(bytes, Files.readAllBytes(file));
    }
    Files.delete(file);
    String message =
        assertRefused(Kind.SNAPSHOT_STALE, () -> saveNumber(file, second, 3)).getMessage();
    assertEquals(
        file
            + ": not saved, because the file is gone: expected to find "
            + second
            + ", found no file; replace it, or save to another file",
        message);
    assertEquals(Set.of("a.bin.lock"), SnapshotFixture.names(folder));
  }

  @Test
  void staleWritersWriteNothing() {
    SnapshotRevision first = saveNumber(file, NONE, 1);
    saveNumber(file, first, 2);
    assertRefused(
        Kind.SNAPSHOT_STALE,
        () ->
            SnapshotWriter.write(
                file,
                KIND,
                FORMAT,
                first,
                writer -> {
                  throw new AssertionError("written in vain");
                }));
  }

  @Test
  void aFileCopiedThereMeanwhileIsNotReplaced() throws IOException {
    Path other = folder.resolve("b.bin");
    SnapshotRevision base = saveNumber(file, NONE, 1);
    Files.copy(file, other);
    SnapshotRevision copied = saveNumber(other, base, 2);
    String message =
        assertRefused(
                Kind.SNAPSHOT_STALE,
                () ->
                    SnapshotWriter.write(
                        file,
                        KIND,
                        FORMAT,
                        base,
                        writer -> {
                          writer.section("number").putLong(3);
                          Files.delete(file);
                          Files.copy(other, file);
                        }))
            .getMessage();
    assertTrue(message.contains("found " + copied), message);
    assertEquals(2, readNumber(file));
    assertTrue(Files.notExists(folder.resolve("a.bin" + SnapshotWriter.TEMPORARY)));
  }

  @Test
  void whatIsNoSnapshotIsNotReplaced() throws IOException {
    Files.writeString(file, "my letters");
    assertRefused(Kind.SNAPSHOT_INVALID, () -> saveNumber(file, NONE, 1));
    assertEquals("my letters", Files.readString(file));
    Files.delete(file);
    Files.createDirectory(file);
    assertRefused(Kind.SNAPSHOT_INVALID, () -> saveNumber(file, NONE, 1));
    assertEquals(ONLY_THE_FILE, SnapshotFixture.names(folder));
  }

  /** Whichever revision it has: nothing in it could be opened and changed. */
  @Test
  void anotherKindIsNotReplaced() {
    SnapshotRevision first = saveNumber(file, NONE, 1);
    SnapshotRevision second = saveNumber(file, first, 2);
    for (SnapshotRevision base : List.of(NONE, first, second)) {
      String message =
          assertRefused(
                  Kind.SNAPSHOT_INVALID,
                  () -> SnapshotWriter.write(file, "hnsw", FORMAT, base, number(3)))
              .getMessage();
      assertEquals(file + ": expected to replace a 'hnsw', found a 'sample'", message);
    }
    assertEquals(2, readNumber(file));
  }

  @Test
  void whereNothingCanBeSavedIsSaid() {
    Path absent = folder.resolve("absent");
    String message =
        assertRefused(Kind.STORAGE_FAILED, () -> saveNumber(absent.resolve("a"), NONE, 1))
            .getMessage();
    String expected = "/a: cannot be saved: expected the folder " + absent + ", found nothing: ";
    assertTrue(message.startsWith(absent + expected), message);
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> saveNumber(Path.of(""), NONE, 1));
    assertEquals("expected a file, found a path without a name", refusal.getMessage());
    Thread.currentThread().interrupt();
    message = assertRefused(Kind.STORAGE_FAILED, () -> saveNumber(file, NONE, 1)).getMessage();
    assertTrue(Thread.interrupted());
    expected = ": cannot be saved, the thread was interrupted: ";
    assertTrue(message.startsWith(file + expected), message);
  }

  @Test
  void leftOversAreReplaced() throws IOException {
    Path temporary = folder.resolve("a.bin" + SnapshotWriter.TEMPORARY);
    Files.write(temporary, new byte[10_000]);
    SnapshotRevision base = saveNumber(file, NONE, 1);
    assertEquals(ONLY_THE_FILE, SnapshotFixture.names(folder));
    Files.createSymbolicLink(temporary, file);
    saveNumber(file, base, 2);
    assertEquals(2, readNumber(file));
    assertEquals(ONLY_THE_FILE, SnapshotFixture.names(folder));
  }

  @Test
  void linksLeadToWhatIsReplaced() throws IOException {
    SnapshotRevision base = saveNumber(file, NONE, 1);
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    saveNumber(link, base, 2);
    assertTrue(Files.isSymbolicLink(link));
    assertEquals(2, readNumber(file));
  }

  @Test
  void forcesBeforeItRenames() {
    FaultyDisk disk = new FaultyDisk(Integer.MAX_VALUE);
    SnapshotWriter.write(
        file, KIND, FORMAT, NONE, number(1), SnapshotFixture.environment(64, disk));
    assertEquals(
        List.of(
            "create",
            "write",
            "write",
            "write header",
            "write header",
            "force",
            "close",
            "move",
            "force folder"),
        disk.operations());
  }

  @Test
  void everyFailureOfTheDiskLeavesTheOldFile() throws IOException {
    SnapshotWriter.Body body =
        writer -> {
          for (int section = 0; section < 3; section++) {
            writer.section("section " + section).putLongs(new long[40], 0, 40);
          }
        };
    FaultyDisk whole = new FaultyDisk(Integer.MAX_VALUE);
    SnapshotWriter.write(
        folder.resolve("b.bin"), KIND, FORMAT, NONE, body, SnapshotFixture.environment(128, whole));
    SnapshotRevision base = saveNumber(file, NONE, 1);
    byte[] before = Files.readAllBytes(file);
    Set<String> names = SnapshotFixture.names(folder);
    // All but the last one, which comes when the new file is in place.
    int operations = whole.operations().size() - 1;
    assertTrue(operations > 20, () -> "operations: " + operations);
    for (int failing = 0; failing < operations; failing++) {
      FaultyDisk disk = new FaultyDisk(failing);
      RecommenderException refusal =
          assertRefused(
              Kind.STORAGE_FAILED,
              () ->
                  SnapshotWriter.write(
                      file, KIND, FORMAT, base, body, SnapshotFixture.environment(128, disk)));
      assertTrue(
          refusal.getMessage().startsWith(file + ": cannot be saved: java.io.IOException: no "),
          refusal::getMessage);
      assertInstanceOf(IOException.class, refusal.getCause());
      assertArrayEquals(before, Files.readAllBytes(file));
      assertEquals(names, SnapshotFixture.names(folder));
    }
    assertEquals(2, saveNumber(file, base, 2).generation());
    assertEquals(2, readNumber(file));
  }

  @Test
  void aBodyCannotHideAFailureOfTheDisk() throws IOException {
    FaultyDisk disk = new FaultyDisk(1);
    assertRefused(
        Kind.STORAGE_FAILED,
        () ->
            SnapshotWriter.write(
                file,
                KIND,
                FORMAT,
                NONE,
                writer -> {
                  SectionWriter section = writer.section("a").putBytes(new byte[64], 0, 64);
                  assertThrows(UncheckedIOException.class, () -> section.putByte((byte) 1));
                  assertThrows(UncheckedIOException.class, () -> writer.section("b"));
                },
                SnapshotFixture.environment(64, disk)));
    assertEquals(List.of("create", "write", "close"), disk.operations());
    assertEquals(Set.of("a.bin.lock"), SnapshotFixture.names(folder));
  }

  @Test
  void whatTheBodyThrowsComesOut() throws IOException {
    SnapshotRevision base = saveNumber(file, NONE, 1);
    Error error = new Error("no memory, say");
    assertSame(error, assertThrows(Error.class, () -> save(base, error)));
    RuntimeException wrong = new IllegalStateException("changed meanwhile");
    assertSame(wrong, assertThrows(IllegalStateException.class, () -> save(base, wrong)));
    IOException unread = new IOException("no vectors");
    assertSame(unread, assertRefused(Kind.STORAGE_FAILED, () -> save(base, unread)).getCause());
    assertEquals(1, readNumber(file));
    assertEquals(ONLY_THE_FILE, SnapshotFixture.names(folder));
    saveNumber(file, base, 2);
  }

  private SnapshotRevision save(SnapshotRevision base, Throwable thrown) {
    SnapshotWriter.Body body =
        writer -> {
          writer.section("number").putLongs(new long[100], 0, 100);
          if (thrown instanceof Error error) {
            throw error;
          }
          if (thrown instanceof RuntimeException wrong) {
            throw wrong;
          }
          throw (IOException) thrown;
        };
    return SnapshotWriter.write(file, KIND, FORMAT, base, body, SMALL_BLOCKS);
  }

  @Test
  void interruptedWritersSayThatTheyDidNotSave() throws IOException {
    SnapshotRevision base = saveNumber(file, NONE, 1);
    Thread.currentThread().interrupt();
    assertRefused(Kind.STORAGE_FAILED, () -> saveNumber(file, base, 2));
    assertTrue(Thread.interrupted());
    assertRefused(
        Kind.STORAGE_FAILED,
        () ->
            SnapshotWriter.write(
                file,
                KIND,
                FORMAT,
                base,
                writer -> {
                  Thread.currentThread().interrupt();
                  writer.section("number").putLong(2);
                }));
    assertTrue(Thread.interrupted());
    assertEquals(1, readNumber(file));
    assertEquals(ONLY_THE_FILE, SnapshotFixture.names(folder));
  }

  @Test
  void aFolderThatIsNotThereIsAFailureOfStorage() {
    Path nowhere = folder.resolve("b").resolve("a.bin");
    assertRefused(Kind.STORAGE_FAILED, () -> saveNumber(nowhere, NONE, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a.lock", "a.bin.writing.tmp"})
  void namesOfItsOwnFilesAreRefused(String name) {
    assertThrows(IllegalArgumentException.class, () -> saveNumber(Path.of(name), NONE, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Sample", "a b", "-", "a\n"})
  void kindsMustBePlain(String kind) {
    assertThrows(
        IllegalArgumentException.class,
        () -> SnapshotWriter.write(file, kind, FORMAT, NONE, number(1)));
  }

  @Test
  void theLongestKindAndNameAreKept() {
    String kind = "k".repeat(60);
    String name = "ä".repeat(127);
    SnapshotWriter.write(file, kind, FORMAT, NONE, writer -> writer.section(name).putInt(1));
    try (SnapshotReader reader = SnapshotReader.open(file, kind, FORMAT, FORMAT)) {
      assertEquals(List.of(name), reader.sections());
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> SnapshotWriter.write(file, kind + "k", FORMAT, NONE, number(1)));
  }

  @Test
  void namesOfSectionsAreNotTakenTwice() throws IOException {
    assertWrongIn(writer -> writer.section("a"), writer -> writer.section("a"));
    assertWrongIn(writer -> {}, writer -> writer.section(""));
    assertWrongIn(writer -> {}, writer -> writer.section("ä".repeat(128)));
    assertWrongIn(writer -> {}, writer -> writer.section("a").putString("\ud800"));
    assertWrongIn(writer -> {}, writer -> writer.section("a").putString("\ude00\ud83d"));
    assertEquals(Set.of("a.bin.lock"), SnapshotFixture.names(folder));
  }

  private void assertWrongIn(SnapshotWriter.Body before, SnapshotWriter.Body wrong) {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            SnapshotWriter.write(
                file,
                KIND,
                FORMAT,
                NONE,
                writer -> {
                  before.write(writer);
                  wrong.write(writer);
                }));
  }

  @Test
  void sectionsEndWithTheNextOne() {
    SnapshotRevision base =
        SnapshotWriter.write(
            file,
            KIND,
            FORMAT,
            NONE,
            writer -> {
              SectionWriter first = writer.section("first");
              writer.section("second");
              assertThrows(IllegalStateException.class, () -> first.putInt(1));
            });
    SectionWriter[] last = new SectionWriter[1];
    SnapshotWriter.write(
        file, KIND, FORMAT, base, writer -> last[0] = writer.section("number").putLong(2));
    assertThrows(IllegalStateException.class, () -> last[0].putLong(3));
    assertEquals(2, readNumber(file));
  }

  @Test
  void aSaveInASaveIsRefused() {
    saveNumber(folder.resolve("b.bin"), NONE, 1);
    SnapshotWriter.write(
        file,
        KIND,
        FORMAT,
        NONE,
        writer -> {
          writer.section("number").putLong(2);
          assertThrows(IllegalStateException.class, () -> saveNumber(file, NONE, 1));
          saveNumber(folder.resolve("c.bin"), NONE, 3);
        });
    assertEquals(2, readNumber(file));
    assertEquals(3, readNumber(folder.resolve("c.bin")));
  }

  @Test
  void revisionsAreWholeOrNone() {
    assertEquals("no snapshot", NONE.toString());
    assertThrows(IllegalArgumentException.class, () -> new SnapshotRevision(NONE.lineage(), 1));
    assertThrows(
        IllegalArgumentException.class, () -> new SnapshotRevision(SnapshotFixture.LINEAGE, 0));
    assertThrows(
        IllegalArgumentException.class, () -> new SnapshotRevision(SnapshotFixture.LINEAGE, -1));
  }
}
