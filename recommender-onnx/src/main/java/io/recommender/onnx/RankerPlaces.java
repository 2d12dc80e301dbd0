package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.onnx.Ranker.Role;
import io.recommender.onnx.RankerCall.Table;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is at the places of a list or of a history: ids, or vectors.
 *
 * <p><b>Immutable</b>.
 */
final class RankerPlaces {
  private static final int[] NOTHING = {};

  private final Ranker.Input input;
  private final Catalog catalog;
  private final @Nullable FeatureWriter writer;
  private final @Nullable Table table;

  /** The id of each item's feature by ordinal, for a history that tells a feature. */
  private final int[] featureIds;

  RankerPlaces(
      Ranker.Input input,
      Catalog catalog,
      @Nullable FeatureWriter writer,
      @Nullable Table[] tables) {
    this.input = input;
    this.catalog = catalog;
    this.writer = writer;
    table = tables.length == 0 ? null : tables[0];
    featureIds = input.role() == Role.HISTORY && writer != null ? featureIds(writer) : NOTHING;
  }

  private int[] featureIds(FeatureWriter of) {
    int[] ids = new int[catalog.size()];
    for (int ordinal = 0; ordinal < ids.length; ordinal++) {
      List<String> values =
          of.values(catalog.item(ordinal).features().get(of.feature()), catalog.item(ordinal));
      ids[ordinal] = values.isEmpty() ? of.absentId() : of.id(values.get(0));
    }
    return ids;
  }

  boolean areThere() {
    return input.places().isPresent();
  }

  private Ranker.Places layout() {
    return input.places().orElseThrow();
  }

  int trialLength(int most) {
    return layout().length() == Manifest.Length.FIXED
        ? layout().maxLength()
        : Math.min(layout().maxLength(), most);
  }

  /** As many places as the longest of some candidates needs, or the request for -1. */
  int length(RankerCall call, int from, int to) {
    if (layout().length() == Manifest.Length.FIXED) {
      return layout().maxLength();
    }
    int longest = 1;
    for (int candidate = from; candidate < to; candidate++) {
      longest =
          Math.max(
              longest,
              input.role() == Role.VECTOR_LIST
                  ? vectors(call, candidate)
                  : ids(call, candidate).length);
    }
    return Math.min(longest, layout().maxLength());
  }

  /** The place of the first of some. */
  int first(int count, int length) {
    return layout().paddingSide() == Manifest.PaddingSide.LEFT ? length - count : 0;
  }

  int largestId() {
    if (writer != null) {
      return Math.max(writer.largestId(), input.unknownId().orElse(0));
    }
    return Math.max(catalog.size() - 1 + input.idOffset(), input.unknownId().orElse(0));
  }

  /** The id of a candidate. */
  int itemId(RankerCall call, int candidate) {
    int ordinal = call.ordinals()[candidate];
    if (ordinal != Catalog.UNKNOWN) {
      return ordinal + input.idOffset();
    }
    if (input.unknownId().isEmpty()) {
      throw new RecommenderException(
          Kind.UNKNOWN_ITEM,
          "item '%s': expected an item of the bundle for input '%s', which has no unknownId, found"
                  .formatted(call.items().get(candidate).id(), input.name())
              + " another");
    }
    return input.unknownId().get();
  }

  /** The ids of a list, or of what a history tells, oldest first; for vectors one each. */
  int[] ids(RankerCall call, int candidate) {
    if (input.role() == Role.HISTORY) {
      return history(call);
    }
    if (input.role() == Role.VECTOR_LIST) {
      return new int[vectors(call, candidate)];
    }
    FeatureWriter of = requireWriter();
    List<String> values =
        of.values(call.feature(of.feature(), table, candidate), call.owner(candidate));
    int[] ids = new int[Math.min(values.size(), layout().maxLength())];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = of.id(values.get(i));
    }
    return ids;
  }

  private FeatureWriter requireWriter() {
    if (writer == null) {
      throw new AssertionError(input.name());
    }
    return writer;
  }

  private int[] history(RankerCall call) {
    List<Interaction> interactions = call.request().history().interactions();
    int[] newest = new int[Math.min(layout().maxLength(), interactions.size())];
    int from = newest.length;
    for (int i = interactions.size() - 1; i >= 0 && from > 0; i--) {
      Interaction step = interactions.get(i);
      if (input.behavior().isPresent() && !input.behavior().equals(step.behavior())) {
        continue;
      }
      int ordinal = catalog.ordinal(step.itemId());
      if (ordinal != Catalog.UNKNOWN) {
        newest[--from] = writer == null ? ordinal + input.idOffset() : featureIds[ordinal];
      } else if (input.unknownId().isPresent()) {
        newest[--from] = input.unknownId().get();
      }
    }
    return Arrays.copyOfRange(newest, from, newest.length);
  }

  /** How many vectors a feature has, at most as many as there may be places. */
  private int vectors(RankerCall call, int candidate) {
    FeatureWriter of = requireWriter();
    Feature value = call.feature(of.feature(), table, candidate);
    return value == null ? 0 : Math.min(rows(value, of, call, candidate), layout().maxLength());
  }

  private int rows(Feature value, FeatureWriter of, RankerCall call, int candidate) {
    if (value instanceof Feature.Tensor tensor && tensor.size() % of.width() == 0) {
      int[] shape = tensor.shape();
      if (shape.length == 1
          || Arrays.equals(shape, 1, shape.length, of.extents(), 0, of.extents().length)) {
        return tensor.size() / of.width();
      }
    }
    throw new RecommenderException(
        Kind.SHAPE_MISMATCH,
        "%s, feature '%s': expected tensors %s one after the other for input '%s', found %s"
            .formatted(
                FeatureWriter.named(call.owner(candidate)),
                of.feature(),
                Arrays.toString(of.extents()),
                input.name(),
                FeatureWriter.found(value)));
  }

  void writeVectors(
      TensorBuffer buffer, int base, int length, int width, RankerCall call, int candidate) {
    int count = Math.min(vectors(call, candidate), length);
    int start = first(count, length) * width;
    for (int i = 0; i < length * width; i++) {
      buffer.put(base + i, 0);
    }
    if (count > 0
        && call.feature(requireWriter().feature(), table, candidate)
            instanceof Feature.Tensor tensor) {
      for (int i = 0; i < count * width; i++) {
        buffer.put(base + start + i, tensor.value(i));
      }
    }
  }
}
