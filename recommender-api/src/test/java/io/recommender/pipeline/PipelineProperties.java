package io.recommender.pipeline;

import static io.recommender.testing.RecommendationsAssert.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.HistoryTransform;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.Trace;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;

/** Pipelines of random parts, against what must hold for each, and against a plain model. */
class PipelineProperties {
  private static final int TRIES = 10_000;
  private static final int CALLERS = 4;
  private static final Pattern RETRIEVED =
      Pattern.compile("(?:source|fallback):\\S+ retrieved (\\d+)");
  private static final Pattern DROPPED = Pattern.compile(" dropped (\\d+)");
  private static final Pattern ADDED = Pattern.compile("pins added (\\d+)");
  private static final Pattern REPEATED = Pattern.compile("(\\d+) were retrieved before");
  private static final ExecutorService FOUR = Executors.newFixedThreadPool(4);
  private static final ExecutorService SIXTEEN = Executors.newFixedThreadPool(16);
  private static final ExecutorService CALLING = Executors.newFixedThreadPool(CALLERS);

  @AfterContainer
  static void endThreads() {
    FOUR.shutdownNow();
    SIXTEEN.shutdownNow();
    CALLING.shutdownNow();
  }

  /** Everything of an answer but times; or the exception. */
  private record Outcome(
      Optional<RecommenderException.Kind> failure,
      List<ScoredItem> items,
      List<Notice> notices,
      String attributionId,
      Map<String, Trace.Provenance> provenance,
      List<String> stages) {}

  private static Outcome outcome(RandomPipeline world, Executor executor) {
    try (RecommenderPipeline pipeline = world.build(executor)) {
      return outcome(pipeline, world.request);
    }
  }

  private static Outcome outcome(RecommenderPipeline pipeline, RecommendationRequest request) {
    try {
      Recommendations answer = pipeline.recommend(request);
      Trace trace = answer.trace().orElseThrow();
      return new Outcome(
          Optional.empty(),
          answer.items(),
          answer.notices(),
          answer.attributionId(),
          trace.items(),
          trace.stages().stream()
              .map(stage -> stage.name() + " " + stage.in() + " " + stage.out())
              .toList());
    } catch (RecommenderException failure) {
      return new Outcome(
          Optional.of(failure.kind()), List.of(), List.of(), "", Map.of(), List.of());
    }
  }

  @Property(tries = TRIES)
  void onAnyNumberOfThreadsTheAnswerIsTheSame(@ForAll long seed) {
    RandomPipeline world = new RandomPipeline(seed, false).withReorderingAndFallbacks(false);
    Outcome one = outcome(world, Runnable::run);
    assertEquals(one, outcome(world, FOUR));
    assertEquals(one, outcome(world, SIXTEEN));
    assertEquals(one, outcome(world, Runnable::run));
  }

  @Property(tries = TRIES)
  void callersAtOnceGetWhatEachGetsAlone(@ForAll long seed)
      throws InterruptedException, ExecutionException {
    RandomPipeline world = new RandomPipeline(seed, false).withReorderingAndFallbacks(false);
    List<RecommendationRequest> requests = new ArrayList<>();
    List<Outcome> alone = new ArrayList<>();
    try (RecommenderPipeline pipeline = world.build(Runnable::run)) {
      for (int i = 0; i < CALLERS; i++) {
        RecommendationRequest request =
            world.request.toBuilder().k(1 + world.random.nextInt(15)).seed(seed + i).build();
        requests.add(request);
        alone.add(outcome(pipeline, request));
      }
    }
    try (RecommenderPipeline pipeline = world.build(SIXTEEN)) {
      List<Callable<Outcome>> calls = new ArrayList<>();
      requests.forEach(request -> calls.add(() -> outcome(pipeline, request)));
      List<Future<Outcome>> together = CALLING.invokeAll(calls);
      for (int i = 0; i < CALLERS; i++) {
        assertEquals(alone.get(i), together.get(i).get());
      }
    }
  }

  /** A clock that stands still until only what hangs is left of the sources, and after that. */
  private static Ticker timeUpForSources(int hanging) {
    AtomicBoolean isForSources = new AtomicBoolean(true);
    return new Ticker() {
      @Override
      public long nanoTime() {
        return 0;
      }

      @Override
      public boolean await(CountDownLatch latch, long nanoseconds) throws InterruptedException {
        if (hanging == 0 || !isForSources.getAndSet(false)) {
          latch.await();
        }
        while (latch.getCount() > hanging) {
          Thread.yield();
        }
        return latch.getCount() == 0;
      }
    };
  }

  @Property(tries = TRIES)
  void whatIsLateIsMissingAndNothingElse(@ForAll long seed) {
    RandomPipeline world = new RandomPipeline(seed, false).withReorderingAndFallbacks(false);
    CountDownLatch release = new CountDownLatch(1);
    List<Integer> late = new ArrayList<>();
    for (int i = 0; i < world.sources.size(); i++) {
      if (world.random.nextInt(3) == 0) {
        world.replace(i, FakeRecommender.of());
        late.add(i);
      }
    }
    Outcome without = outcome(world, Runnable::run);
    late.forEach(i -> world.replace(i, FakeRecommender.of("item-0").withLatch(release)));
    try (RecommenderPipeline pipeline =
        world
            .builder()
            .executor(SIXTEEN)
            .deadline(Duration.ofMillis(20))
            .ticker(timeUpForSources(late.size()))
            .build()) {
      Outcome found = outcome(pipeline, world.request);
      if (late.isEmpty()) {
        assertEquals(without, found);
      } else {
        assertEquals(without.items(), found.items());
        assertEquals(without.provenance(), found.provenance());
        String names =
            late.stream().map(i -> "source:source-" + i).collect(Collectors.joining(", "));
        Notice timedOut =
            new Notice(
                Notice.Code.TIMED_OUT,
                late.size(),
                "the deadline of 20.0 ms passed before %s had answered".formatted(names));
        assertTrue(found.notices().contains(timedOut), () -> found.notices().toString());
      }
    } finally {
      release.countDown();
    }
  }

  @Property(tries = TRIES)
  void pagesNeverRepeat(@ForAll long seed) {
    RandomPipeline world = new RandomPipeline(seed, false).withReorderingAndFallbacks(false);
    Set<String> shown = new HashSet<>();
    try (RecommenderPipeline pipeline = world.build(Runnable::run)) {
      RecommendationRequest request = world.request;
      Recommendations page;
      do {
        try {
          page = pipeline.recommend(request);
        } catch (RecommenderException failure) {
          assertEquals(RecommenderException.Kind.ALL_SOURCES_FAILED, failure.kind());
          return;
        }
        assertThat(page).passes(world.filters());
        for (String itemId : page.itemIds()) {
          assertTrue(shown.add(itemId), () -> itemId + " again after " + shown);
        }
        assertEquals(page.size() < request.k(), page.hasNotice(Notice.Code.SHORTFALL));
        request = request.nextPage(page);
      } while (!page.isEmpty());
      assertTrue(shown.size() <= RandomPipeline.ITEMS.size());
    }
  }

  @Property(tries = TRIES)
  void everyAnswerKeepsTheRules(@ForAll long seed) {
    RandomPipeline world = new RandomPipeline(seed, false).withReorderingAndFallbacks(false);
    try (RecommenderPipeline pipeline = world.build(Runnable::run)) {
      Recommendations answer;
      try {
        answer = pipeline.recommend(world.request);
      } catch (RecommenderException failure) {
        assertEquals(RecommenderException.Kind.ALL_SOURCES_FAILED, failure.kind());
        return;
      }
      int k = world.request.k();
      assertTrue(answer.size() <= k);
      assertThat(answer).hasNoDuplicates().isSortedByScore().passes(world.filters());
      assertEquals(answer.size() < k, answer.hasNotice(Notice.Code.SHORTFALL));
      checkRules(world, answer);
      checkTrace(answer);
      checkAccount(answer);
      checkExplanations(world, pipeline, answer);
    }
  }

  private static void checkRules(RandomPipeline world, Recommendations answer) {
    List<String> ids = answer.itemIds();
    Map<Integer, String> pins = new TreeMap<>();
    for (SlotRule rule : world.rules) {
      if (rule.kind() == SlotRule.Kind.PIN && rule.number() <= world.request.k()) {
        if (world.filters().accepts(rule.itemId())) {
          pins.put(rule.number(), rule.itemId());
        } else {
          assertThat(answer).hasNotice(Notice.Code.RULE_UNMET);
        }
      }
    }
    List<String> pinned = new ArrayList<>();
    pins.forEach(
        (place, itemId) -> {
          // Too few others to reach the place: it comes right after them.
          int others = ids.size() - pins.size();
          assertEquals(Math.min(place - 1, others + pinned.size()), ids.indexOf(itemId));
          pinned.add(itemId);
        });
    for (SlotRule rule : world.rules) {
      if (rule.kind() == SlotRule.Kind.AT_MOST) {
        Map<String, Integer> counts = new HashMap<>();
        Map<String, Integer> pinCounts = new HashMap<>();
        for (String id : ids) {
          rule.value(id)
              .ifPresent(
                  value -> {
                    counts.merge(value, 1, Integer::sum);
                    pinCounts.merge(value, pinned.contains(id) ? 1 : 0, Integer::sum);
                  });
        }
        counts.forEach(
            (value, count) -> assertTrue(count <= Math.max(rule.number(), pinCounts.get(value))));
      } else if (rule.kind() == SlotRule.Kind.AT_LEAST) {
        long count = ids.stream().filter(rule::concerns).count();
        assertTrue(count >= rule.number() || answer.hasNotice(Notice.Code.RULE_UNMET));
      }
    }
  }

  /** What was retrieved or pinned is answered, was dropped, or had been retrieved before. */
  private static void checkAccount(Recommendations answer) {
    for (Notice notice : answer.notices()) {
      if (notice.code() == Notice.Code.SHORTFALL) {
        String told = notice.message();
        assertEquals(answer.requested() - answer.size(), notice.count(), told);
        assertEquals(
            answer.size(),
            sum(RETRIEVED, told) + sum(ADDED, told) - sum(REPEATED, told) - sum(DROPPED, told),
            told);
      }
    }
  }

  private static int sum(Pattern number, String told) {
    return number.matcher(told).results().mapToInt(each -> Integer.parseInt(each.group(1))).sum();
  }

  private static void checkTrace(Recommendations answer) {
    Trace trace = answer.trace().orElseThrow();
    assertEquals(Set.copyOf(answer.itemIds()), trace.items().keySet());
    for (int i = 0; i < answer.size(); i++) {
      ScoredItem item = answer.items().get(i);
      Trace.Provenance provenance = trace.items().get(item.itemId());
      assertEquals(item.source(), provenance.proposals().get(0).source());
      List<Trace.Adjustment> moves = provenance.adjustments();
      for (int m = 1; m < moves.size(); m++) {
        assertEquals(moves.get(m - 1).toRank(), moves.get(m).fromRank());
        assertEquals(moves.get(m - 1).toScore(), moves.get(m).fromScore());
      }
      if (!moves.isEmpty()) {
        assertEquals(i + 1, moves.get(moves.size() - 1).toRank());
        assertEquals(item.score(), moves.get(moves.size() - 1).toScore());
      }
    }
  }

  private static void checkExplanations(
      RandomPipeline world, RecommenderPipeline pipeline, Recommendations answer) {
    String itemId = RandomPipeline.ITEMS.get(world.random.nextInt(RandomPipeline.ITEMS.size()));
    boolean isThere = answer.itemIds().contains(itemId);
    Optional<Explanation> explanation = pipeline.explain(world.request, itemId);
    assertEquals(isThere, explanation.isPresent());
    explanation.ifPresent(
        given -> {
          assertEquals(answer.itemIds().indexOf(itemId) + 1, given.rank());
          assertEquals(answer.trace().orElseThrow().items().get(itemId), given.provenance());
        });
    Optional<Absence> absence = pipeline.explainAbsence(world.request, itemId);
    assertEquals(!isThere, absence.isPresent());
    boolean isKnown = world.catalog.map(catalog -> catalog.contains(itemId)).orElse(true);
    boolean isAccepted = world.toldFilters().accepts(itemId);
    absence.ifPresent(
        given -> {
          assertEquals(!isKnown, given.reason() == Absence.Reason.UNKNOWN_ITEM);
          assertEquals(isKnown && !isAccepted, given.reason() == Absence.Reason.FILTERED);
        });
  }

  @Property(tries = TRIES)
  void wellBehavedPartsGiveTheAnswerOfThePlainModel(@ForAll long seed) {
    RandomPipeline world = new RandomPipeline(seed, true);
    world.fusion = Optional.of(Fusion.reciprocalRank());
    try (RecommenderPipeline pipeline = world.build(Runnable::run)) {
      Recommendations answer = pipeline.recommend(world.request);
      assertEquals(model(world), answer.itemIds());
      assertTrue(
          answer.notices().stream()
              .allMatch(
                  notice ->
                      notice.code() == Notice.Code.SHORTFALL
                          || notice.code() == Notice.Code.RULE_UNMET
                          || notice.code() == Notice.Code.ITEMS_DROPPED
                              && world.catalog.isPresent()));
    }
  }

  /** The definition of a pipeline without fallbacks and minimums, with lists and maps. */
  private static List<String> model(RandomPipeline world) {
    int k = world.request.k();
    ItemFilter filter = world.filters();
    UserHistory given = world.request.history();
    UserHistory transformed = given;
    for (HistoryTransform transform : world.transforms) {
      transformed = transform.apply(transformed);
    }
    UserHistory history = known(world, given, transformed);
    Map<String, Double> fused = new LinkedHashMap<>();
    for (CandidateSource source : world.sources) {
      RecommendationRequest request =
          world.request.toBuilder()
              .history(known(world, history, source.transform().apply(history)))
              .k(Math.max(k, source.depth()))
              .filter(world.toldFilters())
              .build();
      int rank = 0;
      for (ScoredItem item : source.recommender().recommend(request)) {
        if (filter.accepts(item.itemId())) {
          fused.merge(item.itemId(), source.weight() / (60 + ++rank), Double::sum);
        }
      }
    }
    List<ScoredItem> items = new ArrayList<>();
    fused.forEach((itemId, score) -> items.add(new ScoredItem(itemId, score)));
    items.sort(Comparator.comparingDouble(ScoredItem::score).reversed());
    List<ScoredItem> ranked =
        items.subList(0, Math.min(items.size(), Math.max(k, world.candidates)));
    for (Reranker reranker : world.rerankers) {
      ranked = reranker.rerank(world.request, ranked);
    }
    for (SlotRule rule : world.rules) {
      if (rule.kind() == SlotRule.Kind.SCALE) {
        ranked =
            ranked.stream()
                .map(
                    item ->
                        new ScoredItem(item.itemId(), item.score() * rule.factor(item.itemId())))
                .sorted(Comparator.comparingDouble(ScoredItem::score).reversed())
                .toList();
      }
    }
    return placed(world, ranked.stream().map(ScoredItem::itemId).toList(), filter);
  }

  /** Without what transforms have added from outside the catalogue. */
  private static UserHistory known(RandomPipeline world, UserHistory before, UserHistory history) {
    List<String> given = before.itemIds();
    return world
        .catalog
        .map(
            catalog ->
                HistoryTransform.where(
                        each -> catalog.contains(each.itemId()) || given.contains(each.itemId()))
                    .apply(history))
        .orElse(history);
  }

  private static List<String> placed(RandomPipeline world, List<String> ranked, ItemFilter filter) {
    int k = world.request.k();
    Map<Integer, String> pins = new HashMap<>();
    for (SlotRule rule : world.rules) {
      if (rule.kind() == SlotRule.Kind.PIN && rule.number() <= k && filter.accepts(rule.itemId())) {
        pins.put(rule.number(), rule.itemId());
      }
    }
    List<String> used = new ArrayList<>(pins.values());
    List<String> others = new ArrayList<>();
    for (String itemId : ranked) {
      if (used.size() < k && !used.contains(itemId) && fits(world, used, itemId)) {
        used.add(itemId);
        others.add(itemId);
      }
    }
    List<String> answer = new ArrayList<>();
    for (int place = 1; place <= k; place++) {
      if (pins.containsKey(place)) {
        answer.add(pins.get(place));
      } else if (!others.isEmpty()) {
        answer.add(others.remove(0));
      }
    }
    return answer;
  }

  private static boolean fits(RandomPipeline world, List<String> used, String itemId) {
    for (SlotRule rule : world.rules) {
      if (rule.kind() == SlotRule.Kind.AT_MOST && rule.value(itemId).isPresent()) {
        long same =
            used.stream().filter(other -> rule.value(other).equals(rule.value(itemId))).count();
        if (same >= rule.number()) {
          return false;
        }
      }
    }
    return true;
  }
}
