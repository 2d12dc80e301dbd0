package io.recommender.onnx;

import io.recommender.Reason;
import io.recommender.internal.JsonNode;
import io.recommender.internal.JsonObject;
import io.recommender.onnx.Ranker.Column;
import io.recommender.onnx.Ranker.Hidden;
import io.recommender.onnx.Ranker.Input;
import io.recommender.onnx.Ranker.Layout;
import io.recommender.onnx.Ranker.Places;
import io.recommender.onnx.Ranker.Reasons;
import io.recommender.onnx.Ranker.Role;
import io.recommender.onnx.Ranker.Side;
import io.recommender.onnx.Ranker.Task;
import io.recommender.onnx.Ranker.TaskKind;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** Reads the {@code ranker} of a manifest, refusing everything that its format does not allow. */
final class RankerReader {
  private static final String FILE = Manifest.FILE;
  private static final int MAX_LENGTH = 1 << 20;
  private static final Set<Role> WITH_PLACES =
      EnumSet.of(Role.CATEGORY_LIST, Role.VECTOR_LIST, Role.HISTORY);

  private RankerReader() {}

  /** What a manifest says about the combination of tasks. */
  private enum PolicyKind {
    WEIGHTED_SUM,
    PRODUCT
  }

  private enum CalibrationKind {
    PLATT,
    ISOTONIC
  }

  /**
   * Reads a ranker.
   *
   * @param hasItems whether the bundle has items
   */
  static Ranker read(JsonObject node, boolean hasItems) {
    try (JsonObject ranker = node) {
      List<Input> inputs = inputs(ranker);
      Layout layout;
      String scores;
      int offset;
      try (JsonObject output = ranker.object("scores")) {
        scores = output.string("name");
        layout = output.oneOf("layout", Layout.class, Layout.CANDIDATES);
        offset = layout == Layout.ITEMS ? output.integer("offset", 0, 0) : 0;
      }
      List<Task> tasks =
          ranker.array("tasks", (place, value) -> task(BundleJson.object(FILE, place, value)));
      Optional<Hidden> hidden =
          ranker.has("hidden") ? Optional.of(hidden(ranker.object("hidden"))) : Optional.empty();
      Optional<ScorePolicy> policy =
          ranker.has("policy") ? Optional.of(policy(ranker.object("policy"))) : Optional.empty();
      List<Reasons> reasons = reasons(ranker);
      Ranker read = new Ranker(inputs, scores, layout, offset, hidden, tasks, policy, reasons);
      checkInputs(ranker.place(), read, hasItems);
      checkTasks(read);
      return read;
    }
  }

  /** Reads the inputs of what scores candidates. */
  static List<Input> inputs(JsonObject ranker) {
    return ranker.array("inputs", (place, value) -> input(BundleJson.object(FILE, place, value)));
  }

  private static Input input(JsonObject node) {
    try (JsonObject input = node) {
      Role role = input.oneOf("role", Role.class);
      String name = input.string("name");
      Side side =
          switch (role) {
            case HISTORY, MASK -> Side.REQUEST;
            case ITEM_ID -> Side.CANDIDATE;
            default -> input.oneOf("side", Side.class);
          };
      List<Column> columns =
          switch (role) {
            case MASK, ITEM_ID -> List.of();
            case HISTORY -> input.has("feature") ? List.of(column(role, input)) : List.of();
            default ->
                input.has("columns") && (role == Role.FEATURE || role == Role.CATEGORY)
                    ? input.array(
                        "columns",
                        (place, value) -> {
                          try (JsonObject column = BundleJson.object(FILE, place, value)) {
                            return column(role, column);
                          }
                        })
                    : List.of(column(role, input));
          };
      if (columns.isEmpty() && input.has("columns")) {
        throw BundleFailures.invalid(
            FILE, input.place() + "/columns: expected at least one, found none");
      }
      boolean ids = role == Role.HISTORY && columns.isEmpty() || role == Role.ITEM_ID;
      return new Input(
          role,
          name,
          side,
          columns,
          WITH_PLACES.contains(role) ? Optional.of(places(input)) : Optional.empty(),
          role == Role.HISTORY || role == Role.CATEGORY_LIST
              ? input.integer("paddingId", Integer.MIN_VALUE)
              : 0,
          ids ? input.integer("idOffset", 0) : 0,
          role == Role.HISTORY || role == Role.ITEM_ID
              ? input.optionalInteger("unknownId", 0)
              : Optional.empty(),
          role == Role.HISTORY && input.has("behavior")
              ? Optional.of(input.string("behavior"))
              : Optional.empty(),
          role == Role.MASK ? input.string("of") : "");
    }
  }

  private static Column column(Role role, JsonObject node) {
    String feature = node.string("feature");
    boolean category =
        switch (role) {
          case CATEGORY, CATEGORY_LIST, HISTORY -> true;
          case FEATURE -> node.has("vocabulary");
          default -> false;
        };
    if (category) {
      return new Column(
          feature,
          true,
          ManifestReader.vocabulary(node.object("vocabulary")),
          OptionalDouble.of(node.integer("default", Integer.MIN_VALUE)),
          FeatureScaling.NONE);
    }
    return new Column(
        feature,
        false,
        Map.of(),
        role == Role.FEATURE && node.has("default")
            ? OptionalDouble.of(node.number("default", 0))
            : OptionalDouble.empty(),
        role == Role.FEATURE ? FeatureScaling.read(node) : FeatureScaling.NONE);
  }

  private static Places places(JsonObject input) {
    int maxLength = input.integer("maxLength", 1);
    if (maxLength > MAX_LENGTH) {
      throw BundleFailures.invalid(
          FILE,
          "%s/maxLength: expected at most %d, found %d"
              .formatted(input.place(), MAX_LENGTH, maxLength));
    }
    return new Places(
        maxLength,
        input.oneOf("length", Manifest.Length.class, Manifest.Length.DYNAMIC),
        input.oneOf("paddingSide", Manifest.PaddingSide.class, Manifest.PaddingSide.RIGHT));
  }

  private static Hidden hidden(JsonObject node) {
    try (JsonObject hidden = node) {
      return new Hidden(hidden.string("name"), hidden.integer("size", 1));
    }
  }

  /** Reads the outputs that tell what a model goes by, if it has any. */
  static List<Reasons> reasons(JsonObject model) {
    if (!model.has("reasons")) {
      return List.of();
    }
    List<Reasons> read =
        model.array("reasons", (place, value) -> reason(BundleJson.object(FILE, place, value)));
    Set<Reason.Kind> kinds = EnumSet.noneOf(Reason.Kind.class);
    for (Reasons reasons : read) {
      if (!kinds.add(reasons.kind())) {
        throw BundleFailures.invalid(
            FILE, "%s/reasons: kind %s occurs twice".formatted(model.place(), reasons.kind()));
      }
    }
    return read;
  }

  private static Reasons reason(JsonObject node) {
    try (JsonObject reasons = node) {
      String name = reasons.string("name");
      Reason.Kind kind = reasons.oneOf("kind", Reason.Kind.class);
      List<String> labels = reasons.strings("labels");
      if (labels.isEmpty() || new HashSet<>(labels).size() < labels.size()) {
        throw BundleFailures.invalid(
            FILE,
            "%s/labels: expected at least one, each once, found %s"
                .formatted(reasons.place(), labels));
      }
      return new Reasons(name, kind, labels);
    }
  }

  static Task task(JsonObject node) {
    try (JsonObject task = node) {
      TaskKind kind = task.oneOf("kind", TaskKind.class);
      if (kind == TaskKind.VALUE && task.has("calibration")) {
        throw BundleFailures.invalid(
            FILE,
            task.place()
                + "/calibration: expected a task of kind LOGIT or PROBABILITY, found VALUE");
      }
      return new Task(
          task.string("name"),
          kind,
          task.has("calibration")
              ? Optional.of(calibration(task.object("calibration")))
              : Optional.empty());
    }
  }

  private static Calibration calibration(JsonObject node) {
    try (JsonObject calibration = node) {
      if (calibration.oneOf("kind", CalibrationKind.class) == CalibrationKind.PLATT) {
        calibration.require("slope", "a number");
        calibration.require("intercept", "a number");
        return new Calibration.Platt(
            calibration.number("slope", 1), calibration.number("intercept", 0));
      }
      double[] from = BundleJson.numbers(FILE, calibration, "from");
      double[] to = BundleJson.numbers(FILE, calibration, "to");
      if (from.length == 0 || from.length != to.length) {
        throw BundleFailures.invalid(
            FILE,
            "%s: expected as many numbers in from as in to, at least one, found %d and %d"
                .formatted(calibration.place(), from.length, to.length));
      }
      for (int i = 0; i < from.length; i++) {
        if (!(to[i] >= 0 && to[i] <= 1)
            || (i > 0 && !(from[i] > from[i - 1] && to[i] >= to[i - 1]))) {
          throw BundleFailures.invalid(
              FILE,
              "%s: expected ascending from and to in [0, 1] that never falls, found %s and %s at %d"
                  .formatted(calibration.place(), from[i], to[i], i));
        }
      }
      return new Calibration.Isotonic(from, to);
    }
  }

  private static ScorePolicy policy(JsonObject node) {
    try (JsonObject policy = node) {
      PolicyKind kind = policy.oneOf("kind", PolicyKind.class);
      Map<String, Double> weights = new HashMap<>();
      try (JsonObject tasks = policy.object("tasks")) {
        tasks
            .members()
            .forEach(
                task -> {
                  JsonNode weight = tasks.require(task, "a number");
                  if (!weight.isNumber()) {
                    throw tasks.wrong(task, "a number", weight);
                  }
                  weights.put(task, weight.doubleValue());
                });
      }
      if (weights.isEmpty()) {
        throw BundleFailures.invalid(
            FILE, policy.place() + "/tasks: expected at least one task, found none");
      }
      return kind == PolicyKind.PRODUCT
          ? ScorePolicy.product(weights)
          : ScorePolicy.weightedSum(weights);
    }
  }

  /** Refuses inputs that do not go together; the place is that of the object that has them. */
  static void checkInputs(String at, Ranker ranker, boolean hasItems) {
    Map<String, Input> names = new HashMap<>();
    for (int i = 0; i < ranker.inputs().size(); i++) {
      Input input = ranker.inputs().get(i);
      if (names.put(input.name(), input) != null) {
        throw BundleFailures.invalid(
            FILE, "%s/inputs/%d/name: input '%s' occurs twice".formatted(at, i, input.name()));
      }
    }
    for (int i = 0; i < ranker.inputs().size(); i++) {
      Input input = ranker.inputs().get(i);
      String place = at + "/inputs/" + i;
      if (input.role() == Role.MASK) {
        Input of = names.get(input.of());
        if (of == null || of.places().isEmpty()) {
          throw BundleFailures.invalid(
              FILE,
              "%s/of: expected an input of role CATEGORY_LIST, VECTOR_LIST or HISTORY, found '%s'"
                  .formatted(place, input.of()));
        }
      }
      if (!hasItems && (input.role() == Role.HISTORY || input.role() == Role.ITEM_ID)) {
        throw BundleFailures.invalid(
            FILE,
            "%s/role: expected /items for role %s, found none".formatted(place, input.role()));
      }
    }
    if (ranker.inputs().isEmpty()) {
      throw BundleFailures.invalid(FILE, at + "/inputs: expected at least one, found none");
    }
    boolean byCandidate =
        ranker.inputs().stream().anyMatch(input -> input.side() == Side.CANDIDATE);
    if (byCandidate != (ranker.layout() == Layout.CANDIDATES)) {
      throw BundleFailures.invalid(
          FILE,
          ranker.layout() == Layout.CANDIDATES
              ? at + "/inputs: expected one of side CANDIDATE at least, found none"
              : at + "/inputs: expected none of side CANDIDATE with layout ITEMS, found one");
    }
    if (ranker.layout() == Layout.ITEMS && !hasItems) {
      throw BundleFailures.invalid(
          FILE, "/ranker/scores/layout: expected /items for layout ITEMS, found none");
    }
  }

  private static void checkTasks(Ranker ranker) {
    Set<String> names = new HashSet<>();
    for (Task task : ranker.tasks()) {
      if (!names.add(task.name())) {
        throw BundleFailures.invalid(
            FILE, "/ranker/tasks: task '%s' occurs twice".formatted(task.name()));
      }
    }
    if (ranker.tasks().isEmpty() || (ranker.layout() == Layout.ITEMS && names.size() != 1)) {
      throw BundleFailures.invalid(
          FILE,
          "/ranker/tasks: expected %s, found %d"
              .formatted(
                  ranker.layout() == Layout.ITEMS ? "one with layout ITEMS" : "at least one",
                  names.size()));
    }
    try {
      ranker.policy().ifPresent(policy -> policy.bind(ranker.taskNames()));
    } catch (IllegalArgumentException e) {
      throw BundleFailures.invalid(FILE, "/ranker/policy/tasks: " + e.getMessage(), e);
    }
  }
}
