package io.recommender.examples.shop;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A made-up shop: what it sells and what its shoppers did in half a year.
 *
 * <p>The same seed gives the same shop, byte for byte, on every Java release and machine.
 *
 * <p><b>Immutable</b>.
 */
public final class Shop {
  /** The seed of the shop that the bundled model was trained on. */
  public static final long SEED = 20_240_501L;

  /** The number of shoppers of the shop that the bundled model was trained on. */
  public static final int SHOPPERS = 8_000;

  private final List<Product> products;
  private final Catalog catalog;
  private final List<Shopper> shoppers;

  private Shop(List<Product> products, List<Shopper> shoppers) {
    this.products = products;
    this.catalog = Catalog.of(products.stream().map(Product::toItem).toList());
    this.shoppers = shoppers;
  }

  /** {@return the shop that the bundled model was trained on} */
  public static Shop standard() {
    return generate(SEED, SHOPPERS);
  }

  /**
   * Makes a shop. The first shoppers of a larger shop are those of a smaller one of the same seed.
   *
   * @param seed any number
   * @param shopperCount how many shoppers, at least 0
   * @return the shop
   */
  public static Shop generate(long seed, int shopperCount) {
    Taxonomy taxonomy = Taxonomy.load();
    ShopRandom random = new ShopRandom(seed);
    Assortment assortment = Assortment.stock(taxonomy, random.split());
    List<Shopper> shoppers = new ArrayList<>(shopperCount);
    for (int i = 0; i < shopperCount; i++) {
      String id = String.format(Locale.ROOT, "shopper-%04d", i);
      shoppers.add(
          new Shopper(
              id,
              UserHistory.of(new ShopperSimulation(taxonomy, assortment, random.split()).run())
                  .forUser(id)));
    }
    return new Shop(assortment.products(), List.copyOf(shoppers));
  }

  /** {@return the items with title, category, brand, price and stock} */
  public Catalog catalog() {
    return catalog;
  }

  /** {@return the shoppers} */
  public List<Shopper> shoppers() {
    return shoppers;
  }

  /** {@return the number of interactions of all shoppers} */
  public int interactionCount() {
    return shoppers.stream().mapToInt(shopper -> shopper.history().size()).sum();
  }

  /**
   * Writes {@code items.jsonl} and {@code interactions.tsv}, replacing files of these names.
   *
   * @param folder created if it does not exist
   * @throws IOException if a file cannot be written
   */
  public void writeTo(Path folder) throws IOException {
    Files.createDirectories(folder);
    try (BufferedWriter out = writer(folder.resolve("items.jsonl"))) {
      for (Product product : products) {
        out.write(
            String.format(
                Locale.ROOT,
                "{\"id\": %s, \"title\": %s, \"category\": %s, \"brand\": %s, "
                    + "\"price\": %s, \"stock\": %d}\n",
                Json.quote(product.id()),
                Json.quote(product.title()),
                Json.quote(product.category()),
                Json.quote(product.brandName()),
                product.price(),
                product.stock()));
      }
    }
    try (BufferedWriter out = writer(folder.resolve("interactions.tsv"))) {
      out.write("user\titem\ttimestamp\tbehavior\n");
      for (Shopper shopper : shoppers) {
        for (Interaction interaction : shopper.history().interactions()) {
          out.write(shopper.id());
          out.write('\t');
          out.write(interaction.itemId());
          out.write('\t');
          out.write(Long.toString(interaction.time().orElseThrow().getEpochSecond()));
          out.write('\t');
          out.write(interaction.behavior().orElseThrow());
          out.write('\n');
        }
      }
    }
  }

  private static BufferedWriter writer(Path file) throws IOException {
    return Files.newBufferedWriter(file, StandardCharsets.UTF_8);
  }
}
