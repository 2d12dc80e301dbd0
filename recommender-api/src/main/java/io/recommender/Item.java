package io.recommender;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Something that can be recommended: an id and its features.
 *
 * <p><b>Immutable</b>.
 *
 * @param id the caller's identifier, not empty
 * @param features the features by name; the order of iteration is not part of the item
 */
public record Item(String id, Map<String, Feature> features) {

  /**
   * Checks the id and copies the features.
   *
   * @param id the caller's identifier, not empty
   * @param features the features by name; the order of iteration is not part of the item
   */
  public Item {
    Objects.requireNonNull(id, "id");
    if (id.isEmpty()) {
      throw new IllegalArgumentException("item id: expected a non-empty string");
    }
    features = Map.copyOf(features);
  }

  /**
   * Returns an item that is only known by its id.
   *
   * @param id the identifier, not empty
   * @return the item
   */
  public static Item of(String id) {
    return new Item(id, Map.of());
  }

  /**
   * Returns the text of a feature, if the item has a {@link Feature.Text} or a {@link
   * Feature.Category} under that name.
   *
   * @param feature the name of the feature
   * @return its text
   */
  public Optional<String> text(String feature) {
    Feature value = features.get(feature);
    if (value instanceof Feature.Text text) {
      return Optional.of(text.value());
    }
    return value instanceof Feature.Category category
        ? Optional.of(category.value())
        : Optional.empty();
  }
}
