package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.HistoryTransform;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kind of transform, fusion, rule, diversity and exploration that a file may name. */
class PipelineFileKindsTest {
  private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
  private static final InstantSource CLOCK = InstantSource.fixed(NOW);
  private static final List<String> IDS =
      IntStream.rangeClosed(1, 12).mapToObj(i -> "sku-" + i).toList();
  private static final Catalog CATALOG =
      Catalog.of(
          IDS.stream()
              .map(id -> new Item(id, Map.of("brand", new Feature.Text("b" + number(id) % 3))))
              .toList());
  private static final HistoryTransform REVERSED =
      history -> {
        List<Interaction> interactions = new ArrayList<>(history.interactions());
        Collections.reverse(interactions);
        return history.withInteractions(interactions);
      };
  private static final Reranker WORST_FIRST =
      (request, candidates) -> {
        List<ScoredItem> items = new ArrayList<>(candidates);
        Collections.reverse(items);
        return items;
      };

  /** What follows most of a history: {@code sku-7} after {@code sku-1}, the most frequent first. */
  private static final SequenceRecommender NEXT =
      request -> {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (String id : request.history().itemIds()) {
          counts.merge("sku-" + (number(id) + 6), 1, Integer::sum);
        }
        List<ScoredItem> items = new ArrayList<>();
        counts.forEach((id, count) -> items.add(new ScoredItem(id, count)));
        items.sort((one, other) -> Double.compare(other.score(), one.score()));
        return FakeRecommender.ofScored(items).recommend(request);
      };

  private static final SequenceRecommender FIXED =
      FakeRecommender.ofScored(
          IDS.stream().map(id -> new ScoredItem(id, 5 - number(id) / 4.0)).toList());

  private static int number(String itemId) {
    return Integer.parseInt(itemId.substring("sku-".length()));
  }

  private static Optional<float[]> vector(String itemId) {
    return Optional.of(new float[] {number(itemId) % 4, number(itemId) % 3, 1});
  }

  /**
   * A kind.
   *
   * @param json members of the file; without sources, it has two
   * @param built the same in code
   */
  private record Kind(String name, String json, UnaryOperator<PipelineBuilder> built) {
    String file() {
      String sources =
          json.contains("\"sources\"")
              ? ""
              : "\"sources\": [{\"name\": \"next\", \"recommender\": \"next\"},"
                  + " {\"name\": \"fixed\", \"recommender\": \"fixed\"}],";
      return "{\"formatVersion\": 1, \"name\": \"home\", %s %s}".formatted(sources, json);
    }

    @Override
    public String toString() {
      return name + " " + json;
    }
  }

  private static Kind transform(String name, String members, HistoryTransform transform) {
    return new Kind(
        name,
        "\"transforms\": [{\"kind\": \"%s\"%s}]".formatted(name, members),
        builder -> two(builder.transform(transform)));
  }

  private static Kind ofSource(String name, String members, HistoryTransform transform) {
    return new Kind(
        name,
        """
        "sources": [
          {"name": "next", "recommender": "next", "transforms": [{"kind": "%s"%s}]},
          {"name": "fixed", "recommender": "fixed"}]"""
            .formatted(name, members),
        builder ->
            builder
                .source(CandidateSource.of("next", NEXT).transform(transform))
                .source("fixed", FIXED));
  }

  private static Kind fusion(String name, String members, Fusion fusion) {
    return new Kind(
        name,
        "\"fusion\": {\"kind\": \"%s\"%s}".formatted(name, members),
        builder -> two(builder.fusion(fusion)));
  }

  private static Kind rule(String name, String members, SlotRule rule) {
    return new Kind(
        name,
        "\"rules\": [{\"kind\": \"%s\"%s}]".formatted(name, members),
        builder -> two(builder.rule(rule)));
  }

  private static Kind diversity(String name, String members, Reranker diversity) {
    return new Kind(
        name,
        "\"diversity\": {\"kind\": \"%s\"%s}".formatted(name, members),
        builder -> two(builder.diversity(diversity)));
  }

  private static Kind exploration(String name, String members, Reranker exploration) {
    return new Kind(
        name,
        "\"exploration\": {\"kind\": \"%s\"%s}".formatted(name, members),
        builder -> two(builder.exploration(exploration)));
  }

  private static PipelineBuilder two(PipelineBuilder builder) {
    return builder.source("next", NEXT).source("fixed", FIXED);
  }

  static List<Kind> kinds() {
    HistoryTransform recent = HistoryTransform.maxAge(Duration.ofHours(36), CLOCK);
    HistoryTransform bought = HistoryTransform.behaviors(List.of("buy"));
    HistoryTransform films = HistoryTransform.domains(List.of("films"));
    return List.of(
        transform("NEWEST", ", \"count\": 2", HistoryTransform.newest(2)),
        transform("DISTINCT_ITEMS", "", HistoryTransform.distinctItems()),
        transform("BEHAVIORS", ", \"behaviors\": [\"buy\"]", bought),
        transform("DOMAINS", ", \"domains\": [\"films\"]", films),
        transform("MAX_AGE", ", \"days\": 1.5", recent),
        transform("TRANSFORM", ", \"transform\": \"reversed\"", REVERSED),
        ofSource("NEWEST", ", \"count\": 2", HistoryTransform.newest(2)),
        ofSource("DISTINCT_ITEMS", "", HistoryTransform.distinctItems()),
        ofSource("BEHAVIORS", ", \"behaviors\": [\"buy\"]", bought),
        ofSource("DOMAINS", ", \"domains\": [\"films\"]", films),
        ofSource("MAX_AGE", ", \"days\": 1.5", recent),
        ofSource("TRANSFORM", ", \"transform\": \"reversed\"", REVERSED),
        fusion("RECIPROCAL_RANK", ", \"constant\": 3", Fusion.reciprocalRank(3)),
        fusion(
            "WEIGHTED",
            ", \"normalization\": \"NONE\"",
            Fusion.weighted(Fusion.Normalization.NONE)),
        fusion(
            "WEIGHTED",
            ", \"normalization\": \"MIN_MAX\"",
            Fusion.weighted(Fusion.Normalization.MIN_MAX)),
        fusion("INTERLEAVED", "", Fusion.interleaved()),
        rule(
            "BOOST",
            ", \"name\": \"b\", \"items\": \"late\", \"factor\": 3",
            SlotRule.boost("b", PipelineFileKindsTest::isLate, 3)),
        rule(
            "BURY",
            ", \"name\": \"b\", \"items\": \"even\", \"factor\": 3",
            SlotRule.bury("b", PipelineFileKindsTest::isEven, 3)),
        rule(
            "SCALE",
            ", \"name\": \"s\", \"factor\": \"number\"",
            SlotRule.scale("s", PipelineFileKindsTest::number)),
        rule("PIN", ", \"place\": 1, \"item\": \"sku-12\"", SlotRule.pin(1, "sku-12")),
        rule(
            "AT_MOST",
            ", \"count\": 1, \"feature\": \"brand\", \"catalog\": \"shop\"",
            SlotRule.atMost(1, "brand", CATALOG)),
        rule(
            "AT_MOST",
            ", \"name\": \"seller\", \"count\": 2, \"value\": \"seller\"",
            SlotRule.atMost("seller", 2, PipelineFileKindsTest::seller)),
        rule(
            "AT_LEAST",
            ", \"name\": \"l\", \"count\": 3, \"items\": \"late\"",
            SlotRule.atLeast("l", 3, PipelineFileKindsTest::isLate)),
        diversity(
            "MMR",
            ", \"lambda\": 0.2, \"vectors\": \"items\"",
            Diversity.mmr(0.2, PipelineFileKindsTest::vector)),
        diversity(
            "DPP",
            ", \"theta\": 0.1, \"vectors\": \"items\"",
            Diversity.dpp(0.1, PipelineFileKindsTest::vector)),
        diversity("RERANKER", ", \"reranker\": \"worst first\"", WORST_FIRST),
        exploration(
            "EPSILON_GREEDY",
            ", \"epsilon\": 0.9, \"protectedPlaces\": 1",
            Exploration.epsilonGreedy(0.9, 1)),
        exploration("RERANKER", ", \"reranker\": \"worst first\"", WORST_FIRST));
  }

  private static boolean isLate(String itemId) {
    return number(itemId) >= 10;
  }

  private static boolean isEven(String itemId) {
    return number(itemId) % 2 == 0;
  }

  private static Optional<String> seller(String itemId) {
    return Optional.of(isEven(itemId) ? "even" : "odd");
  }

  private static PipelineParts parts() {
    return new PipelineParts()
        .recommender("next", NEXT)
        .recommender("fixed", FIXED)
        .reranker("worst first", WORST_FIRST)
        .transform("reversed", REVERSED)
        .items("late", PipelineFileKindsTest::isLate)
        .items("even", PipelineFileKindsTest::isEven)
        .factor("number", PipelineFileKindsTest::number)
        .value("seller", PipelineFileKindsTest::seller)
        .vectors("items", PipelineFileKindsTest::vector)
        .catalog("shop", CATALOG)
        .clock(CLOCK);
  }

  private static Interaction done(String item, String behavior, String domain, int daysAgo) {
    return Interaction.of(item)
        .withBehavior(behavior)
        .withDomain(domain)
        .withTime(NOW.minus(Duration.ofDays(daysAgo)));
  }

  private static RecommendationRequest request(int seed) {
    UserHistory history =
        UserHistory.of(
            List.of(
                done("sku-1", "view", "books", 200),
                done("sku-2", "buy", "films", 10),
                done("sku-3", "view", "films", 1),
                done("sku-2", "buy", "books", 0)));
    return RecommendationRequest.of(history).k(3 + seed % 6).seed(seed).build();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void theFileAnswersAsTheBuilderDoes(Kind kind) throws IOException {
    assertEquals(
        Set.of(),
        JsonSchemaFactory.getInstance(VersionFlag.V202012)
            .getSchema(schema())
            .validate(kind.file(), InputFormat.JSON));
    Map<Integer, List<ScoredItem>> plain = new TreeMap<>();
    Map<Integer, List<ScoredItem>> answers = new TreeMap<>();
    try (RecommenderPipeline none = two(RecommenderPipeline.named("home")).build();
        RecommenderPipeline built = kind.built().apply(RecommenderPipeline.named("home")).build();
        RecommenderPipeline read = PipelineFile.parse("home.json", kind.file()).build(parts())) {
      for (int seed = 0; seed < 12; seed++) {
        Recommendations expected = built.recommend(request(seed));
        Recommendations found = read.recommend(request(seed));
        assertEquals(expected.items(), found.items());
        assertEquals(expected.notices(), found.notices());
        assertEquals(expected.trace().orElseThrow().items(), found.trace().orElseThrow().items());
        answers.put(seed, found.items());
        plain.put(seed, none.recommend(request(seed)).items());
      }
    }
    assertNotEquals(plain, answers, "the kind has an effect");
  }

  private static String schema() throws IOException {
    String name = "pipeline.schema.json";
    try (InputStream in =
        Objects.requireNonNull(PipelineFile.class.getResourceAsStream(name), name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void noKindOfTheSchemaIsLeftOut() throws IOException {
    Set<String> declared = new TreeSet<>();
    Matcher kinds =
        Pattern.compile("\"kind\": \\{\"(?:const|enum)\": \\[?([A-Z_\", ]+)").matcher(schema());
    while (kinds.find()) {
      for (String kind : kinds.group(1).split("[\", ]+")) {
        if (!kind.isEmpty()) {
          declared.add(kind);
        }
      }
    }
    Set<String> tested = new TreeSet<>();
    kinds().forEach(kind -> tested.add(kind.name()));
    assertEquals(declared, tested);
  }
}
