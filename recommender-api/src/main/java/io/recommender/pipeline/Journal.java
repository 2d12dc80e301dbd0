package io.recommender.pipeline;

import io.recommender.Notice;
import io.recommender.Recommendations;
import io.recommender.Trace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What happened during one request, for the answer and for listeners. <b>Confined</b>. */
final class Journal {
  private final Plan plan;
  private final boolean isSilent;
  private final List<Trace.Stage> stages = new ArrayList<>();
  private final List<Notice> notices = new ArrayList<>();
  private final List<String> late = new ArrayList<>(0);
  private final Set<String> versions = new LinkedHashSet<>();
  private @Nullable Notice unknownItems;
  private int modelRuns;

  /**
   * Creates a journal.
   *
   * @param isSilent whether listeners hear nothing
   */
  Journal(Plan plan, boolean isSilent) {
    this.plan = plan;
    this.isSilent = isSilent || plan.listeners().isEmpty();
  }

  void stage(String name, int in, int out, long nanoseconds) {
    Trace.Stage stage = new Trace.Stage(name, in, out, nanoseconds);
    stages.add(stage);
    if (!isSilent) {
      plan.listeners().tell(listener -> listener.stageDone(plan.name(), stage));
    }
  }

  void notice(Notice.Code code, int count, String message) {
    notice(new Notice(code, count, message));
  }

  void notice(Notice notice) {
    notices.add(notice);
  }

  /**
   * Notes that a stage failed and is gone without.
   *
   * @throws Error if that is not something to go on after
   */
  void failed(String stage, Throwable failure) {
    if (failure instanceof Error error && !(error instanceof LinkageError)) {
      throw error;
    }
    notice(
        Notice.Code.STAGE_FAILED,
        1,
        "%s failed with %s; the answer goes on without it"
            .formatted(stage, failure.getClass().getSimpleName()));
    if (!isSilent) {
      plan.listeners().tell(listener -> listener.sourceFailed(plan.name(), stage, failure));
    }
  }

  void skipped(String stage) {
    notice(
        Notice.Code.STAGE_SKIPPED,
        1,
        stage + " was not asked: as many calls are under way as there may be");
  }

  void late(String stage) {
    late.add(stage);
  }

  void dropped(String stage, int count, String why) {
    notice(
        Notice.Code.ITEMS_DROPPED,
        count,
        "%s returned %d items that were dropped: %s".formatted(stage, count, why));
  }

  void fallback(String name, int items, int k) {
    if (items > 0) {
      notice(
          Notice.Code.FALLBACK_USED,
          items,
          "fallback '%s' filled %d of %d places".formatted(name, items, k));
    }
    if (!isSilent) {
      plan.listeners().tell(listener -> listener.fallbackUsed(plan.name(), name, items));
    }
  }

  /** Takes over what a source said about its answer; that it was short does not matter here. */
  void answered(String name, Recommendations answer) {
    modelRuns += answer.modelRuns();
    if (!answer.modelVersion().isEmpty()) {
      versions.add(answer.modelVersion());
    }
    for (Notice notice : answer.notices()) {
      if (notice.code() == Notice.Code.UNKNOWN_ITEMS) {
        if (unknownItems == null || notice.count() > unknownItems.count()) {
          unknownItems = notice;
        }
      } else if (notice.code() != Notice.Code.SHORTFALL) {
        notice(notice.code(), notice.count(), "'%s': %s".formatted(name, notice.message()));
      }
    }
  }

  /** Ends the account of what was late, if anything was. */
  void closeDeadline() {
    if (late.isEmpty()) {
      return;
    }
    Duration deadline = plan.deadline();
    notice(
        Notice.Code.TIMED_OUT,
        late.size(),
        "%s before %s had answered"
            .formatted(
                deadline == null
                    ? "the calling thread was interrupted"
                    : "the deadline of %s ms passed".formatted(deadline.toNanos() / 1e6),
                String.join(", ", late)));
    if (!isSilent && deadline != null) {
      List<String> stages = List.copyOf(late);
      plan.listeners().tell(listener -> listener.deadlineMissed(plan.name(), deadline, stages));
    }
  }

  List<Trace.Stage> stages() {
    return stages;
  }

  List<Notice> notices() {
    if (unknownItems != null) {
      List<Notice> all = new ArrayList<>(notices.size() + 1);
      all.add(unknownItems);
      all.addAll(notices);
      return all;
    }
    return notices;
  }

  int modelRuns() {
    return modelRuns;
  }

  /** Returns name and versions: {@code home(model@1+0a1b, neighbours@2)}. */
  String version() {
    return versions.isEmpty() ? plan.name() : plan.name() + "(" + String.join(", ", versions) + ")";
  }
}
