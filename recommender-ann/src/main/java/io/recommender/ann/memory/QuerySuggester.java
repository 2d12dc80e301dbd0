package io.recommender.ann.memory;

import io.recommender.ann.entities.EntityGraph;
import io.recommender.text.PromptText;
import io.recommender.text.TextAnswers;
import io.recommender.text.TextGenerator;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Suggests what a user may search for next: those entities that the user met before and that have
 * to do with the search at hand are told to a language model, which writes queries.
 *
 * <pre>{@code
 * QuerySuggester suggester =
 *     QuerySuggester.of(
 *         generator,
 *         PromptText.of("Searching for {query}, knows {entities}. Suggest {k} queries."),
 *         store,
 *         graph);
 * List<String> queries = suggester.suggest("ann", "cheap flights", List.of("Q90"), 5);
 * }</pre>
 *
 * <p>Baek et al., "Knowledge-Augmented Large Language Models for Personalized Contextual Query
 * Suggestion" (K-LaMP), WWW 2024. The prompt holds names of entities and no text that a user wrote
 * but the search at hand.
 *
 * <p><b>Selection.</b> An entity has to do with a search if it is one of it, or at most so many
 * steps from one in the graph. Of those that the user met, the first in the order of {@link
 * EntityCounts} are told.
 *
 * <p><b>Thread safety.</b> Immutable; as thread-safe as the generator.
 *
 * <p><b>Cost.</b> A walk in the graph, and one call of the generator.
 */
public final class QuerySuggester {
  private static final int DEFAULT_HOPS = 1;
  private static final int DEFAULT_MOST = 10;

  private final TextGenerator generator;
  private final PromptText prompt;
  private final UserStore<EntityCounts> store;
  private final EntityGraph graph;
  private final int hops;
  private final int most;
  private final UnaryOperator<String> names;

  private QuerySuggester(
      TextGenerator generator,
      PromptText prompt,
      UserStore<EntityCounts> store,
      EntityGraph graph,
      int hops,
      int most,
      UnaryOperator<String> names) {
    this.generator = generator;
    this.prompt = prompt;
    this.store = store;
    this.graph = graph;
    this.hops = hops;
    this.most = most;
    this.names = names;
  }

  /**
   * Returns a suggester that looks one step far, tells ten entities and calls them by their ids.
   *
   * @param generator the model; the caller's to close
   * @param prompt what it is asked: {@code query}, {@code entities} (their names with commas
   *     between them, possibly none) and {@code k}
   * @param store what users met
   * @param graph what has to do with what
   * @return the suggester
   */
  public static QuerySuggester of(
      TextGenerator generator,
      PromptText prompt,
      UserStore<EntityCounts> store,
      EntityGraph graph) {
    return new QuerySuggester(
        Objects.requireNonNull(generator, "generator"),
        Objects.requireNonNull(prompt, "prompt"),
        Objects.requireNonNull(store, "store"),
        Objects.requireNonNull(graph, "graph"),
        DEFAULT_HOPS,
        DEFAULT_MOST,
        UnaryOperator.identity());
  }

  /**
   * Returns this suggester with another reach.
   *
   * @param hops how many steps an entity may be from one of the search, at least 0
   * @return a copy
   * @throws IllegalArgumentException if it is below 0
   */
  public QuerySuggester hops(int hops) {
    if (hops < 0) {
      throw new IllegalArgumentException("hops: expected at least 0, found " + hops);
    }
    return new QuerySuggester(generator, prompt, store, graph, hops, most, names);
  }

  /**
   * Returns this suggester with another number of entities in a prompt.
   *
   * @param most how many at most, at least 1
   * @return a copy
   * @throws IllegalArgumentException if it is below 1
   */
  public QuerySuggester most(int most) {
    if (most < 1) {
      throw new IllegalArgumentException("most: expected at least 1, found " + most);
    }
    return new QuerySuggester(generator, prompt, store, graph, hops, most, names);
  }

  /**
   * Returns this suggester with names of entities.
   *
   * @param names the name of an entity for the model, by its id; thread-safe
   * @return a copy
   */
  public QuerySuggester names(UnaryOperator<String> names) {
    return new QuerySuggester(
        generator, prompt, store, graph, hops, most, Objects.requireNonNull(names, "names"));
  }

  /**
   * Selects what a user met that has to do with a search.
   *
   * @param userId the user
   * @param context the entities of the search, known to the graph or not
   * @return the ids, in the order of {@link EntityCounts}; none for an unknown user
   */
  public List<String> relevant(String userId, List<String> context) {
    Optional<EntityCounts> met = store.get(userId);
    if (met.isEmpty() || met.get().size() == 0) {
      return List.of();
    }
    Set<String> near = new HashSet<>(context);
    if (hops > 0) {
      near.addAll(graph.neighbors(context, hops));
    }
    return met.get().top(met.get().size()).stream()
        .map(EntityCounts.Entity::id)
        .filter(near::contains)
        .limit(most)
        .toList();
  }

  /**
   * Suggests queries.
   *
   * @param userId the user
   * @param query what the user searches for
   * @param context the entities of it
   * @param k how many queries at most, at least 1
   * @return the queries in the order of the model, each once and none that is the query at hand;
   *     fewer if the model wrote fewer
   * @throws IllegalArgumentException if k is below 1
   * @throws io.recommender.RecommenderException if the model fails
   */
  public List<String> suggest(String userId, String query, List<String> context, int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
    List<String> told = new ArrayList<>();
    relevant(userId, context).forEach(entity -> told.add(names.apply(entity)));
    String written =
        generator.generate(
            prompt.write(
                Map.of(
                    "query", query,
                    "entities", String.join(", ", told),
                    "k", Integer.toString(k))));
    String asked = query.strip().toLowerCase(Locale.ROOT);
    return TextAnswers.lines(written).stream()
        .filter(line -> !line.toLowerCase(Locale.ROOT).equals(asked))
        .limit(k)
        .toList();
  }

  @Override
  public String toString() {
    return "QuerySuggester[%d hops, %d entities]".formatted(hops, most);
  }
}
