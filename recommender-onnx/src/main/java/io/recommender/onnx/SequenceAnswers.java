package io.recommender.onnx;

import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes answers of what a model says of windows, and of the fallback list, with what is worth
 * knowing of each.
 *
 * <p><b>Immutable</b>.
 */
final class SequenceAnswers {
  private final Manifest manifest;
  private final String modelVersion;
  private final SequenceModel model;

  SequenceAnswers(Manifest manifest, String modelVersion, SequenceModel model) {
    this.manifest = manifest;
    this.modelVersion = modelVersion;
    this.model = model;
  }

  /** Ranks by one row of what the model gave. */
  Recommendations ranked(Lane lane, int row, Head by) {
    Window window = lane.window(row);
    RecommendationRequest request = window.request();
    List<ScoredItem> items = by.rank(lane, row, request);
    Recommendations.Builder answer =
        Recommendations.of(request.k(), items)
            .scoreKind(by.scoreKind())
            .modelVersion(modelVersion)
            .modelRuns(model.runsEach());
    noteUnknown(answer, window);
    for (int i = 0; i < manifest.inputs().size(); i++) {
      if (window.absent(i) > 0) {
        Manifest.Input input = manifest.inputs().get(i);
        answer.notice(
            new Notice(
                Notice.Code.DEFAULTED_FEATURE,
                window.absent(i),
                "input '%s' (%s): %d absent, sent as %s"
                    .formatted(
                        input.name(), input.role(), window.absent(i), input.defaultValue())));
      }
    }
    noteShortfall(answer, request, items.size(), "no other item passes the filter and the model");
    return answer.build();
  }

  /** Answers for a history without a known item. */
  Recommendations fallback(RecommendationRequest request, Window window) {
    ItemFilter filter = request.filter();
    List<String> candidates = manifest.fallback();
    List<ScoredItem> items = new ArrayList<>(Math.min(request.k(), candidates.size()));
    for (int i = 0; i < candidates.size() && items.size() < request.k(); i++) {
      if (filter.accepts(candidates.get(i))) {
        double score = (candidates.size() - i) / (double) candidates.size();
        items.add(
            new ScoredItem(candidates.get(i), score, OnnxSequenceRecommender.FALLBACK_SOURCE));
      }
    }
    Recommendations.Builder answer =
        Recommendations.of(request.k(), items)
            .scoreKind(ScoreKind.OTHER)
            .modelVersion(modelVersion)
            .notice(
                new Notice(
                    Notice.Code.FALLBACK_USED,
                    items.size(),
                    request.history().isEmpty()
                        ? "the history is empty; the bundle's fallback list answered"
                        : "no item of the history is known; the bundle's fallback list answered"));
    noteUnknown(answer, window);
    noteShortfall(
        answer,
        request,
        items.size(),
        "no other of the %d items of the fallback list passes the filter"
            .formatted(candidates.size()));
    return answer.build();
  }

  private static void noteUnknown(Recommendations.Builder answer, Window window) {
    if (window.unknown() > 0) {
      answer.notice(
          new Notice(
              Notice.Code.UNKNOWN_ITEMS,
              window.unknown(),
              "%d of the newest interactions are with items outside the catalogue"
                  .formatted(window.unknown())));
    }
  }

  private static void noteShortfall(
      Recommendations.Builder answer, RecommendationRequest request, int found, String why) {
    if (found < request.k()) {
      answer.notice(
          new Notice(
              Notice.Code.SHORTFALL,
              request.k() - found,
              "%d requested, %d found: %s".formatted(request.k(), found, why)));
    }
  }
}
