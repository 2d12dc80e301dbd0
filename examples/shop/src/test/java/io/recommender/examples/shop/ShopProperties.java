package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ShopProperties {

  @Property(tries = 20)
  void theSameSeedGivesTheSameShop(@ForAll long seed) {
    Shop one = Shop.generate(seed, 5);
    Shop other = Shop.generate(seed, 5);
    assertEquals(one.shoppers(), other.shoppers());
    assertEquals(one.catalog().size(), other.catalog().size());
    for (int i = 0; i < one.catalog().size(); i++) {
      assertEquals(one.catalog().item(i), other.catalog().item(i));
    }
  }

  @Property
  void aPickNeverHasWeightZero(
      @ForAll long seed, @ForAll @Size(min = 1, max = 20) List<@IntRange(max = 3) Integer> counts) {
    double[] weights = counts.stream().mapToDouble(count -> count).toArray();
    if (Arrays.stream(weights).sum() == 0) {
      weights[0] = 1;
    }
    assertTrue(weights[new ShopRandom(seed).pick(weights)] > 0);
  }

  @Property
  void aShuffleKeepsEveryValue(@ForAll long seed, @ForAll @Size(max = 50) int[] values) {
    int[] shuffled = values.clone();
    new ShopRandom(seed).shuffle(shuffled);
    Arrays.sort(shuffled);
    int[] sorted = values.clone();
    Arrays.sort(sorted);
    assertEquals(Arrays.toString(sorted), Arrays.toString(shuffled));
  }

  @Property
  void aFittedTextHasExactlyItsWidth(
      @ForAll String text, @ForAll @IntRange(min = 1, max = 60) int w) {
    assertEquals(w, Terminal.fit(text, w).length());
  }

  @Property
  void quotedTextHasNoControlCharacters(@ForAll String text) {
    String quoted = Json.quote(text);
    assertTrue(quoted.startsWith("\"") && quoted.endsWith("\""));
    assertTrue(quoted.chars().noneMatch(c -> c < 0x20));
  }
}
