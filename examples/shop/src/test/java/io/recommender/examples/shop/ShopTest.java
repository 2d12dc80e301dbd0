package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShopTest {
  private static final String ITEMS_SHA_256 =
      "79080013fafc60218cc0bfbddd9654a005f2299cbd41e47cc6cb62dd5dee0202";
  private static final String INTERACTIONS_SHA_256 =
      "e3b77aaf6f5d8e3e0ce4505d8dca24d28163ad60c27022e5ac2d6ea301f44afe";
  private static final Shop SHOP = Shop.standard();

  @TempDir private Path folder;

  @Test
  void theDataOfTheBundledModelNeverChanges() throws Exception {
    SHOP.writeTo(folder);
    assertEquals(ITEMS_SHA_256, sha256(folder.resolve("items.jsonl")));
    assertEquals(INTERACTIONS_SHA_256, sha256(folder.resolve("interactions.tsv")));
  }

  @Test
  void aSmallerShopHasTheFirstShoppersOfALargerOne() {
    Shop small = Shop.generate(Shop.SEED, 20);
    assertEquals(SHOP.shoppers().subList(0, 20), small.shoppers());
  }

  @Test
  void anotherSeedGivesAnotherShop() {
    Shop other = Shop.generate(Shop.SEED + 1, 20);
    assertTrue(!other.shoppers().equals(SHOP.shoppers().subList(0, 20)));
  }

  @Test
  void everyItemHasWhatTheStorefrontShows() {
    Set<String> titles = new HashSet<>();
    for (int ordinal = 0; ordinal < SHOP.catalog().size(); ordinal++) {
      Item item = SHOP.catalog().item(ordinal);
      assertEquals("sku-%05d".formatted(ordinal), item.id());
      assertTrue(titles.add(item.text("title").orElseThrow()), "title twice: " + item);
      assertEquals(3, item.text("category").orElseThrow().split(" > ").length);
      assertTrue(item.text("title").orElseThrow().startsWith(item.text("brand").orElseThrow()));
      assertTrue(item.features().get("price") instanceof Feature.Scalar price && price.value() > 0);
      assertTrue(
          item.features().get("stock") instanceof Feature.Scalar stock && stock.value() >= 0);
    }
  }

  @Test
  void historiesAreOldestFirstAndOfKnownItems() {
    for (Shopper shopper : SHOP.shoppers()) {
      Instant last = Instant.EPOCH;
      for (Interaction interaction : shopper.history().interactions()) {
        assertTrue(SHOP.catalog().contains(interaction.itemId()));
        assertTrue(Set.of("click", "cart", "buy").contains(interaction.behavior().orElseThrow()));
        assertTrue(!interaction.time().orElseThrow().isBefore(last), shopper.id());
        last = interaction.time().orElseThrow();
      }
      assertTrue(shopper.history().size() >= 2, shopper.id());
    }
  }

  @Test
  void theFilesHaveTheFormatOfBundlesAndLogs() throws IOException {
    Shop.generate(7, 3).writeTo(folder);
    List<String> items = Files.readAllLines(folder.resolve("items.jsonl"));
    assertTrue(
        items
            .get(0)
            .matches(
                "\\{\"id\": \"sku-00000\", \"title\": \"[^\"]+\", \"category\": \"[^\"]+\","
                    + " \"brand\": \"[^\"]+\", \"price\": \\d+\\.\\d\\d, \"stock\": \\d+\\}"),
        items.get(0));
    List<String> interactions = Files.readAllLines(folder.resolve("interactions.tsv"));
    assertEquals("user\titem\ttimestamp\tbehavior", interactions.get(0));
    assertTrue(
        interactions.get(1).matches("shopper-0000\tsku-\\d{5}\t\\d{10}\t(click|cart|buy)"),
        interactions.get(1));
  }

  private static String sha256(Path file) throws IOException, NoSuchAlgorithmException {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }
}
