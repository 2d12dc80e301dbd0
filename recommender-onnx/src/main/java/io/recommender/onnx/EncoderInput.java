package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import io.recommender.Feature;
import io.recommender.onnx.Encoder.Role;
import io.recommender.onnx.OnnxSession.TensorSpec;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes one input of the graph of an encoder. Made once for a bundle, after checking that the
 * graph takes what the manifest says.
 *
 * <p><b>Immutable</b>.
 */
final class EncoderInput {
  private final String model;
  private final Encoder.Input input;
  private final Optional<TokenLayout> layout;
  private final TensorSpec spec;

  /** Numbers for each item, 1 for those that have one for each token. */
  private final int width;

  private final FeatureWriter feature;

  private EncoderInput(
      String model,
      Encoder.Input input,
      Optional<TokenLayout> layout,
      TensorSpec spec,
      FeatureWriter feature) {
    this.model = model;
    this.input = input;
    this.layout = layout;
    this.spec = spec;
    this.feature = feature;
    width = feature.width();
  }

  private static Set<OnnxJavaType> types(Role role) {
    return switch (role) {
      case TOKEN_IDS, TOKEN_TYPES, ITEM_POSITIONS, CATEGORY ->
          EnumSet.of(OnnxJavaType.INT64, OnnxJavaType.INT32);
      case ATTENTION_MASK, PRESENT ->
          EnumSet.of(OnnxJavaType.INT64, OnnxJavaType.INT32, OnnxJavaType.FLOAT, OnnxJavaType.BOOL);
      case FEATURE -> EnumSet.of(OnnxJavaType.FLOAT);
    };
  }

  private static String expectedShape(Role role) {
    return switch (role) {
      case TOKEN_IDS, TOKEN_TYPES, ITEM_POSITIONS, ATTENTION_MASK -> "[batch, length]";
      case FEATURE -> "[batch] or [batch, fixed extents]";
      case CATEGORY -> "[batch] or [batch, a fixed number]";
      case PRESENT -> "[batch]";
    };
  }

  /** Checks an input of the manifest against the graph. */
  static EncoderInput of(String model, Encoder.Input input, Encoder encoder, TensorSpec spec) {
    long[] shape = spec.shape();
    Set<OnnxJavaType> types = types(input.role());
    boolean fits =
        switch (input.role()) {
          case TOKEN_IDS, TOKEN_TYPES, ITEM_POSITIONS, ATTENTION_MASK -> shape.length == 2;
          case PRESENT -> shape.length == 1;
          case CATEGORY -> shape.length == 1 || (shape.length == 2 && shape[1] > 0);
          case FEATURE -> shape.length >= 1 && Arrays.stream(shape).skip(1).allMatch(e -> e > 0);
        };
    if (!fits || !types.contains(spec.type())) {
      throw BundleFailures.mismatch(
          model,
          "input '%s' of role %s: expected %s %s, found %s"
              .formatted(
                  input.name(),
                  input.role(),
                  types.stream()
                      .map(type -> type.name().toLowerCase(Locale.ROOT))
                      .collect(Collectors.joining(" or ")),
                  expectedShape(input.role()),
                  spec));
    }
    boolean ofFeature = input.role() == Role.FEATURE || input.role() == Role.CATEGORY;
    if (!ofFeature && input.role() != Role.PRESENT) {
      checkLength(model, input, encoder.tokens().orElseThrow(), spec);
    }
    boolean hasPresence =
        encoder.inputs().stream()
            .anyMatch(
                other -> other.role() == Role.PRESENT && other.feature().equals(input.feature()));
    int[] extents = ofFeature ? spec.extents() : new int[0];
    input.normalization().check(model, input.name(), extents);
    FeatureWriter feature =
        new FeatureWriter(
            input.name(),
            input.feature(),
            extents,
            input.vocabulary(),
            input.defaultValue().isEmpty() && hasPresence
                ? OptionalDouble.of(0)
                : input.defaultValue(),
            input.normalization());
    return new EncoderInput(model, input, encoder.tokens(), spec, feature);
  }

  private static void checkLength(
      String model, Encoder.Input input, TokenLayout layout, TensorSpec spec) {
    long found = spec.shape()[1];
    boolean fixed = layout.length() == Manifest.Length.FIXED;
    if (found >= 0 && (!fixed || found != layout.maxLength())) {
      throw BundleFailures.mismatch(
          model,
          "input '%s': expected %s as %s says (%s, maxLength %d), found %s"
              .formatted(
                  input.name(),
                  fixed ? "length " + layout.maxLength() : "a dynamic length",
                  Manifest.FILE,
                  layout.length(),
                  layout.maxLength(),
                  spec));
    }
  }

  String name() {
    return input.name();
  }

  TensorBuffer newBuffer() {
    return new TensorBuffer(spec.type());
  }

  private boolean perToken() {
    return switch (input.role()) {
      case TOKEN_IDS, TOKEN_TYPES, ITEM_POSITIONS, ATTENTION_MASK -> true;
      case FEATURE, CATEGORY, PRESENT -> false;
    };
  }

  long[] shape(int rows, int length) {
    if (perToken()) {
      return new long[] {rows, length};
    }
    long[] shape = spec.shape().clone();
    shape[0] = rows;
    return shape;
  }

  /** Makes room for a batch. */
  void ensure(TensorBuffer buffer, int rows, int length) {
    buffer.ensure((long) rows * (perToken() ? length : width));
  }

  /** Writes one row whose tokens, if it has any, are padded to a length. */
  void write(TensorBuffer buffer, int row, int length, EncoderModel.Row source) {
    switch (input.role()) {
      case TOKEN_IDS, TOKEN_TYPES, ITEM_POSITIONS, ATTENTION_MASK ->
          writeTokens(buffer, row * length, length, source.tokens());
      case PRESENT ->
          buffer.put(row, source.item().features().containsKey(input.feature()) ? 1 : 0);
      case FEATURE -> feature.writeNumbers(buffer, row * width, value(source), source.item());
      case CATEGORY -> feature.writeIds(buffer, row * width, value(source), source.item());
    }
  }

  /** Writes a row of which a required feature may be absent, for a trial. */
  void writeAnyway(TensorBuffer buffer, int row, int length, EncoderModel.Row source) {
    if (input.role() == Role.FEATURE) {
      feature.fill(buffer, row * width);
    } else {
      write(buffer, row, length, source);
    }
  }

  private @Nullable Feature value(EncoderModel.Row source) {
    return source.item().features().get(input.feature());
  }

  private void writeTokens(TensorBuffer buffer, int base, int length, TextTokenizer.Tokens tokens) {
    TokenLayout described = layout.orElseThrow();
    int padding = length - tokens.length();
    int start = described.paddingSide() == Manifest.PaddingSide.LEFT ? padding : 0;
    double padded =
        switch (input.role()) {
          case TOKEN_IDS -> described.paddingToken();
          case TOKEN_TYPES -> described.paddingType();
          case ITEM_POSITIONS -> input.items().orElseThrow().paddingPosition();
          default -> 0;
        };
    for (int place = 0; place < length; place++) {
      int token = place - start;
      if (token < 0 || token >= tokens.length()) {
        buffer.put(base + place, padded);
      } else {
        buffer.put(
            base + place,
            switch (input.role()) {
              case TOKEN_IDS -> tokens.ids()[token];
              case TOKEN_TYPES -> tokens.types()[token];
              case ITEM_POSITIONS -> tokens.items()[token];
              default -> 1;
            });
      }
    }
  }
}
