package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One request's way through a pipeline. <b>Confined</b>, but for the calls it has others make.
 *
 * <p>Everything after the sources is done in the thread that asked, in declared order, so that
 * which thread made which call never shows in the answer.
 */
final class PipelineRun {
  /** The stage whose numbers are of the history, not of items. */
  static final String TRANSFORM = "transform";

  /** The last tenth of a deadline belongs to the fallbacks. */
  private static final int FALLBACK_PART = 10;

  /** Room for candidates to begin with. */
  private static final int MOST_EXPECTED = 256;

  private final Plan plan;
  private final RecommendationRequest asked;
  private final boolean isTraced;
  private final Ticker ticker;
  private final Journal journal;
  private final ItemFilter filter;
  private final Candidates candidates;
  private final List<Ranked> steps = new ArrayList<>();
  private final List<Throwable> failures = new ArrayList<>(0);
  private final long sourcesEnd;
  private final long end;
  private RecommendationRequest request;
  private long mark;
  private int unavailable;
  private int repeated;
  private boolean hasAnswered;
  private boolean haveAllFailed;
  private ScoreKind scoreKind = ScoreKind.OTHER;

  /**
   * Creates a run.
   *
   * @param start when the request came, by the ticker
   * @param isExplained whether it is run to be explained: traced in any case, and in silence
   */
  PipelineRun(Plan plan, RecommendationRequest asked, long start, boolean isExplained) {
    this.plan = plan;
    this.asked = asked;
    isTraced = plan.isTraced() || isExplained;
    ticker = plan.dispatcher().ticker();
    journal = new Journal(plan, isExplained);
    filter = asked.filter().and(plan.filter());
    int expected = 0;
    for (Plan.Source source : plan.sources()) {
      expected += depth(source, asked);
    }
    candidates = new Candidates(plan.pins() + 1, Math.min(MOST_EXPECTED, expected));
    Duration deadline = plan.deadline();
    long budget = deadline == null ? Long.MAX_VALUE : deadline.toNanos();
    end = start + budget;
    sourcesEnd = start + budget - budget / FALLBACK_PART;
    request = asked;
    mark = start;
  }

  private static int depth(Plan.Source source, RecommendationRequest request) {
    return Math.max(source.source().depth(), request.k());
  }

  Candidates candidates() {
    return candidates;
  }

  Journal journal() {
    return journal;
  }

  List<Ranked> steps() {
    return steps;
  }

  ItemFilter filter() {
    return filter;
  }

  /** {@return how many times something was retrieved that another had retrieved} */
  int repeated() {
    return repeated;
  }

  /** {@return how many sources did not answer} */
  int unavailable() {
    return unavailable;
  }

  /**
   * Goes the whole way.
   *
   * @throws RecommenderException if every source failed and no fallback answered
   */
  Answer answer() {
    transform();
    propose();
    add(fuse());
    for (Plan.Rerank rerank : plan.rerankers()) {
      rerank(rerank);
    }
    for (SlotRule rule : plan.scales()) {
      scale(rule);
    }
    for (Plan.Rerank rerank : plan.reordering()) {
      rerank(rerank);
    }
    Answer answer = new Answer(plan, this, asked, isTraced);
    answer.complete();
    return answer;
  }

  /** Returns the time since the last stage ended. */
  long lap() {
    long now = ticker.nanoTime();
    long nanoseconds = now - mark;
    mark = now;
    return nanoseconds;
  }

  private void add(Ranked ranked) {
    int before = steps.isEmpty() ? candidates.size() : ranked().size();
    steps.add(ranked);
    journal.stage(ranked.stage(), before, ranked.size(), lap());
  }

  /** Returns the candidates as they are now. */
  Ranked ranked() {
    return steps.get(steps.size() - 1);
  }

  private void transform() {
    UserHistory before = asked.history();
    Transformed transformed = Transformed.of(plan.transform(), before, plan.catalog());
    transformed.notice().ifPresent(journal::notice);
    UserHistory after = transformed.history();
    if (after != before) {
      request = asked.toBuilder().history(after).build();
      journal.stage(TRANSFORM, before.size(), after.size(), lap());
    }
  }

  private void propose() {
    List<Plan.Source> sources = plan.sources();
    CountDownLatch latch = new CountDownLatch(sources.size());
    List<StageCall<Recommendations>> calls = new ArrayList<>(sources.size());
    RecommendationRequest shared = null;
    for (Plan.Source source : sources) {
      int depth = depth(source, asked);
      if (shared == null || shared.k() != depth) {
        shared = request.toBuilder().k(depth).filter(filter).build();
      }
      calls.add(call(source, shared, latch));
    }
    if (plan.deadline() == null) {
      plan.dispatcher().all(calls, latch);
    } else {
      plan.dispatcher().until(calls, latch, sourcesEnd);
    }
    for (int i = 0; i < calls.size(); i++) {
      Recommendations answer = outcome(calls.get(i));
      int depth = depth(sources.get(i), asked);
      if (answer == null || !take(i, sources.get(i), answer, depth, calls.get(i).nanoseconds())) {
        unavailable++;
      } else if (sources.size() == 1) {
        scoreKind = answer.scoreKind();
      }
    }
    haveAllFailed = failures.size() == sources.size();
    lap();
  }

  private StageCall<Recommendations> call(
      Plan.Source source, RecommendationRequest request, CountDownLatch latch) {
    return new StageCall<>(source.guard(), () -> ask(source.source(), request), latch, ticker);
  }

  /** Asks a source, with the history that is its own; in the thread that makes the call. */
  private Recommendations ask(CandidateSource source, RecommendationRequest request) {
    UserHistory before = request.history();
    Transformed transformed = Transformed.of(source.transform(), before, plan.catalog());
    if (transformed.history() == before) {
      return source.recommender().recommend(request);
    }
    Recommendations answer =
        source.recommender().recommend(request.toBuilder().history(transformed.history()).build());
    return transformed
        .notice()
        .map(notice -> answer.toBuilder().notice(notice).build())
        .orElse(answer);
  }

  /** Returns what a call returned, or null after noting why there is nothing. */
  private <T> @Nullable T outcome(StageCall<T> call) {
    switch (call.state()) {
      case DONE -> {
        try {
          return call.value();
        } catch (IllegalStateException nothing) {
          fail(call.stage(), nothing);
        }
      }
      case FAILED -> fail(call.stage(), call.failure());
      case SKIPPED -> journal.skipped(call.stage());
      default -> journal.late(call.stage());
    }
    return null;
  }

  private void fail(String stage, Throwable failure) {
    journal.failed(stage, failure);
    failures.add(failure);
  }

  /** Takes the items of an answer that may be candidates, at most as many as were asked for. */
  private boolean take(
      int proposer, Plan.Source source, Recommendations answer, int limit, long nanoseconds) {
    int rejected = 0;
    int rank = 0;
    try {
      for (ScoredItem item : answer.items()) {
        int slot = candidates.slot(item.itemId());
        int number = candidates.at(slot);
        boolean isNew = number == Candidates.ABSENT;
        if (rank == limit
            || (isNew ? !isAllowed(item.itemId()) : candidates.rank(number, proposer) > 0)) {
          rejected++;
        } else {
          repeated += isNew ? 0 : 1;
          candidates.note(
              isNew ? candidates.add(slot, item) : number, proposer, ++rank, item.score());
        }
      }
    } catch (RuntimeException | LinkageError failure) {
      fail(source.guard().stage(), failure);
      return false;
    }
    hasAnswered = true;
    journal.answered(source.name(), answer);
    journal.stage(source.guard().stage(), limit, rank, nanoseconds);
    if (rejected > 0) {
      journal.dropped(
          source.guard().stage(), rejected, "filtered, unknown, twice, or more than asked for");
    }
    return true;
  }

  private boolean isAllowed(String itemId) {
    Catalog catalog = plan.catalog();
    return filter.accepts(itemId) && (catalog == null || catalog.contains(itemId));
  }

  private Ranked fuse() {
    Fusion fusion = plan.fusion();
    double[] scores;
    if (fusion == null) {
      scores = new double[candidates.size()];
      for (int i = 0; i < scores.length; i++) {
        scores[i] = candidates.score(i, 0);
      }
    } else {
      scores = fusion.scores(candidates, plan.weights());
    }
    int[] order = Order.descending(scores, scores.length);
    int size = Math.min(order.length, Math.max(plan.candidates(), asked.k()));
    ScoredItem[] items = new ScoredItem[size];
    for (int i = 0; i < size; i++) {
      ScoredItem item = candidates.item(order[i]);
      String source = plan.proposer(candidates.firstProposer(order[i]), 0);
      items[i] = new ScoredItem(item.itemId(), scores[order[i]], source, item.taskScores());
    }
    return new Ranked("fusion", Arrays.copyOf(order, size), List.of(items));
  }

  /** Returns whether the scores of the answer are still those of its only source. */
  ScoreKind scoreKind() {
    boolean isPlain =
        plan.fusion() == null
            && plan.rerankers().isEmpty()
            && plan.scales().isEmpty()
            && plan.reordering().isEmpty();
    return isPlain ? scoreKind : ScoreKind.OTHER;
  }

  private void rerank(Plan.Rerank rerank) {
    Ranked before = ranked();
    if (before.size() == 0) {
      return;
    }
    Queue<Notice> told = new ConcurrentLinkedQueue<>();
    List<ScoredItem> items =
        call(
            rerank.guard(),
            () -> rerank.reranker().rerankWithNotices(request, before.items(), told::add),
            sourcesEnd);
    if (items == null) {
      lap();
      return;
    }
    for (Notice notice : told) {
      journal.notice(
          notice.code(),
          notice.count(),
          "%s: %s".formatted(rerank.guard().stage(), notice.message()));
    }
    try {
      add(checked(rerank.guard().stage(), before, items));
    } catch (RuntimeException | LinkageError failure) {
      journal.failed(rerank.guard().stage(), failure);
    }
  }

  private <T> @Nullable T call(Guard guard, Supplier<T> work, long until) {
    CountDownLatch latch = new CountDownLatch(1);
    StageCall<T> call = new StageCall<>(guard, work, latch, ticker);
    if (plan.deadline() == null) {
      plan.dispatcher().all(List.of(call), latch);
    } else {
      plan.dispatcher().until(List.of(call), latch, until);
    }
    return outcome(call);
  }

  /** Drops what a reranker must not have returned: what it was not given, and what is there. */
  private Ranked checked(String stage, Ranked before, List<ScoredItem> items) {
    boolean[] isGiven = new boolean[candidates.size()];
    for (int number : before.numbers()) {
      isGiven[number] = true;
    }
    int[] numbers = new int[before.size()];
    ScoredItem[] kept = new ScoredItem[before.size()];
    int size = 0;
    int wrong = 0;
    for (ScoredItem item : items) {
      int number = candidates.find(item.itemId());
      if (number == Candidates.ABSENT || !isGiven[number]) {
        wrong++;
      } else {
        isGiven[number] = false;
        numbers[size] = number;
        kept[size++] = item;
      }
    }
    if (wrong > 0) {
      journal.dropped(stage, wrong, "not among the candidates, or twice");
    }
    return new Ranked(stage, Arrays.copyOf(numbers, size), List.of(Arrays.copyOf(kept, size)));
  }

  private void scale(SlotRule rule) {
    Ranked before = ranked();
    String stage = "rule:" + rule.name();
    double[] scores = new double[before.size()];
    try {
      for (int i = 0; i < scores.length; i++) {
        double score = before.items().get(i).score();
        double factor = rule.factor(before.items().get(i).itemId());
        double scaled = score >= 0 ? score * factor : score / factor;
        scores[i] = Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, scaled));
      }
    } catch (RuntimeException | LinkageError failure) {
      journal.failed(stage, failure);
      lap();
      return;
    }
    int[] order = Order.descending(scores, scores.length);
    int[] numbers = new int[order.length];
    ScoredItem[] items = new ScoredItem[order.length];
    for (int i = 0; i < order.length; i++) {
      ScoredItem item = before.items().get(order[i]);
      numbers[i] = before.numbers()[order[i]];
      items[i] =
          scores[order[i]] == item.score()
              ? item
              : new ScoredItem(item.itemId(), scores[order[i]], item.source(), item.taskScores());
    }
    add(new Ranked(stage, numbers, List.of(items)));
  }

  /**
   * Asks a fallback for what is not a candidate yet.
   *
   * @return the numbers of the new candidates, best first
   */
  int[] fallback(int index) {
    Plan.Source fallback = plan.fallbacks().get(index);
    int known = candidates.size();
    List<String> excluded = new ArrayList<>(known);
    for (int i = 0; i < known; i++) {
      excluded.add(candidates.itemId(i));
    }
    RecommendationRequest missing =
        request.toBuilder().filter(filter.and(ItemFilter.deny(excluded))).build();
    long start = ticker.nanoTime();
    Recommendations answer =
        call(fallback.guard(), () -> fallback.source().recommender().recommend(missing), end);
    if (answer != null) {
      int proposer = plan.sources().size() + index;
      take(proposer, fallback, answer, asked.k(), ticker.nanoTime() - start);
    }
    lap();
    int[] added = new int[candidates.size() - known];
    Arrays.setAll(added, i -> known + i);
    return added;
  }

  /**
   * Checks that something answered.
   *
   * @throws RecommenderException if every source failed and no fallback answered
   */
  void requireAnswer() {
    if (hasAnswered || !haveAllFailed) {
      return;
    }
    List<String> names = new ArrayList<>();
    failures.forEach(failure -> names.add(failure.getClass().getSimpleName()));
    RecommenderException exception =
        new RecommenderException(
            RecommenderException.Kind.ALL_SOURCES_FAILED,
            "pipeline '%s': expected an answer of at least one of %d sources, found %s"
                .formatted(plan.name(), plan.sources().size(), String.join(", ", names)),
            failures.get(0));
    failures.subList(1, failures.size()).forEach(exception::addSuppressed);
    throw exception;
  }
}
