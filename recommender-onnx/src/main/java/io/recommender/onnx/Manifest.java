package io.recommender.onnx;

import io.recommender.ScoreKind;
import io.recommender.Similarity;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code manifest.json} says. {@code BUNDLE.md} has the meaning of each member. */
record Manifest(
    String name,
    String version,
    Contract contract,
    String model,
    Optional<Integer> opset,
    String producer,
    Optional<Items> items,
    Optional<Sequence> window,
    List<Input> inputs,
    Optional<Scores> scores,
    Optional<Embedding> embedding,
    Optional<Diffusion> diffusion,
    List<Ranker.Reasons> reasons,
    Optional<Generation> generation,
    Optional<Encoder> encoder,
    Optional<Ranker> ranker,
    Optional<CrossEncoder> crossEncoder,
    Optional<ListRanker> list,
    UnknownItems unknownItems,
    List<String> fallback,
    Optional<String> golden) {

  static final String FILE = "manifest.json";
  static final int FORMAT_VERSION = 1;

  enum Contract {
    SEQ_LOGITS,
    SEQ_EMBEDDING,
    SEQ_DIFFUSION,
    SEQ_GENERATIVE,
    TEXT_GENERATION,
    ITEM_ENCODER,
    POINTWISE_RANKER,
    CROSS_ENCODER,
    LISTWISE_RERANKER
  }

  enum UnknownItems {
    SKIP,
    UNK,
    FAIL
  }

  enum Length {
    FIXED,
    DYNAMIC
  }

  enum PaddingSide {
    LEFT,
    RIGHT
  }

  enum TimeUnit {
    SECONDS,
    MILLISECONDS,
    DAYS
  }

  enum Role {
    ITEM_IDS,
    ATTENTION_MASK,
    PADDING_MASK,
    LENGTH,
    TIMESTAMPS,
    QUERY_TIME,
    BEHAVIORS,
    DOMAINS,
    ITEM_TABLE,
    STEP_FEATURE,
    CONTEXT_FEATURE
  }

  record Items(String file, int count) {}

  record Sequence(
      int maxLength,
      Length length,
      PaddingSide paddingSide,
      int paddingId,
      int idOffset,
      Optional<Integer> unknownId,
      int[] suffix) {

    /** How many interactions fit beside the suffix. */
    int maxItems() {
      return maxLength - suffix.length;
    }
  }

  /**
   * One input. Members that a role does not use have their defaults.
   *
   * @param feature the name of a feature, or of the file of a table
   * @param defaultValue what is written where a value is absent; NaN if none may be
   * @param paddingValue what is written in padding
   */
  record Input(
      Role role,
      String name,
      TimeUnit unit,
      Map<String, Integer> vocabulary,
      String feature,
      double defaultValue,
      double paddingValue) {}

  record Scores(String name, ScoreKind kind, int offset) {}

  record Embedding(
      String name, int dimension, Similarity similarity, boolean normalize, String itemVectors) {}

  /** The same for a catalogue to which the fallback does not belong. */
  Manifest withoutFallback() {
    return new Manifest(
        name,
        version,
        contract,
        model,
        opset,
        producer,
        items,
        window,
        inputs,
        scores,
        embedding,
        diffusion,
        reasons,
        generation,
        encoder,
        ranker,
        crossEncoder,
        list,
        unknownItems,
        List.of(),
        golden);
  }

  /** How a history becomes a window, which contracts with a window say. */
  Sequence sequence() {
    return window.orElseThrow();
  }

  /** The output of the graph that reads windows. */
  String output() {
    return scores
        .map(Scores::name)
        .or(() -> diffusion.map(sampled -> sampled.condition().name()))
        .orElseGet(() -> embedding.orElseThrow().name());
  }
}
