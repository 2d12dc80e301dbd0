package io.recommender.examples.thesaurus;

import java.util.List;
import java.util.Objects;

/**
 * A term and what else it is called.
 *
 * @param id its identifier, not empty
 * @param name its preferred name
 * @param synonyms other names, possibly none
 */
public record ThesaurusTerm(String id, String name, List<String> synonyms) {

  /**
   * Copies the synonyms.
   *
   * @param id its identifier, not empty
   * @param name its preferred name
   * @param synonyms other names, possibly none
   */
  public ThesaurusTerm {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(name, "name");
    synonyms = List.copyOf(synonyms);
  }
}
