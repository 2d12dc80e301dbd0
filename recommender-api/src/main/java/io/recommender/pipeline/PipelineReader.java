package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.FeedbackSink;
import io.recommender.HistoryTransform;
import io.recommender.ItemFilter;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.Reranker;
import io.recommender.SequenceRecommender;
import io.recommender.internal.JsonNode;
import io.recommender.internal.JsonObject;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Makes a builder of a file. Without parts it only checks the file: every name is there and stands
 * for something that is never called.
 *
 * <p><b>Confined</b>.
 */
final class PipelineReader {
  static final int FORMAT_VERSION = 1;

  private static final RecommenderException.Kind INVALID =
      RecommenderException.Kind.PIPELINE_INVALID;

  private final String file;
  private final @Nullable PipelineParts parts;

  PipelineReader(String file, @Nullable PipelineParts parts) {
    this.file = file;
    this.parts = parts;
  }

  private enum TransformKind {
    NEWEST,
    DISTINCT_ITEMS,
    BEHAVIORS,
    DOMAINS,
    MAX_AGE,
    TRANSFORM
  }

  private enum FusionKind {
    RECIPROCAL_RANK,
    WEIGHTED,
    INTERLEAVED
  }

  private enum RuleKind {
    BOOST,
    BURY,
    SCALE,
    PIN,
    AT_MOST,
    AT_LEAST
  }

  private enum DiversityKind {
    MMR,
    DPP,
    RERANKER
  }

  private enum ExplorationKind {
    EPSILON_GREEDY,
    RERANKER
  }

  /** Checks all of a file that can be checked without parts. */
  static void check(String file, JsonNode root) {
    PipelineReader reader = new PipelineReader(file, null);
    PipelineBuilder builder = reader.read(root);
    reader.valid("", () -> builder.checked());
  }

  PipelineBuilder read(JsonNode node) {
    try (JsonObject root = JsonObject.of(INVALID, file, "", node)) {
      int version = root.integer("formatVersion", 1);
      if (version != FORMAT_VERSION) {
        throw wrong(
            "/formatVersion",
            "%d, found %d; a newer library may read it".formatted(FORMAT_VERSION, version));
      }
      PipelineBuilder builder = RecommenderPipeline.named(root.string("name"));
      each(root, "transforms", this::transform).forEach(builder::transform);
      each(root, "sources", this::source).forEach(builder::source);
      ifPresent(root, "fusion", fusion -> builder.fusion(fusion(fusion)));
      root.optionalInteger("candidates", 1).ifPresent(builder::candidates);
      for (String filter : root.strings("filters")) {
        builder.filter(part(root.place() + "/filters", PipelineParts.Kind.FILTER, filter));
      }
      if (root.has("overlay")) {
        builder.overlay(part(root, "overlay", PipelineParts.Kind.OVERLAY));
      }
      if (root.has("catalog")) {
        builder.catalog(part(root, "catalog", PipelineParts.Kind.CATALOG));
      }
      each(root, "rerankers", this::reranker)
          .forEach(named -> builder.reranker(named.name(), named.reranker()));
      each(root, "rules", this::rule).forEach(builder::rule);
      ifPresent(root, "diversity", diversity -> builder.diversity(diversity(diversity)));
      ifPresent(root, "exploration", explored -> builder.exploration(exploration(explored)));
      for (NamedRecommender fallback : each(root, "fallbacks", this::fallback)) {
        builder.fallback(fallback.name(), fallback.recommender());
      }
      for (String sink : root.strings("sinks")) {
        builder.sink(part(root.place() + "/sinks", PipelineParts.Kind.SINK, sink));
      }
      if (root.has("deadlineMillis")) {
        double millis = root.number("deadlineMillis", 0);
        valid("/deadlineMillis", () -> builder.deadline(duration(millis)));
      }
      root.optionalInteger("threads", 1).ifPresent(builder::threads);
      builder.trace(root.bool("trace", true));
      return builder;
    }
  }

  private static Duration duration(double millis) {
    return Duration.ofNanos(Math.round(millis * 1e6));
  }

  private record NamedReranker(String name, Reranker reranker) {}

  private record NamedRecommender(String name, SequenceRecommender recommender) {}

  private HistoryTransform transform(JsonObject json) {
    return switch (json.oneOf("kind", TransformKind.class)) {
      case NEWEST -> HistoryTransform.newest(json.integer("count", 1));
      case DISTINCT_ITEMS -> HistoryTransform.distinctItems();
      case BEHAVIORS -> HistoryTransform.behaviors(requiredStrings(json, "behaviors"));
      case DOMAINS -> HistoryTransform.domains(requiredStrings(json, "domains"));
      case MAX_AGE -> {
        double days = required(json, "days");
        InstantSource clock = parts == null ? InstantSource.system() : parts.clock();
        yield valid(json.place() + "/days", () -> HistoryTransform.maxAge(age(days), clock));
      }
      case TRANSFORM -> part(json, "transform", PipelineParts.Kind.TRANSFORM);
    };
  }

  private static Duration age(double days) {
    return duration(days * Duration.ofDays(1).toMillis());
  }

  private static List<String> requiredStrings(JsonObject json, String member) {
    json.require(member, "an array of strings");
    return json.strings(member);
  }

  private CandidateSource source(JsonObject json) {
    CandidateSource source =
        CandidateSource.of(
            json.string("name"), part(json, "recommender", PipelineParts.Kind.RECOMMENDER));
    if (json.has("weight")) {
      double weight = json.number("weight", 1);
      CandidateSource unweighted = source;
      source = valid(json.place() + "/weight", () -> unweighted.weight(weight));
    }
    if (json.has("depth")) {
      source = source.depth(json.integer("depth", 1));
    }
    if (json.has("maxConcurrentCalls")) {
      source = source.maxConcurrentCalls(json.integer("maxConcurrentCalls", 1));
    }
    for (HistoryTransform transform : each(json, "transforms", this::transform)) {
      source = source.transform(transform);
    }
    return source;
  }

  private Fusion fusion(JsonObject json) {
    return switch (json.oneOf("kind", FusionKind.class)) {
      case RECIPROCAL_RANK ->
          Fusion.reciprocalRank(json.integer("constant", 0, Fusion.DEFAULT_RANK_CONSTANT));
      case WEIGHTED -> Fusion.weighted(json.oneOf("normalization", Fusion.Normalization.class));
      case INTERLEAVED -> Fusion.interleaved();
    };
  }

  private NamedReranker reranker(JsonObject json) {
    return new NamedReranker(
        json.string("name"), part(json, "reranker", PipelineParts.Kind.RERANKER));
  }

  private NamedRecommender fallback(JsonObject json) {
    return new NamedRecommender(
        json.string("name"), part(json, "recommender", PipelineParts.Kind.RECOMMENDER));
  }

  private SlotRule rule(JsonObject json) {
    return switch (json.oneOf("kind", RuleKind.class)) {
      case BOOST -> {
        Predicate<String> items = part(json, "items", PipelineParts.Kind.ITEMS);
        double factor = required(json, "factor");
        String name = json.string("name");
        yield valid(json.place() + "/factor", () -> SlotRule.boost(name, items, factor));
      }
      case BURY -> {
        Predicate<String> items = part(json, "items", PipelineParts.Kind.ITEMS);
        double factor = required(json, "factor");
        String name = json.string("name");
        yield valid(json.place() + "/factor", () -> SlotRule.bury(name, items, factor));
      }
      case SCALE ->
          SlotRule.scale(
              json.string("name"),
              this.<ToDoubleFunction<String>>part(json, "factor", PipelineParts.Kind.FACTOR));
      case PIN -> SlotRule.pin(json.integer("place", 1), json.string("item"));
      case AT_MOST -> atMost(json);
      case AT_LEAST ->
          SlotRule.atLeast(
              json.string("name"),
              json.integer("count", 1),
              this.<Predicate<String>>part(json, "items", PipelineParts.Kind.ITEMS));
    };
  }

  private SlotRule atMost(JsonObject json) {
    int count = json.integer("count", 1);
    if (!json.has("feature")) {
      return SlotRule.atMost(
          json.string("name"),
          count,
          this.<Function<String, Optional<String>>>part(json, "value", PipelineParts.Kind.VALUE));
    }
    String feature = json.string("feature");
    Catalog catalog = part(json, "catalog", PipelineParts.Kind.CATALOG);
    return SlotRule.atMost(
        json.string("name", feature),
        count,
        itemId -> catalog.find(itemId).flatMap(item -> item.text(feature)));
  }

  private Reranker diversity(JsonObject json) {
    return switch (json.oneOf("kind", DiversityKind.class)) {
      case MMR -> {
        Function<String, Optional<float[]>> vectors =
            part(json, "vectors", PipelineParts.Kind.VECTORS);
        double lambda = required(json, "lambda");
        yield valid(json.place() + "/lambda", () -> Diversity.mmr(lambda, vectors));
      }
      case DPP -> {
        Function<String, Optional<float[]>> vectors =
            part(json, "vectors", PipelineParts.Kind.VECTORS);
        double theta = required(json, "theta");
        yield valid(json.place() + "/theta", () -> Diversity.dpp(theta, vectors));
      }
      case RERANKER -> part(json, "reranker", PipelineParts.Kind.RERANKER);
    };
  }

  private Reranker exploration(JsonObject json) {
    return switch (json.oneOf("kind", ExplorationKind.class)) {
      case EPSILON_GREEDY -> {
        double epsilon = required(json, "epsilon");
        int places = json.integer("protectedPlaces", 0, 0);
        yield valid(json.place() + "/epsilon", () -> Exploration.epsilonGreedy(epsilon, places));
      }
      case RERANKER -> part(json, "reranker", PipelineParts.Kind.RERANKER);
    };
  }

  private static double required(JsonObject json, String member) {
    json.require(member, "a number");
    return json.number(member, 0);
  }

  /** Reads an element that is an object, whose members must all be known. */
  private <T> List<T> each(JsonObject root, String member, Function<JsonObject, T> read) {
    return root.has(member)
        ? root.array(
            member,
            (place, value) -> {
              try (JsonObject element = JsonObject.of(INVALID, file, place, value)) {
                return read.apply(element);
              }
            })
        : List.of();
  }

  private interface Reading {
    void read(JsonObject json);
  }

  private static void ifPresent(JsonObject root, String member, Reading reading) {
    if (root.has(member)) {
      try (JsonObject json = root.object(member)) {
        reading.read(json);
      }
    }
  }

  /** Says where in the file the argument comes from that something refuses. */
  private <T> T valid(String place, Supplier<T> made) {
    try {
      return made.get();
    } catch (IllegalArgumentException e) {
      String where = place.isEmpty() ? "" : place + ": ";
      throw new RecommenderException(INVALID, file + ": " + where + e.getMessage(), e);
    }
  }

  private RecommenderException wrong(String place, String expected) {
    return new RecommenderException(INVALID, file + ": " + place + ": expected " + expected);
  }

  private <T> T part(JsonObject json, String member, PipelineParts.Kind kind) {
    return part(json.place() + "/" + member, kind, json.string(member));
  }

  @SuppressWarnings("unchecked")
  private <T> T part(String place, PipelineParts.Kind kind, String name) {
    Object part = parts == null ? stub(kind) : parts.of(kind).get(name);
    if (part == null) {
      Map<String, Object> known = parts == null ? Map.of() : parts.of(kind);
      throw wrong(
          place,
          known.isEmpty()
              ? "a %s that was supplied, found '%s' and none supplied"
                  .formatted(PipelineParts.word(kind), name)
              : "one of %s, found '%s'".formatted(known.keySet(), name));
    }
    return (T) part;
  }

  private static Object stub(PipelineParts.Kind kind) {
    SequenceRecommender recommender = request -> Recommendations.of(request.k(), List.of()).build();
    Reranker reranker = (request, candidates) -> candidates;
    HistoryTransform transform = history -> history;
    Predicate<String> items = itemId -> false;
    ToDoubleFunction<String> factor = itemId -> 1;
    Function<String, Optional<Object>> none = itemId -> Optional.empty();
    FeedbackSink sink = userId -> {};
    return switch (kind) {
      case RECOMMENDER -> recommender;
      case RERANKER -> reranker;
      case TRANSFORM -> transform;
      case FILTER -> ItemFilter.all();
      case ITEMS -> items;
      case FACTOR -> factor;
      case VALUE, VECTORS -> none;
      case CATALOG -> Catalog.ofIds(List.of());
      case OVERLAY -> new CatalogOverlay();
      case SINK -> sink;
    };
  }
}
