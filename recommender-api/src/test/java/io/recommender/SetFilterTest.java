package io.recommender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class SetFilterTest {
  private static final List<String> MANY =
      IntStream.range(0, 1000).mapToObj(i -> "item-" + i).toList();

  @Test
  void smallDenyListsAreUnited() {
    ItemFilter both = ItemFilter.deny(Set.of("a")).and(ItemFilter.deny(Set.of("b")));
    assertEquals(Set.of("a", "b"), both.denyList().orElseThrow());
  }

  @Test
  void filtersTellTheirSizeAndNotTheirItems() {
    ItemFilter some = ItemFilter.allow(MANY);
    assertEquals("allow 1000 items", some.toString());
    assertEquals("deny 1 item", ItemFilter.deny(Set.of("a")).toString());
    assertEquals("all", ItemFilter.all().toString());
    assertEquals(
        "allow 1000 items and deny 1 item", some.and(ItemFilter.deny(Set.of("a"))).toString());
  }

  @Test
  void nullIsRefusedByName() {
    assertNull("itemIds", () -> ItemFilter.allow(null));
    assertNull("itemIds", () -> ItemFilter.deny(null));
    assertNull("history", () -> ItemFilter.unseen(null));
    assertNull("other", () -> ItemFilter.all().and(null));
    assertNull("itemIds: expected no null", () -> ItemFilter.allow(Arrays.asList("a", null)));
  }

  private static void assertNull(String message, Executable action) {
    assertEquals(message, assertThrows(NullPointerException.class, action).getMessage());
  }

  @Test
  void aFilterThatAcceptsEverythingLeavesTheOther() {
    ItemFilter many = ItemFilter.deny(MANY);
    assertSame(many, ItemFilter.all().and(many));
    assertSame(many, many.and(ItemFilter.all()));
  }

  @Test
  void largeOnesAreAskedOneAfterTheOther() {
    ItemFilter both = ItemFilter.deny(Set.of("a")).and(ItemFilter.deny(MANY));
    assertFalse(both.accepts("a"));
    assertFalse(both.accepts("item-7"));
    assertTrue(both.accepts("b"));
    assertEquals(Optional.empty(), both.denyList());
    assertEquals(Optional.empty(), both.allowList());
    assertTrue(both.isConstant());
    assertFalse(ItemFilter.deny(MANY).and(itemId -> true).isConstant());
  }

  @Test
  void theSmallerAllowListIsKnown() {
    ItemFilter allow = ItemFilter.allow(Set.of("a", "item-1"));
    ItemFilter both = allow.and(ItemFilter.allow(MANY));
    assertEquals(Set.of("a", "item-1"), both.allowList().orElseThrow());
    assertEquals(Set.of("a", "item-1"), ItemFilter.deny(MANY).and(allow).allowList().orElseThrow());
    assertTrue(both.accepts("item-1"));
    assertFalse(both.accepts("a"));
  }

  @Test
  void aConjunctionTellsItsPartsHoweverItWasMade() {
    ItemFilter one = ItemFilter.allow(MANY);
    ItemFilter two = itemId -> !itemId.endsWith("7");
    ItemFilter three = ItemFilter.deny(Set.of("item-8"));
    List<ItemFilter> parts = List.of(one, two, three);
    assertEquals(parts, one.and(two).and(three).parts());
    assertEquals(parts, one.and(two.and(three)).parts());
    assertEquals(
        parts, ItemFilter.all().and(one).and(ItemFilter.all()).and(two.and(three)).parts());
    assertEquals(List.of(one, two, one, two), one.and(two).and(one.and(two)).parts());
    assertEquals(List.of(), one.parts());
    assertEquals(List.of(), two.parts());
    ItemFilter all = one.and(two.and(three));
    assertTrue(all.accepts("item-9"));
    assertFalse(all.accepts("item-17"));
    assertFalse(all.accepts("item-8"));
    assertFalse(all.accepts("other"));
  }
}
