package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which filters are counted, and which have their sets remembered. */
class FilterTableTest {
  private static final NodeSet SET = new NodeSet(new long[1], 0, 0, 0, null);

  private final FilterTable table = new FilterTable();
  private final List<ItemFilter> filters = new ArrayList<>();

  private static ItemFilter filter() {
    return ItemFilter.allow(Set.of("a"));
  }

  private FilterTable.Entry entry(ItemFilter filter) {
    FilterTable.Entry entry = table.get(filter);
    assertNotNull(entry);
    return entry;
  }

  private void fill(int uses) {
    for (int i = 0; i < FilterTable.MOST; i++) {
      filters.add(filter());
      assertTrue(table.admits(2));
      table.put(filters.get(i), SET, false, uses);
    }
  }

  @Test
  void aFilterIsItselfOnly() {
    fill(2);
    assertEquals(FilterTable.MOST, table.size());
    for (ItemFilter filter : filters) {
      assertTrue(entry(filter).refersTo(filter));
    }
    assertNull(table.get(filter()));
  }

  @Test
  void theLeastUsedGivesWayToWhatComesTwiceAsOften() {
    fill(2);
    ItemFilter least = filters.get(17);
    for (ItemFilter filter : filters) {
      if (filter != least) {
        entry(filter).use();
      }
    }
    assertFalse(table.admits(5));
    assertTrue(table.admits(6));
    ItemFilter other = filter();
    table.put(other, SET, false, 6);
    assertNull(table.get(least));
    filters.removeIf(filter -> filter == least);
    filters.add(other);
    filters.forEach(filter -> assertNotNull(table.get(filter)));
    assertFalse(table.admits(7));
    assertTrue(table.admits(8));
  }

  @Test
  void whatWasPopularIsForgottenInTheEnd() {
    fill(FilterUses.MOST);
    filters.forEach(filter -> entry(filter).use());
    assertFalse(table.admits(FilterUses.MOST));
    for (int i = 0; i < 6; i++) {
      table.age();
    }
    assertFalse(table.admits(3));
    table.age();
    assertTrue(table.admits(2));
  }

  @Test
  void whatIsMadeTwiceIsKeptOnce() {
    ItemFilter filter = filter();
    table.put(filter, SET, true, 2);
    FilterTable.Entry entry = entry(filter);
    assertTrue(entry.known().isPart());
    NodeSet other = new NodeSet(new long[2], 0, 0, 0, null);
    table.put(filter, other, false, 2);
    assertSame(entry, table.get(filter));
    assertSame(other, entry.known().set());
    assertFalse(entry.known().isPart());
    assertEquals(1, table.size());
  }

  @Test
  void countsOfWhatComesOftenOutlastWhatComesOnce() {
    FilterUses uses = new FilterUses();
    ItemFilter often = filter();
    int now = Integer.MAX_VALUE - 100;
    for (int i = 1; i <= 40; i++) {
      assertEquals(i, uses.count(often, now++));
      ItemFilter once = filter();
      filters.add(once);
      assertEquals(1, uses.count(once, now++));
    }
    uses.age();
    assertEquals(21, uses.count(often, now++));
    for (int i = 0; i < 10; i++) {
      uses.age();
    }
    assertEquals(2, uses.count(often, now++));
    for (int i = 0; i < 200; i++) {
      uses.count(often, now++);
    }
    assertEquals(FilterUses.MOST, uses.count(often, now++));
  }
}
