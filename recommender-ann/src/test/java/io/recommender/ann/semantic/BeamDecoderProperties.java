package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.spi.GenerativeModel.Normalization;
import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.testing.BigramScorer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class BeamDecoderProperties {
  private static final double TOLERANCE = 1e-5;

  /** A random index, model and way of decoding. */
  private static final class Case {
    final Random random;
    final CodeShape shape;
    final CodeModel model = new CodeModel();
    final SemanticIdIndex index;
    final CodeTokens tokens;
    final int items;
    final BeamOptions options;
    final NextTokenScorer scorer;
    final int vocabularySize;

    Case(long seed, int width) {
      random = new Random(seed);
      int levels = 1 + random.nextInt(4);
      boolean isUnequal = random.nextInt(3) == 0;
      int size = 2 + random.nextInt(9);
      shape = isUnequal ? CodeShape.upTo(levels, size) : CodeShape.of(levels, size);
      index = SemanticIdIndex.builder(shape).build();
      items = 1 + random.nextInt(60);
      boolean isShared = isUnequal || random.nextBoolean();
      vocabularySize = 2 + (isShared ? size : levels * size);
      tokens = isShared ? CodeTokens.offsets(new int[levels]) : perLevel(levels, size);
      boolean hasEnd = isUnequal || random.nextInt(4) == 0;
      BeamOptions some =
          BeamOptions.of(width)
              .lengthPenalty(random.nextInt(3) * 0.7 - 0.7)
              .normalization(
                  random.nextBoolean() ? Normalization.CATALOG : Normalization.VOCABULARY);
      options = hasEnd ? some.endToken(vocabularySize - 1) : some;
      scorer = scorer();
    }

    private static CodeTokens perLevel(int levels, int size) {
      int[][] table = new int[levels][size];
      for (int level = 0; level < levels; level++) {
        for (int code = 0; code < size; code++) {
          table[level][code] = level * size + size - 1 - code;
        }
      }
      return CodeTokens.of(table);
    }

    private BigramScorer scorer() {
      float[][] logits = new float[vocabularySize][vocabularySize];
      for (float[] row : logits) {
        for (int i = 0; i < row.length; i++) {
          row[i] =
              random.nextInt(40) == 0 ? Float.NEGATIVE_INFINITY : 3 * (float) random.nextGaussian();
        }
        row[vocabularySize - 2] = 0;
      }
      return new BigramScorer(logits);
    }

    void change() {
      List<String> ids = new ArrayList<>();
      List<int[]> codes = new ArrayList<>();
      for (int i = 0; i < items; i++) {
        String id = "item-" + random.nextInt(items);
        if (!ids.contains(id)) {
          ids.add(id);
          codes.add(CodeModel.randomCode(shape, random));
          model.add(id, codes.get(codes.size() - 1));
        }
      }
      index.addAll(ids, codes.toArray(int[][]::new));
      for (int i = 0; i < items / 4; i++) {
        String id = "item-" + random.nextInt(items);
        switch (random.nextInt(3)) {
          case 0 -> assertEquals(model.remove(id), index.remove(id));
          case 1 -> assertEquals(model.setAvailable(id, false), index.setAvailable(id, false));
          default -> {
            int[] code = CodeModel.randomCode(shape, random);
            model.add(id, code);
            index.add(id, code);
          }
        }
      }
    }

    BeamDecoder decoder(BeamOptions decoding) {
      return BeamDecoder.builder(
              scorer,
              index,
              tokens,
              (request, codes) -> Optional.of(Prompt.of((int) request.seed())))
          .options(decoding)
          .batchSize(1 + random.nextInt(4))
          .build();
    }
  }

  @Property(tries = 2000)
  void theAnswerIsThatOfThePlainSearch(@ForAll long seed) {
    Case given = new Case(seed, 1 + new Random(seed).nextInt(12));
    BeamOptions options =
        given.random.nextBoolean()
            ? given.options
            : given.options.branches(1 + given.random.nextInt(3));
    BeamDecoder decoder = given.decoder(options);
    for (int round = 0; round < 2; round++) {
      given.change();
      List<RecommendationRequest> requests = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        requests.add(
            RecommendationRequest.of(UserHistory.empty())
                .filter(CodeModel.randomFilter(given.random, given.items))
                .k(1 + given.random.nextInt(options.width()))
                .seed(given.random.nextInt(given.vocabularySize))
                .build());
      }
      List<Recommendations> answers = decoder.recommendAll(requests);
      for (int i = 0; i < requests.size(); i++) {
        RecommendationRequest request = requests.get(i);
        List<ScoredItem> expected =
            new PlainBeams(
                    given.scorer, given.model, given.shape, given.tokens, options, request.filter())
                .search(new int[] {(int) request.seed()});
        assertEqual(request.k(), expected, answers.get(i));
        assertEquals(answers.get(i).items(), decoder.recommend(request).items());
      }
    }
  }

  /**
   * So many items that levels are listed, and so many codes that they are looked through at once.
   */
  @Property(tries = 40)
  void wideLevelsOfManyItemsAreSearchedAsPlainly(@ForAll long seed) {
    Random random = new Random(seed);
    int levels = 2 + random.nextInt(2);
    int size = 32 + random.nextInt(225);
    int first = 1 + random.nextInt(8);
    int power = 1 + random.nextInt(3);
    CodeShape shape = CodeShape.of(levels, size);
    CodeModel model = new CodeModel();
    for (int i = 0; i < 5000; i++) {
      int[] code = new int[levels];
      for (int level = 0; level < levels; level++) {
        code[level] = (int) (size * Math.pow(random.nextDouble(), power));
      }
      code[0] %= first;
      model.add("item-" + i, code);
    }
    SemanticIdIndex index = SemanticIdIndex.builder(shape).build();
    index.addAll(List.copyOf(model.codes.keySet()), model.codes.values().toArray(int[][]::new));
    for (int i = random.nextInt(3) * 40; i > 0; i--) {
      String id = "item-" + random.nextInt(5050);
      switch (random.nextInt(3)) {
        case 0 -> assertEquals(model.remove(id), index.remove(id));
        case 1 -> assertEquals(model.setAvailable(id, false), index.setAvailable(id, false));
        default -> {
          int[] code = CodeModel.randomCode(shape, random);
          model.add(id, code);
          index.add(id, code);
        }
      }
    }
    int[] offsets = IntStream.range(0, levels).map(level -> level * size).toArray();
    CodeTokens tokens = CodeTokens.offsets(offsets);
    int vocabularySize = levels * size;
    float[][] logits = new float[vocabularySize][vocabularySize];
    for (float[] row : logits) {
      for (int i = 0; i < row.length; i++) {
        row[i] =
            random.nextInt(40) == 0 ? Float.NEGATIVE_INFINITY : 3 * (float) random.nextGaussian();
      }
    }
    BigramScorer scorer = new BigramScorer(logits);
    BeamOptions options =
        BeamOptions.of(1 + random.nextInt(30))
            .normalization(random.nextBoolean() ? Normalization.CATALOG : Normalization.VOCABULARY);
    BeamDecoder decoder =
        BeamDecoder.builder(scorer, index, tokens, (request, codes) -> Optional.of(Prompt.of(0)))
            .options(options)
            .build();
    ItemFilter filter =
        random.nextBoolean() ? ItemFilter.all() : id -> Math.floorMod(id.hashCode(), 3) > 0;
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.empty()).filter(filter).k(options.width()).build();
    List<ScoredItem> expected =
        new PlainBeams(scorer, model, shape, tokens, options, filter).search(new int[] {0});
    assertEqual(request.k(), expected, decoder.recommend(request));
  }

  /** Asserts that items and scores are equal, but that items of about equal score may swap. */
  private static void assertEqual(int k, List<ScoredItem> all, Recommendations answer) {
    int size = Math.min(k, all.size());
    assertEquals(size, answer.size());
    assertEquals(size < k, answer.hasNotice(Notice.Code.SHORTFALL));
    Map<String, Double> scores = new HashMap<>();
    all.forEach(item -> scores.put(item.itemId(), item.score()));
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < size; i++) {
      ScoredItem item = answer.items().get(i);
      assertTrue(seen.add(item.itemId()));
      assertEquals(all.get(i).score(), item.score(), TOLERANCE);
      assertEquals(scores.get(item.itemId()), item.score(), TOLERANCE);
    }
  }

  @Property(tries = 500)
  void beamsForAllFindTheBestItemsThereAre(@ForAll long seed) {
    Case given = new Case(seed, 10_000);
    given.change();
    BeamDecoder decoder = given.decoder(given.options);
    ItemFilter filter = CodeModel.randomFilter(given.random, given.items);
    int start = given.random.nextInt(given.vocabularySize);
    Map<String, Double> scores = new HashMap<>();
    given.model.codes.forEach(
        (id, code) -> {
          double score = score(given, start, code);
          if (given.model.accepts(id, filter) && score > Double.NEGATIVE_INFINITY) {
            scores.put(id, score);
          }
        });
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.empty())
            .filter(filter)
            .k(1 + given.items)
            .seed(start)
            .build();
    Recommendations answer = decoder.recommend(request);
    assertEquals(scores.keySet(), Set.copyOf(answer.itemIds()));
    for (ScoredItem item : answer) {
      assertEquals(scores.get(item.itemId()), item.score(), TOLERANCE);
    }
    RecommendationRequest few =
        request.toBuilder().k(1 + given.random.nextInt(given.items)).build();
    assertEquals(
        answer.items().subList(0, Math.min(few.k(), answer.size())),
        decoder.recommend(few).items());
  }

  /** Returns the score of one item, by one run of the model for each token. */
  private static double score(Case given, int start, int[] code) {
    CodeModel alone = new CodeModel();
    given.model.codes.forEach(alone::add);
    alone.add("the item", code);
    PlainBeams plain =
        new PlainBeams(
            given.scorer,
            alone,
            given.shape,
            given.tokens,
            given.options,
            ItemFilter.allow(Set.of("the item")));
    List<ScoredItem> found = plain.search(new int[] {start});
    return found.isEmpty() ? Double.NEGATIVE_INFINITY : found.get(0).score();
  }

  @Property(tries = 1000)
  void nothingButAcceptedItemsComesOutAndEachOnce(@ForAll long seed) {
    Case given = new Case(seed, 8);
    given.change();
    BeamDecoder decoder = given.decoder(given.options);
    for (int i = 0; i < 100; i++) {
      ItemFilter filter = CodeModel.randomFilter(given.random, given.items);
      Recommendations answer =
          decoder.recommend(
              RecommendationRequest.of(UserHistory.empty())
                  .filter(filter)
                  .k(8)
                  .seed(given.random.nextInt(given.vocabularySize))
                  .build());
      assertEquals(answer.size(), Set.copyOf(answer.itemIds()).size());
      for (ScoredItem item : answer) {
        assertTrue(given.model.accepts(item.itemId(), filter), item::itemId);
        assertTrue(Double.isFinite(item.score()));
      }
    }
  }
}
