package io.recommender.ann.vectors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Takes the state of a model apart into many latents of which few are active at a time, so that
 * each stands for something people have a word for; and puts it together again with some of them
 * louder or silent.
 *
 * <pre>{@code
 * SparseAutoencoder latents = SparseAutoencoder.of(encoder, decoder, 8);
 * Explainer concepts = ConceptExplainer.of(latents, named, state, index::contains);
 * QueryVector lessHorror = state.mapped(latents.steering(Map.of(17, 0f)));
 * }</pre>
 *
 * <p>{@code z = top(relu(E h))}, {@code h ~ D z}, as in Gao et al., "Scaling and evaluating sparse
 * autoencoders", 2024, and, for recommenders, Wang et al., "Interpret the Internal States of
 * Recommendation Model with Sparse Autoencoder" (RecSAE), 2024. It is trained elsewhere; what its
 * encoder takes off the state first belongs to the offset of E.
 *
 * <p><b>Shapes.</b> A state has length {@link #stateSize()}, latents length {@link #latents()}.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * <p><b>Cost.</b> A multiplication for each weight of E, and for each latent that is edited one for
 * each element of the state.
 */
public final class SparseAutoencoder {
  private final LinearMap encoder;
  private final LinearMap decoder;
  private final int mostActive;

  /** What each latent adds to the state for 1 of activation: the columns of D. */
  private final float[][] directions;

  private SparseAutoencoder(LinearMap encoder, LinearMap decoder, int mostActive) {
    this.encoder = encoder;
    this.decoder = decoder;
    this.mostActive = mostActive;
    float[][] weights = decoder.weights();
    directions = new float[decoder.sourceDimension()][decoder.targetDimension()];
    for (int latent = 0; latent < directions.length; latent++) {
      for (int i = 0; i < weights.length; i++) {
        directions[latent][i] = weights[i][latent];
      }
    }
  }

  /**
   * Returns an autoencoder.
   *
   * @param encoder E, from states to latents
   * @param decoder D, from latents to states
   * @param mostActive how many latents are active at most, from 1 to their number; the most active
   *     ones stay, of equal ones those that come first
   * @return the autoencoder
   * @throws IllegalArgumentException if the maps do not lead back to where they start, or the
   *     number is out of its range
   */
  public static SparseAutoencoder of(LinearMap encoder, LinearMap decoder, int mostActive) {
    if (decoder.sourceDimension() != encoder.targetDimension()
        || decoder.targetDimension() != encoder.sourceDimension()) {
      throw new IllegalArgumentException(
          "decoder: expected a map of %d to %d dimensions, found %d to %d"
              .formatted(
                  encoder.targetDimension(),
                  encoder.sourceDimension(),
                  decoder.sourceDimension(),
                  decoder.targetDimension()));
    }
    if (mostActive < 1 || mostActive > encoder.targetDimension()) {
      throw new IllegalArgumentException(
          "mostActive: expected 1 to %d, found %d"
              .formatted(encoder.targetDimension(), mostActive));
    }
    return new SparseAutoencoder(encoder, decoder, mostActive);
  }

  /** {@return the length of a state} */
  public int stateSize() {
    return encoder.sourceDimension();
  }

  /** {@return the number of latents} */
  public int latents() {
    return encoder.targetDimension();
  }

  /**
   * Returns how active each latent is.
   *
   * @param state the state, not changed
   * @return the activations, at least 0, most of them 0; a new array
   * @throws IllegalArgumentException if the state has another length or is not finite
   */
  public float[] encode(float[] state) {
    float[] activations = encoder.apply(state);
    int active = 0;
    for (int latent = 0; latent < activations.length; latent++) {
      // Also of negative zero, which would be above what comes before it.
      if (!(activations[latent] > 0)) {
        activations[latent] = 0;
      } else {
        active++;
      }
    }
    if (active > mostActive) {
      keepMostActive(activations);
    }
    return activations;
  }

  private void keepMostActive(float[] activations) {
    float[] sorted = activations.clone();
    Arrays.sort(sorted);
    float least = sorted[sorted.length - mostActive];
    int above = 0;
    for (float activation : activations) {
      above += activation > least ? 1 : 0;
    }
    int equal = mostActive - above;
    for (int latent = 0; latent < activations.length; latent++) {
      if (activations[latent] < least || (activations[latent] == least && equal-- <= 0)) {
        activations[latent] = 0;
      }
    }
  }

  /**
   * Returns the state that latents stand for.
   *
   * @param activations one for each latent, not changed
   * @return the state, a new array
   * @throws IllegalArgumentException if there are more or fewer, or one is not finite
   */
  public float[] decode(float[] activations) {
    return decoder.apply(activations);
  }

  /**
   * Returns what edits states: the activation of each latent is multiplied by a number, and what
   * that changes in the decoded state is added to the state itself. So what the autoencoder does
   * not see of a state stays, and a state in which no edited latent is active comes back as it is,
   * the same array.
   *
   * @param scales the number by latent: 0 silences it, 1 leaves it, above 1 makes it louder; finite
   * @return the edit, immutable; it takes states of {@link #stateSize()} and does not change them
   * @throws IllegalArgumentException if there is no such latent, or a number is not finite
   */
  public UnaryOperator<float[]> steering(Map<Integer, Float> scales) {
    List<Edit> edits = new ArrayList<>();
    scales.forEach(
        (latent, scale) -> {
          if (latent < 0 || latent >= latents()) {
            throw new IllegalArgumentException(
                "latent: expected 0 to %d, found %d".formatted(latents() - 1, latent));
          }
          if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException(
                "scale of latent %d: expected a finite number, found %s".formatted(latent, scale));
          }
          if (scale != 1) {
            edits.add(new Edit(latent, scale - 1));
          }
        });
    edits.sort((one, other) -> Integer.compare(one.latent(), other.latent()));
    return state -> edited(state, edits);
  }

  private record Edit(int latent, double gain) {}

  private float[] edited(float[] state, List<Edit> edits) {
    float[] activations = encode(state);
    double[] change = new double[state.length];
    boolean isChanged = false;
    for (Edit edit : edits) {
      double gain = edit.gain() * activations[edit.latent()];
      if (gain != 0) {
        isChanged = true;
        float[] direction = directions[edit.latent()];
        for (int i = 0; i < change.length; i++) {
          change[i] += gain * direction[i];
        }
      }
    }
    if (!isChanged) {
      return state;
    }
    float[] edited = new float[state.length];
    for (int i = 0; i < edited.length; i++) {
      edited[i] = (float) (state[i] + change[i]);
    }
    Checks.vector("edited state", edited, edited.length);
    return edited;
  }

  @Override
  public String toString() {
    return "SparseAutoencoder[%d latents of %d dimensions, %d active]"
        .formatted(latents(), stateSize(), mostActive);
  }
}
