package io.recommender.examples.shop;

import io.recommender.Feature;
import io.recommender.Item;
import java.util.Map;

/**
 * A product of the shop, with what only the simulation knows of it.
 *
 * @param ordinal its position in the catalogue
 * @param leaf the ordinal of its category
 * @param brand the position of its brand in the department
 * @param tier 0 basic, 1 middle, 2 premium series
 * @param variant the position of its variant, such as a colour, in the category
 * @param popularity how often it is looked at, relative to others of its category
 */
record Product(
    int ordinal,
    String title,
    String category,
    String brandName,
    long cents,
    int stock,
    int leaf,
    int brand,
    int tier,
    int variant,
    double popularity) {

  String id() {
    String digits = Integer.toString(ordinal);
    return "sku-" + "0".repeat(5 - digits.length()) + digits;
  }

  /** The price as it is written in items.jsonl, such as 89.95. */
  String price() {
    long fraction = cents % 100;
    return cents / 100 + (fraction < 10 ? ".0" : ".") + fraction;
  }

  Item toItem() {
    return new Item(
        id(),
        Map.of(
            "title", new Feature.Text(title),
            "category", new Feature.Text(category),
            "brand", new Feature.Text(brandName),
            "price", new Feature.Scalar(Double.parseDouble(price())),
            "stock", new Feature.Scalar(stock)));
  }
}
