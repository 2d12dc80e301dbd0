package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feedback;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ann.internal.SavedFile;
import io.recommender.ann.internal.SnapshotRevision;
import io.recommender.ann.internal.SnapshotWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Saved memories and stores of users. The golden files are what version 1 of the formats wrote and
 * every later release must open: if their tests fail, files of users would no longer be read.
 */
class MemorySnapshotTest {
  private static final String ERRORS = "error-memory-1.snapshot";
  private static final String USERS = "user-store-1.snapshot";
  private static final UserValueCodec<EntityCounts> COUNTS = EntityCounts.codec();

  @TempDir private Path folder;

  /** Writes the golden files anew: the argument is the folder for them. */
  public static void main(String[] args) {
    errors().save(Path.of(args[0], ERRORS));
    users().save(Path.of(args[0], USERS));
  }

  private static ErrorMemory errors() {
    ErrorMemory memory =
        ErrorMemory.of(
            2,
            List.of("click", "käufe"),
            ErrorMemoryOptions.defaults().strength(0.75).neighbors(2).capacity(5));
    for (int i = 0; i < 8; i++) {
      memory.observe(
          Feedback.of("item")
              .forUser(i % 2 == 0 ? "ann" : "bob")
              .withHidden(new float[] {i, -i})
              .withOutcome("click", new Feedback.Outcome(i % 2, 0.25f)));
    }
    memory.observe("käufe", new float[] {0.5f, 0.5f}, 0.125f, 1);
    memory.forget("nobody");
    return memory;
  }

  private static UserStore<EntityCounts> users() {
    UserStore<EntityCounts> store = UserStore.builder(COUNTS).build();
    Instant time = Instant.ofEpochMilli(1_700_000_000_123L);
    store.put("ann", EntityCounts.empty().plus("Q1", time).plus("Q2", time).plus("Q1", time));
    store.put("größe", EntityCounts.empty().plus("Q3", time));
    store.put("empty", EntityCounts.empty());
    store.get("ann");
    return store;
  }

  private Path golden(String name) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(MemorySnapshotTest.class.getResourceAsStream(name), name)) {
      return Files.write(folder.resolve(name), stream.readAllBytes());
    }
  }

  private static void assertSame(ErrorMemory expected, ErrorMemory found) {
    assertEquals(expected.tasks(), found.tasks());
    assertEquals(expected.options().toString(), found.options().toString());
    Random random = new Random(1);
    for (String task : expected.tasks()) {
      assertEquals(expected.size(task), found.size(task));
      for (int i = 0; i < 50; i++) {
        float[] key = {random.nextFloat() * 8, -random.nextFloat() * 8};
        assertEquals(expected.compensate(task, key, 0.5f), found.compensate(task, key, 0.5f));
      }
    }
  }

  @Test
  void goldenFilesAnswerAsEver() throws IOException {
    ErrorMemory memory = ErrorMemory.open(golden(ERRORS));
    assertSame(errors(), memory);
    assertEquals(0.5f + 0.75f * 0.25f, memory.compensate("click", new float[] {6.5f, -6.5f}, 0.5f));
    memory.forget("bob");
    assertEquals(2, memory.size("click"));
    UserStore<EntityCounts> store = UserStore.builder(COUNTS).open(golden(USERS));
    assertEquals(3, store.size());
    assertEquals(2, store.get("ann").orElseThrow().find("Q1").orElseThrow().count());
    assertEquals(users().sizeInBytes(), store.sizeInBytes());
  }

  @Test
  void anOpenedMemoryGoesOnAsTheOneThatWasSaved() {
    Path file = folder.resolve("memory");
    ErrorMemory saved = errors();
    saved.save(file);
    ErrorMemory opened = ErrorMemory.open(file);
    for (int i = 0; i < 12; i++) {
      for (ErrorMemory memory : List.of(saved, opened)) {
        memory.observe("click", new float[] {i, 1}, 0.5f, i % 3 == 0 ? 1 : 0);
      }
      assertSame(saved, opened);
    }
    saved.forget("ann");
    saved.save(file);
    assertSame(saved, ErrorMemory.open(file));
  }

  @Test
  void anOpenedStoreHasTheOrderOfUse() {
    Path file = folder.resolve("users");
    users().save(file);
    long room = 2L * UserStore.ENTRY_BYTES + 2 * (5 + 3) + 2 * (2 + 2 + 12);
    UserStore<EntityCounts> small = UserStore.builder(COUNTS).maxBytes(room).open(file);
    assertEquals(2, small.size());
    assertTrue(small.get("ann").isPresent() && small.get("empty").isPresent());
    assertEquals(0, small.evictions());
  }

  @Test
  void filesNameNoUserOfAnErrorMemory() throws IOException {
    Path file = folder.resolve("memory");
    errors().save(file);
    String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertFalse(bytes.contains("ann") || bytes.contains("bob"));
  }

  @Test
  void savesDoNotUndoOthers() {
    Path file = folder.resolve("memory");
    errors().save(file);
    ErrorMemory mine = ErrorMemory.open(file);
    ErrorMemory other = ErrorMemory.open(file);
    mine.clear();
    mine.save(file);
    assertEquals(Kind.SNAPSHOT_STALE, refusal(() -> other.save(file)).kind());
    other.replace(file);
    assertSame(errors(), ErrorMemory.open(file));
    Path users = folder.resolve("users");
    users().save(users);
    UserStore<EntityCounts> opened = UserStore.builder(COUNTS).open(users);
    opened.forget("ann");
    opened.save(users);
    assertEquals(Kind.SNAPSHOT_STALE, refusal(() -> users().save(users)).kind());
    users().replace(users);
    assertEquals(3, UserStore.builder(COUNTS).open(users).size());
  }

  private static RecommenderException refusal(Runnable action) {
    return assertThrows(RecommenderException.class, action::run);
  }

  @Test
  void aDamagedByteIsFound() throws IOException {
    Path file = folder.resolve("file");
    errors().save(file);
    SavedFile.assertDamageIsFound(file, ErrorMemory::open);
    Files.delete(file);
    users().save(file);
    SavedFile.assertDamageIsFound(file, each -> UserStore.builder(COUNTS).open(each));
  }

  /** Writes an error memory of two dimensions and one task, and asserts that it is refused. */
  private void assertRefused(
      String message,
      double strength,
      int capacity,
      long next,
      long number,
      float error,
      int keys) {
    Path file = folder.resolve("forged");
    SnapshotWriter.write(
        file,
        "error-memory",
        1,
        SnapshotRevision.NONE,
        out -> {
          out.section("parameters")
              .putInt(2)
              .putDouble(strength)
              .putInt(1)
              .putInt(capacity)
              .putInt(1)
              .putString("click");
          out.section("errors-0")
              .putLong(next)
              .putInt(1)
              .putLong(number)
              .putByte((byte) 0)
              .putFloat(error);
          out.section("keys-0").putFloats(new float[keys], 0, keys);
        });
    RecommenderException refusal = refusal(() -> ErrorMemory.open(file));
    assertEquals(Kind.SNAPSHOT_INVALID, refusal.kind());
    assertEquals(file + ": section " + message, refusal.getMessage());
    assertTrue(file.toFile().delete());
  }

  @Test
  void contentIsChecked() {
    assertRefused("'parameters': expected a strength, found 2.0", 2, 5, 1, 0, 0, 2);
    assertRefused("'parameters': expected a capacity, found 0", 1, 0, 1, 0, 0, 2);
    assertRefused("'errors-0': expected ascending numbers of 5 to 9, found 4", 1, 5, 10, 4, 0, 2);
    assertRefused("'errors-0': expected ascending numbers of 5 to 9, found 10", 1, 5, 10, 10, 0, 2);
    assertRefused("'errors-0': expected an error in [-1, 1], found 1.5", 1, 5, 10, 6, 1.5f, 2);
    assertRefused("'errors-0': expected the next number, found -1", 1, 5, -1, 6, 0, 2);
    assertRefused("'keys-0': expected 8 bytes, found 12", 1, 5, 10, 6, 0, 3);
  }

  @Test
  void aStoreIsOpenedByItsOwnCodec() {
    Path file = folder.resolve("users");
    users().save(file);
    assertEquals(
        file
            + ": section 'parameters': expected values of the form 'floats-2', found 'entity-counts'",
        refusal(() -> UserStore.builder(UserValueCodec.floats(2)).open(file)).getMessage());
    assertEquals(
        file + ": section 'users': expected values of at most 20 bytes, found 32",
        refusal(() -> UserStore.builder(COUNTS).maxBytesPerUser(20).open(file)).getMessage());
  }

  @Test
  void valuesOfAStoreAreChecked() {
    Path file = folder.resolve("forged");
    SnapshotWriter.write(
        file,
        "user-store",
        1,
        SnapshotRevision.NONE,
        out -> {
          out.section("parameters").putString("floats-2");
          out.section("users").putInt(1).putString("ann").putInt(4);
          out.section("values").putInt(0);
        });
    assertEquals(
        file
            + ": section 'values': expected values of the form 'floats-2': expected 8 bytes, found 4",
        refusal(() -> UserStore.builder(UserValueCodec.floats(2)).open(file)).getMessage());
  }

  @Test
  void vectorsAreSavedAsTheyAre() {
    Path file = folder.resolve("users");
    UserStore<UserMemory> store = UserStore.builder(UserMemory.codec(3)).build();
    store.update(
        "ann",
        UserMemory.empty(3),
        memory -> memory.plus("n", new float[] {1, 2, 3}, Instant.EPOCH));
    store.save(file);
    UserMemory opened = UserStore.builder(UserMemory.codec(3)).open(file).get("ann").orElseThrow();
    assertEquals(14, opened.nearest(new float[] {1, 2, 3}, 1).get(0).score());
    UserStore<float[]> floats = UserStore.builder(UserValueCodec.floats(2)).build();
    floats.put("ann", new float[] {0.1f, -0f});
    floats.replace(folder.resolve("floats"));
    assertArrayEquals(
        new float[] {0.1f, -0f},
        UserStore.builder(UserValueCodec.floats(2))
            .open(folder.resolve("floats"))
            .get("ann")
            .orElseThrow());
  }
}
