package io.recommender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Conjunctions accept what their parts accept, and what they tell backends is true. */
class ItemFilterProperties {
  private static final List<String> ITEMS =
      IntStream.range(0, 8).mapToObj(i -> "item-" + i).toList();

  @Provide
  Arbitrary<ItemFilter> filters() {
    Arbitrary<Set<String>> sets = Arbitraries.of(ITEMS).set();
    return Arbitraries.oneOf(
        sets.map(ItemFilter::allow),
        sets.map(ItemFilter::deny),
        Arbitraries.just(ItemFilter.all()),
        sets.map(set -> itemId -> set.contains(itemId)),
        sets.map(set -> ItemFilter.unseen(UserHistory.ofItems(new ArrayList<>(set)))));
  }

  @Property
  void aConjunctionAcceptsWhatAllAccept(
      @ForAll List<@net.jqwik.api.From("filters") ItemFilter> parts) {
    ItemFilter all = ItemFilter.all();
    for (ItemFilter part : parts) {
      all = all.and(part);
    }
    for (String item : ITEMS) {
      boolean expected = parts.stream().allMatch(part -> part.accepts(item));
      assertEquals(expected, all.accepts(item));
      if (!all.parts().isEmpty()) {
        assertEquals(expected, all.parts().stream().allMatch(part -> part.accepts(item)));
      }
      all.allowList().ifPresent(allowed -> assertTrue(!expected || allowed.contains(item)));
      all.denyList().ifPresent(denied -> assertEquals(!expected, denied.contains(item)));
    }
  }

  @Example
  void nullIdsAreRefused() {
    List<String> withNull = new ArrayList<>();
    withNull.add(null);
    assertThrows(NullPointerException.class, () -> ItemFilter.deny(withNull));
    assertThrows(NullPointerException.class, () -> ItemFilter.allow(withNull));
  }
}
