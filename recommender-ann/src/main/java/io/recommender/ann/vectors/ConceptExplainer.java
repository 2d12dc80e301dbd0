package io.recommender.ann.vectors;

import io.recommender.Explainer;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Explains by the concepts that are active in the state of a model: {@link Reason.Kind#CONCEPT},
 * with the activations of those latents of a {@link SparseAutoencoder} that have a name.
 *
 * <p>The state is that of the request, so the reasons are the same for every item: what the model
 * takes the user for.
 *
 * <p><b>Thread safety.</b> As that of what gives the state.
 *
 * <p><b>Cost.</b> Making the state, and {@link SparseAutoencoder#encode}.
 */
public final class ConceptExplainer implements Explainer {
  private final SparseAutoencoder latents;
  private final TreeMap<Integer, Concept> concepts;
  private final QueryVector state;
  private final Predicate<? super String> items;

  private ConceptExplainer(
      SparseAutoencoder latents,
      TreeMap<Integer, Concept> concepts,
      QueryVector state,
      Predicate<? super String> items) {
    this.latents = latents;
    this.concepts = concepts;
    this.state = state;
    this.items = items;
  }

  /**
   * What a latent stands for, found by looking at the items for which it is active.
   *
   * @param latent the latent, from 0
   * @param name what people call it
   * @param precision of the items for which it is active, the share that the name fits
   * @param recall of the items that the name fits, the share for which it is active
   */
  public record Concept(int latent, String name, double precision, double recall) {

    /**
     * Checks the parts.
     *
     * @param latent the latent, from 0
     * @param name what people call it
     * @param precision in [0, 1]
     * @param recall in [0, 1]
     */
    public Concept {
      if (latent < 0) {
        throw new IllegalArgumentException("latent: expected at least 0, found " + latent);
      }
      Objects.requireNonNull(name, "name");
      if (!(precision >= 0 && precision <= 1) || !(recall >= 0 && recall <= 1)) {
        throw new IllegalArgumentException(
            "concept '%s': expected precision and recall in [0, 1], found %s and %s"
                .formatted(name, precision, recall));
      }
    }
  }

  /**
   * Returns an explainer.
   *
   * @param latents takes states apart
   * @param concepts what latents stand for, each latent and each name once; others are not told
   * @param state the state of the model for a request, such as the user vector of a sequence model
   * @param items whether there is an item of an id
   * @return the explainer
   * @throws IllegalArgumentException if there is no such latent, or a latent or a name comes twice
   */
  public static ConceptExplainer of(
      SparseAutoencoder latents,
      List<Concept> concepts,
      QueryVector state,
      Predicate<? super String> items) {
    TreeMap<Integer, Concept> byLatent = new TreeMap<>();
    for (Concept concept : concepts) {
      if (concept.latent() >= latents.latents()) {
        throw new IllegalArgumentException(
            "concept '%s': expected a latent from 0 to %d, found %d"
                .formatted(concept.name(), latents.latents() - 1, concept.latent()));
      }
      if (byLatent.values().stream().anyMatch(other -> other.name().equals(concept.name()))
          || byLatent.put(concept.latent(), concept) != null) {
        throw new IllegalArgumentException(
            "concept '%s' of latent %d: expected each name and each latent once"
                .formatted(concept.name(), concept.latent()));
      }
    }
    return new ConceptExplainer(
        Objects.requireNonNull(latents, "latents"),
        byLatent,
        Objects.requireNonNull(state, "state"),
        Objects.requireNonNull(items, "items"));
  }

  /**
   * Reads concepts: on each line the latent, the name, precision and recall, separated by tabs; in
   * UTF-8, empty lines left out.
   *
   * @param file the file
   * @return the concepts in the order of the file
   * @throws RecommenderException SNAPSHOT_INVALID if a line is something else, naming it;
   *     STORAGE_FAILED if the file cannot be read
   */
  public static List<Concept> read(Path file) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw new RecommenderException(Kind.STORAGE_FAILED, file + ": cannot be read: " + e, e);
    }
    List<Concept> concepts = new ArrayList<>();
    for (int line = 0; line < lines.size(); line++) {
      if (!lines.get(line).isBlank()) {
        String[] parts = lines.get(line).split("\t", -1);
        try {
          concepts.add(
              new Concept(
                  Integer.parseInt(parts[0]),
                  parts[1],
                  Double.parseDouble(parts[2]),
                  Double.parseDouble(parts[3])));
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
          throw new RecommenderException(
              Kind.SNAPSHOT_INVALID,
              "%s, line %d: expected latent, name, precision and recall between tabs, found '%s'"
                  .formatted(file.getFileName(), line + 1, lines.get(line)),
              e);
        }
      }
    }
    return List.copyOf(concepts);
  }

  /** {@return the concepts, by latent} */
  public List<Concept> concepts() {
    return List.copyOf(concepts.values());
  }

  @Override
  public List<Reason> explain(RecommendationRequest request, String itemId) {
    if (!items.test(itemId)) {
      return List.of();
    }
    Optional<float[]> found = state.vector(request);
    if (found.isEmpty()) {
      return List.of();
    }
    float[] activations = latents.encode(found.get());
    List<String> names = new ArrayList<>();
    List<Float> active = new ArrayList<>();
    concepts.forEach(
        (latent, concept) -> {
          if (activations[latent] > 0) {
            names.add(concept.name());
            active.add(activations[latent]);
          }
        });
    return Reason.ranked(
        Reason.Kind.CONCEPT, names, active.stream().mapToDouble(Float::doubleValue).toArray());
  }

  @Override
  public String toString() {
    return "ConceptExplainer[%d concepts, %s]".formatted(concepts.size(), latents);
  }
}
