package io.recommender.onnx;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Writes one feature into a row of a tensor: what inputs of encoders and of rankers have in common.
 *
 * <p><b>Immutable</b>.
 */
final class FeatureWriter {
  private final String input;
  private final String feature;
  private final int[] extents;
  private final int width;
  private final Map<String, Integer> vocabulary;
  private final OptionalDouble absent;
  private final FeatureScaling normalization;

  /**
   * Plans a feature.
   *
   * @param extents of one row, none for a single number
   * @param absent what every number of an absent feature becomes; none if it is required
   * @param normalization of the numbers that are there
   */
  FeatureWriter(
      String input,
      String feature,
      int[] extents,
      Map<String, Integer> vocabulary,
      OptionalDouble absent,
      FeatureScaling normalization) {
    this.input = input;
    this.feature = feature;
    this.extents = extents;
    this.vocabulary = vocabulary;
    this.absent = absent;
    this.normalization = normalization;
    width = Arrays.stream(extents).reduce(1, Math::multiplyExact);
  }

  String feature() {
    return feature;
  }

  /** The extents of what it writes. */
  int[] extents() {
    return extents;
  }

  /** Whether an absent feature is refused. */
  boolean isRequired() {
    return absent.isEmpty();
  }

  /** The id of an absent or unknown value. */
  int absentId() {
    return (int) absent.orElseThrow();
  }

  /** How many numbers it writes. */
  int width() {
    return width;
  }

  /** The largest id that it writes. */
  int largestId() {
    int largest = absent.isPresent() ? (int) absent.getAsDouble() : 0;
    for (int id : vocabulary.values()) {
      largest = Math.max(largest, id);
    }
    return largest;
  }

  /** Writes the same number everywhere. */
  void fill(TensorBuffer buffer, int base, double value) {
    for (int i = 0; i < width; i++) {
      buffer.put(base + i, value);
    }
  }

  /** Writes what stands in for an absent feature, 0 for a required one. */
  void fill(TensorBuffer buffer, int base) {
    fill(buffer, base, absent.orElse(0));
  }

  /**
   * Writes a number or a tensor.
   *
   * @param owner the item of the feature, none if the request has it
   */
  void writeNumbers(TensorBuffer buffer, int base, @Nullable Feature value, @Nullable Item owner) {
    if (value instanceof Feature.Scalar scalar && width == 1) {
      buffer.put(base, normalization.apply(scalar.value(), 0, 1));
    } else if (value instanceof Feature.Tensor tensor && fits(tensor)) {
      writeTensor(buffer, base, tensor);
    } else if (value == null) {
      if (absent.isEmpty()) {
        throw unfit("none", owner);
      }
      fill(buffer, base);
    } else {
      throw unfit(found(value), owner);
    }
  }

  private void writeTensor(TensorBuffer buffer, int base, Feature.Tensor tensor) {
    if (normalization.isNone()) {
      for (int i = 0; i < width; i++) {
        buffer.put(base + i, tensor.value(i));
      }
      return;
    }
    for (int i = 0; i < width; i++) {
      buffer.put(base + i, normalization.apply(tensor.value(i), i, width));
    }
  }

  /** Refuses what {@link #writeNumbers} does not write. */
  void checkNumbers(Feature value, @Nullable Item owner) {
    boolean number = value instanceof Feature.Scalar && width == 1;
    if (!number && !(value instanceof Feature.Tensor tensor && fits(tensor))) {
      throw unfit(found(value), owner);
    }
  }

  private RecommenderException unfit(String found, @Nullable Item owner) {
    return new RecommenderException(
        Kind.SHAPE_MISMATCH,
        "%s, feature '%s': expected %s for input '%s', found %s"
            .formatted(
                named(owner),
                feature,
                width == 1 ? "a number" : "a tensor " + Arrays.toString(extents),
                input,
                found));
  }

  /** A flat tensor of the right size fits any shape, so that files of vectors can feed images. */
  private boolean fits(Feature.Tensor tensor) {
    if (tensor.size() != width) {
      return false;
    }
    int[] shape = tensor.shape();
    return shape.length == 1 || Arrays.equals(shape, extents);
  }

  /** Writes the ids of a category, a text or a list; those after its end are as absent ones. */
  void writeIds(TensorBuffer buffer, int base, @Nullable Feature value, @Nullable Item owner) {
    if (width == 1 && value instanceof Feature.Category category) {
      buffer.put(base, id(category.value()));
      return;
    }
    List<String> values = values(value, owner);
    for (int i = 0; i < width; i++) {
      buffer.put(base + i, i < values.size() ? id(values.get(i)) : absent.orElseThrow());
    }
  }

  /** Returns the id of a value, that of an absent one if it is unknown. */
  int id(String value) {
    Integer id = vocabulary.get(value);
    return id == null ? (int) absent.orElseThrow() : id;
  }

  /** Returns the values of a category, a text, a whole number or a list; none of nothing. */
  List<String> values(@Nullable Feature value, @Nullable Item owner) {
    if (value == null) {
      return List.of();
    }
    if (value instanceof Feature.Ids ids) {
      return ids.values();
    }
    if (value instanceof Feature.Category category) {
      return List.of(category.value());
    }
    if (value instanceof Feature.Text text) {
      return List.of(text.value());
    }
    if (value instanceof Feature.Scalar scalar && scalar.value() == Math.rint(scalar.value())) {
      return List.of(Long.toString((long) scalar.value()));
    }
    throw new IllegalArgumentException(
        "%s, feature '%s': expected a category, a text, a whole number or a list of ids for input '%s', found %s"
            .formatted(named(owner), feature, input, found(value)));
  }

  static String named(@Nullable Item owner) {
    return owner == null ? "request" : "item '" + owner.id() + "'";
  }

  static String found(Feature value) {
    return value instanceof Feature.Tensor tensor
        ? "a tensor " + Arrays.toString(tensor.shape())
        : "a " + value.getClass().getSimpleName();
  }
}
