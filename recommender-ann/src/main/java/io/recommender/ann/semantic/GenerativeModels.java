package io.recommender.ann.semantic;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.spi.GenerativeModel;
import io.recommender.spi.PromptLayout.SoftInput;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** Makes decoders of models. */
final class GenerativeModels {
  private static final String FALLBACK = "fallback";

  private GenerativeModels() {}

  static BeamDecoder decode(GenerativeModel model, UnaryOperator<BeamOptions> options) {
    CodeShape shape =
        model.hasUnequalLengths()
            ? CodeShape.upTo(model.codeSizes().length, largest(model.codeSizes()))
            : CodeShape.of(model.codeSizes());
    SemanticIdIndex index = index(model, shape);
    CodeTokens tokens = CodeTokens.of(model.codeTokens());
    BeamOptions suitable =
        BeamOptions.of(model.beams().orElse(BeamDecoder.Builder.DEFAULT_WIDTH))
            .normalization(model.normalization());
    if (model.endToken().isPresent()) {
      suitable = suitable.endToken(model.endToken().getAsInt());
    }
    String version = model.modelVersion();
    BeamDecoder.Builder builder =
        BeamDecoder.builder(
                model.scorer(),
                index,
                tokens,
                PromptTemplate.of(shape, tokens, model.prompt(), vectors(model)))
            .named(version.replaceAll("[@+].*", ""), version);
    if (!model.fallback().isEmpty()) {
      builder.fallback(new Listed(model.fallback(), index));
    }
    BeamOptions wanted = options.apply(suitable);
    try {
      // Before anything is changed: what was trained is what is compared.
      model.replay(builder.options(suitable).build());
    } catch (IllegalArgumentException e) {
      throw new RecommenderException(
          RecommenderException.Kind.BUNDLE_INVALID, version + ": " + e.getMessage(), e);
    }
    return builder.options(wanted).build();
  }

  /** The vectors of the items of the model; what is added later has zeros. */
  private static Map<String, Function<String, float[]>> vectors(GenerativeModel model) {
    Map<String, Function<String, float[]>> vectors = new HashMap<>();
    Catalog catalog = model.catalog();
    for (SoftInput input : model.prompt().softInputs()) {
      // A model without vectors says so now, not in the first answer.
      model.vector(input.name(), 0);
      vectors.put(
          input.name(),
          itemId -> {
            int ordinal = catalog.ordinal(itemId);
            return ordinal == Catalog.UNKNOWN
                ? new float[input.width()]
                : model.vector(input.name(), ordinal);
          });
    }
    return vectors;
  }

  private static int largest(int[] sizes) {
    int largest = 0;
    for (int size : sizes) {
      largest = Math.max(largest, size);
    }
    return largest;
  }

  private static SemanticIdIndex index(GenerativeModel model, CodeShape shape) {
    SemanticIdIndex index = SemanticIdIndex.builder(shape).build();
    Catalog catalog = model.catalog();
    List<String> ids = new ArrayList<>(catalog.size());
    int[][] codes = new int[catalog.size()][];
    for (int ordinal = 0; ordinal < codes.length; ordinal++) {
      ids.add(catalog.id(ordinal));
      codes[ordinal] = model.codes(ordinal);
    }
    try {
      index.addAll(ids, codes);
    } catch (IllegalArgumentException e) {
      throw new RecommenderException(
          RecommenderException.Kind.BUNDLE_INVALID,
          model.modelVersion() + ": " + e.getMessage(),
          e);
    }
    return index;
  }

  /** Answers with the first items of a list that are available and pass the filter. */
  private record Listed(List<String> itemIds, SemanticIdIndex index)
      implements SequenceRecommender {
    @Override
    public Recommendations recommend(RecommendationRequest request) {
      List<ScoredItem> items = new ArrayList<>();
      for (int i = 0; i < itemIds.size() && items.size() < request.k(); i++) {
        String itemId = itemIds.get(i);
        if (index.isAvailable(itemId) && request.filter().accepts(itemId)) {
          items.add(new ScoredItem(itemId, itemIds.size() - i, FALLBACK));
        }
      }
      return Recommendations.of(request.k(), items).scoreKind(ScoreKind.OTHER).build();
    }
  }
}
