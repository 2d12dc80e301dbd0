package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.spi.NextTokenScorer;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * What an answer allocates depends on its beams, not on the vocabulary and not on the catalogue.
 */
class BeamAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Compilers need some rounds: what they have not compiled may allocate. */
  private static final int ROUNDS = 400;

  /** Far less than one row of logits of the larger vocabulary. */
  private static final int ENOUGH = 30_000;

  private static final int CALLS = 20;

  /** Returns what an answer allocates in the round with the least. */
  private static long allocated(int vocabularySize, int items) {
    SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(3, 64)).build();
    String[] ids = new String[items];
    int[][] codes = new int[items][];
    for (int i = 0; i < items; i++) {
      ids[i] = "item-" + i;
      codes[i] = new int[] {i % 64, i / 64 % 64, i / 4096 % 64};
    }
    index.addAll(List.of(ids), codes);
    BeamDecoder decoder =
        BeamDecoder.builder(
                new ConstantLogits(vocabularySize),
                index,
                CodeTokens.offsets(0, 0, 0),
                (request, history) -> Optional.of(NextTokenScorer.Prompt.of(0)))
            .build();
    RecommendationRequest request = RecommendationRequest.of(UserHistory.empty()).build();
    long thread = Thread.currentThread().getId();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS && least > (long) CALLS * ENOUGH; round++) {
      long before = THREADS.getThreadAllocatedBytes(thread);
      for (int i = 0; i < CALLS; i++) {
        assertEquals(10, decoder.recommend(request).size());
      }
      least = Math.min(least, THREADS.getThreadAllocatedBytes(thread) - before);
    }
    return least / CALLS;
  }

  @Test
  void anAnswerAllocatesNoMoreForAVocabularyOrACatalogueOfAnySize() {
    long small = allocated(100, 5_000);
    long large = allocated(20_000, 100_000);
    assertTrue(small <= ENOUGH, () -> small + " bytes");
    assertTrue(large <= ENOUGH, () -> large + " bytes");
  }

  private record ConstantLogits(int vocabularySize) implements NextTokenScorer {
    @Override
    public Decoding startAll(List<Prompt> prompts) {
      return new Decoding() {
        private int rows = 1;

        @Override
        public int rows() {
          return rows;
        }

        @Override
        public void logits(int row, float[] logits) {
          for (int i = 0; i < logits.length; i++) {
            logits[i] = i & 7;
          }
        }

        @Override
        public void advance(int[] parents, int[] tokens, int count) {
          rows = count;
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void close() {}
  }
}
