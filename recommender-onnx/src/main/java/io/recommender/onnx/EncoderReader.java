package io.recommender.onnx;

import io.recommender.Similarity;
import io.recommender.internal.JsonObject;
import io.recommender.onnx.Encoder.Field;
import io.recommender.onnx.Encoder.Input;
import io.recommender.onnx.Encoder.Pooling;
import io.recommender.onnx.Encoder.Role;
import io.recommender.onnx.Encoder.Text;
import io.recommender.onnx.Encoder.Vector;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** Reads the {@code encoder} of a manifest, refusing everything that its format does not allow. */
final class EncoderReader {
  private static final String FILE = Manifest.FILE;
  private static final Set<Role> OF_TEXT =
      EnumSet.of(Role.TOKEN_IDS, Role.ATTENTION_MASK, Role.TOKEN_TYPES, Role.ITEM_POSITIONS);

  private static final int MAX_VALUE_TOKENS = 1 << 20;

  private enum ItemOrder {
    NEWEST_FIRST,
    OLDEST_FIRST
  }

  private EncoderReader() {}

  static Encoder read(JsonObject node) {
    try (JsonObject encoder = node) {
      Optional<Text> text = Optional.empty();
      Optional<TokenLayout> tokens = Optional.empty();
      if (encoder.has("text")) {
        try (JsonObject described = encoder.object("text")) {
          text = Optional.of(text(described));
          tokens =
              Optional.of(
                  TokenLayout.read(
                      described,
                      !text.get().pairFields().isEmpty(),
                      TokenLayout.Truncation.LONGEST_FIRST));
        }
      }
      List<Input> inputs =
          encoder.array("inputs", (place, value) -> input(BundleJson.object(FILE, place, value)));
      Vector vector = vector(encoder.object("embedding"));
      checkRoles(inputs, text.isPresent());
      if (text.isEmpty() && vector.pooling() != Pooling.NONE) {
        throw BundleFailures.invalid(
            FILE,
            "/encoder/embedding/pooling: expected NONE where there is no text, found "
                + vector.pooling());
      }
      return new Encoder(text, tokens, inputs, vector);
    }
  }

  private static Text text(JsonObject text) {
    List<Field> fields = fields(text, "fields");
    if (fields.isEmpty()) {
      throw BundleFailures.invalid(
          FILE, text.place() + "/fields: expected at least one feature, found none");
    }
    return new Text(
        fields,
        text.has("pairFields") ? fields(text, "pairFields") : List.of(),
        text.text("separator", " "),
        text.text("listSeparator", ", "));
  }

  private static List<Field> fields(JsonObject text, String member) {
    return text.array(
        member,
        (place, value) -> {
          try (JsonObject field = BundleJson.object(FILE, place, value)) {
            return new Field(
                field.string("feature"),
                field.text("prefix", ""),
                field.has("default") ? Optional.of(field.text("default", "")) : Optional.empty());
          }
        });
  }

  private static Input input(JsonObject node) {
    try (JsonObject input = node) {
      Role role = input.oneOf("role", Role.class);
      String feature = OF_TEXT.contains(role) ? "" : input.string("feature");
      Map<String, Integer> vocabulary = Map.of();
      OptionalDouble defaultValue = OptionalDouble.empty();
      if (role == Role.CATEGORY) {
        vocabulary = ManifestReader.vocabulary(input.object("vocabulary"));
        defaultValue = OptionalDouble.of(input.integer("default", Integer.MIN_VALUE));
      } else if (role == Role.FEATURE && input.has("default")) {
        defaultValue = OptionalDouble.of(input.number("default", 0));
      }
      Optional<Encoder.Items> items =
          role == Role.ITEM_POSITIONS ? Optional.of(items(input)) : Optional.empty();
      return new Input(
          role,
          input.string("name"),
          feature,
          vocabulary,
          defaultValue,
          role == Role.FEATURE ? FeatureScaling.read(input) : FeatureScaling.NONE,
          items);
    }
  }

  private static Encoder.Items items(JsonObject input) {
    return new Encoder.Items(
        input.optionalInteger("startToken", 0),
        input.integer("maxItems", 1),
        input.integer("maxValueTokens", 1, MAX_VALUE_TOKENS),
        input.oneOf("order", ItemOrder.class) == ItemOrder.NEWEST_FIRST,
        input.integer("paddingPosition", 0, 0));
  }

  private static void checkRoles(List<Input> inputs, boolean hasText) {
    Set<String> names = new HashSet<>();
    Set<Role> roles = EnumSet.noneOf(Role.class);
    List<String> features = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      Input input = inputs.get(i);
      String place = "/encoder/inputs/%d".formatted(i);
      if (!names.add(input.name())) {
        throw BundleFailures.invalid(
            FILE, "%s/name: input '%s' occurs twice".formatted(place, input.name()));
      }
      boolean added = roles.add(input.role());
      if (OF_TEXT.contains(input.role())) {
        if (!added) {
          throw BundleFailures.invalid(
              FILE, "%s/role: role %s occurs twice".formatted(place, input.role()));
        }
        if (!hasText) {
          throw BundleFailures.invalid(
              FILE,
              "%s/role: expected /encoder/text for role %s, found none"
                  .formatted(place, input.role()));
        }
      } else if (input.role() != Role.PRESENT) {
        features.add(input.feature());
      }
    }
    if (hasText && !roles.contains(Role.TOKEN_IDS)) {
      throw BundleFailures.invalid(
          FILE, "/encoder/inputs: expected an input of role TOKEN_IDS for the text, found none");
    }
    if (inputs.isEmpty()) {
      throw BundleFailures.invalid(FILE, "/encoder/inputs: expected at least one, found none");
    }
    for (int i = 0; i < inputs.size(); i++) {
      Input input = inputs.get(i);
      if (input.role() == Role.PRESENT && !features.contains(input.feature())) {
        throw BundleFailures.invalid(
            FILE,
            "/encoder/inputs/%d/feature: expected a feature that another input reads, %s, found '%s'"
                .formatted(i, features, input.feature()));
      }
    }
  }

  private static Vector vector(JsonObject node) {
    try (JsonObject vector = node) {
      return new Vector(
          vector.string("name"),
          vector.integer("dimension", 1),
          vector.oneOf("pooling", Pooling.class, Pooling.NONE),
          vector.bool("normalize", false),
          vector.oneOf("similarity", Similarity.class));
    }
  }
}
