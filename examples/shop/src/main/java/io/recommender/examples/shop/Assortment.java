package io.recommender.examples.shop;

import io.recommender.examples.shop.Taste.Decision;
import io.recommender.examples.shop.Taxonomy.Brand;
import io.recommender.examples.shop.Taxonomy.Department;
import io.recommender.examples.shop.Taxonomy.Leaf;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The products of the shop, by ordinal and by category.
 *
 * <p>A category holds 14 to 25 products. Each is made by a brand of the department in one of its
 * three series; a shopper who likes one product of a series finds its like in other categories.
 */
final class Assortment {
  private static final double[] TIER_PRICE = {0.6, 1.0, 1.75};
  private static final double PRICE_SPREAD = 0.16;
  private static final double POPULARITY_EXPONENT = 1.0;
  private static final double TASTEFUL_EXPONENT = 0.7;
  private static final double OUT_OF_STOCK = 0.03;

  private final List<Product> products;
  private final List<List<Product>> byLeaf;
  private final double[][] pull;

  private Assortment(List<Product> products, List<List<Product>> byLeaf) {
    this.products = products;
    this.byLeaf = byLeaf;
    pull = new double[Decision.values().length][products.size()];
    for (Decision decision : Decision.values()) {
      double exponent = 1 - decision.byTaste + TASTEFUL_EXPONENT * decision.byTaste;
      for (Product product : products) {
        pull[decision.ordinal()][product.ordinal()] =
            StrictMath.pow(product.popularity(), exponent);
      }
    }
  }

  List<Product> products() {
    return products;
  }

  List<Product> in(Leaf leaf) {
    return byLeaf.get(leaf.ordinal());
  }

  /** How much the popularity of a product counts at a decision. */
  double pull(Product product, Decision decision) {
    return pull[decision.ordinal()][product.ordinal()];
  }

  static Assortment stock(Taxonomy taxonomy, ShopRandom random) {
    List<Draft> drafts = new ArrayList<>();
    for (Leaf leaf : taxonomy.leaves()) {
      drafts.addAll(draftLeaf(taxonomy.departments().get(leaf.department()), leaf, random));
    }
    int[] ordinals = new int[drafts.size()];
    for (int i = 0; i < ordinals.length; i++) {
      ordinals[i] = i;
    }
    random.shuffle(ordinals);
    Product[] products = new Product[drafts.size()];
    List<List<Product>> byLeaf = new ArrayList<>();
    for (int i = 0; i < drafts.size(); i++) {
      Product product = drafts.get(i).toProduct(ordinals[i], random);
      products[product.ordinal()] = product;
      if (product.leaf() == byLeaf.size()) {
        byLeaf.add(new ArrayList<>());
      }
      byLeaf.get(product.leaf()).add(product);
    }
    return new Assortment(List.of(products), List.copyOf(byLeaf));
  }

  private static List<Draft> draftLeaf(Department department, Leaf leaf, ShopRandom random) {
    int size = 14 + random.below(12);
    int[] ranks = new int[size];
    for (int i = 0; i < size; i++) {
      ranks[i] = i + 1;
    }
    random.shuffle(ranks);
    int brands = department.brands().size();
    int missing = random.below(brands);
    Set<String> titles = new HashSet<>();
    List<Draft> drafts = new ArrayList<>();
    while (drafts.size() < size) {
      // First every brand but one in every series, then more variants of any of them.
      int turn = drafts.size();
      boolean systematic = turn < (brands - 1) * TIER_PRICE.length;
      int brand = systematic ? turn % (brands - 1) : random.below(brands - 1);
      int tier = systematic ? turn / (brands - 1) : random.below(TIER_PRICE.length);
      brand += brand >= missing ? 1 : 0;
      Draft draft =
          new Draft(
              department.brands().get(brand),
              leaf,
              brand,
              tier,
              random.below(leaf.variants().size()),
              random.below(leaf.nouns().size()),
              1 / StrictMath.pow(ranks[turn], POPULARITY_EXPONENT));
      if (titles.add(draft.title())) {
        drafts.add(draft);
      }
    }
    return drafts;
  }

  private record Draft(
      Brand maker, Leaf leaf, int brand, int tier, int variant, int noun, double popularity) {

    String title() {
      return "%s %s %s, %s"
          .formatted(
              maker.name(),
              maker.series().get(tier),
              leaf.nouns().get(noun),
              leaf.variants().get(variant));
    }

    Product toProduct(int ordinal, ShopRandom random) {
      double price =
          leaf.medianPrice()
              * maker.priceLevel()
              * TIER_PRICE[tier]
              * StrictMath.exp(PRICE_SPREAD * random.gaussian());
      int stock = random.chance(OUT_OF_STOCK) ? 0 : 3 + random.below(120);
      return new Product(
          ordinal,
          title(),
          leaf.path(),
          maker.name(),
          friendlyCents(price),
          stock,
          leaf.ordinal(),
          brand,
          tier,
          variant,
          popularity);
    }

    /** Rounds as shops do: 6.49, 89.95, 249.00. */
    private static long friendlyCents(double price) {
      if (price < 20) {
        return Math.max(1, StrictMath.round(price * 2)) * 50 - 1;
      }
      return price < 150
          ? StrictMath.round(price) * 100 - 5
          : StrictMath.round(price / 5) * 500 - 100;
    }
  }
}
