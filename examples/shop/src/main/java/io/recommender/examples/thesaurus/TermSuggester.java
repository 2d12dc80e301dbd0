package io.recommender.examples.thesaurus;

import io.recommender.Feature;
import io.recommender.Query;
import io.recommender.RecommendationRequest;
import io.recommender.Retriever;
import io.recommender.RetrieverRecommender;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.text.KeywordIndex;
import io.recommender.pipeline.Fusion;
import io.recommender.pipeline.RecommenderPipeline;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Suggests terms of a thesaurus for a Boolean query: Wang, Li, Scells, Locke and Zuccon, "MeSH Term
 * Suggestion for Systematic Review Literature Search", ADCS 2021.
 *
 * <p>For each phrase of the query, names and synonyms are found by their words and by their
 * vectors, each list is cut where scores fall off, and the lists are fused by rank. A term scores
 * as its best name for its best phrase.
 *
 * <p><b>Thread safety.</b> Thread-safe if the function is.
 */
public final class TermSuggester implements AutoCloseable {
  private static final String PHRASE = "phrase";
  private static final int DEPTH = 50;

  private final List<ThesaurusTerm> thesaurus;
  private final Map<String, Integer> termOfName = new HashMap<>();
  private final RecommenderPipeline names;

  /**
   * Creates a suggester.
   *
   * @param thesaurus the terms
   * @param encoder a vector for a text, all of the same length
   * @param cutoff which part of the best score of a list its names must have, from 0 to 1
   */
  public TermSuggester(
      List<ThesaurusTerm> thesaurus, Function<String, float[]> encoder, double cutoff) {
    this.thesaurus = List.copyOf(thesaurus);
    KeywordIndex words = KeywordIndex.builder().build();
    FlatIndex vectors = new FlatIndex(encoder.apply("").length, Similarity.COSINE);
    for (int term = 0; term < thesaurus.size(); term++) {
      List<String> all = new ArrayList<>(List.of(thesaurus.get(term).name()));
      all.addAll(thesaurus.get(term).synonyms());
      for (String name : all) {
        String nameId = Integer.toString(termOfName.size());
        termOfName.put(nameId, term);
        words.add(nameId, name);
        vectors.add(nameId, encoder.apply(name));
      }
    }
    Retriever near =
        (query, k, filter) -> vectors.search(encoder.apply(((Query.Text) query).text()), k, filter);
    names =
        RecommenderPipeline.named("names")
            .source("words", source("words", words, cutoff))
            .source("vectors", source("vectors", near, cutoff))
            .fusion(Fusion.reciprocalRank())
            .build();
  }

  private static RetrieverRecommender source(String name, Retriever retriever, double cutoff) {
    Retriever cut =
        (query, k, filter) -> {
          List<ScoredItem> found = retriever.retrieve(query, k, filter);
          double least = found.isEmpty() ? 0 : found.get(0).score() * cutoff;
          return found.stream().filter(item -> item.score() >= least).toList();
        };
    return new RetrieverRecommender(name, cut, RetrieverRecommender.text(PHRASE));
  }

  /**
   * Suggests terms.
   *
   * @param query the query
   * @param k how many terms, at least 1
   * @return at most k terms, each once, best first, equal scores in the order of the thesaurus;
   *     none for a query without phrases
   */
  public List<ScoredItem> suggest(String query, int k) {
    Map<Integer, Double> scores = new LinkedHashMap<>();
    for (String atom : BooleanQuery.atoms(query)) {
      RecommendationRequest request =
          RecommendationRequest.of(UserHistory.empty())
              .k(DEPTH)
              .context(PHRASE, new Feature.Text(atom))
              .build();
      for (ScoredItem name : names.recommend(request)) {
        scores.merge(termOfName.getOrDefault(name.itemId(), 0), name.score(), Math::max);
      }
    }
    return scores.entrySet().stream()
        .sorted(
            Comparator.comparingDouble((Map.Entry<Integer, Double> entry) -> -entry.getValue())
                .thenComparing(Map.Entry::getKey))
        .limit(k)
        .map(entry -> new ScoredItem(thesaurus.get(entry.getKey()).id(), entry.getValue()))
        .toList();
  }

  @Override
  public void close() {
    names.close();
  }
}
