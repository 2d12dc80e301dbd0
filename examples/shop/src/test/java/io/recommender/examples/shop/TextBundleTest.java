package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.ann.FlatIndex;
import io.recommender.onnx.CatalogIndexer;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.testing.ItemEncoderContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The committed encoder of texts, over the catalogue of the shop. */
class TextBundleTest {
  private static final Path BUNDLE = Path.of("bundles/shop-text");
  private static final List<Item> ITEMS = items();

  @TempDir Path folder;

  private static List<Item> items() {
    Catalog catalog = RecommenderBundle.read(Path.of("bundles/shop")).catalog();
    return IntStream.range(0, catalog.size()).mapToObj(catalog::item).toList();
  }

  @Nested
  class Contract extends ItemEncoderContract {
    @Override
    protected ItemEncoder create() {
      return RecommenderBundle.openEncoder(BUNDLE);
    }

    @Override
    protected List<Item> items() {
      return ITEMS.subList(0, 50);
    }

    @Override
    protected float batchTolerance() {
      return 1e-6f;
    }
  }

  @Test
  void itemsOfOneShelfLieTogetherAndChangesAreSeenAtOnce() {
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(BUNDLE);
        FlatIndex index =
            new FlatIndex(encoder.dimension(), encoder.similarity(), ITEMS.size() + 1)) {
      CatalogIndexer indexer =
          CatalogIndexer.of(encoder, index).state(folder.resolve("items.hashes"));
      assertEquals(new CatalogIndexer.Result(ITEMS.size(), 0, 0), indexer.index(ITEMS.iterator()));
      assertEquals(new CatalogIndexer.Result(0, ITEMS.size(), 0), indexer.index(ITEMS.iterator()));
      int alike = 0;
      for (Item item : ITEMS.subList(0, 200)) {
        float[] vector = index.vector(item.id()).orElseThrow();
        ItemFilter others = itemId -> !itemId.equals(item.id());
        for (ScoredItem near : index.search(vector, 10, others)) {
          if (department(item).equals(department(ITEMS.get(ordinal(near.itemId()))))) {
            alike++;
          }
        }
      }
      assertTrue(alike > 1800, "of 2000 neighbours in the same department: " + alike);

      Item invented =
          new Item(
              "sku-new",
              Map.of(
                  "title",
                  new Feature.Text("Kettle of an unheard-of brand, brushed steel"),
                  "category",
                  ITEMS.get(1).features().get("category")));
      List<Item> more = new ArrayList<>(ITEMS);
      more.add(invented);
      assertEquals(new CatalogIndexer.Result(1, ITEMS.size(), 0), indexer.index(more.iterator()));
      List<ScoredItem> found = index.search(encoder.encode(List.of(invented))[0], 5);
      assertEquals("sku-new", found.get(0).itemId());
      assertEquals(department(ITEMS.get(1)), department(ITEMS.get(ordinal(found.get(1).itemId()))));
    }
  }

  private static int ordinal(String itemId) {
    return Integer.parseInt(itemId.substring("sku-".length()));
  }

  private static String department(Item item) {
    return item.text("category").orElseThrow().replaceAll(" > .*", "");
  }

  @Test
  void whatAShopperTypesFindsItems() {
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(BUNDLE)) {
      assertArrayEquals(
          encoder
              .encode(
                  List.of(
                      new Item(
                          "x",
                          Map.of(
                              "title", new Feature.Text("portable monitor"),
                              "category", new Feature.Text("Electronics")))))[0],
          encoder.encodeTexts(List.of("portable monitor, Electronics"))[0]);
      FlatIndex index = new FlatIndex(encoder.dimension(), encoder.similarity(), ITEMS.size());
      CatalogIndexer.of(encoder, index).index(ITEMS.iterator());
      for (ScoredItem found : index.search(encoder.encodeTexts(List.of("monitor"))[0], 3)) {
        assertEquals("Electronics", department(ITEMS.get(ordinal(found.itemId()))));
      }
    }
  }
}
