package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.spi.PromptLayout.AlignedValue;
import io.recommender.testing.BigramScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What published systems that write items ask of a decoder. */
class GenerativeSystemsTest {

  private static float[][] logits(int vocabularySize, long seed) {
    Random random = new Random(seed);
    float[][] logits = new float[vocabularySize][vocabularySize];
    for (float[] row : logits) {
      for (int i = 0; i < row.length; i++) {
        row[i] = 2 * (float) random.nextGaussian();
      }
    }
    return logits;
  }

  private static int[] code(Random random, int levels, int size) {
    return random.ints(levels, 0, size).toArray();
  }

  /** Fills an index with items of different codes. */
  private static CodeModel fill(SemanticIdIndex index, int items, Random random) {
    CodeModel model = new CodeModel();
    Set<String> taken = new HashSet<>();
    while (model.codes.size() < items) {
      int[] code = code(random, index.shape().levels(), index.shape().size(0));
      if (taken.add(Arrays.toString(code))) {
        model.add("item-" + model.codes.size(), code);
      }
    }
    model.codes.forEach(index::add);
    return model;
  }

  /** DiscRec: three levels of eight codes, 30 items; the model is told position and item. */
  @Test
  void discRecIsToldTheStructureOfItemsAndNothingIsMadeUp() {
    CodeTokens tokens = CodeTokens.offsets(1, 9, 17);
    SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(3, 8)).unique().build();
    CodeModel model = fill(index, 30, new Random(1));
    PromptTemplate prompt =
        PromptTemplate.builder(index.shape(), tokens)
            .alignedInput("sid_position", AlignedValue.CODE_POSITION, 0)
            .alignedInput("item_index", AlignedValue.ITEM_INDEX, 0)
            .build();
    List<Prompt> told = new ArrayList<>();
    BigramScorer scorer = new BigramScorer(logits(25, 2));
    BeamOptions options = BeamOptions.of(30);
    BeamDecoder decoder =
        BeamDecoder.builder(
                scorer,
                index,
                tokens,
                (request, codes) -> {
                  Prompt full = prompt.write(request, codes).orElseThrow();
                  told.add(full);
                  return Optional.of(Prompt.of(full.tokens()));
                })
            .options(options)
            .build();
    Random random = new Random(3);
    for (int i = 0; i < 1000; i++) {
      List<String> history = new ArrayList<>();
      for (int j = 0; j <= i % 3; j++) {
        history.add("item-" + random.nextInt(30));
      }
      RecommendationRequest request =
          RecommendationRequest.of(UserHistory.ofItems(history)).k(30).build();
      Recommendations answer = decoder.recommend(request);
      assertTrue(model.codes.keySet().containsAll(answer.itemIds()));
      assertEquals(30, Set.copyOf(answer.itemIds()).size());
      if (i < 20) {
        List<ScoredItem> all =
            new PlainBeams(scorer, model, index.shape(), tokens, options, ItemFilter.all())
                .search(told.get(i).tokens());
        assertEquals(all.stream().map(ScoredItem::itemId).toList(), answer.itemIds());
        for (int rank = 0; rank < 30; rank++) {
          assertEquals(all.get(rank).score(), answer.items().get(rank).score(), 1e-5);
        }
      }
    }
    Map<String, int[]> aligned = told.get(1).alignedInputs();
    assertArrayEquals(
        new int[] {0, 1, 2, 0, 1, 2, 0, 1, 2}, Arrays.copyOf(aligned.get("sid_position"), 9));
    assertArrayEquals(
        new int[] {0, 0, 0, 1, 1, 1, 2, 2, 2}, Arrays.copyOf(aligned.get("item_index"), 9));
  }

  /** LLaRA: titles of candidates; what the model is told of the items themselves counts. */
  @Test
  void llaraChoosesAmongCandidatesAndReadsTheirEmbeddings() {
    int end = 0;
    SemanticIdIndex titles = SemanticIdIndex.builder(CodeShape.upTo(4, 12)).build();
    titles.add("alien", 3);
    titles.add("aliens", 3, 4);
    titles.add("heat-1986", 5, 6);
    titles.add("heat-1995", 5, 6);
    Random random = new Random(5);
    for (int i = 0; i < 20; i++) {
      int[] title = random.ints(1 + random.nextInt(4), 1, 12).toArray();
      titles.add("film-" + i, title);
    }
    // What a conventional recommender has of each item, and the model's projection of it.
    Map<String, float[]> embeddings = new HashMap<>();
    for (String itemId : List.of("alien", "heat-1986", "film-2")) {
      embeddings.put(itemId, new float[] {random.nextFloat(), random.nextFloat(), 1});
    }
    NextTokenScorer scorer = new ProjectingScorer(new BigramScorer(logits(12, 9)), logits(12, 8));
    BeamDecoder[] decoders = new BeamDecoder[2];
    for (int i = 0; i < 2; i++) {
      Function<String, float[]> vectors = i == 0 ? id -> new float[3] : embeddings::get;
      decoders[i] =
          BeamDecoder.builder(
                  scorer,
                  titles,
                  CodeTokens.identity(),
                  PromptTemplate.builder(titles.shape(), CodeTokens.identity())
                      .prefix(2)
                      .slot(7)
                      .softInput("item_vectors", 3, vectors)
                      .build())
              .options(BeamOptions.of(30).endToken(end))
              .build();
    }
    List<String> candidates =
        List.of(
            "alien",
            "aliens",
            "heat-1986",
            "heat-1995",
            "film-1",
            "film-3",
            "film-5",
            "film-7",
            "film-9",
            "film-11");
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of("alien", "heat-1986", "film-2"))
            .k(10)
            .filter(ItemFilter.allow(candidates))
            .build();
    List<String> without = decoders[0].recommend(request).itemIds();
    List<String> with = decoders[1].recommend(request).itemIds();
    assertEquals(Set.copyOf(candidates), Set.copyOf(without));
    assertEquals(Set.copyOf(candidates), Set.copyOf(with));
    assertNotEquals(without, with);
    for (int i = 0; i < 200; i++) {
      Set<String> few = new HashSet<>();
      for (int j = 0; j < 10; j++) {
        few.add("film-" + random.nextInt(20));
      }
      Recommendations answer =
          decoders[i % 2].recommend(request.toBuilder().filter(ItemFilter.allow(few)).build());
      assertEquals(few, Set.copyOf(answer.itemIds()));
    }
  }

  /** Adds to the logits the products of a matrix with the vectors of items. */
  private record ProjectingScorer(NextTokenScorer scorer, float[][] matrix)
      implements NextTokenScorer {
    @Override
    public int vocabularySize() {
      return scorer.vocabularySize();
    }

    @Override
    public Decoding startAll(List<Prompt> prompts) {
      Prompt prompt = prompts.get(0);
      float[][] vectors = prompt.softTokens().get("item_vectors").vectors();
      Decoding decoding = scorer.start(Prompt.of(prompt.tokens()));
      return new Decoding() {
        @Override
        public int rows() {
          return decoding.rows();
        }

        @Override
        public void logits(int row, float[] logits) {
          decoding.logits(row, logits);
          for (float[] vector : vectors) {
            for (int i = 0; i < logits.length; i++) {
              logits[i] +=
                  vector[0] * matrix[0][i] + vector[1] * matrix[1][i] + vector[2] * matrix[2][i];
            }
          }
        }

        @Override
        public void advance(int[] parents, int[] tokens, int count) {
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
      scorer.close();
    }
  }

  /** OpenP5: several indexings of one catalogue, and a prompt without any history. */
  @Test
  void openP5DecodesAnyIndexingAndRecommendsWithoutAHistory() {
    Random random = new Random(4);
    List<CodeShape> shapes = List.of(CodeShape.of(2, 10), CodeShape.of(3, 6), CodeShape.upTo(4, 5));
    for (CodeShape shape : shapes) {
      SemanticIdIndex index = SemanticIdIndex.builder(shape).build();
      for (int i = 0; i < 40; i++) {
        index.add("item-" + i, CodeModel.randomCode(shape, random));
      }
      CodeTokens tokens = CodeTokens.offsets(new int[shape.levels()]);
      BeamDecoder decoder =
          BeamDecoder.builder(
                  new BigramScorer(logits(16, 6)),
                  index,
                  tokens,
                  PromptTemplate.builder(shape, tokens)
                      .prefix(11)
                      .whenEmpty(12, 13)
                      .suffix(14)
                      .build())
              .options(BeamOptions.of(40).endToken(15))
              .build();
      for (UserHistory history : List.of(UserHistory.of("item-3", "item-9"), UserHistory.empty())) {
        Recommendations answer = decoder.recommend(RecommendationRequest.of(history).k(40).build());
        assertEquals(40, answer.size(), shape::toString);
        assertEquals(List.of(), answer.notices());
      }
    }
  }

  /** LC-Rec: 200 items of four levels of 16 codes, no two of one code. */
  @Test
  void lcRecHasDifferentCodesAndDecodesANewItemAtOnce() {
    CodeTokens tokens = CodeTokens.offsets(0, 16, 32, 48);
    SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(4, 16)).unique().build();
    CodeModel model = fill(index, 200, new Random(11));
    BeamDecoder decoder =
        BeamDecoder.builder(
                new BigramScorer(logits(64, 12)),
                index,
                tokens,
                PromptTemplate.builder(index.shape(), tokens).build())
            .options(BeamOptions.of(20))
            .build();
    Random random = new Random(13);
    for (int i = 0; i < 1000; i++) {
      UserHistory history =
          UserHistory.of("item-" + random.nextInt(200), "item-" + random.nextInt(200));
      Recommendations answer = decoder.recommend(history);
      assertEquals(10, Set.copyOf(answer.itemIds()).size());
      assertTrue(model.codes.keySet().containsAll(answer.itemIds()));
    }
    int[] taken = model.codes.get("item-7");
    assertThrows(IllegalArgumentException.class, () -> index.add("double", taken));
    int[] free = taken.clone();
    while (!index.items(free).isEmpty()) {
      free[3] = (free[3] + 1) % 16;
    }
    index.add("new", free);
    RecommendationRequest only =
        RecommendationRequest.of(UserHistory.of("item-1"))
            .filter(ItemFilter.allow(Set.of("new")))
            .build();
    assertEquals(List.of("new"), decoder.recommend(only).itemIds());
  }

  /** ULMRec: users have codes too, and those of nobody stand for whoever is not known. */
  @Test
  void ulmRecTellsTheModelWhoAsks() {
    SemanticIdIndex titles = SemanticIdIndex.builder(CodeShape.upTo(3, 8)).build();
    titles.add("emma-novel", 1, 2);
    titles.add("emma-film", 1, 2);
    titles.add("emma-bovary", 1, 2, 3);
    for (int i = 0; i < 8; i++) {
      titles.add("book-" + i, i, (3 * i + 1) % 8);
    }
    Map<String, int[]> users = new HashMap<>();
    users.put("anne", new int[] {9, 10});
    users.put("bill", new int[] {10, 11});
    int[] nobody = {12, 12};
    BeamDecoder decoder =
        BeamDecoder.builder(
                new BigramScorer(logits(14, 21)),
                titles,
                CodeTokens.identity(),
                PromptTemplate.builder(titles.shape(), CodeTokens.identity())
                    .user(user -> user.map(id -> users.getOrDefault(id, nobody)).orElse(nobody))
                    .whenEmpty()
                    .build())
            .options(BeamOptions.of(20).endToken(13))
            .build();
    UserHistory empty = UserHistory.empty();
    List<ScoredItem> anne = all(decoder, empty.forUser("anne"));
    List<ScoredItem> bill = all(decoder, empty.forUser("bill"));
    List<ScoredItem> stranger = all(decoder, empty.forUser("carol"));
    assertEquals(11, anne.size());
    assertNotEquals(
        anne.stream().map(ScoredItem::itemId).toList(),
        bill.stream().map(ScoredItem::itemId).toList());
    assertEquals(all(decoder, empty), stranger);
    assertTrue(
        stranger.stream()
            .map(ScoredItem::itemId)
            .toList()
            .containsAll(List.of("emma-novel", "emma-film", "emma-bovary")));
  }

  private static List<ScoredItem> all(BeamDecoder decoder, UserHistory history) {
    return decoder.recommend(RecommendationRequest.of(history).k(20).build()).items();
  }
}
