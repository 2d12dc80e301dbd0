package io.recommender.ann.semantic;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.spi.GenerativeModel.Normalization;
import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** Beam search as it is defined, with lists and maps and one run of the model for each prefix. */
final class PlainBeams {
  private record Beam(int[] code, double score) {}

  private final NextTokenScorer scorer;
  private final CodeModel model;
  private final CodeShape shape;
  private final CodeTokens tokens;
  private final BeamOptions options;
  private final ItemFilter filter;
  private final List<String> order;

  PlainBeams(
      NextTokenScorer scorer,
      CodeModel model,
      CodeShape shape,
      CodeTokens tokens,
      BeamOptions options,
      ItemFilter filter) {
    this.scorer = scorer;
    this.model = model;
    this.shape = shape;
    this.tokens = tokens;
    this.options = options;
    this.filter = filter;
    order = new ArrayList<>(model.codes.keySet());
  }

  /** Returns all items that the beams lead to, best first. */
  List<ScoredItem> search(int[] prompt) {
    Map<String, Double> found = new HashMap<>();
    List<Beam> beams = List.of(new Beam(new int[0], 0));
    for (int depth = 0; !beams.isEmpty(); depth++) {
      if (depth == shape.levels() && options.endToken().isEmpty()) {
        for (Beam beam : beams) {
          add(found, beam.code, beam.score / Math.pow(depth, options.lengthPenalty()));
        }
        break;
      }
      List<Beam> next = new ArrayList<>();
      for (Beam beam : beams) {
        next.addAll(family(beam, prompt, found));
      }
      next.sort(Comparator.comparingDouble(Beam::score).reversed());
      beams = next.subList(0, Math.min(next.size(), options.width()));
    }
    return found.entrySet().stream()
        .map(entry -> new ScoredItem(entry.getKey(), entry.getValue(), BeamDecoder.SOURCE))
        .sorted(
            Comparator.comparingDouble(ScoredItem::score)
                .reversed()
                .thenComparing(item -> order.indexOf(item.itemId())))
        .toList();
  }

  private List<Beam> family(Beam beam, int[] prompt, Map<String, Double> found) {
    int depth = beam.code.length;
    if (isDetermined(beam.code)) {
      return Arrays.stream(model.allowedNext(beam.code, filter))
          .mapToObj(code -> new Beam(longer(beam.code, code), beam.score))
          .toList();
    }
    float[] logits = logits(prompt, beam.code);
    double normalizer = normalizer(logits, beam.code);
    if (options.endToken().isPresent()) {
      double score = beam.score + logits[options.endToken().getAsInt()] - normalizer;
      add(found, beam.code, score / Math.pow(depth + 1, options.lengthPenalty()));
    }
    List<Beam> family = new ArrayList<>();
    for (int code : model.allowedNext(beam.code, filter)) {
      double score = beam.score + logits[tokens.token(depth, code)] - normalizer;
      if (score > Double.NEGATIVE_INFINITY) {
        family.add(new Beam(longer(beam.code, code), score));
      }
    }
    family.sort(Comparator.comparingDouble(Beam::score).reversed());
    return depth == 0 ? family : family.subList(0, Math.min(family.size(), options.branches()));
  }

  /** Whether only one code is left, of which the model need not be asked. */
  private boolean isDetermined(int[] prefix) {
    return prefix.length > 0
        && options.endToken().isEmpty()
        && options.normalization() == Normalization.CATALOG
        && model.codes.values().stream()
                .filter(code -> Arrays.equals(code, 0, prefix.length, prefix, 0, prefix.length))
                .map(Arrays::toString)
                .distinct()
                .count()
            == 1;
  }

  private static int[] longer(int[] prefix, int code) {
    int[] longer = Arrays.copyOf(prefix, prefix.length + 1);
    longer[prefix.length] = code;
    return longer;
  }

  private float[] logits(int[] prompt, int[] code) {
    int[] all = Arrays.copyOf(prompt, prompt.length + code.length);
    for (int level = 0; level < code.length; level++) {
      all[prompt.length + level] = tokens.token(level, code[level]);
    }
    float[] logits = new float[scorer.vocabularySize()];
    try (Decoding decoding = scorer.start(Prompt.of(all))) {
      decoding.logits(0, logits);
    }
    return logits;
  }

  private double normalizer(float[] logits, int[] prefix) {
    TreeSet<Integer> possible = new TreeSet<>();
    if (options.normalization() == Normalization.VOCABULARY) {
      for (int token = 0; token < logits.length; token++) {
        possible.add(token);
      }
    } else {
      model
          .codes
          .values()
          .forEach(
              code -> {
                if (Arrays.equals(code, prefix) && options.endToken().isPresent()) {
                  possible.add(options.endToken().getAsInt());
                }
                if (code.length > prefix.length
                    && Arrays.equals(code, 0, prefix.length, prefix, 0, prefix.length)) {
                  possible.add(tokens.token(prefix.length, code[prefix.length]));
                }
              });
    }
    return Math.log(possible.stream().mapToDouble(token -> Math.exp(logits[token])).sum());
  }

  private void add(Map<String, Double> found, int[] code, double score) {
    Map<Integer, String> items = new TreeMap<>();
    for (String id : model.items(code)) {
      if (model.accepts(id, filter) && score > Double.NEGATIVE_INFINITY) {
        items.put(order.indexOf(id), id);
      }
    }
    items.values().forEach(id -> found.put(id, score));
  }
}
