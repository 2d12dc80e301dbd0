package io.recommender.onnx;

import io.recommender.Item;
import io.recommender.Reason;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** How candidates become scores: the {@code ranker} of a manifest of contract POINTWISE_RANKER. */
record Ranker(
    List<Input> inputs,
    String scores,
    Layout layout,
    int offset,
    Optional<Hidden> hidden,
    List<Task> tasks,
    Optional<ScorePolicy> policy,
    List<Reasons> reasons) {

  /** Whether an input has one row for each call or one for each candidate. */
  enum Side {
    REQUEST,
    CANDIDATE
  }

  enum Role {
    FEATURE,
    CATEGORY,
    PRESENT,
    CATEGORY_LIST,
    VECTOR_LIST,
    HISTORY,
    MASK,
    ITEM_ID
  }

  /** Whether the output has one row for each candidate, or one with a column for each item. */
  enum Layout {
    CANDIDATES,
    ITEMS
  }

  enum TaskKind {
    LOGIT,
    PROBABILITY,
    VALUE
  }

  /**
   * What one feature is and where it is read from.
   *
   * @param category whether ids are written rather than numbers
   * @param defaultValue what an absent feature becomes; none if it is required
   * @param normalization of its numbers
   */
  record Column(
      String feature,
      boolean category,
      Map<String, Integer> vocabulary,
      OptionalDouble defaultValue,
      FeatureScaling normalization) {}

  /** The places of an input with an axis of places, such as a list or a history. */
  record Places(int maxLength, Manifest.Length length, Manifest.PaddingSide paddingSide) {}

  /**
   * One input. Members that a role does not use have their defaults.
   *
   * @param columns what is read: several for an input that packs features, none for some roles
   * @param of the input whose places a MASK tells
   * @param behavior which interactions of a HISTORY are told, all if empty
   */
  record Input(
      Role role,
      String name,
      Side side,
      List<Column> columns,
      Optional<Places> places,
      int paddingId,
      int idOffset,
      Optional<Integer> unknownId,
      Optional<String> behavior,
      String of) {

    /** The feature that is read, for a role that reads one. */
    Column column() {
      return columns.get(0);
    }
  }

  record Hidden(String name, int size) {}

  /** An output that tells what the model goes by, one column for each label. */
  record Reasons(String name, Reason.Kind kind, List<String> labels) {}

  /** What one number of the output means. */
  record Task(String name, TaskKind kind, Optional<Calibration> calibration) {

    /**
     * Returns the score that an output stands for: a probability, or the value of what is none.
     *
     * @param model the file, and output the name, for messages
     * @throws RecommenderException if the output is NaN or infinite, or no probability where it
     *     should be one
     */
    double score(String model, String output, Item item, float value) {
      if (!Float.isFinite(value)) {
        throw new RecommenderException(
            Kind.NON_FINITE_OUTPUT,
            "%s: output '%s' of item '%s', task '%s': expected a finite number, found %s"
                .formatted(model, output, item.id(), name, value));
      }
      if (kind == TaskKind.VALUE) {
        return value;
      }
      if (kind == TaskKind.PROBABILITY && !(value >= 0 && value <= 1)) {
        throw new RecommenderException(
            Kind.INFERENCE_FAILED,
            "%s: output '%s' of item '%s', task '%s': expected a probability in [0, 1], found %s"
                .formatted(model, output, item.id(), name, value));
      }
      if (calibration.isPresent()) {
        return calibration
            .get()
            .probability(kind == TaskKind.LOGIT ? value : Calibration.logit(value));
      }
      return kind == TaskKind.LOGIT ? Calibration.sigmoid(value) : value;
    }
  }

  List<String> taskNames() {
    return tasks.stream().map(Task::name).toList();
  }
}
