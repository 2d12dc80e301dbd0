package io.recommender.ann.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.Query;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RetrieverRecommender;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.neighbors.ItemKnnRecommender;
import io.recommender.ann.neighbors.PopularityRecommender;
import io.recommender.pipeline.Fusion;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.testing.SequenceRecommenderContract;
import io.recommender.text.PromptText;
import io.recommender.text.TextRecommender;
import io.recommender.text.TextReranker;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * The two stacks of surveys of language models as recommenders: candidates, ranking and re-ranking
 * in modules, and retrieval, ranking and explanation in language. Both over one catalogue, through
 * the same interfaces, under the same contract.
 */
class ModularAndLanguageStacksTest {
  private static final int FILMS = 12;
  private static final Catalog CATALOG = Catalog.of(films());

  private static List<Item> films() {
    List<Item> films = new ArrayList<>();
    for (int i = 0; i < FILMS; i++) {
      String title = (i % 2 == 0 ? "Space" : "Love") + " story " + (i % 3 == 0 ? "robot " : "") + i;
      films.add(
          new Item(
              "f" + i,
              Map.of(
                  "title", new Feature.Text(title), "vector", Feature.Tensor.vector(vector(i)))));
    }
    return films;
  }

  private static float[] vector(int film) {
    return new float[] {film % 2, film % 3, 1 + film / 10f};
  }

  private static List<UserHistory> histories() {
    List<UserHistory> histories = new ArrayList<>();
    for (int i = 0; i < FILMS; i++) {
      histories.add(
          UserHistory.of("f" + i, "f" + (i + 2) % FILMS, "f" + (i + 4) % FILMS).forUser("u" + i));
    }
    return histories;
  }

  /** Neighbours and vectors, then a ranker over both; popularity fills what is missing. */
  private static SequenceRecommender modular() {
    FlatIndex vectors = new FlatIndex(3, Similarity.COSINE);
    for (int i = 0; i < FILMS; i++) {
      vectors.add("f" + i, vector(i));
    }
    return RecommenderPipeline.named("modular")
        .catalog(CATALOG)
        .source("neighbours", ItemKnnRecommender.fit(CATALOG, histories()))
        .source(
            "vectors",
            new RetrieverRecommender(
                "vectors",
                vectors,
                request -> last(request).flatMap(vectors::vector).map(Query.Vector::new)))
        .fusion(Fusion.weighted(Fusion.Normalization.NONE))
        .reranker("ranker", (request, candidates) -> ranked(candidates))
        .fallback("popular", PopularityRecommender.fit(CATALOG, histories()))
        .build();
  }

  /** Titles find titles, a model names and reorders them; popularity fills what is missing. */
  private static SequenceRecommender languageNative() {
    KeywordIndex titles = KeywordIndex.builder().build();
    for (Item film : films()) {
      titles.add(film.id(), film.text("title").orElseThrow());
    }
    return RecommenderPipeline.named("language")
        .catalog(CATALOG)
        .source(
            "retrieved",
            new RetrieverRecommender(
                "retrieved", titles, request -> titlesOf(request.history()).map(Query.Text::new)))
        .source(
            "named",
            new TextRecommender(
                prompt -> "1. Space story robot 6\n2. Love story 7",
                PromptText.of("After {history}?"),
                CATALOG,
                "title"))
        .fusion(Fusion.reciprocalRank())
        .reranker(
            "model",
            new TextReranker(
                    ModularAndLanguageStacksTest::preferred,
                    PromptText.of("{examples}\nAfter {history}:\n{candidates}"),
                    CATALOG,
                    "title",
                    FILMS)
                .examples(List.of("After Alien: Heat or Aliens? Aliens, Heat"))
                .tokenBudget(2000, String::length))
        .fallback("popular", PopularityRecommender.fit(CATALOG, histories()))
        .build();
  }

  /** A model of one weight: newer films score higher. */
  private static List<ScoredItem> ranked(List<ScoredItem> candidates) {
    return candidates.stream()
        .map(
            item ->
                new ScoredItem(
                    item.itemId(),
                    item.score() + CATALOG.ordinal(item.itemId()) / 10.0,
                    item.source()))
        .sorted(Comparator.comparingDouble(item -> -item.score()))
        .toList();
  }

  /** A model that likes robots, and else goes by the alphabet. */
  private static String preferred(String prompt) {
    List<String> lines = prompt.lines().filter(line -> line.contains(". ")).toList();
    return lines.stream()
        .map(line -> line.replaceFirst("^\\d+\\. ", ""))
        .sorted(
            Comparator.comparing((String film) -> !film.contains("robot"))
                .thenComparing(Comparator.naturalOrder()))
        .collect(Collectors.joining("\n"));
  }

  private static Optional<String> last(RecommendationRequest request) {
    List<String> items = request.history().itemIds().stream().filter(CATALOG::contains).toList();
    return items.isEmpty() ? Optional.empty() : Optional.of(items.get(items.size() - 1));
  }

  private static Optional<String> titlesOf(UserHistory history) {
    String titles =
        history.itemIds().stream()
            .flatMap(itemId -> CATALOG.find(itemId).stream())
            .map(item -> item.text("title").orElseThrow())
            .collect(Collectors.joining(" "));
    return titles.isEmpty() ? Optional.empty() : Optional.of(titles);
  }

  abstract static class StackContract extends SequenceRecommenderContract {
    @Override
    protected Catalog items() {
      return CATALOG;
    }

    /** A pipeline orders them by source, then by rank. */
    @Override
    protected boolean ordersTiesByOrdinal() {
      return false;
    }
  }

  @Nested
  class ModularKeepsItsContract extends StackContract {
    @Override
    protected SequenceRecommender create() {
      return modular();
    }
  }

  @Nested
  class LanguageNativeKeepsItsContract extends StackContract {
    @Override
    protected SequenceRecommender create() {
      return languageNative();
    }
  }

  @Test
  void bothAnswerTheSameRequestFromTheSameCatalogue() {
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of("f0", "f2"))
            .k(5)
            .filter(ItemFilter.deny(List.of("f0", "f2")))
            .build();
    for (SequenceRecommender stack : List.of(modular(), languageNative())) {
      Recommendations answer = stack.recommend(request);
      assertEquals(5, answer.size());
      assertTrue(answer.itemIds().stream().allMatch(CATALOG::contains));
      assertTrue(answer.items().stream().noneMatch(item -> item.source().isEmpty()));
    }
    List<String> sources =
        languageNative().recommend(request).items().stream().map(item -> item.source()).toList();
    assertTrue(sources.contains("retrieved"), sources::toString);
  }
}
