package io.recommender;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a caller asks for: a history, how many items, which items may be returned, the context, and
 * what was said before.
 *
 * <pre>{@code
 * RecommendationRequest request =
 *     RecommendationRequest.of(history).k(20).filter(ItemFilter.unseen(history)).build();
 * }</pre>
 *
 * <p><b>Immutable</b>; the builder is <b>confined</b>.
 */
public final class RecommendationRequest {
  /** The number of items asked for unless a request says otherwise. */
  public static final int DEFAULT_K = 10;

  private final UserHistory history;
  private final int k;
  private final ItemFilter filter;
  private final Map<String, Feature> context;
  private final List<Turn> dialog;
  private final @Nullable Instant time;
  private final long seed;
  private final boolean consent;

  private RecommendationRequest(Builder builder) {
    history = builder.history;
    k = builder.k;
    filter = builder.filter;
    context = Map.copyOf(builder.context);
    dialog = builder.dialog;
    time = builder.time;
    seed = builder.seed;
    consent = builder.consent;
  }

  /**
   * Starts a request for {@value #DEFAULT_K} items of any kind.
   *
   * @param history the user's history, possibly empty
   * @return a builder
   */
  public static Builder of(UserHistory history) {
    return new Builder(Objects.requireNonNull(history, "history"));
  }

  /** {@return the user's history, oldest first} */
  public UserHistory history() {
    return history;
  }

  /** {@return the number of items asked for, at least 1} */
  public int k() {
    return k;
  }

  /** {@return which items may be returned} */
  public ItemFilter filter() {
    return filter;
  }

  /** {@return features of the situation by name, such as device or page} */
  public Map<String, Feature> context() {
    return context;
  }

  /** {@return what was said so far, the oldest turn first; empty if nothing was} */
  public List<Turn> dialog() {
    return dialog;
  }

  /** {@return the moment the answer is for, if it was given} */
  public Optional<Instant> time() {
    return Optional.ofNullable(time);
  }

  /** {@return the seed of everything random; equal requests with equal seeds get equal answers} */
  public long seed() {
    return seed;
  }

  /**
   * Returns whether anything of this request may be kept for later ones. It never changes the
   * answer.
   *
   * @return true unless the builder said otherwise
   */
  public boolean hasConsent() {
    return consent;
  }

  /**
   * Returns the request for what comes after an answer to this one: the same, without the items
   * that were shown. Pages made one from the other never repeat an item.
   *
   * @param shown the answer to this request
   * @return the request for the next page
   */
  public RecommendationRequest nextPage(Recommendations shown) {
    return toBuilder().filter(filter.and(ItemFilter.deny(shown.itemIds()))).build();
  }

  /** {@return a builder that starts from this request} */
  public Builder toBuilder() {
    Builder builder = new Builder(history).k(k).filter(filter).seed(seed).consent(consent);
    builder.context.putAll(context);
    builder.dialog = dialog;
    builder.time = time;
    return builder;
  }

  /** Collects the parts of a request. */
  public static final class Builder {
    private UserHistory history;
    private int k = DEFAULT_K;
    private ItemFilter filter = ItemFilter.all();
    private final Map<String, Feature> context = new HashMap<>();
    private List<Turn> dialog = List.of();
    private @Nullable Instant time;
    private long seed;
    private boolean consent = true;

    private Builder(UserHistory history) {
      this.history = history;
    }

    /**
     * Sets the history.
     *
     * @param history the history
     * @return this
     */
    public Builder history(UserHistory history) {
      this.history = Objects.requireNonNull(history, "history");
      return this;
    }

    /**
     * Sets the number of items.
     *
     * @param k at least 1; a k above the size of the catalogue asks for all of it
     * @return this
     * @throws IllegalArgumentException if k is below 1
     */
    public Builder k(int k) {
      if (k < 1) {
        throw new IllegalArgumentException("k: expected at least 1, found " + k);
      }
      this.k = k;
      return this;
    }

    /**
     * Sets which items may be returned.
     *
     * @param filter the filter
     * @return this
     */
    public Builder filter(ItemFilter filter) {
      this.filter = Objects.requireNonNull(filter, "filter");
      return this;
    }

    /**
     * Adds a feature of the situation.
     *
     * @param name the name
     * @param feature the value, replacing one of the same name
     * @return this
     */
    public Builder context(String name, Feature feature) {
      context.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(feature, "feature"));
      return this;
    }

    /**
     * Sets what was said so far.
     *
     * @param dialog the turns, the oldest first
     * @return this
     */
    public Builder dialog(List<Turn> dialog) {
      this.dialog = List.copyOf(dialog);
      return this;
    }

    /**
     * Sets the moment the answer is for.
     *
     * @param time the moment
     * @return this
     */
    public Builder time(Instant time) {
      this.time = Objects.requireNonNull(time, "time");
      return this;
    }

    /**
     * Sets the seed of everything random.
     *
     * @param seed any value; 0 if never set
     * @return this
     */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * Sets whether anything of this request may be kept for later ones, such as what a ranker made
     * of the user's items.
     *
     * @param consent true if never set
     * @return this
     */
    public Builder consent(boolean consent) {
      this.consent = consent;
      return this;
    }

    /** {@return the request} */
    public RecommendationRequest build() {
      return new RecommendationRequest(this);
    }
  }
}
