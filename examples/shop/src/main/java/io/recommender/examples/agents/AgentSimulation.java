package io.recommender.examples.agents;

import io.recommender.Catalog;
import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.ItemFilter;
import io.recommender.Query;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.Retriever;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Agents who use a recommender in rounds, as those of RecAgent do (Wang et al., "RecAgent: A Novel
 * Simulation Paradigm for Recommender Systems", 2023), with rules in the place of a language model.
 *
 * <p>In each round, the agents come in an order drawn anew. One browses page after page of its
 * recommendations, up to {@value #PAGES}, and clicks the first item that it wants. If there is
 * none, it searches with a word of the title of something it wants. What is clicked is fed back and
 * part of its history from then on.
 *
 * <p>The same recommender, agents and seed give the same log.
 *
 * <p><b>Confined</b>.
 */
public final class AgentSimulation {
  /** How many pages an agent looks at. */
  public static final int PAGES = 3;

  /** How an agent came to see a page. */
  public enum Action {
    /** By turning to recommendations, or to more of them. */
    BROWSE,
    /** By searching. */
    SEARCH
  }

  /**
   * A page that an agent saw.
   *
   * @param round the round, from 0
   * @param userId the agent
   * @param action how it came to see it
   * @param history what was known of the agent then, oldest first
   * @param page the items
   * @param clicked the item that it clicked, if any
   */
  public record Event(
      int round,
      String userId,
      Action action,
      List<String> history,
      List<String> page,
      Optional<String> clicked) {}

  private final SequenceRecommender recommender;
  private final Retriever search;
  private final Catalog catalog;
  private final String title;
  private final FeedbackSink sink;
  private final SplittableRandom random;
  private final int pageSize;
  private final List<Event> log = new ArrayList<>();

  /**
   * Creates a simulation.
   *
   * @param recommender makes the pages to browse
   * @param search answers {@link Query.Text texts}
   * @param catalog the items
   * @param title the feature that has their titles
   * @param sink is told of clicks
   * @param pageSize how many items a page has, at least 1
   * @param seed of all that is drawn
   */
  public AgentSimulation(
      SequenceRecommender recommender,
      Retriever search,
      Catalog catalog,
      String title,
      FeedbackSink sink,
      int pageSize,
      long seed) {
    this.recommender = Objects.requireNonNull(recommender, "recommender");
    this.search = Objects.requireNonNull(search, "search");
    this.catalog = Objects.requireNonNull(catalog, "catalog");
    this.title = Objects.requireNonNull(title, "title");
    this.sink = Objects.requireNonNull(sink, "sink");
    this.pageSize = pageSize;
    random = new SplittableRandom(seed);
  }

  /**
   * Runs rounds.
   *
   * @param agents the agents
   * @param rounds how many
   * @return every page that was seen, in order
   */
  public List<Event> run(List<Agent> agents, int rounds) {
    List<List<String>> histories = new ArrayList<>();
    agents.forEach(agent -> histories.add(new ArrayList<>(agent.start())));
    int[] order = new int[agents.size()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    for (int round = 0; round < rounds; round++) {
      for (int i = order.length - 1; i > 0; i--) {
        int j = random.nextInt(i + 1);
        int swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
      }
      for (int place : order) {
        act(round, agents.get(place), histories.get(place));
      }
    }
    return List.copyOf(log);
  }

  private void act(int round, Agent agent, List<String> history) {
    Set<String> wanted = new LinkedHashSet<>(agent.wanted());
    history.forEach(wanted::remove);
    UserHistory known = UserHistory.ofItems(history).forUser(agent.userId());
    RecommendationRequest request =
        RecommendationRequest.of(known)
            .k(pageSize)
            .filter(ItemFilter.unseen(known))
            .seed(random.nextLong())
            .build();
    for (int page = 0; page < PAGES; page++) {
      Recommendations shown = recommender.recommend(request);
      if (look(round, agent, history, Action.BROWSE, shown.itemIds(), wanted)) {
        return;
      }
      request = request.nextPage(shown);
    }
    Optional<String> word = word(wanted);
    if (word.isPresent()) {
      List<String> found =
          search.retrieve(new Query.Text(word.get()), pageSize, request.filter()).stream()
              .map(ScoredItem::itemId)
              .toList();
      look(round, agent, history, Action.SEARCH, found, wanted);
    }
  }

  /** Logs a page and returns whether the agent clicked an item of it. */
  private boolean look(
      int round,
      Agent agent,
      List<String> history,
      Action action,
      List<String> page,
      Set<String> wanted) {
    Optional<String> clicked = page.stream().filter(wanted::contains).findFirst();
    log.add(new Event(round, agent.userId(), action, List.copyOf(history), page, clicked));
    clicked.ifPresent(
        itemId -> {
          history.add(itemId);
          sink.observe(Feedback.of(itemId).forUser(agent.userId()).label("click", 1));
        });
    return clicked.isPresent();
  }

  /** Returns a word of the title of something wanted. */
  private Optional<String> word(Set<String> wanted) {
    if (wanted.isEmpty()) {
      return Optional.empty();
    }
    String itemId = List.copyOf(wanted).get(random.nextInt(wanted.size()));
    return catalog
        .find(itemId)
        .flatMap(item -> item.text(title))
        .map(text -> text.split("\\s+"))
        .map(words -> words[random.nextInt(words.length)]);
  }
}
