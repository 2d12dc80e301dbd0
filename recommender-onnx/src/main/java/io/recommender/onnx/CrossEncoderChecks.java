package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.onnx.CrossEncoder.Texts;
import io.recommender.onnx.OnnxSession.TensorSpec;
import io.recommender.onnx.Ranker.Side;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What can be wrong about a cross-encoder before it reads its first pair. */
final class CrossEncoderChecks {
  private CrossEncoderChecks() {}

  /** A table that no input reads is a misspelt one, and one score needs no policy. */
  static void options(CrossEncoder crossEncoder, RerankerOptions options) {
    if (options.policy().isPresent()) {
      throw new IllegalArgumentException(
          "policy: expected none for a cross-encoder, which has one score");
    }
    Set<String> read =
        crossEncoder.graph().inputs().stream()
            .map(Encoder.Input::feature)
            .filter(feature -> !feature.isEmpty())
            .collect(Collectors.toCollection(TreeSet::new));
    options
        .tables()
        .forEach(
            (side, tables) -> {
              for (String feature : tables.keySet()) {
                if (side != Side.REQUEST || !read.contains(feature)) {
                  throw new IllegalArgumentException(
                      "table '%s': expected a feature of the request that an input reads, one of %s, found %s"
                          .formatted(
                              feature,
                              read,
                              side == Side.REQUEST ? "none of that name" : "one of candidates"));
                }
              }
            });
  }

  /** A variable that no item of the bundle has is a misspelt one. */
  static void variables(Texts texts, Catalog catalog) {
    if (catalog.size() == 0) {
      return;
    }
    Set<String> known = new TreeSet<>();
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      known.addAll(catalog.item(ordinal).features().keySet());
    }
    Stream.concat(
            Stream.of(texts.item()), texts.history().map(CrossEncoder.Told::template).stream())
        .flatMap(template -> template.variables().stream())
        .filter(variable -> !texts.defaults().containsKey(variable) && !known.contains(variable))
        .findFirst()
        .ifPresent(
            variable -> {
              throw BundleFailures.invalid(
                  Manifest.FILE,
                  "/crossEncoder/text: expected variables that items of the bundle have, %s, or a default, found '%s'"
                      .formatted(known, variable));
            });
  }

  /** A gate of another width than the users' is found at load, not with the first user. */
  static void shapes(CrossEncoder crossEncoder, OnnxSession session) {
    for (Map.Entry<String, int[]> said : crossEncoder.shapes().entrySet()) {
      TensorSpec spec = session.inputs().get(said.getKey());
      // An input that is missing from the graph is named when its turn comes.
      if (spec != null && !Arrays.equals(extents(session, said.getKey()), said.getValue())) {
        throw BundleFailures.mismatch(
            session.name(),
            "input '%s': expected rows of shape %s as %s says, found %s"
                .formatted(said.getKey(), Arrays.toString(said.getValue()), Manifest.FILE, spec));
      }
    }
  }

  /** The extents of one row of an input. */
  static int[] extents(OnnxSession session, String input) {
    TensorSpec spec = session.inputs().get(input);
    return spec == null || spec.shape().length == 0 ? new int[0] : spec.extents();
  }
}
