package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import java.util.List;

/** Finds the stage that kept an item out of an answer. */
final class Absences {
  private Absences() {}

  /** Returns why an item is not in an answer; it must not be. */
  static Absence find(Plan plan, Answer answer, RecommendationRequest request, String itemId) {
    PipelineRun run = answer.run();
    int number = run.candidates().find(itemId);
    if (number == Candidates.ABSENT) {
      return neverProposed(plan, run, request, itemId);
    }
    int proposer = run.candidates().firstProposer(number);
    SlotRule limit = answer.limited().get(number);
    if (limit != null) {
      return new Absence(
          itemId,
          Absence.Reason.LIMITED_BY_RULE,
          "rule:" + limit.name(),
          "rule '%s' allows %d of its kind, and better ones are there"
              .formatted(limit.name(), limit.number()));
    }
    if (proposer < plan.sources().size()) {
      List<Ranked> steps = run.steps();
      for (int i = 0; i < steps.size(); i++) {
        if (!steps.get(i).contains(number)) {
          return lost(itemId, steps, i);
        }
      }
    }
    return new Absence(
        itemId,
        Absence.Reason.BELOW_K,
        "slots",
        "better items or rules fill the %d places".formatted(request.k()));
  }

  private static Absence lost(String itemId, List<Ranked> steps, int index) {
    String stage = steps.get(index).stage();
    return index == 0
        ? new Absence(
            itemId,
            Absence.Reason.BELOW_CANDIDATES,
            stage,
            "the fusion ranks it below the %d candidates that go on".formatted(steps.get(0).size()))
        : new Absence(itemId, Absence.Reason.DROPPED_BY_RERANKER, stage, stage + " dropped it");
  }

  private static Absence neverProposed(
      Plan plan, PipelineRun run, RecommendationRequest request, String itemId) {
    Catalog catalog = plan.catalog();
    if (catalog != null && !catalog.contains(itemId)) {
      return new Absence(
          itemId, Absence.Reason.UNKNOWN_ITEM, "catalog", "the catalogue does not have it");
    }
    CatalogOverlay overlay = plan.overlay();
    String rejecting =
        !request.filter().accepts(itemId)
            ? "filter:request"
            : !plan.pipelineFilter().accepts(itemId)
                ? "filter:pipeline"
                : overlay != null && !overlay.filter().accepts(itemId) ? "filter:overlay" : "";
    if (!rejecting.isEmpty()) {
      return new Absence(itemId, Absence.Reason.FILTERED, rejecting, rejecting + " rejects it");
    }
    if (run.unavailable() > 0) {
      return new Absence(
          itemId,
          Absence.Reason.SOURCE_UNAVAILABLE,
          "source",
          "%d of %d sources did not answer, and the others did not propose it"
              .formatted(run.unavailable(), plan.sources().size()));
    }
    return new Absence(
        itemId,
        Absence.Reason.NOT_PROPOSED,
        "source",
        "none of %d sources proposed it".formatted(plan.sources().size()));
  }
}
