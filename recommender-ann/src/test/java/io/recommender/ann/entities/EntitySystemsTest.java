package io.recommender.ann.entities;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.vectors.QueryVector;
import io.recommender.ann.vectors.VectorRecommender;
import io.recommender.evaluation.EvaluationCase;
import io.recommender.evaluation.EvaluationReport;
import io.recommender.evaluation.Evaluator;
import io.recommender.evaluation.InteractionLog;
import io.recommender.evaluation.Metric;
import io.recommender.evaluation.ScoreMetrics;
import io.recommender.evaluation.Split;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What systems of the coverage table need of entities, one test or more for each. */
class EntitySystemsTest {
  private static final List<String> SUBSTANCES =
      List.of("aspirin", "caffeine", "ethanol", "benzene", "toluene", "phenol");
  private static final Map<String, String> SYNONYMS =
      Map.of("acetylsalicylic acid", "aspirin", "methylbenzene", "toluene");

  /** Papers about three substances, some by another name; their vectors count substances. */
  private static List<Item> papers() {
    List<Item> papers = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      List<String> entities = new ArrayList<>();
      for (int j = 0; j < 3; j++) {
        String substance = SUBSTANCES.get((i * (j + 1) + j) % SUBSTANCES.size());
        boolean renamed = (i + j) % 2 == 0;
        entities.add(
            renamed && substance.equals("aspirin")
                ? "acetylsalicylic acid"
                : renamed && substance.equals("toluene") ? "methylbenzene" : substance);
      }
      papers.add(new Item("paper-" + i, Map.of("entities", new Feature.Ids(entities))));
    }
    return papers;
  }

  private static Set<String> named(Item item) {
    Set<String> names = new LinkedHashSet<>();
    for (String entity : ((Feature.Ids) item.features().get("entities")).values()) {
      names.add(SYNONYMS.getOrDefault(entity, entity));
    }
    return names;
  }

  @Test
  void chemVisShowsSimilarPapersWithTheSubstancesTheyShare() {
    Catalog catalog = Catalog.of(papers());
    ItemEntities entities = ItemEntities.of("entities", SYNONYMS);
    FlatIndex index = new FlatIndex(SUBSTANCES.size(), Similarity.COSINE);
    for (Item paper : papers()) {
      float[] vector = new float[SUBSTANCES.size()];
      entities.of(paper).forEach(entity -> vector[SUBSTANCES.indexOf(entity)] = 1);
      index.add(paper.id(), vector);
    }
    int shared = 0;
    for (Item seed : papers()) {
      List<ScoredItem> similar =
          index.search(
              index.vector(seed.id()).orElseThrow(), 5, ItemFilter.deny(Set.of(seed.id())));
      assertEquals(5, similar.size());
      for (ScoredItem found : similar) {
        Item paper = catalog.find(found.itemId()).orElseThrow();
        assertFalse(paper.equals(seed), "a paper is not similar to itself");
        assertTrue(paper.features().get("entities") instanceof Feature.Ids, "carries its entities");
        Set<String> expected = named(seed);
        expected.retainAll(named(paper));
        assertEquals(List.copyOf(expected), entities.shared(seed, paper));
        shared += expected.size();
      }
    }
    assertTrue(shared > 150, "shared " + shared);
    Item one = new Item("a", Map.of("entities", new Feature.Ids(List.of("aspirin"))));
    Item other =
        new Item(
            "b", Map.of("entities", new Feature.Ids(List.of("acetylsalicylic acid", "aspirin"))));
    assertEquals(List.of("aspirin"), entities.shared(one, other));
    assertEquals(Set.of("aspirin"), entities.of(other));
  }

  /** Twelve entities: a ring of eight with four that hang on it. */
  private static EntityGraph graph() {
    EntityGraph.Builder graph = EntityGraph.builder();
    for (int i = 0; i < 8; i++) {
      graph.relate("e" + i, "e" + (i + 1) % 8);
    }
    for (int i = 8; i < 12; i++) {
      graph.relate("e" + i, "e" + 2 * (i - 8));
    }
    return graph.build();
  }

  @Test
  void lkpnrReadsTheNeighbourhoodOfTheEntitiesOfNews() {
    EntityGraph graph = graph();
    float[][] ofEntities = new float[12][6];
    Random random = new Random(46);
    for (float[] vector : ofEntities) {
      for (int i = 0; i < 6; i++) {
        vector[i] = random.nextInt(64) / 64f;
      }
    }
    FlatIndex news = new FlatIndex(12, Similarity.DOT);
    Map<String, float[]> vectors = new HashMap<>();
    for (int i = 0; i < 30; i++) {
      float[] joined = new float[12];
      for (int j = 0; j < 6; j++) {
        joined[j] = random.nextInt(64) / 64f;
      }
      List<String> around = graph.neighbors(List.of("e" + i % 12), 2, 2, 7);
      for (String entity : around) {
        for (int j = 0; j < 6; j++) {
          joined[6 + j] += ofEntities[Integer.parseInt(entity.substring(1))][j] / around.size();
        }
      }
      news.add("news-" + i, joined);
      vectors.put("news-" + i, joined);
    }
    SequenceRecommender recommender =
        VectorRecommender.of("lkpnr", QueryVector.historyMean(news::vector), news);
    for (int clicks = 1; clicks <= 3; clicks++) {
      String[] clicked = new String[clicks];
      float[] user = new float[12];
      for (int i = 0; i < clicks; i++) {
        clicked[i] = "news-" + (i * 7 + 3);
        for (int j = 0; j < 12; j++) {
          user[j] += vectors.get(clicked[i])[j] / clicks;
        }
      }
      UserHistory history = UserHistory.of(clicked);
      List<String> expected =
          vectors.entrySet().stream()
              .filter(entry -> !history.itemIds().contains(entry.getKey()))
              .sorted(Comparator.comparingDouble(entry -> -dot(user, entry.getValue())))
              .limit(10)
              .map(Map.Entry::getKey)
              .toList();
      assertEquals(
          expected,
          recommender
              .recommend(
                  RecommendationRequest.of(history).filter(ItemFilter.unseen(history)).build())
              .itemIds());
    }
  }

  private static double dot(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  /** Two impressions of five: the clicked one at rank 2, and at ranks 1 and 4. */
  @Test
  void lkpnrIsMeasuredAsNewsAre() {
    assertEquals(
        0.75,
        ScoreMetrics.auc(
            new double[] {5, 4, 3, 2, 1}, new boolean[] {false, true, false, false, false}),
        1e-12);
    List<UserHistory> users =
        List.of(UserHistory.of("x").forUser("ann"), UserHistory.of("y").forUser("bob"));
    InteractionLog log = InteractionLog.of("news", users);
    Catalog catalog = Catalog.ofIds(List.of("a", "b", "c", "d", "e", "x", "y"));
    Split split =
        Split.of(
            "impressions",
            log,
            users,
            List.of(
                EvaluationCase.of(users.get(0), Map.of("b", 1.0)),
                EvaluationCase.of(users.get(1), Map.of("a", 1.0, "d", 1.0))));
    SequenceRecommender fixed =
        request ->
            io.recommender.Recommendations.of(
                    request.k(),
                    List.of(
                        new ScoredItem("a", 5),
                        new ScoredItem("b", 4),
                        new ScoredItem("c", 3),
                        new ScoredItem("d", 2),
                        new ScoredItem("e", 1)))
                .build();
    EvaluationReport report =
        Evaluator.builder().cutoffs(5, 10).build().run(Map.of("fixed", fixed), split, catalog);
    double first = 1 / (Math.log(3) / Math.log(2));
    double second = (1 + 1 / (Math.log(5) / Math.log(2))) / (1 + 1 / (Math.log(3) / Math.log(2)));
    for (int k : new int[] {5, 10}) {
      assertEquals((first + second) / 2, report.result("fixed").value(Metric.NDCG, k), 1e-12);
      assertEquals((0.5 + 1) / 2, report.result("fixed").value(Metric.MRR, k), 1e-12);
    }
  }
}
