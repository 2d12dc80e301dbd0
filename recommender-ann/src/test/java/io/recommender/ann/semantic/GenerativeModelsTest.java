package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.spi.GenerativeModel;
import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.PromptLayout;
import io.recommender.testing.BigramScorer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GenerativeModelsTest {

  /** A model of three items that can be made to contradict itself. */
  private static class Model implements GenerativeModel {
    int[][] codes = {{0, 1}, {2, 2}, {2, 2}};
    int[][] tokens = {{1, 2, 3}, {4, 5, 6}};
    boolean isUnequal;
    boolean isRefused;
    int endToken = -1;
    int replayedWidth;
    private final BigramScorer scorer = new BigramScorer(logits());

    private static float[][] logits() {
      Random random = new Random(5);
      float[][] logits = new float[9][9];
      for (float[] row : logits) {
        for (int i = 0; i < row.length; i++) {
          row[i] = (float) random.nextGaussian();
        }
      }
      return logits;
    }

    @Override
    public NextTokenScorer scorer() {
      return scorer;
    }

    @Override
    public Catalog catalog() {
      return Catalog.ofIds(List.of("a", "b", "c"));
    }

    @Override
    public int[] codes(int ordinal) {
      return codes[ordinal].clone();
    }

    @Override
    public int[] codeSizes() {
      return new int[] {3, 3};
    }

    @Override
    public boolean hasUnequalLengths() {
      return isUnequal;
    }

    @Override
    public int[][] codeTokens() {
      return tokens;
    }

    @Override
    public PromptLayout prompt() {
      return new PromptLayout(
          2, new int[] {7}, new int[0], new int[] {0}, Optional.empty(), List.of());
    }

    @Override
    public Normalization normalization() {
      return Normalization.CATALOG;
    }

    @Override
    public OptionalInt endToken() {
      return endToken < 0 ? OptionalInt.empty() : OptionalInt.of(endToken);
    }

    @Override
    public OptionalInt beams() {
      return OptionalInt.of(5);
    }

    @Override
    public List<String> fallback() {
      return List.of("c", "a");
    }

    @Override
    public String modelVersion() {
      return "tiny@3+0123456789ab";
    }

    @Override
    public void replay(SequenceRecommender decoder) {
      if (isRefused) {
        throw new RecommenderException(RecommenderException.Kind.BUNDLE_INVALID, "other answers");
      }
      replayedWidth = 0;
      for (int k = 1; k <= 5; k++) {
        replayedWidth +=
            decoder
                        .recommend(RecommendationRequest.of(UserHistory.of("a")).k(k).build())
                        .requested()
                    == k
                ? 1
                : 0;
      }
    }

    boolean isClosed() {
      try {
        scorer.start(NextTokenScorer.Prompt.of(0)).close();
        return false;
      } catch (IllegalStateException e) {
        return true;
      }
    }

    @Override
    public void close() {
      scorer.close();
    }
  }

  @Test
  void aModelIsDecodedAsItSays() {
    Model model = new Model();
    BeamDecoder decoder = BeamDecoder.of(model, options -> options.width(6));
    assertEquals(5, model.replayedWidth);
    assertEquals(CodeShape.of(2, 3), decoder.index().shape());
    Recommendations answer =
        decoder.recommend(RecommendationRequest.of(UserHistory.of("b")).k(6).build());
    assertEquals(List.of("a", "b", "c"), answer.itemIds().stream().sorted().toList());
    assertEquals("tiny", answer.items().get(0).source());
    assertEquals("tiny@3+0123456789ab", answer.modelVersion());
    double sum = answer.items().stream().mapToDouble(item -> Math.exp(item.score())).sum();
    double twice = Math.exp(answer.items().get(answer.itemIds().indexOf("b")).score());
    assertEquals(1, sum - twice, 1e-5, "b and c have one code");
    decoder.close();
    assertTrue(model.isClosed());
  }

  @Test
  void theListOfTheModelAnswersWhereTheModelCannot() {
    BeamDecoder decoder = BeamDecoder.of(new Model());
    RecommendationRequest request = RecommendationRequest.of(UserHistory.empty()).k(3).build();
    Recommendations answer = decoder.recommend(request);
    assertEquals(List.of("c", "a"), answer.itemIds());
    assertTrue(answer.hasNotice(Notice.Code.FALLBACK_USED));
    assertTrue(answer.hasNotice(Notice.Code.SHORTFALL));
    decoder.index().setAvailable("c", false);
    assertEquals(List.of("a"), decoder.recommend(request).itemIds());
    assertEquals(
        List.of(),
        decoder
            .recommend(request.toBuilder().filter(ItemFilter.deny(List.of("a"))).build())
            .itemIds());
  }

  @Test
  void aModelThatContradictsItselfIsRefusedAndClosed() {
    Model outOfRange = new Model();
    outOfRange.codes = new int[][] {{0, 1}, {2, 2}, {2, 3}};
    assertRefused(
        outOfRange, "tiny@3+0123456789ab: code of item 'c': expected 0 to 2 at level 1, found 3");
    Model unknownToken = new Model();
    unknownToken.tokens = new int[][] {{1, 2, 3}, {4, 5, 9}};
    assertRefused(
        unknownToken,
        "tiny@3+0123456789ab: token of code 2 of level 1: expected 0 to 8, as the model has them,"
            + " found 9");
    Model endless = new Model();
    endless.isUnequal = true;
    assertRefused(
        endless,
        "tiny@3+0123456789ab: endToken: expected one, because codes of unequal length may begin"
            + " one another, found none");
    Model other = new Model();
    other.isRefused = true;
    assertRefused(other, "other answers");
  }

  private static void assertRefused(Model model, String message) {
    RecommenderException refused =
        assertThrows(RecommenderException.class, () -> BeamDecoder.of(model));
    assertSame(RecommenderException.Kind.BUNDLE_INVALID, refused.kind());
    assertEquals(message, refused.getMessage());
    assertTrue(model.isClosed());
  }

  @Test
  void itemsOfUnequalLengthAreDecodedToTheirEnds() {
    Model titles = new Model();
    titles.isUnequal = true;
    titles.endToken = 8;
    titles.codes = new int[][] {{0}, {0, 1}, {2, 2}};
    titles.tokens = new int[][] {{1, 2, 3}, {1, 2, 3}};
    BeamDecoder decoder = BeamDecoder.of(titles);
    assertEquals(CodeShape.upTo(2, 3), decoder.index().shape());
    assertEquals(
        3, decoder.recommend(RecommendationRequest.of(UserHistory.of("a")).k(5).build()).size());
  }
}
