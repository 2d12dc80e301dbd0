package io.recommender.onnx;

import io.recommender.Similarity;
import io.recommender.internal.JsonObject;
import io.recommender.onnx.CrossEncoder.Missing;
import io.recommender.onnx.CrossEncoder.Order;
import io.recommender.onnx.CrossEncoder.Texts;
import io.recommender.onnx.CrossEncoder.Told;
import io.recommender.onnx.Encoder.Input;
import io.recommender.onnx.Encoder.Role;
import io.recommender.text.PromptText;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;

/** Reads the {@code crossEncoder} of a manifest, refusing everything its format does not allow. */
final class CrossEncoderReader {
  private static final String FILE = Manifest.FILE;

  /** The variable of a request that stands for the items of its history. */
  static final String HISTORY = "history";

  private CrossEncoderReader() {}

  /** What an input of pairs is for: {@link Encoder.Role} without those of single items. */
  private enum PairRole {
    TOKEN_IDS,
    ATTENTION_MASK,
    TOKEN_TYPES,
    FEATURE
  }

  static CrossEncoder read(JsonObject node) {
    try (JsonObject crossEncoder = node) {
      Texts texts;
      TokenLayout tokens;
      try (JsonObject text = crossEncoder.object("text")) {
        texts = texts(text);
        tokens =
            TokenLayout.read(
                text,
                true,
                text.oneOf(
                    "truncation",
                    TokenLayout.Truncation.class,
                    TokenLayout.Truncation.LONGEST_FIRST));
      }
      Map<String, int[]> shapes = new HashMap<>();
      List<Input> inputs =
          crossEncoder.array(
              "inputs", (place, value) -> input(BundleJson.object(FILE, place, value), shapes));
      checkRoles(inputs);
      Ranker.Task score = RankerReader.task(crossEncoder.object("score"));
      Encoder graph =
          new Encoder(
              Optional.empty(),
              Optional.of(tokens),
              inputs,
              new Encoder.Vector(score.name(), 1, Encoder.Pooling.NONE, false, Similarity.DOT));
      return new CrossEncoder(texts, graph, Map.copyOf(shapes), score);
    }
  }

  private static Texts texts(JsonObject text) {
    PromptText request = template(text, "request");
    PromptText item = template(text, "item");
    Optional<Told> told = Optional.empty();
    Set<String> variables = new TreeSet<>(request.variables());
    variables.addAll(item.variables());
    if (request.variables().contains(HISTORY)) {
      try (JsonObject history = text.object(HISTORY)) {
        PromptText template = history.has("template") ? template(history, "template") : item;
        variables.addAll(template.variables());
        told =
            Optional.of(
                new Told(history.integer("items", 1), template, history.text("separator", ", ")));
      }
    }
    return new Texts(
        request,
        item,
        text.has("defaults") ? defaults(text.object("defaults"), variables) : Map.of(),
        told,
        text.text("listSeparator", ", "),
        text.oneOf("order", Order.class, Order.REQUEST_FIRST),
        text.oneOf("missing", Missing.class, Missing.FAIL));
  }

  private static PromptText template(JsonObject text, String member) {
    try {
      PromptText template = PromptText.of(text.string(member));
      if (template.variables().isEmpty()) {
        throw BundleFailures.invalid(
            FILE,
            "%s/%s: expected a variable in braces at least, found none"
                .formatted(text.place(), member));
      }
      return template;
    } catch (IllegalArgumentException e) {
      throw BundleFailures.invalid(
          FILE, "%s/%s: %s".formatted(text.place(), member, e.getMessage()), e);
    }
  }

  private static Map<String, String> defaults(JsonObject node, Set<String> variables) {
    try (JsonObject defaults = node) {
      Map<String, String> read = new HashMap<>();
      defaults
          .members()
          .forEach(
              name -> {
                if (!variables.contains(name)) {
                  throw BundleFailures.invalid(
                      FILE,
                      "%s: expected variables of the templates, %s, found '%s'"
                          .formatted(defaults.place(), variables, name));
                }
                read.put(name, defaults.text(name, ""));
              });
      return Map.copyOf(read);
    }
  }

  private static Input input(JsonObject node, Map<String, int[]> shapes) {
    try (JsonObject input = node) {
      Role role = Role.valueOf(input.oneOf("role", PairRole.class).name());
      String name = input.string("name");
      if (role != Role.FEATURE) {
        return new Input(role, name, "", Map.of(), OptionalDouble.empty());
      }
      if (input.has("shape")) {
        List<Integer> shape = input.integers("shape");
        if (shape.stream().anyMatch(extent -> extent < 1)) {
          throw BundleFailures.invalid(
              FILE,
              "%s/shape: expected extents of at least 1, found %s".formatted(input.place(), shape));
        }
        shapes.put(name, shape.stream().mapToInt(Integer::intValue).toArray());
      }
      return new Input(
          role,
          name,
          input.string("feature"),
          Map.of(),
          OptionalDouble.of(input.number("default", 0)));
    }
  }

  private static void checkRoles(List<Input> inputs) {
    Set<String> names = new HashSet<>();
    Set<Role> roles = EnumSet.noneOf(Role.class);
    for (int i = 0; i < inputs.size(); i++) {
      Input input = inputs.get(i);
      String place = "/crossEncoder/inputs/" + i;
      if (!names.add(input.name())) {
        throw BundleFailures.invalid(
            FILE, "%s/name: input '%s' occurs twice".formatted(place, input.name()));
      }
      if (!roles.add(input.role()) && input.role() != Role.FEATURE) {
        throw BundleFailures.invalid(
            FILE, "%s/role: role %s occurs twice".formatted(place, input.role()));
      }
    }
    if (!roles.contains(Role.TOKEN_IDS)) {
      throw BundleFailures.invalid(
          FILE, "/crossEncoder/inputs: expected an input of role TOKEN_IDS, found none");
    }
  }
}
