package io.recommender.examples.agents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.Item;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.SessionKnnRecommender;
import io.recommender.ann.text.KeywordIndex;
import io.recommender.examples.agents.AgentSimulation.Action;
import io.recommender.examples.agents.AgentSimulation.Event;
import io.recommender.pipeline.CandidateSource;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.pipeline.SlotRule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Twenty agents in a pipeline, ten rounds, 200 items in 20 series that are wanted in order. */
class AgentSimulationTest {
  private static final int ITEMS = 200;
  private static final int SERIES = 10;
  private static final int AGENTS = 20;
  private static final int ROUNDS = 10;
  private static final int PAGE = 5;
  private static final Catalog CATALOG = Catalog.of(items());

  private final List<Feedback> told = new ArrayList<>();

  private static List<Item> items() {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < ITEMS; i++) {
      String title = "series" + i / SERIES + " volume" + i % SERIES;
      items.add(
          new Item(
              "b" + i,
              Map.of(
                  "title",
                  new Feature.Text(title),
                  "series",
                  new Feature.Category("series" + i / SERIES))));
    }
    return items;
  }

  private static List<String> series(int number, int from, int to) {
    List<String> items = new ArrayList<>();
    for (int i = from; i < to; i++) {
      items.add("b" + (number * SERIES + i));
    }
    return items;
  }

  private static List<Agent> agents() {
    List<Agent> agents = new ArrayList<>();
    for (int i = 0; i < AGENTS; i++) {
      List<String> wanted = new ArrayList<>(series(i, 1, SERIES));
      wanted.addAll(series((i + 7) % AGENTS, 0, 3));
      agents.add(new Agent("agent-" + i, series(i, 0, 1), wanted));
    }
    return agents;
  }

  private static SessionKnnRecommender neighbours() {
    Random random = new Random(3);
    List<UserHistory> sessions = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      int number = i % AGENTS;
      int from = random.nextInt(SERIES - 3);
      sessions.add(UserHistory.ofItems(series(number, from, from + 4)).forUser("s" + i));
    }
    return SessionKnnRecommender.fit(CATALOG, sessions);
  }

  /** Draws from the items that the filter accepts, by the seed of the request. */
  private static SequenceRecommender random() {
    return request -> {
      List<String> left = new ArrayList<>();
      for (int i = 0; i < ITEMS; i++) {
        if (request.filter().accepts("b" + i)) {
          left.add("b" + i);
        }
      }
      Collections.shuffle(left, new Random(request.seed()));
      List<ScoredItem> items = new ArrayList<>();
      for (String itemId : left.subList(0, Math.min(request.k(), left.size()))) {
        items.add(new ScoredItem(itemId, -items.size()));
      }
      return Recommendations.of(request.k(), items).build();
    };
  }

  /** What the agents turn to: the source, limits of a series, and drawn items where it is short. */
  private RecommenderPipeline home(SequenceRecommender source) {
    FeedbackSink noting =
        new FeedbackSink() {
          @Override
          public void observe(Feedback feedback) {
            told.add(feedback);
          }

          @Override
          public void forget(String userId) {
            told.removeIf(feedback -> feedback.userId().filter(userId::equals).isPresent());
          }
        };
    return RecommenderPipeline.named("home")
        .source(CandidateSource.of("source", source).depth(3 * PAGE))
        .catalog(CATALOG)
        .rule(
            SlotRule.atMost(
                "series",
                PAGE - 1,
                itemId -> CATALOG.find(itemId).flatMap(item -> item.text("series"))))
        .fallback("drawn", random())
        .executor(Runnable::run)
        .sink(noting)
        .build();
  }

  private static List<Event> run(RecommenderPipeline home, FeedbackSink sink, long seed) {
    KeywordIndex search = KeywordIndex.builder().build();
    items().forEach(item -> search.add(item.id(), item.text("title").orElseThrow()));
    return new AgentSimulation(home, search, CATALOG, "title", sink, PAGE, seed)
        .run(agents(), ROUNDS);
  }

  private List<Event> run(SequenceRecommender source, long seed) {
    try (RecommenderPipeline home = home(source)) {
      return run(home, home, seed);
    }
  }

  @Test
  void theSameSeedGivesTheSameLog() {
    List<Event> once = run(neighbours(), 5);
    assertEquals(once, run(neighbours(), 5));
    assertNotEquals(once, run(neighbours(), 6));
    assertEquals(run(random(), 5), run(random(), 5));
  }

  @Test
  void whatIsClickedIsInTheNextRequestAndFedBack() {
    List<Event> log = run(neighbours(), 5);
    Map<String, List<String>> expected = new HashMap<>();
    agents().forEach(agent -> expected.put(agent.userId(), new ArrayList<>(agent.start())));
    List<String> clicks = new ArrayList<>();
    for (Event event : log) {
      List<String> history = expected.getOrDefault(event.userId(), List.of());
      assertEquals(history, event.history());
      event
          .clicked()
          .ifPresent(
              itemId -> {
                history.add(itemId);
                clicks.add(event.userId() + " " + itemId);
              });
    }
    assertEquals(
        clicks,
        told.stream()
            .map(feedback -> feedback.userId().orElse("") + " " + feedback.itemId())
            .toList());
    assertTrue(clicks.size() > AGENTS);
  }

  /** The neighbours are a source and, through the pipeline, a sink: clicks change later pages. */
  @Test
  void thePipelineLearnsFromClicksAndForgets() {
    List<Event> learning = run(neighbours(), 5);
    try (RecommenderPipeline home = home(neighbours())) {
      List<Event> deaf = run(home, userId -> {}, 5);
      assertNotEquals(learning, deaf);
      assertEquals(learning.get(0), deaf.get(0), "before the first click they are the same");
      assertTrue(hitRate(learning) >= hitRate(deaf), hitRate(learning) + " and " + hitRate(deaf));
      int before = told.size();
      home.forget("agent-3");
      assertTrue(told.size() < before);
      assertTrue(
          told.stream().noneMatch(feedback -> feedback.userId().orElse("").equals("agent-3")));
    }
  }

  @Test
  void noPageBreaksTheRuleOfThePipeline() {
    for (Event event : run(neighbours(), 5)) {
      if (event.action() == Action.BROWSE) {
        assertEquals(PAGE, event.page().size());
        Map<Integer, Integer> counts = new HashMap<>();
        event
            .page()
            .forEach(
                itemId ->
                    counts.merge(Integer.parseInt(itemId.substring(1)) / SERIES, 1, Integer::sum));
        assertTrue(Collections.max(counts.values()) < PAGE, event::toString);
      }
    }
  }

  @Test
  void noAgentSeesAnItemTwiceInARoundOrAfterAClick() {
    for (SequenceRecommender recommender : List.of(neighbours(), random())) {
      Map<String, Set<String>> seen = new HashMap<>();
      for (Event event : run(recommender, 5)) {
        assertEquals(event.page().size(), Set.copyOf(event.page()).size());
        assertTrue(Collections.disjoint(event.page(), event.history()));
        Set<String> earlier =
            seen.computeIfAbsent(event.round() + event.userId(), key -> new HashSet<>());
        assertTrue(Collections.disjoint(event.page(), earlier));
        earlier.addAll(event.page());
      }
    }
  }

  @Test
  void aSequenceRecommenderIsHitMoreOftenThanChance() {
    double sequence = hitRate(run(neighbours(), 5));
    double chance = hitRate(run(random(), 5));
    assertTrue(sequence > 2 * chance, sequence + " and " + chance);
  }

  /** The part of pages that are browsed on which something is clicked. */
  private static double hitRate(List<Event> log) {
    List<Event> browsed = log.stream().filter(event -> event.action() == Action.BROWSE).toList();
    return browsed.stream().filter(event -> event.clicked().isPresent()).count()
        / (double) browsed.size();
  }

  @Test
  void agentsSearchForWhatTheyWereNotShown() {
    List<Event> log = run(random(), 5);
    assertTrue(
        log.stream()
            .anyMatch(event -> event.action() == Action.SEARCH && event.clicked().isPresent()));
  }
}
