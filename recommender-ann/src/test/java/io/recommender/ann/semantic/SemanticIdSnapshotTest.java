package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ann.internal.SavedFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Saved indexes of codes. Two golden files are what version 1 of the format wrote and every later
 * release must open: if their tests fail, files of users would no longer be read.
 */
class SemanticIdSnapshotTest {
  private static final String GOLDEN = "semantic-ids-1.snapshot";
  private static final String GOLDEN_TITLES = "semantic-ids-titles-1.snapshot";

  @TempDir private Path folder;
  private Path file;
  private SavedFile saved;

  /** Writes the golden files anew: the argument is the folder for them. */
  public static void main(String[] args) {
    codes().save(Path.of(args[0], GOLDEN));
    titles().save(Path.of(args[0], GOLDEN_TITLES));
  }

  private static SemanticIdIndex codes() {
    SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(new int[] {4, 300, 2})).build();
    for (int i = 0; i < 20; i++) {
      index.add("größe-" + i, i % 4, i * 7 % 300, i % 2);
    }
    index.remove("größe-3");
    index.add("größe-5", 0, 0, 0);
    index.setAvailable("größe-8", false);
    return index;
  }

  private static SemanticIdIndex titles() {
    SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.upTo(3, 70_000)).unique().build();
    index.add("b", 66_000);
    index.add("a", 66_000, 1);
    index.add("c", 66_000, 1, 69_999);
    return index;
  }

  @BeforeEach
  void save() {
    file = folder.resolve("index");
    codes().save(file);
    saved = new SavedFile(file, "semantic-ids", 1, SemanticIdIndex::open);
  }

  private Path golden(String name) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(SemanticIdSnapshotTest.class.getResourceAsStream(name), name)) {
      return Files.write(folder.resolve(name), stream.readAllBytes());
    }
  }

  @Test
  void aGoldenFileAnswersAsEver() throws IOException {
    SemanticIdIndex index = SemanticIdIndex.open(golden(GOLDEN));
    assertEquals(CodeShape.of(new int[] {4, 300, 2}), index.shape());
    assertEquals(19, index.size());
    assertArrayEquals(new int[] {1, 63, 1}, index.code("größe-9").orElseThrow());
    assertEquals(List.of("größe-0", "größe-5"), index.items(0, 0, 0));
    assertTrue(!index.isAvailable("größe-8") && index.contains("größe-8"));
    assertArrayEquals(new int[] {0, 28, 84, 112}, index.allowedNext(0));
    SemanticIdIndex titles = SemanticIdIndex.open(golden(GOLDEN_TITLES));
    assertEquals(CodeShape.upTo(3, 70_000), titles.shape());
    assertTrue(titles.isUnique());
    assertEquals(List.of("a"), titles.items(66_000, 1));
    assertArrayEquals(new int[] {69_999}, titles.allowedNext(66_000, 1));
  }

  @Test
  void newItemsOfAnOpenedIndexComeAfterTheOthers() {
    SemanticIdIndex index = SemanticIdIndex.open(file);
    index.add("a", 0, 0, 0);
    assertEquals(List.of("größe-0", "größe-5", "a"), index.items(0, 0, 0));
    index.save(file);
    assertEquals(List.of("größe-0", "größe-5", "a"), SemanticIdIndex.open(file).items(0, 0, 0));
  }

  @Test
  void savesDoNotUndoOthers() {
    SemanticIdIndex mine = SemanticIdIndex.open(file);
    SemanticIdIndex other = SemanticIdIndex.open(file);
    mine.remove("größe-1");
    mine.save(file);
    assertEquals(Kind.SNAPSHOT_STALE, refusal(() -> other.save(file)).kind());
    other.replace(file);
    assertEquals(19, SemanticIdIndex.open(file).size());
  }

  @Test
  void anEmptyIndexIsSaved() {
    SemanticIdIndex.builder(CodeShape.of(2, 2)).build().save(folder.resolve("empty"));
    assertEquals(0, SemanticIdIndex.open(folder.resolve("empty")).size());
  }

  private static RecommenderException refusal(Runnable action) {
    return assertThrows(RecommenderException.class, action::run);
  }

  @Test
  void aDamagedByteIsFound() throws IOException {
    SavedFile.assertDamageIsFound(file, SemanticIdIndex::open);
  }

  @Test
  void aFlagIsZeroOrOne() {
    saved.assertRefused("parameters", saved.changed("parameters", 0, 2), "0 or 1, found 2");
  }

  @Test
  void lengthsMatchTheFlag() {
    saved.assertRefused(
        "parameters", saved.changed("parameters", 0, 1), "the size of a level, found 300");
  }

  @Test
  void thereIsALevel() {
    byte[] none = Arrays.copyOf(saved.section("parameters"), 14);
    none[2] = 0;
    saved.assertRefused("parameters", none, "at least one level, found none");
  }

  @Test
  void countsAgree() {
    int count = 2 + 4 + 3 * 4;
    saved.assertRefused(
        "parameters", saved.changed("parameters", count, 18), "codes of 3 levels for each item");
  }

  @Test
  void codesAreInRange() {
    saved.assertRefused("codes", saved.changed("codes", 4, 9), "0 to 1 at level 2, found 9");
  }

  @Test
  void codesAreSorted() {
    byte[] codes = saved.section("codes");
    byte[] swapped = codes.clone();
    System.arraycopy(codes, 0, swapped, codes.length - 6, 6);
    System.arraycopy(codes, codes.length - 6, swapped, 0, 6);
    saved.assertRefused("codes", swapped, "sorted codes, found item 1 out of order");
  }

  @Test
  void equalCodesAreSortedByOrder() {
    byte[] orders = saved.section("orders");
    byte[] swapped = orders.clone();
    System.arraycopy(orders, 0, swapped, 4, 4);
    System.arraycopy(orders, 4, swapped, 0, 4);
    saved.forge("orders", swapped);
    saved.assertRefused("codes", saved.section("codes"), "sorted codes, found item 1 out of order");
  }

  @Test
  void uniqueCodesAreUnique() {
    saved.forge("parameters", saved.changed("parameters", 1, 1));
    saved.assertRefused("codes", saved.section("codes"), "sorted codes, found item 1 out of order");
  }

  @Test
  void orderNumbersComeOnce() {
    saved.assertRefused(
        "orders", saved.changed("orders", 0, 19), "each number below 19 once, found 19");
    saved.assertRefused(
        "orders",
        saved.changed("orders", 4, saved.section("orders")[8]),
        "each number below 19 once");
  }

  @Test
  void itemsComeOnce() {
    byte[] items = saved.section("items");
    byte[] name = "größe-0".getBytes(StandardCharsets.UTF_8);
    int second = 4 + name.length + 4;
    assertEquals('5', items[second + name.length - 1]);
    saved.assertRefused(
        "items",
        saved.changed("items", second + name.length - 1, '0'),
        "each item once, found another 'größe-0'");
  }

  @Test
  void availabilityIsOfItems() {
    saved.assertRefused(
        "available", saved.changed("available", 3, 1), "bits of 19 items, found more");
    saved.assertRefused("available", new byte[16], "8 bytes, found 16");
  }
}
