package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.spi.GenerativeModel.Normalization;
import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.NextTokenScorer.SoftTokens;
import io.recommender.spi.PromptLayout.AlignedValue;
import io.recommender.testing.BigramScorer;
import io.recommender.testing.SequenceRecommenderContract;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Tokens 1 to 4 are the codes of the first level, 5 to 8 those of the second, 9 ends an item. */
class BeamDecoderTest {
  private static final CodeTokens TOKENS = CodeTokens.offsets(1, 5);
  private static final int VOCABULARY = 10;

  private final SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(2, 4)).build();
  private final BigramScorer scorer = new BigramScorer(logits(7));

  BeamDecoderTest() {
    for (int i = 0; i < 10; i++) {
      index.add("item-" + i, i % 4, i / 3);
    }
  }

  private static float[][] logits(long seed) {
    Random random = new Random(seed);
    float[][] logits = new float[VOCABULARY][VOCABULARY];
    for (float[] row : logits) {
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    return logits;
  }

  private BeamDecoder.Builder builder(NextTokenScorer model) {
    return BeamDecoder.builder(
            model, index, TOKENS, PromptTemplate.builder(index.shape(), TOKENS).build())
        .options(BeamOptions.of(12));
  }

  private static RecommendationRequest request(int k, String... items) {
    return RecommendationRequest.of(UserHistory.of(items)).k(k).build();
  }

  @Nested
  class Contract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return builder(new BigramScorer(logits(7))).build();
    }

    @Override
    protected Catalog items() {
      List<Item> items = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        items.add(Item.of("item-" + i));
      }
      return Catalog.of(items);
    }
  }

  @Test
  void scoresAreLogProbabilitiesOfTheCodes() {
    Recommendations answer = builder(scorer).build().recommend(request(10, "item-5", "item-2"));
    assertEquals(ScoreKind.LOG_PROBABILITY, answer.scoreKind());
    assertEquals(2, answer.modelRuns());
    CodeModel model = new CodeModel();
    for (int i = 0; i < 10; i++) {
      model.add("item-" + i, new int[] {i % 4, i / 3});
    }
    List<ScoredItem> expected =
        new PlainBeams(scorer, model, index.shape(), TOKENS, BeamOptions.of(100), ItemFilter.all())
            .search(new int[] {2, 6, 3, 5});
    assertEquals(expected.stream().map(ScoredItem::itemId).toList(), answer.itemIds());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).score(), answer.items().get(i).score(), 1e-5);
      assertEquals("beam", answer.items().get(i).source());
    }
  }

  /** A model that says how many rows it was asked to run after its prompts. */
  private static final class Counted implements NextTokenScorer {
    private final NextTokenScorer model = new BigramScorer(logits(7));
    private int rows;

    @Override
    public int vocabularySize() {
      return model.vocabularySize();
    }

    @Override
    public Decoding startAll(List<Prompt> prompts) {
      Decoding decoding = model.startAll(prompts);
      return new Decoding() {
        @Override
        public int rows() {
          return decoding.rows();
        }

        @Override
        public void logits(int row, float[] logits) {
          decoding.logits(row, logits);
        }

        @Override
        public void advance(int[] parents, int[] tokens, int count) {
          rows += count;
          decoding.advance(parents, tokens, count);
        }

        @Override
        public void close() {
          decoding.close();
        }
      };
    }

    @Override
    public void close() {
      model.close();
    }
  }

  @Test
  void theModelIsNotRunForCodesThatAreCertain() {
    SemanticIdIndex few = SemanticIdIndex.builder(CodeShape.of(2, 4)).build();
    int[][] codes = {{0, 1}, {1, 2}, {2, 0}, {2, 0}, {3, 1}, {3, 2}};
    few.addAll(List.of("a", "b", "c", "as c", "d", "e"), codes);
    Counted model = new Counted();
    BeamOptions options = BeamOptions.of(8);
    BeamDecoder decoder =
        BeamDecoder.builder(
                model, few, TOKENS, (request, known) -> Optional.of(NextTokenScorer.Prompt.of(1)))
            .options(options.normalization(Normalization.CATALOG))
            .build();
    RecommendationRequest all = request(6, "a");
    assertEquals(2, decoder.recommend(all).modelRuns());
    assertEquals(1, model.rows, "d and e alone begin alike");
    few.add("f", 0, 3);
    assertEquals(6, decoder.recommend(all).size());
    assertEquals(3, model.rows, "and now a and f");
    few.remove("f");
    few.remove("e");
    Recommendations answer = decoder.recommend(all);
    assertEquals(1, answer.modelRuns());
    assertEquals(3, model.rows);
    assertEquals(5, answer.size());
    Recommendations overVocabulary =
        BeamDecoder.builder(
                model, few, TOKENS, (request, known) -> Optional.of(NextTokenScorer.Prompt.of(1)))
            .options(options)
            .build()
            .recommend(all);
    assertEquals(2, overVocabulary.modelRuns());
    assertEquals(7, model.rows, "over the vocabulary nothing is certain");
  }

  @Test
  void itemsOfOneCodeComeInTheOrderOfTheIndex() {
    index.add("late", 3, 3);
    index.add("later", 3, 3);
    index.add("late", 3, 3);
    List<String> answer = builder(scorer).build().recommend(request(12, "item-1")).itemIds();
    assertEquals(answer.indexOf("late") + 1, answer.indexOf("later"));
    assertEquals(12, answer.size());
    RecommendationRequest one =
        request(1, "item-1").toBuilder().filter(ItemFilter.allow(List.of("late", "later"))).build();
    assertEquals(List.of("late"), builder(scorer).build().recommend(one).itemIds());
  }

  @Test
  void aChangeOfTheIndexShowsInTheNextAnswer() {
    BeamDecoder decoder = builder(scorer).build();
    RecommendationRequest all = request(12, "item-1");
    assertFalse(decoder.recommend(all).itemIds().contains("new"));
    index.add("new", 0, 3);
    assertTrue(decoder.recommend(all).itemIds().contains("new"));
    index.setAvailable("new", false);
    assertFalse(decoder.recommend(all).itemIds().contains("new"));
    index.setAvailable("new", true);
    assertTrue(decoder.recommend(all).itemIds().contains("new"));
    index.remove("new");
    assertFalse(decoder.recommend(all).itemIds().contains("new"));
  }

  @Test
  void moreItemsThanBeamsAreRefused() {
    BeamDecoder decoder = builder(scorer).build();
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> decoder.recommend(request(13, "x")));
    assertEquals("k: expected at most 12, the width of the beam, found 13", refused.getMessage());
    assertEquals(10, decoder.recommend(request(12, "item-1")).size());
  }

  @Test
  void theFallbackAnswersForAnEmptyHistoryAndWhereNothingIsFound() {
    SequenceRecommender popular =
        request ->
            Recommendations.of(request.k(), List.of(new ScoredItem("hit", 7, "popular")))
                .scoreKind(ScoreKind.OTHER)
                .notice(new Notice(Notice.Code.UNKNOWN_ITEMS, 1, "one"))
                .notice(new Notice(Notice.Code.SHORTFALL, 1, "too few"))
                .build();
    BeamDecoder decoder = builder(scorer).fallback(popular).build();
    for (RecommendationRequest request :
        List.of(
            request(2),
            request(2, "unknown"),
            request(2, "item-1").toBuilder().filter(itemId -> false).build())) {
      Recommendations answer = decoder.recommend(request);
      assertEquals(List.of("hit"), answer.itemIds());
      assertEquals(ScoreKind.OTHER, answer.scoreKind());
      assertTrue(answer.hasNotice(Notice.Code.FALLBACK_USED));
      assertTrue(answer.hasNotice(Notice.Code.SHORTFALL));
      boolean isUnknown = request.history().itemIds().contains("unknown");
      assertEquals(isUnknown, answer.hasNotice(Notice.Code.UNKNOWN_ITEMS));
    }
    decoder.close();
    assertEquals(List.of("hit"), popular.recommend(request(1)).itemIds());
  }

  @Test
  void withoutAFallbackAnEmptyHistoryGetsNothingAndAReason() {
    Recommendations answer = builder(scorer).build().recommend(request(2));
    assertTrue(answer.isEmpty());
    assertEquals(
        List.of(
            new Notice(
                Notice.Code.SHORTFALL,
                2,
                "The model can say nothing of this history: expected 2 items, found 0.")),
        answer.notices());
  }

  @Test
  void anAnswerThatTakesTooLongIsCutAndSaysSo() {
    BeamOptions options = BeamOptions.of(4).timeout(Duration.ofNanos(1));
    long[] now = {0};
    Recommendations answer =
        builder(scorer)
            .options(options)
            .clock(() -> now[0]++)
            .build()
            .recommend(request(2, "item-1"));
    assertTrue(answer.isEmpty());
    assertEquals(1, answer.modelRuns());
    assertTrue(answer.hasNotice(Notice.Code.TIMED_OUT));
    assertTrue(answer.hasNotice(Notice.Code.SHORTFALL));
    Recommendations inTime =
        builder(scorer)
            .options(options.timeout(Duration.ofSeconds(Long.MAX_VALUE)))
            .build()
            .recommend(request(2, "item-1"));
    assertEquals(2, inTime.size());
    assertFalse(inTime.hasNotice(Notice.Code.TIMED_OUT));
  }

  @Test
  void codesThatAreCertainInTimeAreReturned() {
    SemanticIdIndex few = SemanticIdIndex.builder(CodeShape.of(2, 4)).build();
    few.addAll(List.of("a", "d", "e"), new int[][] {{0, 1}, {3, 1}, {3, 2}});
    long[] now = {0};
    Recommendations answer =
        BeamDecoder.builder(
                scorer, few, TOKENS, (request, known) -> Optional.of(NextTokenScorer.Prompt.of(1)))
            .options(
                BeamOptions.of(4).normalization(Normalization.CATALOG).timeout(Duration.ofNanos(1)))
            .clock(() -> now[0]++)
            .build()
            .recommend(request(3, "a"));
    assertEquals(List.of("a"), answer.itemIds());
    assertTrue(answer.hasNotice(Notice.Code.TIMED_OUT));
    assertTrue(answer.hasNotice(Notice.Code.SHORTFALL));
  }

  @Test
  void itemsThatEndedInTimeAreReturned() {
    SemanticIdIndex titles = SemanticIdIndex.builder(CodeShape.upTo(3, 4)).build();
    titles.add("short", 1);
    titles.add("long", 1, 2, 3);
    BigramScorer model = new BigramScorer(logits(3));
    BeamOptions options = BeamOptions.of(4).endToken(9);
    PromptTemplate prompt = PromptTemplate.builder(titles.shape(), CodeTokens.identity()).build();
    BeamDecoder.Builder builder =
        BeamDecoder.builder(model, titles, CodeTokens.identity(), prompt).options(options);
    assertEquals(2, builder.build().recommend(request(2, "short")).size());
    // So slow that the time is over once the short one has ended.
    long[] now = {0};
    BeamDecoder slow =
        BeamDecoder.builder(
                wrap(
                    model,
                    decoding ->
                        new Wrapped(decoding) {
                          @Override
                          public void advance(int[] parents, int[] tokens, int count) {
                            super.advance(parents, tokens, count);
                            now[0] += 2;
                          }
                        }),
                titles,
                CodeTokens.identity(),
                prompt)
            .options(options.timeout(Duration.ofNanos(1)))
            .clock(() -> now[0])
            .build();
    Recommendations answer = slow.recommend(request(2, "short"));
    assertEquals(List.of("short"), answer.itemIds());
    assertTrue(answer.hasNotice(Notice.Code.TIMED_OUT));
    assertTrue(answer.hasNotice(Notice.Code.SHORTFALL));
  }

  @Test
  void aModelThatFailsLeavesTheDecoderUsable() {
    boolean[] fails = {true};
    int[] closed = {0};
    NextTokenScorer failing =
        wrap(
            scorer,
            decoding ->
                new Wrapped(decoding) {
                  @Override
                  public void advance(int[] parents, int[] tokens, int count) {
                    if (fails[0]) {
                      throw new RecommenderException(
                          RecommenderException.Kind.INFERENCE_FAILED, "no memory");
                    }
                    super.advance(parents, tokens, count);
                  }

                  @Override
                  public void close() {
                    closed[0]++;
                    super.close();
                  }
                });
    BeamDecoder decoder = builder(failing).build();
    RecommenderException failure =
        assertThrows(RecommenderException.class, () -> decoder.recommend(request(2, "item-1")));
    assertSame(RecommenderException.Kind.INFERENCE_FAILED, failure.kind());
    fails[0] = false;
    assertEquals(2, decoder.recommend(request(2, "item-1")).size());
    assertEquals(2, closed[0]);
  }

  @Test
  void whatIsNoNumberIsToldAndNothingComesOfIt() {
    for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      float[][] logits = logits(1);
      logits[1][0] = wrong;
      BeamDecoder decoder = builder(new BigramScorer(logits)).build();
      RecommenderException failure =
          assertThrows(RecommenderException.class, () -> decoder.recommend(request(2, "item-0")));
      assertSame(RecommenderException.Kind.NON_FINITE_OUTPUT, failure.kind());
      assertTrue(failure.getMessage().contains("expected finite numbers"), failure.getMessage());
    }
  }

  @Test
  void branchesSpreadTheAnswerOverTheTree() {
    SemanticIdIndex family = SemanticIdIndex.builder(CodeShape.of(2, 4)).build();
    float[][] logits = new float[VOCABULARY][VOCABULARY];
    logits[0][1] = 5;
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < 4; j++) {
        family.add(i + "-" + j, i, j);
      }
    }
    BeamDecoder.Builder builder =
        BeamDecoder.builder(
            new BigramScorer(logits),
            family,
            TOKENS,
            (request, codes) -> Optional.of(NextTokenScorer.Prompt.of(0)));
    BeamOptions options = BeamOptions.of(4);
    assertEquals(
        List.of("0-0", "0-1", "0-2", "0-3"),
        builder.options(options).build().recommend(request(4)).itemIds());
    assertEquals(
        List.of("0-0", "1-0", "2-0", "3-0"),
        builder.options(options.branches(1)).build().recommend(request(4)).itemIds());
  }

  @Test
  void whatDoesNotFitTheModelIsRefusedBeforeTheFirstAnswer() {
    assertRefused(
        "token of code 3 of level 1: expected 0 to 9, as the model has them, found 10",
        builder(scorer, CodeTokens.offsets(1, 7)));
    assertRefused(
        "token of code 0 of level 0: expected 0 to 9, as the model has them, found -1",
        builder(scorer, CodeTokens.offsets(-1, 5)));
    assertRefused(
        "tokens: expected those of 2 levels, found 3",
        builder(scorer, CodeTokens.offsets(1, 2, 3)));
    assertRefused(
        "tokens of level 1: expected 4, found 3",
        builder(scorer, CodeTokens.of(new int[][] {{1, 2, 3, 4}, {5, 6, 7}})));
    assertRefused(
        "tokens of level 0: expected each once, found 2 twice",
        builder(scorer, CodeTokens.of(new int[][] {{1, 2, 3, 2}, {5, 6, 7, 8}})));
    assertRefused(
        "endToken: expected 0 to 9, as the model has them, found 10",
        builder(scorer).options(BeamOptions.of(2).endToken(10)));
    SemanticIdIndex titles = SemanticIdIndex.builder(CodeShape.upTo(3, 4)).build();
    assertRefused(
        "endToken: expected one, because codes of unequal length may begin one another, found none",
        BeamDecoder.builder(
            scorer, titles, CodeTokens.identity(), (request, codes) -> Optional.empty()));
  }

  private BeamDecoder.Builder builder(NextTokenScorer model, CodeTokens tokens) {
    return BeamDecoder.builder(model, index, tokens, (request, codes) -> Optional.empty());
  }

  private static void assertRefused(String message, BeamDecoder.Builder builder) {
    assertEquals(
        message, assertThrows(IllegalArgumentException.class, builder::build).getMessage());
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    BeamOptions options = BeamOptions.of(3);
    assertThrows(IllegalArgumentException.class, () -> BeamOptions.of(0));
    assertThrows(IllegalArgumentException.class, () -> options.width(0));
    assertThrows(IllegalArgumentException.class, () -> options.branches(0));
    assertThrows(IllegalArgumentException.class, () -> options.endToken(-1));
    assertThrows(IllegalArgumentException.class, () -> options.timeout(Duration.ZERO));
    assertThrows(IllegalArgumentException.class, () -> options.timeout(Duration.ofNanos(-1)));
    assertThrows(IllegalArgumentException.class, () -> options.lengthPenalty(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> builder(scorer).batchSize(0));
    assertEquals(
        "BeamOptions[width=3, VOCABULARY, lengthPenalty=0.0, branches=all, endToken=none,"
            + " timeout=none]",
        options.toString());
  }

  private static NextTokenScorer wrap(
      NextTokenScorer scorer, UnaryOperator<NextTokenScorer.Decoding> wrapper) {
    return new NextTokenScorer() {
      @Override
      public int vocabularySize() {
        return scorer.vocabularySize();
      }

      @Override
      public Decoding startAll(List<Prompt> prompts) {
        return wrapper.apply(scorer.startAll(prompts));
      }

      @Override
      public void close() {
        scorer.close();
      }
    };
  }

  private static class Wrapped implements NextTokenScorer.Decoding {
    private final NextTokenScorer.Decoding decoding;

    Wrapped(NextTokenScorer.Decoding decoding) {
      this.decoding = decoding;
    }

    @Override
    public int rows() {
      return decoding.rows();
    }

    @Override
    public void logits(int row, float[] logits) {
      decoding.logits(row, logits);
    }

    @Override
    public void advance(int[] parents, int[] tokens, int count) {
      decoding.advance(parents, tokens, count);
    }

    @Override
    public void close() {
      decoding.close();
    }
  }

  @Test
  void vectorsOfItemsBelongToTheirSlotOrToEachOfTheirCodes() {
    CodeShape shape = CodeShape.of(2, 8);
    CodeTokens tokens = CodeTokens.offsets(10, 20);
    Map<String, float[]> vectors = Map.of("a", new float[] {1, 2}, "b", new float[] {3, 4});
    List<CodedItem> items =
        List.of(new CodedItem("a", new int[] {7, 7}), new CodedItem("b", new int[] {0, 1}));
    PromptTemplate slots =
        PromptTemplate.builder(shape, tokens)
            .prefix(1)
            .slot(2)
            .separator(3)
            .softInput("vectors", 2, vectors::get)
            .build();
    assertEquals(
        new NextTokenScorer.Prompt(
            new int[] {1, 17, 27, 2, 3, 10, 21, 2},
            Map.of(),
            Map.of("vectors", new SoftTokens(new int[] {3, 7}, new float[][] {{1, 2}, {3, 4}}))),
        slots.write(request(1), items).orElseThrow());
    PromptTemplate codes =
        PromptTemplate.builder(shape, tokens)
            .prefix(1)
            .softInput("vectors", 2, vectors::get)
            .build();
    assertEquals(
        new SoftTokens(new int[] {1, 2, 3, 4}, new float[][] {{1, 2}, {1, 2}, {3, 4}, {3, 4}}),
        codes.write(request(1), items).orElseThrow().softTokens().get("vectors"));
    PromptTemplate wide =
        PromptTemplate.builder(shape, tokens).softInput("vectors", 3, vectors::get).build();
    assertEquals(
        "vector of item 'a' for the input 'vectors': expected 3 components, found 2",
        assertThrows(IllegalArgumentException.class, () -> wide.write(request(1), items))
            .getMessage());
  }

  @Test
  void aPromptTellsTheModelWhatItWasBuiltFor() {
    CodeShape shape = CodeShape.of(3, 8);
    PromptTemplate template =
        PromptTemplate.builder(shape, CodeTokens.offsets(10, 20, 30))
            .prefix(1)
            .separator(2)
            .suffix(3, 4)
            .maxItems(2)
            .user(user -> user.map(id -> new int[] {id.length()}).orElse(new int[] {0}))
            .whenEmpty(5, 6)
            .alignedInput("sid_position", AlignedValue.CODE_POSITION, -1)
            .alignedInput("item_index", AlignedValue.ITEM_INDEX, 9)
            .build();
    List<CodedItem> items =
        List.of(
            new CodedItem("a", new int[] {7, 7, 7}),
            new CodedItem("b", new int[] {0, 1, 2}),
            new CodedItem("c", new int[] {3, 4, 5}));
    RecommendationRequest known =
        RecommendationRequest.of(UserHistory.empty().forUser("anne")).build();
    assertEquals(
        new NextTokenScorer.Prompt(
            new int[] {1, 4, 10, 21, 32, 2, 13, 24, 35, 3, 4},
            Map.of(
                "sid_position",
                new int[] {-1, -1, 0, 1, 2, -1, 0, 1, 2, -1, -1, 0, 1, 2, -1},
                "item_index",
                new int[] {9, 9, 0, 0, 0, 9, 1, 1, 1, 9, 9, 2, 2, 2, 9})),
        template.write(known, items).orElseThrow());
    assertEquals(
        new NextTokenScorer.Prompt(
            new int[] {5, 6, 0, 3, 4},
            Map.of(
                "sid_position",
                new int[] {-1, -1, -1, -1, -1, 0, 1, 2, -1},
                "item_index",
                new int[] {9, 9, 9, 9, 9, 0, 0, 0, 9})),
        template.write(request(1), List.of()).orElseThrow());
    PromptTemplate plain = PromptTemplate.builder(shape, CodeTokens.offsets(10, 20, 30)).build();
    assertEquals(
        NextTokenScorer.Prompt.of(10, 21, 32),
        plain.write(request(1), items.subList(1, 2)).orElseThrow());
    assertEquals(Optional.empty(), plain.write(request(1), List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> PromptTemplate.builder(shape, CodeTokens.identity()).maxItems(0));
  }
}
