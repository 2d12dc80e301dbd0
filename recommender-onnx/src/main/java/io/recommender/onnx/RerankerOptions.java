package io.recommender.onnx;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.onnx.Ranker.Side;
import io.recommender.onnx.RankerCall.Table;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How the bundle of a ranker is opened, and what the application knows that the bundle does not.
 * Each method returns a changed copy.
 *
 * <pre>{@code
 * RerankerOptions options =
 *     RerankerOptions.defaults()
 *         .itemTable("price", id -> Optional.of(new Feature.Scalar(prices.of(id))))
 *         .userTable("ur", userVectors::find)
 *         .policy(ScorePolicy.weightedSum(Map.of("click", 1.0, "buy", 20.0)));
 * }</pre>
 *
 * <p><b>Features.</b> A feature is looked up in a table of its name first, then in the request or
 * the item, and at last becomes the default of the manifest. Tables are asked in each call by the
 * calling thread, so their functions have to be thread-safe and quick, and may change their minds.
 *
 * <p><b>Immutable</b>.
 */
public final class RerankerOptions {
  /** The largest number of candidates in one run of the model unless set otherwise. */
  public static final int DEFAULT_CHUNK = 256;

  /** How many bytes the rows of known items may take unless set otherwise. */
  public static final long DEFAULT_REMEMBERED_BYTES = 1L << 28;

  /** How many bytes the rows of other items may take unless set otherwise. */
  public static final long DEFAULT_KEPT_BYTES = 1L << 26;

  private static final RerankerOptions DEFAULTS = new RerankerOptions(new Settings());

  private final Settings settings;

  private RerankerOptions(Settings settings) {
    this.settings = settings;
  }

  /** What can be set; once it is in options, nobody changes it. */
  private static final class Settings {
    OnnxOptions onnx = OnnxOptions.defaults();
    int chunk = DEFAULT_CHUNK;
    int maxTokens = BundleOptions.DEFAULT_MAX_TOKENS;
    long rememberedBytes = DEFAULT_REMEMBERED_BYTES;
    long keptBytes = DEFAULT_KEPT_BYTES;
    @Nullable ScorePolicy policy;
    @Nullable Function<? super String, Optional<Item>> items;
    Map<Side, Map<String, Table>> tables = Map.of();

    Settings copy() {
      Settings copy = new Settings();
      copy.onnx = onnx;
      copy.chunk = chunk;
      copy.maxTokens = maxTokens;
      copy.rememberedBytes = rememberedBytes;
      copy.keptBytes = keptBytes;
      copy.policy = policy;
      copy.items = items;
      copy.tables = tables;
      return copy;
    }
  }

  private RerankerOptions with(Consumer<Settings> change) {
    Settings changed = settings.copy();
    change.accept(changed);
    return new RerankerOptions(changed);
  }

  /** {@return the default options of the runtime, no tables, the policy of the bundle} */
  public static RerankerOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets how the model is run.
   *
   * @param onnx the options
   * @return a copy
   */
  public RerankerOptions onnx(OnnxOptions onnx) {
    Objects.requireNonNull(onnx, "onnx");
    return with(changed -> changed.onnx = onnx);
  }

  /**
   * Sets the largest number of candidates in one run of the model. More are split; the tensors of
   * the request are shared by the runs. A graph with a fixed batch keeps it.
   *
   * @param chunk at least 1; no score depends on it
   * @return a copy
   */
  public RerankerOptions chunk(int chunk) {
    if (chunk < 1) {
      throw new IllegalArgumentException("chunk: expected at least 1, found " + chunk);
    }
    return with(changed -> changed.chunk = chunk);
  }

  /**
   * Sets the largest number of tokens, padding included, in one run of a cross-encoder; a pair
   * longer than that runs alone. On a CPU the default keeps the states of a layer in the cache, and
   * larger runs are slower; a GPU wants many times more.
   *
   * @param maxTokens at least 1; no score depends on it
   * @return a copy
   */
  public RerankerOptions maxTokens(int maxTokens) {
    if (maxTokens < 1) {
      throw new IllegalArgumentException("maxTokens: expected at least 1, found " + maxTokens);
    }
    return with(changed -> changed.maxTokens = maxTokens);
  }

  /**
   * Sets how many bytes the tensor rows of the bundle's items may take, which are made at load and
   * copied in calls. If they would take more, none is kept and every call looks features up.
   *
   * @param bytes at least 0
   * @return a copy
   */
  public RerankerOptions rememberedBytes(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("rememberedBytes: expected at least 0, found " + bytes);
    }
    return with(changed -> changed.rememberedBytes = bytes);
  }

  /**
   * Sets how many bytes the tensor rows of items that the application brings may take. A row is
   * made when a ranker first sees an {@link Item}, and copied when it sees the same object again;
   * one of the same id and other features is another item. Rows of items that are garbage, and of
   * those not asked for lately, make room for others; there are never more than 262,144.
   *
   * @param bytes at least 0; with 0 every call looks features up
   * @return a copy
   */
  public RerankerOptions keptBytes(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("keptBytes: expected at least 0, found " + bytes);
    }
    return with(changed -> changed.keptBytes = bytes);
  }

  /**
   * Sets how the scores of tasks become one, in place of what the bundle says.
   *
   * @param policy the policy, for tasks that the model has
   * @return a copy
   */
  public RerankerOptions policy(ScorePolicy policy) {
    Objects.requireNonNull(policy, "policy");
    return with(changed -> changed.policy = policy);
  }

  /**
   * Sets who knows the features of candidates, in place of the items of the bundle: those it does
   * not find are looked up there.
   *
   * @param items finds an item by its id; thread-safe
   * @return a copy
   */
  public RerankerOptions items(Function<? super String, Optional<Item>> items) {
    Objects.requireNonNull(items, "items");
    return with(changed -> changed.items = items);
  }

  /**
   * Adds a table of a feature of users. Nothing is looked up for an anonymous user.
   *
   * @param feature the feature that an input of the request reads
   * @param table the feature of a user, if it is known; thread-safe
   * @return a copy
   */
  public RerankerOptions userTable(
      String feature, Function<? super String, Optional<Feature>> table) {
    Objects.requireNonNull(table, "table");
    return table(
        Side.REQUEST,
        feature,
        (call, candidate) -> call.request().history().userId().flatMap(table));
  }

  /**
   * Adds a table of a feature of items, such as a price that changes.
   *
   * @param feature the feature that an input of candidates reads
   * @param table the feature of an item, if it is known; thread-safe
   * @return a copy
   */
  public RerankerOptions itemTable(
      String feature, Function<? super String, Optional<Feature>> table) {
    Objects.requireNonNull(table, "table");
    return table(
        Side.CANDIDATE,
        feature,
        (call, candidate) -> table.apply(call.items().get(candidate).id()));
  }

  /**
   * Adds a table of a feature of pairs of a user and an item. Nothing is looked up for an anonymous
   * user.
   *
   * @param feature the feature that an input of candidates reads
   * @param table the feature of a user with an item, if it is known; thread-safe
   * @return a copy
   */
  public RerankerOptions pairTable(
      String feature, BiFunction<? super String, ? super String, Optional<Feature>> table) {
    Objects.requireNonNull(table, "table");
    return table(
        Side.CANDIDATE,
        feature,
        (call, candidate) ->
            call.request()
                .history()
                .userId()
                .flatMap(user -> table.apply(user, call.items().get(candidate).id())));
  }

  private RerankerOptions table(Side side, String feature, Table table) {
    Map<String, Table> ofSide = new HashMap<>(settings.tables.getOrDefault(side, Map.of()));
    ofSide.put(Objects.requireNonNull(feature, "feature"), table);
    Map<Side, Map<String, Table>> all = new HashMap<>(settings.tables);
    all.put(side, Map.copyOf(ofSide));
    return with(changed -> changed.tables = Map.copyOf(all));
  }

  /** {@return how the model is run} */
  public OnnxOptions onnx() {
    return settings.onnx;
  }

  /** {@return the largest number of candidates in one run of the model} */
  public int chunk() {
    return settings.chunk;
  }

  /** {@return the largest number of tokens in one run of a cross-encoder} */
  public int maxTokens() {
    return settings.maxTokens;
  }

  /** {@return how many bytes the rows of known items may take} */
  public long rememberedBytes() {
    return settings.rememberedBytes;
  }

  /** {@return how many bytes the rows of other items may take} */
  public long keptBytes() {
    return settings.keptBytes;
  }

  /** {@return how the scores of tasks become one, if the bundle does not decide} */
  public Optional<ScorePolicy> policy() {
    return Optional.ofNullable(settings.policy);
  }

  /** Finds an item that the application knows. */
  Optional<Item> find(String itemId) {
    Function<? super String, Optional<Item>> items = settings.items;
    return items == null ? Optional.empty() : items.apply(itemId);
  }

  boolean hasItems() {
    return settings.items != null;
  }

  Map<Side, Map<String, Table>> tables() {
    return settings.tables;
  }
}
