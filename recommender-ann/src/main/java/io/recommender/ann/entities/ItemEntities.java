package io.recommender.ann.entities;

import io.recommender.Catalog;
import io.recommender.Explainer;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.Reason;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Reads which entities items are about, under one name for each.
 *
 * <p><b>Thread safety.</b> Immutable.
 */
public final class ItemEntities {
  private final String feature;
  private final Map<String, String> names;

  private ItemEntities(String feature, Map<String, String> names) {
    this.feature = Objects.requireNonNull(feature, "feature");
    this.names = Map.copyOf(names);
    names.forEach(
        (synonym, name) -> {
          if (names.containsKey(name) && !names.get(name).equals(name)) {
            throw new IllegalArgumentException(
                "synonym '%s': expected the name of an entity, found '%s', which is itself one of '%s'"
                    .formatted(synonym, name, names.get(name)));
          }
        });
  }

  /**
   * Returns a reader.
   *
   * @param feature the feature of items that lists their entities: ids, or one category or text
   * @param names the name of an entity by each of its synonyms; an entity that is not in it has its
   *     own name
   * @return the reader
   * @throws IllegalArgumentException if a name is itself a synonym of another
   */
  public static ItemEntities of(String feature, Map<String, String> names) {
    return new ItemEntities(feature, names);
  }

  /**
   * Returns the entities of an item.
   *
   * @param item the item
   * @return their names, each once, in the order of the item; none if it lacks the feature
   */
  public Set<String> of(Item item) {
    Feature value = item.features().get(feature);
    Set<String> entities = new LinkedHashSet<>();
    if (value instanceof Feature.Ids ids) {
      ids.values().forEach(entity -> entities.add(name(entity)));
    } else {
      item.text(feature).ifPresent(entity -> entities.add(name(entity)));
    }
    return entities;
  }

  /**
   * Returns the entities that two items have in common: why the one is shown beside the other.
   *
   * @param one an item
   * @param other another one
   * @return the names, in the order of the first item
   */
  public List<String> shared(Item one, Item other) {
    Set<String> ofOther = of(other);
    return of(one).stream().filter(ofOther::contains).toList();
  }

  /**
   * Returns what explains an item by the entities that it shares with those of the history: {@link
   * Reason.Kind#ENTITY}, with the number of items of the history that have it.
   *
   * @param catalog the items
   * @return the explainer; as thread-safe as the catalogue
   */
  public Explainer explainer(Catalog catalog) {
    Objects.requireNonNull(catalog, "catalog");
    return (request, itemId) -> {
      Optional<Item> explained = catalog.find(itemId);
      if (explained.isEmpty()) {
        return List.of();
      }
      Map<String, Integer> counts = new LinkedHashMap<>();
      of(explained.get()).forEach(entity -> counts.put(entity, 0));
      for (String seen : new LinkedHashSet<>(request.history().itemIds())) {
        catalog
            .find(seen)
            .ifPresent(
                item ->
                    of(item).forEach(entity -> counts.computeIfPresent(entity, (key, n) -> n + 1)));
      }
      counts.values().removeIf(count -> count == 0);
      return Reason.ranked(
          Reason.Kind.ENTITY,
          List.copyOf(counts.keySet()),
          counts.values().stream().mapToDouble(Integer::doubleValue).toArray());
    };
  }

  private String name(String entity) {
    return names.getOrDefault(entity, entity);
  }

  @Override
  public String toString() {
    return "ItemEntities[%s, %d synonyms]".formatted(feature, names.size());
  }
}
