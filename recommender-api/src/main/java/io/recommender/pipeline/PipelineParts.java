package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.FeedbackSink;
import io.recommender.HistoryTransform;
import io.recommender.ItemFilter;
import io.recommender.Reranker;
import io.recommender.SequenceRecommender;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * What a {@link PipelineFile} names and an application supplies: the parts of a pipeline that are
 * code. A name is taken once for each kind of part.
 *
 * <pre>{@code
 * PipelineParts parts =
 *     new PipelineParts()
 *         .recommender("sasrec", model)
 *         .recommender("popular", popularity)
 *         .vectors("items", index::vector)
 *         .catalog("shop", catalog)
 *         .overlay("live", live);
 * RecommenderPipeline home = PipelineFile.read(Path.of("home.json")).build(parts);
 * }</pre>
 *
 * <p><b>Confined</b>.
 */
public final class PipelineParts {
  private final Map<Kind, Map<String, Object>> parts = new LinkedHashMap<>();
  private InstantSource clock = InstantSource.system();

  /** Creates an empty collection. */
  public PipelineParts() {}

  /** What a part is, as the members of a file are called that name it. */
  enum Kind {
    RECOMMENDER,
    RERANKER,
    TRANSFORM,
    FILTER,
    ITEMS,
    FACTOR,
    VALUE,
    VECTORS,
    CATALOG,
    OVERLAY,
    SINK
  }

  private PipelineParts put(Kind kind, String name, Object part) {
    Objects.requireNonNull(part, "part");
    if (name.isEmpty()) {
      throw new IllegalArgumentException("name of a part: expected a non-empty string");
    }
    if (parts.computeIfAbsent(kind, none -> new LinkedHashMap<>()).putIfAbsent(name, part)
        != null) {
      throw new IllegalArgumentException(
          "expected one %s of each name, found '%s' twice".formatted(word(kind), name));
    }
    return this;
  }

  static String word(Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  Map<String, Object> of(Kind kind) {
    return parts.getOrDefault(kind, Map.of());
  }

  /**
   * Supplies a recommender for sources and fallbacks.
   *
   * @param name its name in files
   * @param recommender the recommender; stays the caller's to close
   * @return this
   */
  public PipelineParts recommender(String name, SequenceRecommender recommender) {
    return put(Kind.RECOMMENDER, name, recommender);
  }

  /**
   * Supplies a reranker.
   *
   * @param name its name in files
   * @param reranker the reranker; stays the caller's to close
   * @return this
   */
  public PipelineParts reranker(String name, Reranker reranker) {
    return put(Kind.RERANKER, name, reranker);
  }

  /**
   * Supplies a transform of histories.
   *
   * @param name its name in files
   * @param transform the transform
   * @return this
   */
  public PipelineParts transform(String name, HistoryTransform transform) {
    return put(Kind.TRANSFORM, name, transform);
  }

  /**
   * Supplies a standing filter.
   *
   * @param name its name in files
   * @param filter the filter
   * @return this
   */
  public PipelineParts filter(String name, ItemFilter filter) {
    return put(Kind.FILTER, name, filter);
  }

  /**
   * Supplies the items that a rule concerns.
   *
   * @param name its name in files
   * @param items which items
   * @return this
   */
  public PipelineParts items(String name, Predicate<? super String> items) {
    return put(Kind.ITEMS, name, items);
  }

  /**
   * Supplies the factors of a rule that changes each score.
   *
   * @param name its name in files
   * @param factor the factor of an item
   * @return this
   */
  public PipelineParts factor(String name, ToDoubleFunction<? super String> factor) {
    return put(Kind.FACTOR, name, factor);
  }

  /**
   * Supplies the values that a rule limits.
   *
   * @param name its name in files
   * @param value the value of an item, if it has one
   * @return this
   */
  public PipelineParts value(String name, Function<? super String, Optional<String>> value) {
    return put(Kind.VALUE, name, value);
  }

  /**
   * Supplies vectors for diversity.
   *
   * @param name its name in files
   * @param vectors the vector of an item, if it has one
   * @return this
   */
  public PipelineParts vectors(String name, Function<? super String, Optional<float[]>> vectors) {
    return put(Kind.VECTORS, name, vectors);
  }

  /**
   * Supplies a catalogue.
   *
   * @param name its name in files
   * @param catalog the catalogue
   * @return this
   */
  public PipelineParts catalog(String name, Catalog catalog) {
    return put(Kind.CATALOG, name, catalog);
  }

  /**
   * Supplies an overlay.
   *
   * @param name its name in files
   * @param overlay the overlay
   * @return this
   */
  public PipelineParts overlay(String name, CatalogOverlay overlay) {
    return put(Kind.OVERLAY, name, overlay);
  }

  /**
   * Supplies a sink of feedback.
   *
   * @param name its name in files
   * @param sink the sink
   * @return this
   */
  public PipelineParts sink(String name, FeedbackSink sink) {
    return put(Kind.SINK, name, sink);
  }

  /**
   * Sets the clock that tells how old an interaction is, where a file says {@code MAX_AGE}.
   *
   * @param clock the clock; that of the system if never set
   * @return this
   */
  public PipelineParts clock(InstantSource clock) {
    this.clock = Objects.requireNonNull(clock, "clock");
    return this;
  }

  InstantSource clock() {
    return clock;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("PipelineParts[");
    parts.forEach(
        (kind, named) -> text.append(word(kind)).append(' ').append(named.keySet()).append(' '));
    return text.toString().stripTrailing() + "]";
  }
}
