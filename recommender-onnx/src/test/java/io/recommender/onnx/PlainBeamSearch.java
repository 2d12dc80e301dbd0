package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.spi.GenerativeModel.Normalization;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.spi.PromptLayout;
import io.recommender.spi.PromptLayout.AlignedInput;
import io.recommender.spi.PromptLayout.AlignedValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The plainest decoder of a {@link OnnxGenerativeModel}: it shows that the model says all that one
 * needs. Items of one code share its score and follow each other as in the catalogue.
 */
final class PlainBeamSearch implements SequenceRecommender {
  private final OnnxGenerativeModel model;
  private final int beams;

  /** The ordinals of the items of each code. */
  private final Map<List<Integer>, List<Integer>> items = new HashMap<>();

  /** The tokens that lead to an item after each beginning of codes. */
  private final Map<List<Integer>, Set<Integer>> next = new HashMap<>();

  PlainBeamSearch(OnnxGenerativeModel model, int beams) {
    this.model = model;
    this.beams = beams;
    for (int ordinal = 0; ordinal < model.catalog().size(); ordinal++) {
      List<Integer> tokens = tokens(ordinal);
      items.computeIfAbsent(tokens, code -> new ArrayList<>()).add(ordinal);
      for (int level = 0; level < tokens.size(); level++) {
        next.computeIfAbsent(tokens.subList(0, level), code -> new TreeSet<>())
            .add(tokens.get(level));
      }
    }
  }

  private List<Integer> tokens(int ordinal) {
    int[] codes = model.codes(ordinal);
    List<Integer> tokens = new ArrayList<>();
    for (int level = 0; level < codes.length; level++) {
      tokens.add(model.codeTokens()[level][codes[level]]);
    }
    return tokens;
  }

  private record Beam(List<Integer> written, double score, int parent) {}

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    int levels = model.codeSizes().length;
    List<Beam> kept = List.of(new Beam(List.of(), 0, 0));
    try (Decoding decoding = model.scorer().start(prompt(request))) {
      for (int level = 0; level < levels; level++) {
        if (level > 0) {
          int last = level - 1;
          decoding.advance(
              kept.stream().mapToInt(Beam::parent).toArray(),
              kept.stream().mapToInt(beam -> beam.written().get(last)).toArray(),
              kept.size());
        }
        List<Beam> grown = new ArrayList<>();
        for (int row = 0; row < kept.size(); row++) {
          float[] logits = new float[model.scorer().vocabularySize()];
          decoding.logits(row, logits);
          grow(kept.get(row), row, logits, grown);
        }
        grown.sort(Comparator.comparingDouble(Beam::score).reversed());
        kept = List.copyOf(grown.subList(0, Math.min(beams, grown.size())));
      }
    }
    TreeMap<Double, List<ScoredItem>> ranked = new TreeMap<>(Comparator.reverseOrder());
    for (Beam beam : kept) {
      for (int ordinal : items.get(beam.written())) {
        ranked
            .computeIfAbsent(beam.score(), score -> new ArrayList<>())
            .add(new ScoredItem(model.catalog().id(ordinal), beam.score()));
      }
    }
    List<ScoredItem> best = ranked.values().stream().flatMap(List::stream).toList();
    return Recommendations.of(request.k(), best.subList(0, Math.min(request.k(), best.size())))
        .build();
  }

  private void grow(Beam beam, int row, float[] logits, List<Beam> grown) {
    Set<Integer> allowed = next.get(beam.written());
    double sum = 0;
    for (int token = 0; token < logits.length; token++) {
      if (model.normalization() == Normalization.VOCABULARY || allowed.contains(token)) {
        sum += Math.exp(logits[token]);
      }
    }
    for (int token : allowed) {
      List<Integer> longer = new ArrayList<>(beam.written());
      longer.add(token);
      grown.add(new Beam(List.copyOf(longer), beam.score() + logits[token] - Math.log(sum), row));
    }
  }

  private Prompt prompt(RecommendationRequest request) {
    PromptLayout layout = model.prompt();
    Catalog catalog = model.catalog();
    List<Integer> known = new ArrayList<>();
    for (Interaction interaction : request.history().interactions()) {
      if (catalog.contains(interaction.itemId())) {
        known.add(catalog.ordinal(interaction.itemId()));
      }
    }
    List<Integer> told = known.subList(Math.max(0, known.size() - layout.maxItems()), known.size());
    List<Integer> tokens = new ArrayList<>();
    List<Integer> levels = new ArrayList<>();
    add(tokens, levels, layout.prefix());
    for (int i = 0; i < told.size(); i++) {
      if (i > 0) {
        add(tokens, levels, layout.separator());
      }
      List<Integer> item = tokens(told.get(i));
      tokens.addAll(item);
      for (int level = 0; level < item.size(); level++) {
        levels.add(level);
      }
    }
    add(tokens, levels, layout.suffix());
    for (int level = 0; level < model.codeSizes().length; level++) {
      levels.add(level);
    }
    Map<String, int[]> aligned = new HashMap<>();
    for (AlignedInput input : layout.alignedInputs()) {
      if (input.value() != AlignedValue.CODE_POSITION) {
        throw new AssertionError(input);
      }
      aligned.put(
          input.name(),
          levels.stream().mapToInt(level -> level < 0 ? input.other() : level).toArray());
    }
    return new Prompt(tokens.stream().mapToInt(Integer::intValue).toArray(), aligned);
  }

  private static void add(List<Integer> tokens, List<Integer> levels, int[] others) {
    Arrays.stream(others).forEach(tokens::add);
    Arrays.stream(others).forEach(token -> levels.add(-1));
  }
}
