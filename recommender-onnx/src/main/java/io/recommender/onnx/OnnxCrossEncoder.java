package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.onnx.CrossEncoder.Missing;
import io.recommender.onnx.Ranker.Side;
import io.recommender.serving.Diagnosis;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/**
 * Ranks candidates by reading each together with the request: a transformer scores the pair of two
 * texts, which is slower and better than comparing vectors made of each alone (Nogueira and Cho,
 * "Passage Re-ranking with BERT", 2019).
 *
 * <pre>{@code
 * try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(Path.of("bundles/minilm-pairs"))) {
 *   RecommendationRequest request =
 *       RecommendationRequest.of(history).context("query", new Feature.Text("warm jacket")).build();
 *   List<ScoredItem> ranked = reader.rerank(request, candidates);
 * }
 * }</pre>
 *
 * <p><b>Texts.</b> Templates of the bundle say how a request and an item are written. A variable of
 * the request is a feature of its context (a text, a category, keywords as ids, a number), but for
 * {@code {history}}, which is its newest items; a variable of an item is one of its features. Items
 * come from {@link RerankerOptions#items} first, then from the bundle.
 *
 * <p><b>Features.</b> A graph may also take numbers of the request, such as the gate of adapters of
 * its user (Zhu et al., "Lifelong Personalized Low-Rank Adaptation of Large Language Models for
 * Recommendation", 2024): they come from {@link RerankerOptions#userTable}, then from the context,
 * and are zero for whom nothing is known.
 *
 * <p><b>Scores.</b> A probability, or the value of a model that gives none. A candidate's score
 * does not depend on the other candidates.
 *
 * <p><b>Order.</b> By descending score; equal scores keep the order of the candidates. A candidate
 * without a text is an error, comes last with the lowest score of the others, or is dropped, as the
 * bundle says.
 *
 * <p><b>Limits.</b> Pairs with more tokens than the model takes are cut as the bundle says and
 * counted by {@link #truncatedPairs()}.
 *
 * <p><b>Thread safety.</b> Thread-safe; callers do not wait for each other.
 *
 * <p><b>Lifetime.</b> Holds native memory until {@link #close()}, which waits for calls in flight.
 * Later calls throw {@link IllegalStateException}.
 *
 * <p><b>Cost.</b> Tokenizing takes microseconds a candidate, the graph all else. Pairs of similar
 * length share a run of at most {@link RerankerOptions#maxTokens} tokens.
 *
 * <p>Made by {@link RecommenderBundle#openCrossEncoder(java.nio.file.Path)}.
 */
public final class OnnxCrossEncoder extends BundledReranker {
  private static final TextTokenizer.Tokens NO_TOKENS =
      new TextTokenizer.Tokens(new long[0], new long[0], false);

  private final CrossEncoder crossEncoder;
  private final PairText texts;
  private final TextTokenizer tokenizer;
  private final EncoderModel model;
  private final Map<String, FeatureWriter> features;
  private final RerankerOptions options;
  private final LongAdder truncated = new LongAdder();

  private OnnxCrossEncoder(
      CrossEncoder crossEncoder,
      Catalog catalog,
      OnnxSession session,
      TextTokenizer tokenizer,
      EncoderModel model,
      Map<String, FeatureWriter> features,
      RerankerOptions options,
      String modelVersion,
      String fingerprint) {
    super(catalog, session, modelVersion, fingerprint);
    this.crossEncoder = crossEncoder;
    this.tokenizer = tokenizer;
    this.model = model;
    this.features = features;
    this.options = options;
    texts = new PairText(crossEncoder.texts());
  }

  /**
   * A pair of texts with the numbers that go beside it.
   *
   * @param item whom messages name
   */
  record Pair(Item item, String request, String itemText) {}

  /**
   * Checks the graph and runs it; session and tokenizer stay the caller's if that fails.
   *
   * @throws IllegalArgumentException if the options have what the model does not read
   */
  static OnnxCrossEncoder of(
      CrossEncoder crossEncoder,
      Catalog catalog,
      OnnxSession session,
      TextTokenizer tokenizer,
      RerankerOptions options,
      String modelVersion,
      String fingerprint) {
    CrossEncoderChecks.options(crossEncoder, options);
    if (!options.hasItems()) {
      CrossEncoderChecks.variables(crossEncoder.texts(), catalog);
    }
    CrossEncoderChecks.shapes(crossEncoder, session);
    EncoderModel model =
        EncoderModel.of(
            session,
            crossEncoder.graph(),
            Optional.of(tokenizer),
            options.chunk(),
            options.maxTokens(),
            SharedCall.Helpers.NONE);
    Map<String, FeatureWriter> features = new HashMap<>();
    for (Encoder.Input input : crossEncoder.graph().inputs()) {
      if (input.role() == Encoder.Role.FEATURE) {
        features.put(
            input.feature(),
            new FeatureWriter(
                input.name(),
                input.feature(),
                CrossEncoderChecks.extents(session, input.name()),
                Map.of(),
                input.defaultValue(),
                FeatureScaling.NONE));
      }
    }
    return new OnnxCrossEncoder(
        crossEncoder,
        catalog,
        session,
        tokenizer,
        model,
        Map.copyOf(features),
        options,
        modelVersion,
        fingerprint);
  }

  /** {@return how many pairs were cut since the bundle was opened, its golden ones included} */
  public long truncatedPairs() {
    return truncated.sum();
  }

  /**
   * Ranks candidates.
   *
   * @throws IllegalArgumentException if a required feature of the request is absent or no text, or
   *     that of a candidate, if the bundle does not say what else to do; the message names the item
   *     and the feature. Or if a text that the bundle does not cut leaves the other no room
   * @throws RecommenderException if a feature has another shape than the model takes, or the model
   *     fails or gives NaN; the cross-encoder stays usable
   */
  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    lease.enter();
    try {
      if (candidates.isEmpty()) {
        return List.of();
      }
      String asked = texts.request(request, this::find);
      List<Pair> pairs = new ArrayList<>(candidates.size());
      List<ScoredItem> readable = new ArrayList<>(candidates.size());
      List<ScoredItem> unreadable = new ArrayList<>();
      for (ScoredItem candidate : candidates) {
        Item item = find(candidate.itemId()).orElseGet(() -> Item.of(candidate.itemId()));
        Optional<String> text = texts.item(item);
        if (text.isPresent()) {
          pairs.add(new Pair(item, asked, text.get()));
          readable.add(candidate);
        } else if (crossEncoder.texts().missing() == Missing.FAIL) {
          throw texts.missing(item);
        } else {
          unreadable.add(candidate);
        }
      }
      float[] outputs = outputs(pairs, features(request, true));
      List<ScoredItem> ranked = new ArrayList<>(candidates.size());
      for (int i = 0; i < outputs.length; i++) {
        ranked.add(scored(readable.get(i), score(pairs.get(i).item(), outputs[i])));
      }
      ranked.sort(BEST_FIRST);
      if (crossEncoder.texts().missing() == Missing.LAST) {
        double lowest = ranked.isEmpty() ? 0 : ranked.get(ranked.size() - 1).score();
        unreadable.forEach(candidate -> ranked.add(scored(candidate, lowest)));
      }
      return ranked;
    } finally {
      lease.leave();
    }
  }

  private static ScoredItem scored(ScoredItem candidate, double score) {
    return new ScoredItem(candidate.itemId(), score, candidate.source());
  }

  /**
   * Scores items that the caller brings, in their order, without ranking them.
   *
   * @param request the history, the context and the user
   * @param items the items, possibly none, each with a text
   * @return a score for each item, as {@link #rerank} gives
   * @throws IllegalArgumentException if a required feature is absent or no text
   * @throws IllegalStateException if closed
   * @throws RecommenderException as {@link #rerank}
   */
  public double[] score(RecommendationRequest request, List<Item> items) {
    lease.enter();
    try {
      return scores(items, outputs(pairs(request, items), features(request, true)));
    } finally {
      lease.leave();
    }
  }

  /** Whether scores are probabilities. */
  boolean isProbability() {
    return crossEncoder.score().kind() != Ranker.TaskKind.VALUE;
  }

  /** Finds an item that has a text. */
  Optional<Item> readable(String itemId) {
    return find(itemId).filter(item -> texts.item(item).isPresent());
  }

  /** Scores each item by a request of its own; all requests are of one user. */
  double[] scoreEach(List<RecommendationRequest> requests, List<Item> items) {
    lease.enter();
    try {
      if (items.isEmpty()) {
        return new double[0];
      }
      List<Pair> pairs = new ArrayList<>(items.size());
      for (int i = 0; i < items.size(); i++) {
        pairs.addAll(pairs(requests.get(i), items.subList(i, i + 1)));
      }
      return scores(items, outputs(pairs, features(requests.get(0), true)));
    } finally {
      lease.leave();
    }
  }

  private double[] scores(List<Item> items, float[] outputs) {
    double[] scores = new double[outputs.length];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = score(items.get(i), outputs[i]);
    }
    return scores;
  }

  /** What the graph says of items, without asking the tables of the caller. */
  float[] outputsAsExported(RecommendationRequest request, List<Item> items) {
    return outputs(pairs(request, items), features(request, false));
  }

  private List<Pair> pairs(RecommendationRequest request, List<Item> items) {
    if (items.isEmpty()) {
      return List.of();
    }
    String asked = texts.request(request, this::find);
    return items.stream()
        .map(item -> new Pair(item, asked, texts.item(item).orElseThrow(() -> texts.missing(item))))
        .toList();
  }

  private Optional<Item> find(String itemId) {
    return options.find(itemId).or(() -> catalog.find(itemId));
  }

  /**
   * The numbers of the request that the graph takes, by feature; those it does not know default.
   */
  private Map<String, Feature> features(RecommendationRequest request, boolean useTables) {
    Map<String, Feature> found = new HashMap<>();
    RankerCall call = new RankerCall(request, List.of(), new int[0], new boolean[0], useTables);
    features.forEach(
        (name, writer) -> {
          Feature feature =
              call.feature(
                  name, options.tables().getOrDefault(Side.REQUEST, Map.of()).get(name), -1);
          if (feature != null) {
            writer.checkNumbers(feature, null);
            found.put(name, feature);
          }
        });
    return found;
  }

  private float[] outputs(List<Pair> pairs, Map<String, Feature> numbers) {
    List<EncoderModel.Row> rows = new ArrayList<>(pairs.size());
    String told = null;
    TextTokenizer.Tokens request = NO_TOKENS;
    for (Pair pair : pairs) {
      if (!pair.request().equals(told)) {
        told = pair.request();
        request = tokenizer.part(told);
      }
      TextTokenizer.Tokens tokens =
          texts.tokens(tokenizer, request, tokenizer.part(pair.itemText()));
      if (tokens.truncated()) {
        truncated.increment();
      }
      rows.add(new EncoderModel.Row(new Item(pair.item().id(), numbers), tokens));
    }
    float[][] vectors = model.encode(rows);
    float[] outputs = new float[vectors.length];
    for (int i = 0; i < outputs.length; i++) {
      outputs[i] = vectors[i][0];
    }
    return outputs;
  }

  private double score(Item item, float output) {
    return crossEncoder.score().score(session.name(), crossEncoder.score().name(), item, output);
  }

  @Override
  public Diagnosis diagnose(int sample) {
    lease.enter();
    try {
      return Diagnosis.of("OnnxCrossEncoder")
          .version(modelVersion)
          .fact("score", crossEncoder.score().kind().name())
          .fact("items", catalog.size())
          .fact(
              "features of the request",
              features.isEmpty() ? "none" : String.join(", ", features.keySet()))
          .fact("pairs cut", truncatedPairs())
          .fact("calls in flight", lease.inside() - 1)
          .part(session.diagnose())
          .build();
    } finally {
      lease.leave();
    }
  }

  /**
   * Closes the model and its tokenizer, after the calls in flight. Closing twice has no effect.
   *
   * @throws RecommenderException if the runtime fails to free the model
   */
  @Override
  public void close() {
    lease.close(model::close, session::close, tokenizer::close);
  }

  @Override
  public String toString() {
    return "OnnxCrossEncoder[%s, %s]".formatted(modelVersion, session.device());
  }
}
