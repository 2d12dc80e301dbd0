package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BothFiltersTest {
  private static final List<String> MANY =
      IntStream.range(0, 1000).mapToObj(i -> "item-" + i).toList();

  @Test
  void smallDenyListsAreUnited() {
    ItemFilter both = BothFilters.of(ItemFilter.deny(Set.of("a")), ItemFilter.deny(Set.of("b")));
    assertEquals(Set.of("a", "b"), both.denyList().orElseThrow());
  }

  @Test
  void aFilterThatAcceptsEverythingLeavesTheOther() {
    ItemFilter many = ItemFilter.deny(MANY);
    assertSame(many, BothFilters.of(ItemFilter.all(), many));
    assertSame(many, BothFilters.of(many, ItemFilter.all()));
  }

  @Test
  void largeOnesAreAskedOneAfterTheOther() {
    ItemFilter both = BothFilters.of(ItemFilter.deny(Set.of("a")), ItemFilter.deny(MANY));
    assertFalse(both.accepts("a"));
    assertFalse(both.accepts("item-7"));
    assertTrue(both.accepts("b"));
    assertEquals(Optional.empty(), both.denyList());
    assertEquals(Optional.empty(), both.allowList());
    assertTrue(both.isConstant());
    assertFalse(BothFilters.of(ItemFilter.deny(MANY), itemId -> true).isConstant());
  }

  @Test
  void theSmallerAllowListIsKnown() {
    ItemFilter allow = ItemFilter.allow(Set.of("a", "item-1"));
    ItemFilter both = new BothFilters(allow, ItemFilter.allow(MANY));
    assertEquals(Set.of("a", "item-1"), both.allowList().orElseThrow());
    assertEquals(
        Set.of("a", "item-1"),
        BothFilters.of(ItemFilter.deny(MANY), allow).allowList().orElseThrow());
    assertTrue(both.accepts("item-1"));
    assertFalse(both.accepts("a"));
  }
}
