package io.recommender;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a request: items, best first, and how the answer came about.
 *
 * <p>At most {@link #requested()} items, each once, by descending score. If there are fewer, a
 * {@link Notice} says why.
 *
 * <p><b>Immutable</b>; the builder is <b>confined</b>.
 */
public final class Recommendations implements Iterable<ScoredItem> {
  private final List<ScoredItem> items;
  private final int requested;
  private final ScoreKind scoreKind;
  private final String modelVersion;
  private final int modelRuns;
  private final List<Notice> notices;
  private final String attributionId;
  private final String text;
  private final @Nullable Trace trace;

  private Recommendations(Builder builder) {
    items = List.copyOf(builder.items);
    requested = builder.requested;
    scoreKind = builder.scoreKind;
    modelVersion = builder.modelVersion;
    modelRuns = builder.modelRuns;
    notices = List.copyOf(builder.notices);
    attributionId = builder.attributionId;
    text = builder.text;
    trace = builder.trace;
  }

  /**
   * Starts an answer.
   *
   * @param requested the k of the request
   * @param items the items, best first, at most k
   * @return a builder
   * @throws IllegalArgumentException if there are more than k items
   */
  public static Builder of(int requested, List<ScoredItem> items) {
    if (items.size() > requested) {
      throw new IllegalArgumentException(
          "items: expected at most %d, found %d".formatted(requested, items.size()));
    }
    return new Builder(requested, items);
  }

  /** {@return a builder that starts from this answer, with the same items} */
  public Builder toBuilder() {
    Builder builder =
        new Builder(requested, items)
            .scoreKind(scoreKind)
            .modelVersion(modelVersion)
            .modelRuns(modelRuns)
            .notices(notices)
            .text(text)
            .attributionId(attributionId);
    builder.trace = trace;
    return builder;
  }

  /** {@return the items, best first} */
  public List<ScoredItem> items() {
    return items;
  }

  /** {@return the ids of the items, best first} */
  public List<String> itemIds() {
    return items.stream().map(ScoredItem::itemId).toList();
  }

  /** {@return the number of items} */
  public int size() {
    return items.size();
  }

  /** {@return whether there is no item} */
  public boolean isEmpty() {
    return items.isEmpty();
  }

  /** {@return how many items were asked for} */
  public int requested() {
    return requested;
  }

  /** {@return what the scores mean} */
  public ScoreKind scoreKind() {
    return scoreKind;
  }

  /** {@return the version of the model that answered; empty if the source has none} */
  public String modelVersion() {
    return modelVersion;
  }

  /** {@return how many model runs this answer took part in; 0 if no model was asked} */
  public int modelRuns() {
    return modelRuns;
  }

  /** {@return what is worth knowing, possibly nothing} */
  public List<Notice> notices() {
    return notices;
  }

  /**
   * {@return what ties later clicks and purchases to this answer; empty if the source gives none}
   */
  public String attributionId() {
    return attributionId;
  }

  /** {@return what is said with the items, for the user; empty if the source says nothing} */
  public String text() {
    return text;
  }

  /** {@return how the answer came about, if the source tells} */
  public Optional<Trace> trace() {
    return Optional.ofNullable(trace);
  }

  /**
   * Returns whether there is a notice of a kind.
   *
   * @param code the kind
   * @return whether there is one
   */
  public boolean hasNotice(Notice.Code code) {
    return notices.stream().anyMatch(notice -> notice.code() == code);
  }

  @Override
  public Iterator<ScoredItem> iterator() {
    return items.iterator();
  }

  @Override
  public String toString() {
    return "Recommendations[%d of %d, %s, %s]"
        .formatted(items.size(), requested, modelVersion, notices);
  }

  /** Collects the parts of an answer. */
  public static final class Builder {
    private final int requested;
    private final List<ScoredItem> items;
    private ScoreKind scoreKind = ScoreKind.OTHER;
    private String modelVersion = "";
    private int modelRuns;
    private final List<Notice> notices = new ArrayList<>(1);
    private String attributionId = "";
    private String text = "";
    private @Nullable Trace trace;

    private Builder(int requested, List<ScoredItem> items) {
      this.requested = requested;
      this.items = items;
    }

    /**
     * Sets what the scores mean.
     *
     * @param scoreKind the kind; {@link ScoreKind#OTHER} if never set
     * @return this
     */
    public Builder scoreKind(ScoreKind scoreKind) {
      this.scoreKind = Objects.requireNonNull(scoreKind, "scoreKind");
      return this;
    }

    /**
     * Sets the version of the model.
     *
     * @param modelVersion name and version
     * @return this
     */
    public Builder modelVersion(String modelVersion) {
      this.modelVersion = Objects.requireNonNull(modelVersion, "modelVersion");
      return this;
    }

    /**
     * Sets what is said with the items.
     *
     * @param text the text; empty if never set
     * @return this
     */
    public Builder text(String text) {
      this.text = Objects.requireNonNull(text, "text");
      return this;
    }

    /**
     * Sets how many model runs the answer took.
     *
     * @param modelRuns at least 0
     * @return this
     */
    public Builder modelRuns(int modelRuns) {
      this.modelRuns = modelRuns;
      return this;
    }

    /**
     * Adds a notice.
     *
     * @param notice the notice
     * @return this
     */
    public Builder notice(Notice notice) {
      notices.add(Objects.requireNonNull(notice, "notice"));
      return this;
    }

    /**
     * Adds notices.
     *
     * @param notices the notices
     * @return this
     */
    public Builder notices(List<Notice> notices) {
      this.notices.addAll(notices);
      return this;
    }

    /**
     * Sets what ties later events to the answer.
     *
     * @param attributionId the id; empty if never set
     * @return this
     */
    public Builder attributionId(String attributionId) {
      this.attributionId = Objects.requireNonNull(attributionId, "attributionId");
      return this;
    }

    /**
     * Sets how the answer came about.
     *
     * @param trace the trace
     * @return this
     */
    public Builder trace(Trace trace) {
      this.trace = Objects.requireNonNull(trace, "trace");
      return this;
    }

    /** {@return the answer} */
    public Recommendations build() {
      return new Recommendations(this);
    }
  }
}
