package io.recommender.examples.shop;

import io.recommender.examples.shop.Taxonomy.Department;
import io.recommender.examples.shop.Taxonomy.Leaf;
import java.util.Arrays;
import java.util.List;

/**
 * What a shopper likes. None of it is written to the data: a model has to find it in the history.
 *
 * @param departments the weight of each department
 * @param favouriteBrand the brand the shopper prefers, by department
 * @param secondBrand the next best brand, by department
 * @param tier the series the shopper can afford: 0 basic, 1 middle, 2 premium
 * @param colour picks the variant the shopper prefers
 * @param isPlanner whether projects run in the usual order or with the second step last
 */
record Taste(
    double[] departments,
    int[] favouriteBrand,
    int[] secondBrand,
    int tier,
    int colour,
    boolean isPlanner) {
  private static final double[] TIER_SHARE = {0.34, 0.42, 0.24};

  // The factors of each decision: for one that follows taste by 0.6, all of them to the power 0.6.
  private static final double[] FAVOURITE = powers(24);
  private static final double[] SECOND = powers(5);
  private static final double[] SAME_TIER = powers(14);
  private static final double[] OTHER_TIER = powers(0.7);
  private static final double[] SAME_COLOUR = powers(4);

  /** How much a look at a product follows taste rather than what the shop shows first. */
  enum Decision {
    DISTRACTED(0),
    FIRST_LOOK(0.2),
    COMPARING(0.6),
    DECIDED(1);

    final double byTaste;

    Decision(double byTaste) {
      this.byTaste = byTaste;
    }
  }

  static Taste draw(Taxonomy taxonomy, ShopRandom random) {
    List<Department> all = taxonomy.departments();
    double[] departments = new double[all.size()];
    int[] favourite = new int[all.size()];
    int[] second = new int[all.size()];
    for (int i = 0; i < all.size(); i++) {
      // A steep transform of a uniform number: one or two departments outweigh the rest.
      departments[i] = all.get(i).popularity() * StrictMath.exp(5 * random.uniform());
      int brands = all.get(i).brands().size();
      favourite[i] = random.below(brands);
      second[i] = (favourite[i] + 1 + random.below(brands - 1)) % brands;
    }
    return new Taste(
        departments,
        favourite,
        second,
        random.pick(TIER_SHARE),
        random.below(60),
        random.chance(0.5));
  }

  /** How much the shopper prefers a product at a decision, before its popularity. */
  double preference(Product product, Leaf leaf, Decision decision) {
    int power = decision.ordinal();
    double weight = product.tier() == tier ? SAME_TIER[power] : OTHER_TIER[power];
    if (product.brand() == favouriteBrand[leaf.department()]) {
      weight *= FAVOURITE[power];
    } else if (product.brand() == secondBrand[leaf.department()]) {
      weight *= SECOND[power];
    }
    return product.variant() == colour % leaf.variants().size()
        ? weight * SAME_COLOUR[power]
        : weight;
  }

  private static double[] powers(double base) {
    return Arrays.stream(Decision.values())
        .mapToDouble(decision -> StrictMath.pow(base, decision.byTaste))
        .toArray();
  }
}
