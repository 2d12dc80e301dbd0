package io.recommender.pipeline;

import static io.recommender.testing.RecommendationsAssert.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.Trace;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;

/** Pipelines of random parts, against what must hold for each, and against a plain model. */
class PipelineProperties {
  private static final ExecutorService FOUR = Executors.newFixedThreadPool(4);
  private static final ExecutorService SIXTEEN = Executors.newFixedThreadPool(16);

  @AfterContainer
  static void endThreads() {
    FOUR.shutdownNow();
    SIXTEEN.shutdownNow();
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
      Recommendations answer = pipeline.recommend(world.request);
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

  @Property(tries = 3000)
  void onAnyNumberOfThreadsTheAnswerIsTheSame(@ForAll long seed) {
    RandomPipeline world = new RandomPipeline(seed, false).withReorderingAndFallbacks(false);
    Outcome one = outcome(world, Runnable::run);
    assertEquals(one, outcome(world, FOUR));
    assertEquals(one, outcome(world, SIXTEEN));
    assertEquals(one, outcome(world, Runnable::run));
  }

  @Property(tries = 4000)
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
    boolean isAccepted = world.filters().accepts(itemId);
    absence.ifPresent(
        given -> assertEquals(!isAccepted, given.reason() == Absence.Reason.FILTERED));
  }

  @Property(tries = 3500)
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
                          || notice.code() == Notice.Code.RULE_UNMET));
    }
  }

  /** The definition of a pipeline without fallbacks and minimums, with lists and maps. */
  private static List<String> model(RandomPipeline world) {
    int k = world.request.k();
    ItemFilter filter = world.filters();
    Map<String, Double> fused = new LinkedHashMap<>();
    for (CandidateSource source : world.sources) {
      RecommendationRequest request =
          world.request.toBuilder().k(Math.max(k, source.depth())).filter(filter).build();
      int rank = 0;
      for (ScoredItem item : source.recommender().recommend(request)) {
        fused.merge(item.itemId(), source.weight() / (60 + ++rank), Double::sum);
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
