package io.recommender.onnx;

import io.recommender.internal.JsonObject;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How a latent vector is sampled: the {@code diffusion} of a manifest of contract SEQ_DIFFUSION.
 *
 * @param model the file of the graph that denoises
 * @param condition the output of the first graph that the latent is sampled under
 */
record Diffusion(
    String model,
    Condition condition,
    List<Input> inputs,
    Prediction prediction,
    NoiseSchedule schedule,
    Sampling sampling) {

  enum Role {
    LATENT,
    TIME,
    CONDITION
  }

  /** What the graph tells of a noisy latent. */
  enum Prediction {
    /** The noise in it. */
    EPSILON,
    /** The latent without noise. */
    X0,
    /** √ᾱ times the noise less √(1 − ᾱ) times the latent without noise. */
    V
  }

  /** An output of the first graph and its width. */
  record Condition(String name, int size) {}

  record Input(Role role, String name) {}

  /**
   * Which of the times of the schedule are visited, and how much of the noise is drawn anew.
   *
   * @param steps runs of the graph for a latent, at least 1
   * @param eta from 0, where only the beginning is random, to 1, where each step is
   */
  record Sampling(int steps, double eta) {
    Sampling {
      if (steps < 1) {
        throw new IllegalArgumentException("steps: expected at least 1, found " + steps);
      }
      if (!(eta >= 0 && eta <= 1)) {
        throw new IllegalArgumentException("eta: expected a number from 0 to 1, found " + eta);
      }
    }
  }

  /** The names of the inputs of the graph, by what each is for. */
  Map<String, String> roles() {
    Map<String, String> roles = new LinkedHashMap<>();
    inputs.forEach(input -> roles.put(input.name(), input.role().name()));
    return roles;
  }

  /** Reads the member of a manifest. */
  static Diffusion read(JsonObject node) {
    try (JsonObject diffusion = node) {
      String model = BundleJson.fileName(diffusion, "model");
      Condition condition;
      try (JsonObject told = diffusion.object("condition")) {
        condition = new Condition(told.string("name"), told.integer("size", 1));
      }
      List<Input> inputs =
          diffusion.array(
              "inputs",
              (place, value) -> {
                try (JsonObject input = BundleJson.object(Manifest.FILE, place, value)) {
                  return new Input(input.oneOf("role", Role.class), input.string("name"));
                }
              });
      checkInputs(diffusion.place(), inputs);
      Prediction prediction = diffusion.oneOf("prediction", Prediction.class);
      NoiseSchedule schedule = NoiseSchedule.read(diffusion.object("schedule"));
      int steps = diffusion.integer("steps", 1);
      if (steps > schedule.times()) {
        throw BundleFailures.invalid(
            Manifest.FILE,
            "/diffusion/steps: expected at most %d, the times of the schedule, found %d"
                .formatted(schedule.times(), steps));
      }
      double eta = diffusion.number("eta", 0);
      if (!(eta >= 0 && eta <= 1)) {
        throw BundleFailures.invalid(
            Manifest.FILE, "/diffusion/eta: expected a number from 0 to 1, found " + eta);
      }
      return new Diffusion(
          model, condition, inputs, prediction, schedule, new Sampling(steps, eta));
    }
  }

  private static void checkInputs(String place, List<Input> inputs) {
    Set<String> names = new HashSet<>();
    Set<Role> roles = EnumSet.noneOf(Role.class);
    for (Input input : inputs) {
      if (!names.add(input.name()) || !roles.add(input.role())) {
        throw BundleFailures.invalid(
            Manifest.FILE,
            "%s/inputs: input '%s' or its role %s occurs twice"
                .formatted(place, input.name(), input.role()));
      }
    }
    if (roles.size() != Role.values().length) {
      throw BundleFailures.invalid(
          Manifest.FILE,
          "%s/inputs: expected inputs of the roles %s, found those of %s"
              .formatted(place, EnumSet.allOf(Role.class), roles));
    }
  }
}
