package io.recommender.examples.shop;

import io.recommender.Interaction;
import io.recommender.examples.shop.Taste.Decision;
import io.recommender.examples.shop.Taxonomy.Group;
import io.recommender.examples.shop.Taxonomy.Leaf;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Half a year of one shopper.
 *
 * <p>A shopper follows projects: the leaves of a group, one after the other, over several visits.
 * In each leaf a few products are compared, the first one by popularity, later ones more and more
 * by taste. What is used up is bought again when it is due. Now and then something popular from
 * anywhere distracts. So the next item depends on the step of the project, which leaves are done,
 * and on brand, series and colour seen much earlier; the last item alone tells only a part.
 *
 * <p><b>Confined</b>.
 */
final class ShopperSimulation {
  static final long START = 1_704_067_200L; // 2024-01-01T00:00:00Z
  static final int DAYS = 180;
  private static final long DAY = 86_400;
  private static final double DISTRACTION = 0.06;
  private static final double CONTINUE_PROJECT = 0.75;
  private static final double NOTICE_DUE = 0.6;
  private static final double[] GROUP_SHARE = {0.34, 0.27, 0.22, 0.17};
  private static final int[] PLANNED_ROUTE = {0, 1, 2, 3};
  private static final int[] OTHER_ROUTE = {0, 2, 3, 1};
  private static final double IN_ORDER = 0.85;
  private static final double SEEN_BEFORE = 0.1;

  private final Taxonomy taxonomy;
  private final Assortment assortment;
  private final ShopRandom random;
  private final Taste taste;
  private final List<Interaction> interactions = new ArrayList<>();
  private final BitSet seen = new BitSet();
  private final NavigableMap<Integer, Long> due = new TreeMap<>();
  private final BitSet done = new BitSet();
  private @Nullable Group project;
  private long now;

  ShopperSimulation(Taxonomy taxonomy, Assortment assortment, ShopRandom random) {
    this.taxonomy = taxonomy;
    this.assortment = assortment;
    this.random = random;
    taste = Taste.draw(taxonomy, random);
  }

  List<Interaction> run() {
    int visits = 2 + (int) (3.6 * StrictMath.exp(0.55 * random.gaussian()));
    long[] starts = new long[visits];
    for (int i = 0; i < visits; i++) {
      starts[i] = START + random.below(DAYS) * DAY + secondOfDay();
    }
    Arrays.sort(starts);
    for (long start : starts) {
      now = Math.max(start, now + 3600);
      visit();
    }
    return interactions;
  }

  /** Mostly evenings, some lunch breaks. */
  private long secondOfDay() {
    double hour = random.chance(0.3) ? 12.5 + random.gaussian() : 20 + 1.4 * random.gaussian();
    return (long) (3600 * Math.min(23.9, Math.max(6, hour)));
  }

  private void visit() {
    boolean satisfied = buyWhatIsDue();
    if (satisfied && random.chance(0.4)) {
      return;
    }
    int steps = 1 + (random.chance(0.75) ? 1 : 0) + (random.chance(0.4) ? 1 : 0);
    for (int step = 0; step < steps; step++) {
      Group current = project;
      if (current == null || (step == 0 && !random.chance(CONTINUE_PROJECT))) {
        current = startProject();
      }
      Leaf leaf = nextLeaf(current);
      if (leaf == null) {
        project = null;
      } else {
        explore(leaf);
      }
    }
  }

  private boolean buyWhatIsDue() {
    boolean bought = false;
    List<Product> ready =
        due.entrySet().stream()
            .filter(entry -> entry.getValue() <= now)
            .map(entry -> assortment.products().get(entry.getKey()))
            .toList();
    for (Product product : ready) {
      if (random.chance(NOTICE_DUE)) {
        record(product, "buy");
        scheduleNext(product);
        bought = true;
      }
    }
    return bought;
  }

  private Group startProject() {
    int department = random.pick(taste.departments());
    List<Group> groups = taxonomy.departments().get(department).groups();
    Group chosen = groups.get(random.pick(GROUP_SHARE));
    chosen.leaves().forEach(leaf -> done.clear(leaf.ordinal()));
    project = chosen;
    return chosen;
  }

  /** Planners go in order; the others leave the second leaf for the end. */
  private @Nullable Leaf nextLeaf(Group group) {
    List<Leaf> open = new ArrayList<>(4);
    for (int step : taste.isPlanner() ? PLANNED_ROUTE : OTHER_ROUTE) {
      Leaf leaf = group.leaves().get(step);
      if (!done.get(leaf.ordinal())) {
        open.add(leaf);
      }
    }
    if (open.isEmpty()) {
      return null;
    }
    return open.get(random.chance(IN_ORDER) ? 0 : random.below(open.size()));
  }

  private void explore(Leaf leaf) {
    int looks = 1 + (random.chance(0.55) ? 1 : 0) + (random.chance(0.2) ? 1 : 0);
    Product product = choose(leaf, looks == 1 ? Decision.DECIDED : Decision.FIRST_LOOK);
    for (int look = 1; look < looks; look++) {
      record(product, "click");
      distract();
      product = choose(leaf, look == looks - 1 ? Decision.DECIDED : Decision.COMPARING);
    }
    double outcome = random.uniform();
    boolean buys = outcome < (leaf.isConsumable() ? 0.7 : 0.4);
    record(product, buys ? "buy" : outcome < 0.75 ? "cart" : "click");
    if (buys || outcome < 0.85) {
      done.set(leaf.ordinal());
    }
    if (buys && leaf.isConsumable()) {
      scheduleNext(product);
    }
    distract();
  }

  private Product choose(Leaf leaf, Decision decision) {
    List<Product> products = assortment.in(leaf);
    double[] weights = new double[products.size()];
    for (int i = 0; i < weights.length; i++) {
      Product product = products.get(i);
      double weight =
          taste.preference(product, leaf, decision) * assortment.pull(product, decision);
      weights[i] = seen.get(product.ordinal()) ? SEEN_BEFORE * weight : weight;
    }
    return products.get(random.pick(weights));
  }

  private void distract() {
    if (random.chance(DISTRACTION)) {
      List<Group> groups =
          taxonomy.departments().get(random.below(taxonomy.departments().size())).groups();
      List<Leaf> leaves = groups.get(random.pick(GROUP_SHARE)).leaves();
      record(choose(leaves.get(random.below(leaves.size())), Decision.DISTRACTED), "click");
    }
  }

  private void scheduleNext(Product product) {
    int days = taxonomy.leaves().get(product.leaf()).usedUpAfterDays();
    due.put(product.ordinal(), now + (long) (days * DAY * random.between(0.8, 1.3)));
  }

  private void record(Product product, String behavior) {
    seen.set(product.ordinal());
    interactions.add(
        Interaction.of(product.id()).withTime(Instant.ofEpochSecond(now)).withBehavior(behavior));
    now += 20 + (long) (-80 * StrictMath.log(1 - random.uniform()));
  }
}
