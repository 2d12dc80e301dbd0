package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.testing.NextTokenScorerContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxNextTokenScorerTest {
  static final List<String> NAMES = GenerativeFixtures.NAMES;
  private static final float TOLERANCE = 1e-4f;

  private abstract static class Contract extends NextTokenScorerContract {
    private final String name;

    Contract(String name) {
      this.name = name;
    }

    @Override
    protected NextTokenScorer create() {
      return GenerativeFixtures.open(name).scorer();
    }

    @Override
    protected boolean continuesPrompts() {
      return !name.startsWith("encoder");
    }
  }

  @Nested
  class DecoderWithSharedPrompt extends Contract {
    DecoderWithSharedPrompt() {
      super("decoder");
    }
  }

  @Nested
  class DecoderWithCopiedPrompt extends Contract {
    DecoderWithCopiedPrompt() {
      super("decoder-copied");
    }
  }

  @Nested
  class DecoderWithoutCache extends Contract {
    DecoderWithoutCache() {
      super("decoder-whole");
    }
  }

  @Nested
  class EncoderDecoder extends Contract {
    EncoderDecoder() {
      super("encoder-decoder");
    }
  }

  @Nested
  class EncoderDecoderWithoutCache extends Contract {
    EncoderDecoderWithoutCache() {
      super("encoder-decoder-whole");
    }
  }

  private abstract static class OfEveryToken extends NextTokenScorerContract {
    @TempDir Path folder;
    private final String paddingSide;

    OfEveryToken(String paddingSide) {
      this.paddingSide = paddingSide;
    }

    @Override
    protected NextTokenScorer create() {
      return RecommenderBundle.openGenerative(GenerativeFixtures.bigrams(folder, paddingSide))
          .scorer();
    }

    @Test
    void logitsAreThoseOfTheLastToken() {
      try (NextTokenScorer scorer = create();
          Decoding decoding = scorer.startAll(List.of(Prompt.of(0, 2, 1), Prompt.of(2)))) {
        float[] logits = new float[3];
        decoding.logits(0, logits);
        assertArrayEquals(GenerativeFixtures.BIGRAMS[1], logits);
        decoding.logits(1, logits);
        assertArrayEquals(GenerativeFixtures.BIGRAMS[2], logits);
        decoding.advance(new int[] {1}, new int[] {0}, 1);
        decoding.logits(0, logits);
        assertArrayEquals(GenerativeFixtures.BIGRAMS[0], logits);
      }
    }
  }

  @Nested
  class LogitsOfEveryTokenPaddedLeft extends OfEveryToken {
    LogitsOfEveryTokenPaddedLeft() {
      super("LEFT");
    }
  }

  @Nested
  class LogitsOfEveryTokenPaddedRight extends OfEveryToken {
    LogitsOfEveryTokenPaddedRight() {
      super("RIGHT");
    }
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void logitsAreThoseOfPyTorch(String name) {
    try (OnnxGenerativeModel model = GenerativeFixtures.open(name)) {
      List<GenerativeFixtures.Golden> goldens = GenerativeFixtures.goldens(name);
      List<Prompt> prompts =
          goldens.stream()
              .map(one -> GenerativeFixtures.prompt(model, one.prompt(), one.written()))
              .toList();
      for (int i = 0; i < goldens.size(); i++) {
        try (Decoding alone = model.scorer().start(prompts.get(i))) {
          check(goldens.subList(i, i + 1), alone);
        }
      }
      try (Decoding together = model.scorer().startAll(prompts)) {
        check(goldens, together);
      }
    }
  }

  /** Writes what the goldens wrote, each in its row. */
  private static void check(List<GenerativeFixtures.Golden> goldens, Decoding decoding) {
    int steps = goldens.get(0).written().length;
    for (int step = 0; step <= steps; step++) {
      int[] parents = new int[goldens.size()];
      int[] tokens = new int[goldens.size()];
      for (int row = 0; row < parents.length; row++) {
        assertArrayEquals(
            goldens.get(row).logits()[step], GenerativeFixtures.logits(decoding, row), TOLERANCE);
        parents[row] = row;
        tokens[row] = goldens.get(row).written()[Math.min(step, steps - 1)];
      }
      if (step < steps) {
        decoding.advance(parents, tokens, parents.length);
      }
    }
  }

  /** Rows that any number of prompts share unequally, against each sequence decoded alone. */
  @ParameterizedTest
  @FieldSource("NAMES")
  void anyTreeOfRowsEqualsItsBranchesDecodedAlone(String name) {
    Random random = new Random(5);
    try (OnnxGenerativeModel model = GenerativeFixtures.open(name)) {
      for (int trial = 0; trial < 12; trial++) {
        int prompts = 1 + random.nextInt(4);
        List<int[]> texts = new ArrayList<>();
        List<int[]> written = new ArrayList<>();
        List<Integer> promptOf = new ArrayList<>();
        for (int i = 0; i < prompts; i++) {
          texts.add(GenerativeFixtures.randomTokens(random, 1 + random.nextInt(8)));
          written.add(new int[0]);
          promptOf.add(i);
        }
        int[] levels = GenerativeFixtures.randomTokens(random, 3);
        try (Decoding decoding =
            model
                .scorer()
                .startAll(
                    texts.stream()
                        .map(text -> GenerativeFixtures.prompt(model, text, levels))
                        .toList())) {
          for (int step = 0; step < 3; step++) {
            int count = 1 + random.nextInt(9);
            int[] parents = random.ints(count, 0, decoding.rows()).toArray();
            int[] tokens = GenerativeFixtures.randomTokens(random, count);
            decoding.advance(parents, tokens, count);
            List<int[]> longer = new ArrayList<>();
            List<Integer> prompted = new ArrayList<>();
            for (int i = 0; i < count; i++) {
              int[] path = Arrays.copyOf(written.get(parents[i]), step + 1);
              path[step] = tokens[i];
              longer.add(path);
              prompted.add(promptOf.get(parents[i]));
            }
            written = longer;
            promptOf = prompted;
            assertEquals(count, decoding.rows());
            for (int i = 0; i < count; i++) {
              assertArrayEquals(
                  alone(model, texts.get(promptOf.get(i)), levels, written.get(i)),
                  GenerativeFixtures.logits(decoding, i),
                  TOLERANCE);
            }
          }
        }
      }
    }
  }

  private static float[] alone(OnnxGenerativeModel model, int[] text, int[] levels, int[] written) {
    Prompt prompt = GenerativeFixtures.prompt(model, text, levels);
    try (Decoding decoding = model.scorer().start(prompt)) {
      for (int token : written) {
        decoding.advance(new int[] {0}, new int[] {token}, 1);
      }
      return GenerativeFixtures.logits(decoding, 0);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"decoder-copied", "decoder-whole"})
  void everyWayToKeepAPromptGivesTheSame(String other) {
    Random random = new Random(9);
    try (OnnxGenerativeModel one = GenerativeFixtures.open("decoder");
        OnnxGenerativeModel two = GenerativeFixtures.open(other)) {
      for (int trial = 0; trial < 10; trial++) {
        int[] text = GenerativeFixtures.randomTokens(random, 1 + random.nextInt(12));
        int[] written = GenerativeFixtures.randomTokens(random, 4);
        assertArrayEquals(
            alone(one, text, new int[4], written),
            alone(two, text, new int[4], written),
            TOLERANCE);
      }
    }
  }

  @Test
  void aPromptIsRunOnceAndEachStepOnce() {
    try (OnnxGenerativeModel model = GenerativeFixtures.open("encoder-decoder")) {
      long before = model.modelRuns();
      try (Decoding decoding = model.scorer().start(Prompt.of(10, 1, 4, 6))) {
        assertEquals(before + 2, model.modelRuns(), "encoder and start token");
        decoding.advance(new int[] {0, 0, 0}, new int[] {1, 2, 3}, 3);
        decoding.advance(new int[] {2, 0}, new int[] {4, 5}, 2);
      }
      assertEquals(before + 4, model.modelRuns());
    }
  }

  @Test
  void alignedInputsAreCheckedByName() {
    try (OnnxGenerativeModel model = GenerativeFixtures.open("decoder-aligned")) {
      NextTokenScorer scorer = model.scorer();
      assertMessage(
          "expected the aligned input 'code_position', found []",
          () -> scorer.start(Prompt.of(1, 2)));
      int[] values = {0, 1};
      assertMessage(
          "expected the aligned inputs [code_position]",
          () ->
              scorer.start(
                  new Prompt(new int[] {1, 2}, Map.of("code_position", values, "x", values))));
      try (Decoding decoding =
          scorer.start(new Prompt(new int[] {1, 2}, Map.of("code_position", values)))) {
        assertMessage(
            "input 'code_position': expected values for 3 tokens, as many as there are now, found 2",
            () -> decoding.advance(new int[] {0}, new int[] {1}, 1));
        IllegalStateException broken =
            assertThrows(
                IllegalStateException.class,
                () -> decoding.advance(new int[] {0}, new int[] {1}, 1));
        assertTrue(broken.getMessage().contains("can only be closed"), broken.getMessage());
      }
    }
  }

  @Test
  void wrongStepsAreRefused() {
    try (OnnxGenerativeModel model = GenerativeFixtures.open("decoder")) {
      assertStepRefused(model, "parent 1: expected a row of 0 to 0, found 1", 2, 0, 1);
      assertStepRefused(model, "token 0: expected a token of 0 to 10, found 11", 1, 11, 0);
      assertStepRefused(model, "count: expected 1 to 2, found 0", 0, 0, 0);
      assertStepRefused(model, "count: expected 1 to 2, found 3", 3, 0, 0);
    }
  }

  private static void assertStepRefused(
      OnnxGenerativeModel model, String named, int count, int token, int parent) {
    try (Decoding decoding = model.scorer().start(Prompt.of(1, 2))) {
      assertMessage(
          named, () -> decoding.advance(new int[] {0, parent}, new int[] {token, 0}, count));
    }
  }

  private static void assertMessage(String named, Executable call) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    assertTrue(e.getMessage().contains(named), e.getMessage());
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void whatOutlivesTheScorerCanBeClosed(String name) {
    OnnxGenerativeModel model = GenerativeFixtures.open(name);
    Prompt prompt = GenerativeFixtures.prompt(model, new int[] {1, 2, 3}, 1, 1);
    Decoding decoding = model.scorer().start(prompt);
    decoding.advance(new int[] {0, 0}, new int[] {1, 2}, 2);
    model.close();
    model.close();
    IllegalStateException closed =
        assertThrows(
            IllegalStateException.class, () -> decoding.advance(new int[] {0}, new int[] {1}, 1));
    assertEquals(model.modelVersion() + " is closed", closed.getMessage());
    decoding.close();
    decoding.close();
    assertThrows(IllegalStateException.class, () -> model.scorer().start(prompt));
  }

  /** Closing a session of the runtime during a run crashes the process; here it must wait. */
  @Test
  void eightThreadsDecodeWhileAnotherCloses() throws Exception {
    int callers = 8;
    ExecutorService threads = Executors.newFixedThreadPool(callers);
    try {
      int answered = 0;
      for (int round = 0; round < 25; round++) {
        OnnxGenerativeModel model = GenerativeFixtures.open("decoder");
        float[] expected = alone(model, new int[] {10, 1, 4}, new int[2], new int[] {2, 5});
        CyclicBarrier start = new CyclicBarrier(callers + 1);
        List<Future<Integer>> running = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
          running.add(
              threads.submit(
                  () -> {
                    start.await();
                    for (int calls = 0; ; calls++) {
                      try {
                        assertArrayEquals(
                            expected,
                            alone(model, new int[] {10, 1, 4}, new int[2], new int[] {2, 5}));
                      } catch (IllegalStateException closed) {
                        return calls;
                      }
                    }
                  }));
        }
        start.await();
        if (round % 4 != 0) {
          alone(model, new int[] {10, 1, 4}, new int[2], new int[] {2, 5});
        }
        model.close();
        for (Future<Integer> one : running) {
          answered += one.get();
        }
      }
      assertTrue(answered > 25, "calls were in flight: " + answered);
    } finally {
      threads.shutdownNow();
    }
  }
}
