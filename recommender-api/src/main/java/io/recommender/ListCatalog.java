package io.recommender;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A catalogue over a list and a hash map. */
final class ListCatalog implements Catalog {
  private final Item[] items;
  private final Map<String, Integer> ordinals;

  ListCatalog(List<Item> items) {
    this.items = items.toArray(new Item[0]);
    ordinals = new HashMap<>(this.items.length * 4 / 3 + 1);
    for (int i = 0; i < this.items.length; i++) {
      Integer earlier = ordinals.putIfAbsent(this.items[i].id(), i);
      if (earlier != null) {
        throw new IllegalArgumentException(
            "item id '%s' occurs twice, at ordinals %d and %d"
                .formatted(this.items[i].id(), earlier, i));
      }
    }
  }

  @Override
  public int size() {
    return items.length;
  }

  @Override
  public int ordinal(String itemId) {
    Integer ordinal = ordinals.get(itemId);
    return ordinal == null ? UNKNOWN : ordinal;
  }

  @Override
  public String id(int ordinal) {
    return items[ordinal].id();
  }

  @Override
  public Item item(int ordinal) {
    return items[ordinal];
  }
}
