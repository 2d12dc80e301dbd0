package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import java.util.Arrays;
import java.util.List;

/** The items of a history that are in the catalogue, oldest first, and how many are not. */
record KnownHistory(int[] ordinals, int unknown) {

  static KnownHistory of(Catalog catalog, UserHistory history) {
    List<Interaction> interactions = history.interactions();
    int[] ordinals = new int[interactions.size()];
    int known = 0;
    for (Interaction interaction : interactions) {
      int ordinal = catalog.ordinal(interaction.itemId());
      if (ordinal != Catalog.UNKNOWN) {
        ordinals[known++] = ordinal;
      }
    }
    return new KnownHistory(Arrays.copyOf(ordinals, known), ordinals.length - known);
  }

  boolean isEmpty() {
    return ordinals.length == 0;
  }

  int last() {
    return ordinals[ordinals.length - 1];
  }
}
