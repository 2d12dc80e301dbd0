package io.recommender.serving;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.Trace;
import io.recommender.Turn;
import java.util.Collection;
import java.util.Map;

/**
 * About how many bytes a request and its answer take, by their parts: every text as if nobody else
 * had it. What a filter holds that is not a list is not counted.
 */
final class ServedBytes {
  private static final int OBJECT = 160;
  private static final int PART = 96;
  private static final int TEXT = 56;

  private ServedBytes() {}

  static long of(RecommendationRequest request, Recommendations answer) {
    long bytes = 2L * OBJECT + text(request.history().userId().orElse(""));
    for (Interaction interaction : request.history().interactions()) {
      bytes += PART + text(interaction.itemId()) + features(interaction.context());
    }
    bytes += features(request.context());
    for (Turn turn : request.dialog()) {
      bytes += PART + text(turn.text()) + texts(turn.itemIds());
    }
    bytes += request.filter().allowList().map(list -> (long) PART * list.size()).orElse(0L);
    bytes += request.filter().denyList().map(list -> (long) PART * list.size()).orElse(0L);
    return bytes + answer(answer);
  }

  private static long answer(Recommendations answer) {
    long bytes = 2L * OBJECT + text(answer.text()) + text(answer.attributionId());
    for (ScoredItem item : answer.items()) {
      bytes += OBJECT + text(item.itemId()) + (long) PART * item.taskScores().size();
    }
    for (Notice notice : answer.notices()) {
      bytes += PART + text(notice.message());
    }
    return bytes + answer.trace().map(ServedBytes::trace).orElse(0L);
  }

  private static long trace(Trace trace) {
    long bytes = OBJECT + (long) PART * trace.stages().size();
    for (Trace.Provenance provenance : trace.items().values()) {
      bytes += OBJECT;
      bytes += (long) PART * (provenance.proposals().size() + provenance.adjustments().size());
    }
    return bytes;
  }

  private static long features(Map<String, Feature> features) {
    long bytes = 0;
    for (Map.Entry<String, Feature> entry : features.entrySet()) {
      bytes += PART + text(entry.getKey()) + feature(entry.getValue());
    }
    return bytes;
  }

  private static long feature(Feature feature) {
    if (feature instanceof Feature.Text text) {
      return PART + text(text.value());
    }
    if (feature instanceof Feature.Ids ids) {
      return PART + texts(ids.values());
    }
    if (feature instanceof Feature.Tensor tensor) {
      return PART + (long) Float.BYTES * tensor.size();
    }
    return PART;
  }

  private static long texts(Collection<String> texts) {
    long bytes = 0;
    for (String text : texts) {
      bytes += Long.BYTES + text(text);
    }
    return bytes;
  }

  private static long text(String text) {
    return TEXT + (long) Character.BYTES * text.length();
  }
}
