package io.recommender.pipeline;

import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.Trace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The last part of a run: places, fallbacks, and the account of it all. <b>Confined</b>. */
final class Answer {
  private static final String STAGE = "slots";

  private final Plan plan;
  private final PipelineRun run;
  private final RecommendationRequest request;
  private final boolean isTraced;
  private final Candidates candidates;
  private final Journal journal;
  private final Map<SlotRule, Integer> pinned = new HashMap<>(0);

  /** Numbers of the candidates for places, best first; their items by number. */
  private int[] ranking;

  private @Nullable ScoredItem[] items;
  private double floor;
  private int[] chosen = {};
  private Map<Integer, SlotRule> limited = Map.of();
  private @Nullable Recommendations recommendations;

  Answer(Plan plan, PipelineRun run, RecommendationRequest request, boolean isTraced) {
    this.plan = plan;
    this.run = run;
    this.request = request;
    this.isTraced = isTraced;
    candidates = run.candidates();
    journal = run.journal();
    Ranked ranked = run.ranked();
    ranking = ranked.numbers();
    items = new ScoredItem[candidates.size()];
    for (int i = 0; i < ranking.length; i++) {
      items[ranking[i]] = ranked.items().get(i);
    }
    floor = ranked.size() == 0 ? Double.NaN : ranked.floor();
  }

  Recommendations recommendations() {
    Recommendations result = recommendations;
    if (result == null) {
      throw new IllegalStateException("the answer is not complete");
    }
    return result;
  }

  /** {@return the limit that kept a candidate out, by its number} */
  Map<Integer, SlotRule> limited() {
    return limited;
  }

  PipelineRun run() {
    return run;
  }

  /**
   * Fills the places, from fallbacks too if need be.
   *
   * @throws RecommenderException if every source failed and no fallback answered
   */
  void complete() {
    List<String> refused = pin();
    List<String> unmet = place();
    for (int i = 0; i < plan.fallbacks().size() && chosen.length < request.k(); i++) {
      append(run.fallback(i), plan.fallbacks().get(i).name());
      unmet = place();
      int proposer = plan.sources().size() + i;
      int filled =
          (int)
              Arrays.stream(chosen)
                  .filter(number -> candidates.firstProposer(number) == proposer)
                  .count();
      journal.fallback(plan.fallbacks().get(i).name(), filled, request.k());
    }
    run.requireAnswer();
    for (String message : refused) {
      journal.notice(Notice.Code.RULE_UNMET, 1, message);
    }
    for (String message : unmet) {
      journal.notice(Notice.Code.RULE_UNMET, 1, message);
    }
    int left = ranking.length;
    for (SlotRule rule : plan.slots()) {
      if (rule.kind() == SlotRule.Kind.AT_MOST) {
        int dropped = (int) limited.values().stream().filter(other -> other == rule).count();
        journal.stage("rule:" + rule.name(), left, left - dropped, 0);
        left -= dropped;
      }
    }
    journal.stage(STAGE, left, chosen.length, run.lap());
    journal.closeDeadline();
    if (chosen.length < request.k()) {
      noteShortfall();
    }
    recommendations = build();
  }

  /** Makes the items of pins candidates; returns in words which may not be shown. */
  private List<String> pin() {
    List<String> refused = new ArrayList<>(0);
    for (SlotRule rule : plan.slots()) {
      if (rule.kind() == SlotRule.Kind.PIN && rule.number() <= request.k()) {
        String itemId = rule.itemId();
        boolean isKnown = plan.catalog() == null || plan.catalog().contains(itemId);
        if (isKnown && run.filter().accepts(itemId)) {
          double score = Double.isNaN(floor) ? 0 : floor;
          String name = plan.proposer(plan.pins(), rule.number());
          ScoredItem item = new ScoredItem(itemId, score, name);
          int number = candidates.propose(plan.pins(), item, rule.number());
          put(number, item);
          pinned.put(rule, number);
        } else {
          refused.add(
              "rule '%s': its item is %s"
                  .formatted(
                      rule.name(), isKnown ? "rejected by the filter" : "not in the catalogue"));
        }
      }
    }
    return refused;
  }

  private void put(int number, ScoredItem item) {
    if (number >= items.length) {
      items = Arrays.copyOf(items, Math.max(number + 1, items.length + request.k()));
    }
    if (items[number] == null) {
      items[number] = item;
    }
  }

  private void append(int[] numbers, String source) {
    int size = ranking.length;
    ranking = Arrays.copyOf(ranking, size + numbers.length);
    for (int i = 0; i < numbers.length; i++) {
      ScoredItem item = candidates.item(numbers[i]);
      // Below what was there before, whatever its scale.
      floor = Double.isNaN(floor) ? item.score() : Math.min(floor, item.score());
      put(numbers[i], new ScoredItem(item.itemId(), floor, source, item.taskScores()));
      ranking[size + i] = numbers[i];
    }
  }

  /** Fills the places, without rules whose functions throw; returns which could not be kept. */
  private List<String> place() {
    List<SlotRule> rules = new ArrayList<>(plan.slots());
    while (true) {
      Placement placement = new Placement(candidates, ranking, rules, request.k());
      try {
        chosen = placement.fill(pinned);
        limited = placement.limited();
        return placement.unmet();
      } catch (Placement.RuleFailure failure) {
        rules.remove(failure.rule());
        journal.failed("rule:" + failure.rule().name(), failure.rootCause());
      }
    }
  }

  /** Tells an account that adds up: what was retrieved is answered, repeated or dropped. */
  private void noteShortfall() {
    StringBuilder why =
        new StringBuilder("%d requested, %d answered: ".formatted(request.k(), chosen.length));
    String separator = "";
    for (Trace.Stage stage : journal.stages()) {
      boolean isSource = stage.name().startsWith("source:");
      boolean isFallback = stage.name().startsWith("fallback:");
      String what = null;
      if (isSource || isFallback) {
        what = "%s retrieved %d".formatted(stage.name(), stage.out());
      } else if (stage.out() < stage.in() && !stage.name().equals(PipelineRun.TRANSFORM)) {
        what = "%s dropped %d".formatted(stage.name(), stage.in() - stage.out());
      }
      if (what != null) {
        why.append(separator).append(what);
        separator = ", ";
      }
      if (stage.name().equals(STAGE) && stage.out() > stage.in()) {
        why.append(separator).append("pins added %d".formatted(stage.out() - stage.in()));
      }
    }
    if (run.repeated() > 0) {
      why.append(separator).append("%d were retrieved before".formatted(run.repeated()));
    }
    journal.notice(Notice.Code.SHORTFALL, request.k() - chosen.length, why.toString());
  }

  private Recommendations build() {
    List<ScoredItem> result = scored();
    ScoreKind scoreKind = run.scoreKind();
    for (int number : chosen) {
      if (candidates.firstProposer(number) >= plan.sources().size()) {
        scoreKind = ScoreKind.OTHER;
      }
    }
    String version = journal.version();
    Recommendations.Builder builder =
        Recommendations.of(request.k(), result)
            .scoreKind(scoreKind)
            .modelVersion(version)
            .modelRuns(journal.modelRuns())
            .notices(journal.notices())
            .attributionId(
                plan.attribution() == null
                    ? Attribution.id(request, version)
                    : plan.attribution().apply(request));
    if (isTraced) {
      builder.trace(trace(result));
    }
    return builder.build();
  }

  /** Gives an item that stands above better ones the score of the best below it. */
  private List<ScoredItem> scored() {
    ScoredItem[] result = new ScoredItem[chosen.length];
    double best = Double.NEGATIVE_INFINITY;
    for (int i = chosen.length - 1; i >= 0; i--) {
      ScoredItem item = item(chosen[i]);
      int first = candidates.firstProposer(chosen[i]);
      String source = plan.proposer(first, candidates.rank(chosen[i], first));
      best = Math.max(best, item.score());
      result[i] =
          best == item.score() && source.equals(item.source())
              ? item
              : new ScoredItem(item.itemId(), best, source, item.taskScores());
    }
    return List.of(result);
  }

  private ScoredItem item(int number) {
    ScoredItem item = items[number];
    if (item == null) {
      throw new IllegalStateException("candidate " + number + " has no item");
    }
    return item;
  }

  private Trace trace(List<ScoredItem> result) {
    List<Ranked> steps = new ArrayList<>(run.steps());
    steps.add(new Ranked(STAGE, chosen, result));
    List<List<Trace.Adjustment>> adjustments = Ranked.adjustments(steps, candidates.size());
    Map<String, Trace.Provenance> provenance = new HashMap<>(chosen.length * 2);
    for (int i = 0; i < chosen.length; i++) {
      List<Trace.Proposal> proposals = new ArrayList<>(candidates.proposers());
      for (int proposer = 0; proposer < candidates.proposers(); proposer++) {
        int rank = candidates.rank(chosen[i], proposer);
        if (rank > 0) {
          proposals.add(
              new Trace.Proposal(
                  plan.proposer(proposer, rank), rank, candidates.score(chosen[i], proposer)));
        }
      }
      provenance.put(result.get(i).itemId(), new Trace.Provenance(proposals, adjustments.get(i)));
    }
    return new Trace(journal.stages(), provenance);
  }
}
