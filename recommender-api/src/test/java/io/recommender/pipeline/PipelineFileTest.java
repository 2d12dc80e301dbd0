package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.HistoryTransform;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PipelineFileTest {
  private static final List<String> IDS =
      List.of("sku-1", "sku-2", "sku-3", "sku-4", "sku-5", "sku-6", "sku-7", "sku-8");
  private static final Catalog CATALOG =
      Catalog.of(
          IDS.stream()
              .map(id -> new Item(id, Map.of("brand", new Feature.Text(brand(id)))))
              .toList());
  private static final String MINIMAL =
      "{\"formatVersion\":1,\"name\":\"home\",\"sources\":[{\"name\":\"a\",\"recommender\":\"a\"}]}";

  @TempDir private Path folder;
  private final List<String> forgotten = new ArrayList<>();

  private static String brand(String id) {
    return "brand-" + id.charAt(id.length() - 1) % 3;
  }

  private static String resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(PipelineFile.class.getResourceAsStream(name), name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static SequenceRecommender ranking(String... ids) {
    return request -> {
      List<ScoredItem> items = new ArrayList<>();
      for (String id : ids) {
        if (request.filter().accepts(id) && items.size() < request.k()) {
          items.add(new ScoredItem(id, 1.0 / (items.size() + 1)));
        }
      }
      return Recommendations.of(request.k(), items).build();
    };
  }

  private static final SequenceRecommender MODEL =
      ranking("sku-1", "sku-2", "sku-3", "sku-4", "sku-5");
  private static final SequenceRecommender NEIGHBOURS = ranking("sku-6", "sku-2", "sku-8");
  private static final SequenceRecommender POPULARITY = ranking(IDS.toArray(String[]::new));
  private static final Reranker RANKER = (request, candidates) -> candidates;
  private static final HistoryTransform DENOISE = history -> history;
  private static final ItemFilter ADULTS = ItemFilter.deny(List.of("sku-3"));

  private static Optional<float[]> vector(String itemId) {
    return Optional.of(new float[] {itemId.charAt(4) - '0', 1});
  }

  private PipelineParts parts(CatalogOverlay live) {
    return new PipelineParts()
        .recommender("sasrec", MODEL)
        .recommender("neighbours", NEIGHBOURS)
        .recommender("popularity", POPULARITY)
        .reranker("ranker", RANKER)
        .transform("denoise", DENOISE)
        .filter("adults", ADULTS)
        .items("new", "sku-8"::equals)
        .items("slow", "sku-2"::equals)
        .items("local", "sku-5"::equals)
        .factor("margin", id -> 1.1)
        .value("seller", id -> Optional.of("one"))
        .vectors("items", PipelineFileTest::vector)
        .catalog("shop", CATALOG)
        .overlay("live", live)
        .sink("adapters", forgotten::add);
  }

  /** What home.json says, in code. */
  private RecommenderPipeline built(CatalogOverlay live) {
    return RecommenderPipeline.named("home")
        .transform(HistoryTransform.newest(50))
        .transform(HistoryTransform.distinctItems())
        .transform(HistoryTransform.maxAge(Duration.ofDays(90), InstantSource.system()))
        .transform(DENOISE)
        .source(CandidateSource.of("model", MODEL).weight(2).maxConcurrentCalls(8))
        .source(
            CandidateSource.of("session", NEIGHBOURS)
                .depth(50)
                .transform(HistoryTransform.domains(List.of("books", "films"))))
        .fusion(Fusion.reciprocalRank(60))
        .candidates(100)
        .filter(ADULTS)
        .overlay(live)
        .catalog(CATALOG)
        .reranker("ctr", RANKER)
        .rule(SlotRule.boost("news", "sku-8"::equals, 1.5))
        .rule(SlotRule.bury("slow movers", "sku-2"::equals, 2))
        .rule(SlotRule.scale("margin", id -> 1.1))
        .rule(SlotRule.pin(1, "sku-7"))
        .rule(SlotRule.atMost(2, "brand", CATALOG))
        .rule(SlotRule.atMost("seller", 3, id -> Optional.of("one")))
        .rule(SlotRule.atLeast("local", 1, "sku-5"::equals))
        .diversity(Diversity.mmr(0.7, PipelineFileTest::vector))
        .exploration(Exploration.epsilonGreedy(0.05, 3))
        .fallback("popular", POPULARITY)
        .deadline(Duration.ofNanos(1_500_500_000))
        .threads(8)
        .build();
  }

  @Test
  void aFileAnswersAsTheBuilderDoes() throws IOException {
    CatalogOverlay live = new CatalogOverlay();
    live.setStock("sku-4", 0);
    PipelineFile file = PipelineFile.parse("home.json", resource("home.json"));
    try (RecommenderPipeline read = file.build(parts(live));
        RecommenderPipeline built = built(live)) {
      for (int seed = 0; seed < 50; seed++) {
        RecommendationRequest request =
            RecommendationRequest.of(UserHistory.of("sku-1")).k(1 + seed % 8).seed(seed).build();
        Recommendations expected = built.recommend(request);
        Recommendations found = read.recommend(request);
        assertEquals(expected.items(), found.items());
        assertEquals(expected.notices(), found.notices());
        assertEquals(expected.modelVersion(), found.modelVersion());
        assertEquals(expected.trace().orElseThrow().items(), found.trace().orElseThrow().items());
      }
      read.forget("ann");
    }
    assertEquals(List.of("ann"), forgotten);
  }

  @Test
  void whatWasReadIsWrittenEqual() throws IOException {
    String json = resource("home.json");
    PipelineFile file = PipelineFile.parse("home.json", json);
    assertEquals(json, file.toJson());
    assertEquals("home", file.name());
    Path path = Files.writeString(folder.resolve("home.json"), file.toJson());
    assertEquals(file, PipelineFile.read(path));
    assertEquals(file.hashCode(), PipelineFile.read(path).hashCode());
  }

  @Test
  void theDocumentShowsTheExample() throws IOException {
    String document = Files.readString(Path.of("PIPELINE.md"));
    assertTrue(document.contains("```json\n" + resource("home.json") + "```"));
  }

  private static Set<com.networknt.schema.ValidationMessage> violations(String json)
      throws IOException {
    JsonSchema schema =
        JsonSchemaFactory.getInstance(VersionFlag.V202012)
            .getSchema(resource("pipeline.schema.json"));
    return schema.validate(json, InputFormat.JSON);
  }

  @Test
  void theSchemaAcceptsWhatIsRead() throws IOException {
    assertEquals(Set.of(), violations(resource("home.json")));
    assertEquals(Set.of(), violations(MINIMAL));
  }

  private static String refusal(String json) {
    RecommenderException refusal =
        assertThrows(RecommenderException.class, () -> PipelineFile.parse("p.json", json));
    assertEquals(Kind.PIPELINE_INVALID, refusal.kind());
    return refusal.getMessage();
  }

  private static String with(String members) {
    return MINIMAL.substring(0, MINIMAL.length() - 1) + "," + members + "}";
  }

  /** Asserts what the reader says, and that the schema refuses the same. */
  private static void assertRefused(String members, String message) throws IOException {
    assertEquals("p.json: " + message, refusal(with(members)));
    assertTrue(!violations(with(members)).isEmpty(), members);
  }

  @Test
  void aMemberThatIsNotKnownIsRefused() throws IOException {
    assertRefused(
        "\"deadline\":5",
        "/deadline: unknown member; known here: candidates, catalog, deadlineMillis, diversity,"
            + " exploration, fallbacks, filters, formatVersion, fusion, name, overlay, rerankers,"
            + " rules, sinks, sources, threads, trace, transforms");
  }

  @Test
  void eachMemberIsChecked() throws IOException {
    assertRefused("\"candidates\":0", "/candidates: expected an integer of at least 1, found 0");
    assertRefused(
        "\"transforms\":[{\"kind\":\"NEWEST\",\"count\":\"5\"}]",
        "/transforms/0/count: expected an integer of at least 1, found \"5\"");
    assertRefused(
        "\"transforms\":[{\"kind\":\"MAX_AGE\",\"days\":-1}]",
        "/transforms/0/days: age: expected at least 0, found PT-24H");
    assertRefused(
        "\"fusion\":{\"kind\":\"RRF\"}",
        "/fusion/kind: expected one of \"RECIPROCAL_RANK\", \"WEIGHTED\", \"INTERLEAVED\", found"
            + " \"RRF\"");
    assertRefused(
        "\"rules\":[{\"kind\":\"PIN\",\"place\":1,\"item\":\"a\"},"
            + "{\"kind\":\"BOOST\",\"name\":\"b\",\"items\":\"i\",\"factor\":0.5}]",
        "/rules/1/factor: factor of rule 'b': expected a finite number of at least 1, found 0.5");
    assertRefused(
        "\"diversity\":{\"kind\":\"MMR\",\"lambda\":1.5,\"vectors\":\"v\"}",
        "/diversity/lambda: lambda: expected a number in [0, 1], found 1.5");
    assertRefused(
        "\"diversity\":{\"kind\":\"DPP\",\"vectors\":\"v\"}",
        "/diversity/theta: expected a number, found no such member");
    assertRefused(
        "\"exploration\":{\"kind\":\"EPSILON_GREEDY\",\"epsilon\":-1}",
        "/exploration/epsilon: epsilon: expected a number in [0, 1], found -1.0");
    assertRefused(
        "\"deadlineMillis\":0", "/deadlineMillis: deadline: expected a time above 0, found PT0S");
    assertRefused("\"trace\":1", "/trace: expected true or false, found 1");
    assertRefused(
        "\"rules\":[{\"kind\":\"PIN\",\"place\":1,\"item\":\"a\",\"name\":\"x\"}]",
        "/rules/0/name: unknown member; known here: item, kind, place");
  }

  @Test
  void wholeFilesAreChecked() {
    assertEquals(
        "p.json: not valid JSON: line 1, column 2: expected the name of a member, found the end",
        refusal("{"));
    assertEquals("p.json: expected an object, found []", refusal("[]"));
    assertEquals(
        "p.json: /formatVersion: expected 1, found 2; a newer library may read it",
        refusal(MINIMAL.replace("Version\":1", "Version\":2")));
    assertEquals(
        "p.json: /sources/0/weight: weight of source 'a': expected a finite number of at least 0,"
            + " found -1.0",
        refusal(MINIMAL.replace("\"recommender\":\"a\"", "\"recommender\":\"a\",\"weight\":-1")));
    assertEquals(
        "p.json: pipeline 'home': expected at least one source, found none",
        refusal("{\"formatVersion\":1,\"name\":\"home\"}"));
    assertEquals(
        "p.json: pipeline 'home': expected different sources and fallbacks, found 'a' twice",
        refusal(with("\"fallbacks\":[{\"name\":\"a\",\"recommender\":\"b\"}]")));
    assertEquals(
        Kind.STORAGE_FAILED,
        assertThrows(RecommenderException.class, () -> PipelineFile.read(folder.resolve("absent")))
            .kind());
  }

  @Test
  void partsThatAreNotThereAreNamed() {
    PipelineFile file = PipelineFile.parse("p.json", MINIMAL);
    assertEquals(
        "p.json: /sources/0/recommender: expected a recommender that was supplied, found 'a' and"
            + " none supplied",
        assertThrows(RecommenderException.class, () -> file.build(new PipelineParts()))
            .getMessage());
    PipelineParts parts =
        new PipelineParts().recommender("b", MODEL).recommender("c", MODEL).reranker("a", RANKER);
    assertEquals(
        "p.json: /sources/0/recommender: expected one of [b, c], found 'a'",
        assertThrows(RecommenderException.class, () -> file.build(parts)).getMessage());
    assertEquals(
        "expected one recommender of each name, found 'b' twice",
        assertThrows(IllegalArgumentException.class, () -> parts.recommender("b", MODEL))
            .getMessage());
  }
}
