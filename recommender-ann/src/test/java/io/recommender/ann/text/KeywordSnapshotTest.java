package io.recommender.ann.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.ann.internal.SavedFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Saved indexes of keywords. Two golden files are what version 1 of the format wrote and every
 * later release must open: if their tests fail, files of users would no longer be read.
 */
class KeywordSnapshotTest {
  private static final String GOLDEN = "keywords-1.snapshot";
  private static final String GOLDEN_WEIGHTED = "keywords-weighted-1.snapshot";

  @TempDir private Path folder;
  private Path file;
  private SavedFile saved;

  /** Writes the golden files anew: the argument is the folder for them. */
  public static void main(String[] args) {
    titles().save(Path.of(args[0], GOLDEN));
    weighted().save(Path.of(args[0], GOLDEN_WEIGHTED));
  }

  private static KeywordIndex titles() {
    KeywordIndex index = KeywordIndex.builder().k1(0.9).b(0.4).build();
    for (int i = 0; i < 20; i++) {
      index.add("größe-" + i, "Zelt z" + i % 3 + " Zelt für".repeat(1 + i % 2) + " w" + i);
    }
    index.remove("größe-3");
    index.add("größe-5", "Zelt");
    index.setAvailable("größe-8", false);
    return index;
  }

  private static KeywordIndex weighted() {
    KeywordIndex index = KeywordIndex.builder().b(0).build();
    index.add("b", Map.of("ramen", 2.5, "spät", 0.125));
    index.add("a", Map.of("ramen", 2.5));
    index.add("c", Map.of());
    return index;
  }

  @BeforeEach
  void save() {
    file = folder.resolve("index");
    titles().save(file);
    saved = new SavedFile(file, "keywords", 1, KeywordIndex::open);
  }

  private Path golden(String name) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(KeywordSnapshotTest.class.getResourceAsStream(name), name)) {
      return Files.write(folder.resolve(name), stream.readAllBytes());
    }
  }

  private static List<ScoredItem> search(KeywordIndex index, String text) {
    return index.search(text, 50, ItemFilter.all());
  }

  @Test
  void aGoldenFileAnswersAsEver() throws IOException {
    KeywordIndex index = KeywordIndex.open(golden(GOLDEN));
    assertEquals("KeywordIndex[19 items, k1 0.9, b 0.4]", index.toString());
    assertEquals(search(titles(), "zelt z1 w8"), search(index, "zelt z1 w8"));
    assertEquals(18, search(index, "zelt").size());
    assertTrue(!index.isAvailable("größe-8") && index.contains("größe-8"));
    assertEquals(Map.of("zelt", 1.0), index.weights("größe-5").orElseThrow());
    KeywordIndex weighted = KeywordIndex.open(golden(GOLDEN_WEIGHTED));
    assertEquals(Map.of("ramen", 2.5, "spät", 0.125), weighted.weights("b").orElseThrow());
    assertEquals(search(weighted(), "ramen spät"), search(weighted, "ramen spät"));
    assertEquals(
        List.of("b", "a"), search(weighted, "ramen").stream().map(ScoredItem::itemId).toList());
    assertTrue(weighted.contains("c"));
  }

  @Test
  void newItemsOfAnOpenedIndexComeAfterTheOthers() {
    KeywordIndex index = KeywordIndex.open(file);
    index.add("a", "Zelt");
    List<ScoredItem> found = search(index, "zelt");
    List<String> ids = found.stream().map(ScoredItem::itemId).toList();
    assertEquals(ids.indexOf("größe-5") + 1, ids.indexOf("a"));
    index.save(file);
    assertEquals(found, search(KeywordIndex.open(file), "zelt"));
  }

  @Test
  void savesDoNotUndoOthers() {
    KeywordIndex mine = KeywordIndex.open(file);
    KeywordIndex other = KeywordIndex.open(file);
    mine.remove("größe-1");
    mine.save(file);
    assertEquals(Kind.SNAPSHOT_STALE, refusal(() -> other.save(file)).kind());
    other.replace(file);
    assertEquals(19, KeywordIndex.open(file).size());
  }

  @Test
  void theAnalyzerIsTheCallers() {
    KeywordIndex index = KeywordIndex.open(file, text -> List.of("zelt"));
    assertEquals(18, search(index, "anything").size());
  }

  @Test
  void anEmptyIndexIsSaved() {
    KeywordIndex.builder().build().save(folder.resolve("empty"));
    KeywordIndex index = KeywordIndex.open(folder.resolve("empty"));
    assertEquals(0, index.size());
    index.add("a", "x");
    assertFalse(search(index, "x").isEmpty());
  }

  private static RecommenderException refusal(Runnable action) {
    return assertThrows(RecommenderException.class, action::run);
  }

  @Test
  void aDamagedByteIsFound() throws IOException {
    SavedFile.assertDamageIsFound(file, KeywordIndex::open);
    byte[] bytes = Files.readAllBytes(file);
    byte[] damaged = bytes.clone();
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("zelt");
    damaged[at] ^= 4;
    Files.write(file, damaged);
    String message = refusal(() -> KeywordIndex.open(file)).getMessage();
    assertTrue(message.contains("section 'terms'"), message);
  }

  @Test
  void parametersAreInRange() {
    saved.assertRefused(
        "parameters", saved.changed("parameters", 7, 0xbf), "k1 from 0 and b from 0 to 1");
    saved.assertRefused(
        "parameters", saved.changed("parameters", 15, 0x40), "k1 from 0 and b from 0 to 1");
    saved.assertRefused(
        "parameters", saved.changed("parameters", 28, 2), "numbers of items and terms");
    saved.assertRefused(
        "parameters", saved.changed("parameters", 23, 1), "numbers of items and terms");
  }

  @Test
  void countsAgree() {
    saved.forge("parameters", saved.changed("parameters", 16, 18));
    saved.assertRefused("orders", saved.section("orders"), "72 bytes, found 76");
  }

  @Test
  void termsAreSortedAndNumbersAscend() {
    saved.assertRefused("terms", saved.changed("terms", 4, 'z'), "sorted terms, found");
    saved.assertRefused("numbers", saved.changed("numbers", 3, 1), "ascending terms from 0 to");
    byte[] numbers = saved.section("numbers").clone();
    System.arraycopy(numbers, 8, numbers, 4, 4);
    saved.assertRefused("numbers", numbers, "ascending terms from 0 to");
    saved.assertRefused("ends", saved.changed("ends", 3, 1), "ascending numbers, found");
  }

  @Test
  void weightsAreAboveZero() {
    saved.assertRefused("weights", saved.changed("weights", 0, 0), "a number above 0, found 0.0");
    int count = saved.section("weights").length;
    saved.assertRefused("weights", new byte[3], count + " bytes, found 3");
  }

  @Test
  void orderNumbersComeOnceAndItemsAreSorted() {
    saved.assertRefused(
        "orders", saved.changed("orders", 0, 19), "each number below 19 once, found 19");
    byte[] orders = saved.section("orders").clone();
    byte[] swapped = orders.clone();
    System.arraycopy(orders, 4, swapped, 8, 4);
    System.arraycopy(orders, 8, swapped, 4, 4);
    saved.assertRefused("orders", swapped, "items by length, then by number");
  }

  @Test
  void itemsComeOnce() {
    byte[] items = saved.section("items").clone();
    System.arraycopy(items, 4, items, 4 + 9 + 4, 9);
    assertEquals(9, items[0]);
    assertEquals(9, items[13]);
    saved.assertRefused("items", items, "each item once, found another");
  }

  @Test
  void availabilityIsOfItems() {
    saved.assertRefused(
        "available", saved.changed("available", 3, 1), "bits of 19 items, found more");
    saved.assertRefused("available", new byte[16], "8 bytes, found 16");
  }
}
