package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.onnx.OnnxSession.TensorSpec;
import io.recommender.onnx.Ranker.Column;
import io.recommender.onnx.Ranker.Role;
import io.recommender.onnx.Ranker.Side;
import io.recommender.onnx.RankerCall.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes one input of the graph of a ranker: one row for the request, or one for each candidate.
 * Made once for a bundle, after checking that the graph takes what the manifest says.
 *
 * <p>Rows of items whose features are those of the bundle are made once, by {@link #remember}, and
 * copied in calls.
 *
 * <p><b>Immutable</b> once the bundle is open.
 */
final class RankerInput {
  private final Ranker.Input input;
  private final Side side;
  private final TensorSpec spec;

  /** One for each column. */
  private final FeatureWriter[] writers;

  /** Tables of the caller by column; null where there is none. */
  private final @Nullable Table[] tables;

  /** The columns that have a table. */
  private final int[] fromTables;

  /** Numbers in a row, or at a place of a row. */
  private final int width;

  private final RankerPlaces places;

  /** Rows by ordinal and which of them there are. */
  private @Nullable TensorBuffer remembered;

  private final BitSet complete = new BitSet();

  private RankerInput(
      Ranker.Input input,
      Side side,
      TensorSpec spec,
      FeatureWriter[] writers,
      @Nullable Table[] tables,
      int width,
      RankerPlaces places) {
    this.input = input;
    this.side = side;
    this.spec = spec;
    this.writers = writers;
    this.tables = tables;
    fromTables =
        IntStream.range(0, tables.length).filter(column -> tables[column] != null).toArray();
    this.width = width;
    this.places = places;
  }

  private static Set<OnnxJavaType> types(Role role) {
    return switch (role) {
      case FEATURE, VECTOR_LIST -> EnumSet.of(OnnxJavaType.FLOAT, OnnxJavaType.FLOAT16);
      case CATEGORY, CATEGORY_LIST, HISTORY, ITEM_ID ->
          EnumSet.of(OnnxJavaType.INT64, OnnxJavaType.INT32);
      case MASK, PRESENT ->
          EnumSet.of(
              OnnxJavaType.INT64,
              OnnxJavaType.INT32,
              OnnxJavaType.FLOAT,
              OnnxJavaType.FLOAT16,
              OnnxJavaType.BOOL);
    };
  }

  private static String expectedShape(Ranker.Input input, Side side) {
    String rows = side == Side.REQUEST ? "1" : "candidates";
    return switch (input.role()) {
      case FEATURE, CATEGORY ->
          input.columns().size() > 1
              ? "[%s, %d]".formatted(rows, input.columns().size())
              : input.role() == Role.CATEGORY
                  ? "[%s] or [%s, a fixed number]".formatted(rows, rows)
                  : "[%s] or [%s, fixed extents]".formatted(rows, rows);
      case PRESENT, ITEM_ID -> "[%s]".formatted(rows);
      case CATEGORY_LIST, HISTORY, MASK -> "[%s, length]".formatted(rows);
      case VECTOR_LIST -> "[%s, length, fixed extents]".formatted(rows);
    };
  }

  private static boolean shapeFits(Ranker.Input input, Side side, long[] shape) {
    if (shape.length == 0 || (side == Side.REQUEST && shape[0] >= 0 && shape[0] != 1)) {
      return false;
    }
    boolean fixed = Arrays.stream(shape).skip(1).allMatch(extent -> extent > 0);
    return switch (input.role()) {
      case FEATURE, CATEGORY ->
          input.columns().size() > 1
              ? shape.length == 2 && shape[1] == input.columns().size()
              : fixed && (input.role() == Role.FEATURE || shape.length <= 2);
      case PRESENT, ITEM_ID -> shape.length == 1;
      case CATEGORY_LIST, HISTORY, MASK -> shape.length == 2;
      case VECTOR_LIST ->
          shape.length > 2 && Arrays.stream(shape).skip(2).allMatch(extent -> extent > 0);
    };
  }

  /**
   * Checks an input of the manifest against the graph.
   *
   * @param ranker what the manifest says of all inputs
   * @param tablesByFeature tables of the caller by side and feature
   * @param specs the inputs of the graph
   */
  static RankerInput of(
      String model,
      Ranker.Input input,
      Ranker ranker,
      Catalog catalog,
      Map<Side, Map<String, Table>> tablesByFeature,
      Map<String, TensorSpec> specs) {
    TensorSpec spec = Objects.requireNonNull(specs.get(input.name()));
    Ranker.Input listed =
        input.role() != Role.MASK
            ? input
            : ranker.inputs().stream()
                .filter(other -> other.name().equals(input.of()))
                .findFirst()
                .orElseThrow();
    Side side = listed.side();
    long[] shape = spec.shape();
    Set<OnnxJavaType> types = types(input.role());
    if (!types.contains(spec.type()) || !shapeFits(input, side, shape)) {
      throw BundleFailures.mismatch(
          model,
          "input '%s' of role %s: expected %s %s, found %s"
              .formatted(
                  input.name(),
                  input.role(),
                  types.stream()
                      .map(type -> type.name().toLowerCase(Locale.ROOT))
                      .collect(Collectors.joining(" or ")),
                  expectedShape(input, side),
                  spec));
    }
    listed.places().ifPresent(places -> checkLength(model, input, places, spec));
    // Where the listed input is missing from the graph, that is said when its turn comes.
    int[] extents = extents(listed, specs.getOrDefault(listed.name(), spec));
    FeatureWriter[] writers = new FeatureWriter[listed.columns().size()];
    @Nullable Table[] tables = new @Nullable Table[writers.length];
    for (int i = 0; i < writers.length; i++) {
      Column column = listed.columns().get(i);
      int[] ofColumn = writers.length > 1 ? new int[0] : extents;
      if (input == listed) {
        column.normalization().check(model, input.name(), ofColumn);
      }
      writers[i] =
          new FeatureWriter(
              input.name(),
              column.feature(),
              ofColumn,
              column.vocabulary(),
              absent(column, ranker, side),
              column.normalization());
      tables[i] = tablesByFeature.getOrDefault(side, Map.of()).get(column.feature());
    }
    int width =
        input.role() == Role.MASK
            ? 1
            : Arrays.stream(writers).mapToInt(FeatureWriter::width).reduce(Integer::sum).orElse(1);
    return new RankerInput(
        input,
        side,
        spec,
        writers,
        tables,
        width,
        new RankerPlaces(listed, catalog, writers.length == 0 ? null : writers[0], tables));
  }

  /** The extents of what a column writes: at one place of a list, else in a row. */
  private static int[] extents(Ranker.Input input, TensorSpec spec) {
    return switch (input.role()) {
      case FEATURE, CATEGORY -> spec.extents();
      case VECTOR_LIST ->
          spec.shape().length < 3
              ? new int[0]
              : Arrays.copyOfRange(spec.extents(), 1, spec.shape().length - 1);
      default -> new int[0];
    };
  }

  /** A feature is 0 where it is absent if the graph is told so. */
  private static OptionalDouble absent(Column column, Ranker ranker, Side side) {
    boolean hasPresence =
        ranker.inputs().stream()
            .anyMatch(
                other ->
                    other.role() == Role.PRESENT
                        && other.side() == side
                        && other.column().feature().equals(column.feature()));
    return column.defaultValue().isEmpty() && hasPresence
        ? OptionalDouble.of(0)
        : column.defaultValue();
  }

  private static void checkLength(
      String model, Ranker.Input input, Ranker.Places places, TensorSpec spec) {
    long found = spec.shape()[1];
    boolean fixed = places.length() == Manifest.Length.FIXED;
    if (found >= 0 && (!fixed || found != places.maxLength())) {
      throw BundleFailures.mismatch(
          model,
          "input '%s': expected %s as %s says (%s, maxLength %d), found %s"
              .formatted(
                  input.name(),
                  fixed ? "length " + places.maxLength() : "a dynamic length",
                  Manifest.FILE,
                  places.length(),
                  places.maxLength(),
                  spec));
    }
  }

  String name() {
    return input.name();
  }

  boolean perCandidate() {
    return side == Side.CANDIDATE;
  }

  /** The rows that the graph always takes, 0 if any number. */
  int fixedRows() {
    return perCandidate() && spec.shape()[0] > 0 ? Math.toIntExact(spec.shape()[0]) : 0;
  }

  /** The features that are read, by name. */
  List<String> features() {
    return Arrays.stream(writers).map(FeatureWriter::feature).toList();
  }

  TensorBuffer newBuffer() {
    return new TensorBuffer(spec.type());
  }

  private boolean hasPlaces() {
    return places.areThere();
  }

  /** Bytes of one row that can be made at load, 0 for one that cannot. */
  long bytesToRemember() {
    return perCandidate() && !hasPlaces() && fromTables.length == 0
        ? (long) width * spec.type().size
        : 0;
  }

  /**
   * Bytes of one row that can be kept for an item of the application, 0 for one that cannot. What
   * tables say of it is written anew in each call.
   */
  long bytesToKeep() {
    return perCandidate() && !hasPlaces() && (input.role() != Role.PRESENT || tables[0] == null)
        ? (long) width * spec.type().size
        : 0;
  }

  /** Makes the rows of all items of the bundle. */
  void remember(RankerCall items) {
    TensorBuffer rows = newBuffer();
    rows.ensure((long) items.items().size() * width);
    for (int ordinal = 0; ordinal < items.items().size(); ordinal++) {
      if (isComplete(items, ordinal)) {
        writeRow(rows, ordinal, items, ordinal);
        complete.set(ordinal);
      }
    }
    remembered = rows;
  }

  /** Whether an item has all that is required. */
  private boolean isComplete(RankerCall items, int ordinal) {
    if (input.role() != Role.FEATURE) {
      return true;
    }
    for (FeatureWriter writer : writers) {
      if (writer.isRequired() && items.feature(writer.feature(), null, ordinal) == null) {
        return false;
      }
    }
    return true;
  }

  /** How many places each row has: as many as the longest needs, 0 without an axis of places. */
  int length(RankerCall call, int from, int to) {
    return hasPlaces() ? places.length(call, from, to) : 0;
  }

  long[] shape(int rows, int length) {
    long[] shape = spec.shape().clone();
    shape[0] = rows;
    if (hasPlaces()) {
      shape[1] = length;
    }
    return shape;
  }

  /** Makes room for rows and returns the bytes that they take. */
  long ensure(TensorBuffer buffer, int rows, int length) {
    long elements = (long) rows * width * (hasPlaces() ? length : 1);
    buffer.ensure(elements);
    return elements * spec.type().size;
  }

  /** Writes the row of the request. */
  void write(TensorBuffer buffer, int length, RankerCall call) {
    if (hasPlaces()) {
      writePlaces(buffer, 0, length, call, -1);
    } else {
      writeRow(buffer, 0, call, -1);
    }
  }

  /**
   * Writes rows of candidates; if there are more rows than candidates, the last one fills them.
   *
   * @param place of this input among all
   * @param kept rows of items that the application brings
   */
  void write(
      TensorBuffer buffer,
      int rows,
      int length,
      RankerCall call,
      int from,
      int to,
      int place,
      ItemRows.Batch kept) {
    TensorBuffer known = remembered;
    for (int row = 0; row < rows; row++) {
      int candidate = Math.min(from + row, to - 1);
      if (hasPlaces()) {
        writePlaces(buffer, row, length, call, candidate);
      } else if (known != null
          && call.known()[candidate]
          && complete.get(call.ordinals()[candidate])) {
        buffer.copy(row * width, known, call.ordinals()[candidate] * width, width);
      } else if (kept.read(place, candidate, buffer, row * width, width)) {
        writeFromTables(buffer, row, call, candidate);
      } else {
        writeRow(buffer, row, call, candidate);
        kept.write(place, candidate, buffer, row * width, width);
      }
    }
  }

  private void writeRow(TensorBuffer buffer, int row, RankerCall call, int candidate) {
    int base = row * width;
    switch (input.role()) {
      case FEATURE, CATEGORY -> {
        for (int i = 0; i < writers.length; i++) {
          writeColumn(buffer, base, i, call, candidate);
        }
      }
      case PRESENT ->
          buffer.put(
              base, call.feature(writers[0].feature(), tables[0], candidate) == null ? 0 : 1);
      case ITEM_ID -> buffer.put(base, places.itemId(call, candidate));
      case CATEGORY_LIST, VECTOR_LIST, HISTORY, MASK -> throw new AssertionError(input.role());
    }
  }

  private void writeColumn(
      TensorBuffer buffer, int base, int column, RankerCall call, int candidate) {
    FeatureWriter writer = writers[column];
    // With several columns each has a width of 1.
    int at = base + column;
    Feature value = call.feature(writer.feature(), tables[column], candidate);
    if (input.columns().get(column).category()) {
      writer.writeIds(buffer, at, value, call.owner(candidate));
    } else {
      writer.writeNumbers(buffer, at, value, call.owner(candidate));
    }
  }

  private void writeFromTables(TensorBuffer buffer, int row, RankerCall call, int candidate) {
    for (int column : fromTables) {
      writeColumn(buffer, row * width, column, call, candidate);
    }
  }

  private void writePlaces(
      TensorBuffer buffer, int row, int length, RankerCall call, int candidate) {
    int base = row * length * width;
    if (input.role() == Role.VECTOR_LIST) {
      places.writeVectors(buffer, base, length, width, call, candidate);
      return;
    }
    int[] ids = places.ids(call, candidate);
    int count = Math.min(ids.length, length);
    int start = places.first(count, length);
    boolean mask = input.role() == Role.MASK;
    for (int place = 0; place < length; place++) {
      int at = place - start;
      boolean padding = at < 0 || at >= count;
      buffer.put(base + place, mask ? (padding ? 0 : 1) : padding ? input.paddingId() : ids[at]);
    }
  }

  /** Whether a row is made of features alone. */
  boolean readsRow() {
    return input.role() == Role.FEATURE;
  }

  /** What each number of a row is of: a feature, with its place if it has several. */
  List<String> columnNames() {
    List<String> names = new ArrayList<>(width);
    for (FeatureWriter writer : writers) {
      for (int i = 0; i < writer.width(); i++) {
        names.add(writer.width() == 1 ? writer.feature() : "%s[%d]".formatted(writer.feature(), i));
      }
    }
    return names;
  }

  /** Returns the row of the one candidate of a call, or that of its request. */
  float[] row(RankerCall call) {
    TensorBuffer buffer = newBuffer();
    buffer.ensure(width);
    writeRow(buffer, 0, call, perCandidate() ? 0 : -1);
    float[] row = new float[width];
    buffer.get(0, row, width);
    return row;
  }

  /** Writes rows with the largest ids there can be, and places that are all taken, for a trial. */
  void writeLargest(TensorBuffer buffer, int rows, int length) {
    int places = hasPlaces() ? length : 1;
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < places * width; i++) {
        buffer.put((row * places) * width + i, largest(i));
      }
    }
  }

  private double largest(int column) {
    return switch (input.role()) {
      case FEATURE, CATEGORY -> {
        int writer = writers.length > 1 ? column : 0;
        yield input.columns().get(writer).category() ? writers[writer].largestId() : 0;
      }
      case CATEGORY_LIST, HISTORY, ITEM_ID -> places.largestId();
      case PRESENT, MASK -> 1;
      case VECTOR_LIST -> 0;
    };
  }

  /** How many places a trial has: all, up to a limit. */
  int trialLength(int most) {
    return hasPlaces() ? places.trialLength(most) : 0;
  }
}
