package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.HistoryTransform;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.onnx.Manifest.Input;
import io.recommender.onnx.Manifest.Role;
import io.recommender.onnx.OnnxSession.TensorSpec;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes one input of the graph for a batch of windows. Made once for a bundle, after checking that
 * the graph takes what the manifest says.
 *
 * <p><b>Immutable</b>.
 */
final class InputWriter {
  private static final Set<Role> PER_ROW =
      EnumSet.of(Role.LENGTH, Role.QUERY_TIME, Role.CONTEXT_FEATURE);
  private static final double MILLIS_PER_DAY = 86_400_000.0;

  private final Input input;
  private final Manifest.Sequence sequence;
  private final OnnxJavaType type;

  /** The extents of a place or row, none for a number. */
  private final long[] extents;

  /** Numbers for each place or row. */
  private final int width;

  private final @Nullable ItemTable table;

  private InputWriter(
      Input input,
      Manifest.Sequence sequence,
      OnnxJavaType type,
      long[] extents,
      @Nullable ItemTable table) {
    this.input = input;
    this.sequence = sequence;
    this.type = type;
    this.extents = extents;
    this.table = table;
    int numbers = 1;
    for (long extent : extents) {
      numbers = Math.multiplyExact(numbers, (int) extent);
    }
    width = numbers;
  }

  /** The element types that hold what a role writes. */
  private static Set<OnnxJavaType> types(Role role) {
    return switch (role) {
      case ITEM_IDS, LENGTH, BEHAVIORS, DOMAINS ->
          EnumSet.of(OnnxJavaType.INT64, OnnxJavaType.INT32);
      case TIMESTAMPS, QUERY_TIME -> EnumSet.of(OnnxJavaType.INT64, OnnxJavaType.FLOAT);
      case STEP_FEATURE, CONTEXT_FEATURE -> EnumSet.of(OnnxJavaType.FLOAT);
      case ITEM_TABLE -> EnumSet.of(OnnxJavaType.FLOAT, OnnxJavaType.INT64, OnnxJavaType.INT32);
      case ATTENTION_MASK, PADDING_MASK ->
          EnumSet.of(OnnxJavaType.INT64, OnnxJavaType.INT32, OnnxJavaType.FLOAT, OnnxJavaType.BOOL);
    };
  }

  /** Checks an input of the manifest against the graph. */
  static InputWriter of(
      String model,
      Input input,
      Manifest.Sequence sequence,
      @Nullable ItemTable table,
      TensorSpec spec) {
    if (table != null) {
      return ofTable(model, input, sequence, table, spec);
    }
    boolean perRow = PER_ROW.contains(input.role());
    boolean feature = input.role() == Role.STEP_FEATURE || input.role() == Role.CONTEXT_FEATURE;
    int axes = perRow ? 1 : 2;
    long[] shape = spec.shape();
    boolean widthAxis = feature && shape.length == axes + 1;
    String expectedShape = perRow ? "[batch]" : "[batch, length]";
    if (feature) {
      expectedShape += perRow ? " or [batch, width]" : " or [batch, length, width]";
    }
    Set<OnnxJavaType> types = types(input.role());
    if (!types.contains(spec.type()) || (shape.length != axes && !widthAxis)) {
      throw BundleFailures.mismatch(
          model,
          "input '%s' of role %s: expected %s %s, found %s"
              .formatted(
                  input.name(),
                  input.role(),
                  types.stream()
                      .map(type -> type.name().toLowerCase(Locale.ROOT))
                      .collect(Collectors.joining(" or ")),
                  expectedShape,
                  spec));
    }
    if (!perRow) {
      checkLength(model, input, sequence, spec);
    }
    if (widthAxis && shape[axes] < 1) {
      throw BundleFailures.mismatch(
          model,
          "input '%s': expected a fixed width in the last axis, found %s"
              .formatted(input.name(), spec));
    }
    long[] extents = widthAxis ? new long[] {shape[axes]} : new long[0];
    return new InputWriter(input, sequence, spec.type(), extents, null);
  }

  private static InputWriter ofTable(
      String model, Input input, Manifest.Sequence sequence, ItemTable table, TensorSpec spec) {
    long[] extents = table.rowShape();
    long[] shape = spec.shape();
    boolean fits = table.fits(spec.type()) && shape.length == 2 + extents.length;
    for (int axis = 0; fits && axis < extents.length; axis++) {
      fits = shape[2 + axis] < 0 || shape[2 + axis] == extents[axis];
    }
    if (!fits) {
      StringJoiner expected = new StringJoiner(", ", "[", "]").add("batch").add("length");
      for (long extent : extents) {
        expected.add(String.valueOf(extent));
      }
      throw BundleFailures.mismatch(
          model,
          "input '%s' of role %s: expected %s %s as %s has it, found %s"
              .formatted(
                  input.name(),
                  input.role(),
                  table.isInteger() ? "int64 or int32" : "float",
                  expected,
                  input.feature(),
                  spec));
    }
    checkLength(model, input, sequence, spec);
    return new InputWriter(input, sequence, spec.type(), extents, table);
  }

  private static void checkLength(
      String model, Input input, Manifest.Sequence sequence, TensorSpec spec) {
    long found = spec.shape()[1];
    boolean fixed = sequence.length() == Manifest.Length.FIXED;
    if (found >= 0 && (!fixed || found != sequence.maxLength())) {
      throw BundleFailures.mismatch(
          model,
          "input '%s': expected %s as %s says (%s, maxLength %d), found %s"
              .formatted(
                  input.name(),
                  fixed ? "length " + sequence.maxLength() : "a dynamic length",
                  Manifest.FILE,
                  sequence.length(),
                  sequence.maxLength(),
                  spec));
    }
  }

  String name() {
    return input.name();
  }

  Optional<ItemTable> table() {
    return Optional.ofNullable(table);
  }

  TensorBuffer newBuffer() {
    return new TensorBuffer(type);
  }

  long[] shape(int rows, int length) {
    int axes = PER_ROW.contains(input.role()) ? 1 : 2;
    long[] shape = new long[axes + extents.length];
    shape[0] = rows;
    shape[axes - 1] = axes == 1 ? rows : length;
    System.arraycopy(extents, 0, shape, axes, extents.length);
    return shape;
  }

  /** What a notice calls the absent feature. */
  String featureName() {
    return input.feature().isEmpty() ? input.name() : input.feature();
  }

  /** Makes room for a batch. */
  void ensure(TensorBuffer buffer, int rows, int length) {
    buffer.ensure((long) rows * (PER_ROW.contains(input.role()) ? 1 : length) * width);
  }

  /**
   * Writes one row.
   *
   * @return how many values were absent and took the default
   */
  int write(TensorBuffer buffer, Window window, int row, int length) {
    return switch (input.role()) {
      case LENGTH -> {
        buffer.put(row, window.size());
        yield 0;
      }
      case QUERY_TIME -> writeQueryTime(buffer, window.request(), row);
      case CONTEXT_FEATURE ->
          writeFeature(
              buffer, row * width, window.request().context().get(input.feature()), "request");
      default -> writeSteps(buffer, window, row, length);
    };
  }

  private int writeQueryTime(TensorBuffer buffer, RecommendationRequest request, int row) {
    Optional<Instant> time = request.time();
    buffer.put(row, time.isPresent() ? inUnit(time.get()) : input.defaultValue());
    return time.isPresent() ? 0 : 1;
  }

  private int writeSteps(TensorBuffer buffer, Window window, int row, int length) {
    int size = window.size();
    int base = row * length;
    boolean left = sequence.paddingSide() == Manifest.PaddingSide.LEFT;
    int start = left ? length - size : 0;
    int padFrom = left ? 0 : size;
    int padTo = left ? length - size : length;
    double padding = padding();
    for (int i = (base + padFrom) * width; i < (base + padTo) * width; i++) {
      buffer.put(i, padding);
    }
    int absent = 0;
    for (int place = 0; place < size; place++) {
      absent += writeStep(buffer, (base + start + place) * width, window, place);
    }
    return absent;
  }

  private double padding() {
    return switch (input.role()) {
      case ITEM_IDS -> sequence.paddingId();
      case PADDING_MASK -> 1;
      case ATTENTION_MASK -> 0;
      default -> input.paddingValue();
    };
  }

  private int writeStep(TensorBuffer buffer, int index, Window window, int place) {
    Interaction step = window.step(place);
    switch (input.role()) {
      case ITEM_IDS -> buffer.put(index, window.id(place));
      case ATTENTION_MASK -> buffer.put(index, 1);
      case PADDING_MASK -> buffer.put(index, 0);
      case TIMESTAMPS -> {
        Optional<Instant> time = step == null ? Optional.empty() : step.time();
        buffer.put(index, time.isPresent() ? inUnit(time.get()) : input.defaultValue());
        return time.isPresent() || step == null ? 0 : 1;
      }
      case BEHAVIORS -> {
        buffer.put(index, id(step == null ? null : step.behavior()));
        return step == null || step.behavior().isPresent() ? 0 : 1;
      }
      case DOMAINS -> {
        buffer.put(index, id(step == null ? null : step.domain()));
        return step == null || step.domain().isPresent() ? 0 : 1;
      }
      case ITEM_TABLE -> writeTable(buffer, index, window.ordinal(place));
      case STEP_FEATURE -> {
        Feature feature = step == null ? null : step.context().get(input.feature());
        int absent = writeFeature(buffer, index, feature, "interaction");
        // Only added interactions have this one, so that none of the others lacks it.
        boolean isExpected = step != null && !input.feature().equals(HistoryTransform.ADDED);
        return isExpected ? absent : 0;
      }
      default -> throw new AssertionError(input.role());
    }
    return 0;
  }

  private void writeTable(TensorBuffer buffer, int index, int ordinal) {
    ItemTable rows = Objects.requireNonNull(table);
    double absent = Double.isNaN(input.defaultValue()) ? 0 : input.defaultValue();
    for (int i = 0; i < width; i++) {
      buffer.put(index + i, ordinal == Catalog.UNKNOWN ? absent : rows.get(ordinal, i));
    }
  }

  private double id(@Nullable Optional<String> value) {
    if (value == null || value.isEmpty()) {
      return input.defaultValue();
    }
    Integer id = input.vocabulary().get(value.get());
    return id == null ? input.defaultValue() : id;
  }

  private int writeFeature(
      TensorBuffer buffer, int index, @Nullable Feature feature, String owner) {
    if (feature == null) {
      for (int i = 0; i < width; i++) {
        buffer.put(index + i, input.defaultValue());
      }
      return 1;
    }
    if (feature instanceof Feature.Scalar scalar && width == 1) {
      buffer.put(index, scalar.value());
    } else if (feature instanceof Feature.Tensor tensor && tensor.size() == width) {
      for (int i = 0; i < width; i++) {
        buffer.put(index + i, tensor.value(i));
      }
    } else {
      String found =
          feature instanceof Feature.Tensor tensor
              ? "a tensor of %d numbers".formatted(tensor.size())
              : "a " + feature.getClass().getSimpleName();
      throw new RecommenderException(
          Kind.SHAPE_MISMATCH,
          "%s, feature '%s': expected %s for input '%s', found %s"
              .formatted(
                  owner,
                  input.feature(),
                  width == 1 ? "a number" : "a tensor of %d numbers".formatted(width),
                  input.name(),
                  found));
    }
    return 0;
  }

  private double inUnit(Instant time) {
    return switch (input.unit()) {
      case SECONDS ->
          type == OnnxJavaType.FLOAT ? time.toEpochMilli() / 1e3 : time.getEpochSecond();
      case MILLISECONDS -> time.toEpochMilli();
      case DAYS ->
          type == OnnxJavaType.FLOAT
              ? time.toEpochMilli() / MILLIS_PER_DAY
              : Math.floorDiv(time.getEpochSecond(), 86_400L);
    };
  }

  /** The static batch of the graph, if it has one. */
  static Map<String, Long> fixedBatches(Map<String, TensorSpec> inputs) {
    Map<String, Long> fixed = new java.util.LinkedHashMap<>();
    inputs.forEach(
        (name, spec) -> {
          if (spec.shape().length > 0 && spec.shape()[0] >= 0) {
            fixed.put(name, spec.shape()[0]);
          }
        });
    return fixed;
  }
}
