package io.recommender.ann.semantic;

import io.recommender.Interaction;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A request while a {@link BeamDecoder} answers it. <b>Confined</b>. */
final class DecoderRequest {
  private final BeamDecoder decoder;
  private final RecommendationRequest request;
  private final int unknown;
  private final @Nullable Prompt prompt;
  private final @Nullable BeamSearch search;
  private int runs;

  /** How many beams the time was over for. */
  private int lost;

  DecoderRequest(BeamDecoder decoder, RecommendationRequest request, CodeVersion version) {
    this.decoder = decoder;
    this.request = request;
    List<CodedItem> items = new ArrayList<>();
    List<Interaction> interactions = request.history().interactions();
    for (Interaction interaction : interactions) {
      int[] code = version.code(interaction.itemId());
      if (code != null) {
        items.add(new CodedItem(interaction.itemId(), code));
      }
    }
    unknown = interactions.size() - items.size();
    prompt = decoder.prompt.write(request, items).orElse(null);
    BeamSearch found = null;
    if (prompt != null) {
      Accepted accepted = decoder.index.accepted(version, request.filter());
      found =
          new BeamSearch(
              decoder.index.shape(),
              version,
              accepted,
              decoder.tokens,
              decoder.options,
              request.k());
    }
    // Where nothing is accepted the model has nothing to say.
    search = found == null || found.rows() == 0 ? null : found;
  }

  /** {@return whether there are beams, so that the model is run for it} */
  boolean isDecoded() {
    return search != null;
  }

  int promptLength() {
    return promptToRun().tokens().length;
  }

  Prompt promptToRun() {
    return Objects.requireNonNull(prompt);
  }

  /** Takes a step and returns how many rows of the model it has read. */
  int step(
      Decoding decoding,
      int row,
      BeamSearch.Scratch scratch,
      IntArrayList parents,
      IntArrayList nextTokens,
      int runs) {
    BeamSearch beams = Objects.requireNonNull(search);
    int rows = beams.rows();
    if (rows > 0) {
      beams.step(decoding, row, scratch, parents, nextTokens);
      this.runs = runs;
    }
    return rows;
  }

  void stop() {
    lost = Objects.requireNonNull(search).stop();
  }

  Recommendations answer() {
    List<ScoredItem> items = search == null ? List.of() : search.items(decoder.source);
    if (items.isEmpty() && decoder.fallback != null) {
      return fallbackAnswer(decoder.fallback.recommend(request));
    }
    ScoreKind kind =
        decoder.options.lengthPenalty() == 0 ? ScoreKind.LOG_PROBABILITY : ScoreKind.OTHER;
    Recommendations.Builder answer =
        Recommendations.of(request.k(), items)
            .scoreKind(kind)
            .modelVersion(decoder.modelVersion)
            .modelRuns(runs);
    addNotices(answer);
    addShortfall(answer, items.size());
    return answer.build();
  }

  private void addShortfall(Recommendations.Builder answer, int found) {
    int missing = request.k() - found;
    if (missing > 0) {
      answer.notice(
          new Notice(
              Notice.Code.SHORTFALL,
              missing,
              "%s: expected %d items, found %d.".formatted(reason(), request.k(), found)));
    }
  }

  private String reason() {
    if (lost > 0) {
      return "The time was over";
    }
    return prompt == null
        ? "The model can say nothing of this history"
        : "The beams led to no more items that are available and pass the filter";
  }

  private Recommendations fallbackAnswer(Recommendations found) {
    Recommendations.Builder answer =
        Recommendations.of(request.k(), found.items())
            .scoreKind(found.scoreKind())
            .modelVersion(found.modelVersion())
            .modelRuns(found.modelRuns() + runs);
    addNotices(answer);
    answer.notice(
        new Notice(Notice.Code.FALLBACK_USED, found.size(), reason() + "; the fallback answered."));
    for (Notice notice : found.notices()) {
      if (notice.code() != Notice.Code.UNKNOWN_ITEMS
          && notice.code() != Notice.Code.FALLBACK_USED) {
        answer.notice(notice);
      }
    }
    if (!found.hasNotice(Notice.Code.SHORTFALL)) {
      addShortfall(answer, found.size());
    }
    return answer.build();
  }

  private void addNotices(Recommendations.Builder answer) {
    if (unknown > 0) {
      answer.notice(
          new Notice(
              Notice.Code.UNKNOWN_ITEMS,
              unknown,
              "Interactions with items that have no code were skipped."));
    }
    if (lost > 0) {
      answer.notice(
          new Notice(
              Notice.Code.TIMED_OUT,
              lost,
              "The time was over before the beams had come to their ends."));
    }
  }
}
