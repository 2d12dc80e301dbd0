package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Items told by their codes and by vectors of their texts, as CCFRec ("Bridging Textual-
 * Collaborative Gap through Semantic Codes for Sequential Recommendation", 2025) reads them: the
 * vector of an item is the sum of the vectors of its codes plus its texts', that of a user the sum
 * over the window.
 */
class ItemTableTest {
  private static final int ITEMS = 30;
  private static final int LEVELS = 3;
  private static final int CODES = 8;
  private static final int VIEWS = 2;
  private static final int WIDTH = 4;
  private static final int LENGTH = 5;
  private static final List<String> IDS =
      IntStream.range(0, ITEMS).mapToObj(i -> "item-" + (i * 7) % ITEMS).toList();

  @TempDir Path folder;

  private final Random random = new Random(11);
  private final long[] codes = random.longs(ITEMS * LEVELS, 0, CODES).toArray();
  private final float[] texts = numbers(ITEMS * VIEWS * WIDTH);
  private final float[] codebook = numbers(CODES * WIDTH);
  private BundleWriter bundle;

  /** Multiples of 1/64, so that sums are exact. */
  private float[] numbers(int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (random.nextInt(256) - 128) / 64f;
    }
    return numbers;
  }

  private float[] vector(int ordinal) {
    float[] vector = new float[WIDTH];
    for (int d = 0; d < WIDTH; d++) {
      for (int level = 0; level < LEVELS; level++) {
        vector[d] += codebook[(int) codes[ordinal * LEVELS + level] * WIDTH + d];
      }
      for (int view = 0; view < VIEWS; view++) {
        vector[d] += texts[(ordinal * VIEWS + view) * WIDTH + d];
      }
    }
    return vector;
  }

  /** A bundle whose user vector is what it was told of the items in the window, summed. */
  private BundleWriter begin() {
    OnnxWriter model =
        new OnnxWriter()
            .input("item_ids", OnnxWriter.INT64, "batch", LENGTH)
            .input("mask", OnnxWriter.FLOAT, "batch", LENGTH)
            .input("codes", OnnxWriter.INT64, "batch", LENGTH, LEVELS)
            .input("text_emb", OnnxWriter.FLOAT, "batch", LENGTH, VIEWS, WIDTH)
            .floats("codebook", codebook, CODES, WIDTH)
            .longs("second", new long[] {2}, 1)
            .longs("first", new long[] {1}, 1)
            .node("Cast", "ids_float", List.of("item_ids"), "to", OnnxWriter.FLOAT)
            .node("Mul", "ids_masked", List.of("ids_float", "mask"))
            .floats("none", new float[] {0})
            .node("Mul", "nothing", List.of("ids_masked", "none"))
            .node("Add", "weights", List.of("nothing", "mask"))
            .node("Unsqueeze", "weight", List.of("weights", "second"))
            .node("Gather", "code_vectors", List.of("codebook", "codes"), "axis", 0)
            .node("ReduceSum", "by_code", List.of("code_vectors", "second"), "keepdims", 0)
            .node("ReduceSum", "by_text", List.of("text_emb", "second"), "keepdims", 0)
            .node("Add", "fused", List.of("by_code", "by_text"))
            .node("Mul", "there", List.of("fused", "weight"))
            .node("ReduceSum", "user", List.of("there", "first"), "keepdims", 0)
            .output("user", OnnxWriter.FLOAT, "batch", WIDTH);
    float[][] vectors = IntStream.range(0, ITEMS).mapToObj(this::vector).toArray(float[][]::new);
    bundle =
        new BundleWriter(folder, "SEQ_EMBEDDING")
            .sequence(LENGTH, "FIXED", "LEFT")
            .items(IDS)
            .input("ITEM_IDS", "item_ids")
            .input("ATTENTION_MASK", "mask")
            .input("ITEM_TABLE", "codes", input -> input.put("file", "item_codes.npy"))
            .input("ITEM_TABLE", "text_emb", input -> input.put("file", "item_texts.npy"))
            .embedding("user", WIDTH, "DOT")
            .vectors(vectors)
            .longs("item_codes.npy", codes, ITEMS, LEVELS)
            .floats("item_texts.npy", texts, ITEMS, VIEWS, WIDTH)
            .model(model.model());
    return bundle;
  }

  private OnnxSequenceRecommender open() {
    return RecommenderBundle.open(bundle.seal(), BundleOptions.defaults().index(ListIndex::new));
  }

  @Test
  void theAnswerIsThatOfTheItemsOwnNumbers() {
    begin();
    try (OnnxSequenceRecommender recommender = open()) {
      List<List<Integer>> histories =
          List.of(List.of(3), List.of(0, 29, 4, 4), List.of(1, 2, 3, 4, 5, 6, 7));
      List<RecommendationRequest> requests = new ArrayList<>();
      for (List<Integer> history : histories) {
        List<String> ids = history.stream().map(IDS::get).toList();
        requests.add(RecommendationRequest.of(UserHistory.ofItems(ids)).k(10).build());
      }
      for (int i = 0; i < requests.size(); i++) {
        List<Integer> history = histories.get(i);
        Map<String, Double> expected =
            best(history.subList(Math.max(0, history.size() - LENGTH), history.size()));
        assertEquals(expected, scores(recommender.recommend(requests.get(i))));
        assertEquals(expected, scores(recommender.recommendAll(requests).get(i)));
      }
      assertEquals(4L * ITEMS * (LEVELS + VIEWS * WIDTH), recommender.tableBytes());
    }
  }

  /** The items and scores of an answer, best first. */
  private static Map<String, Double> scores(Iterable<ScoredItem> answer) {
    Map<String, Double> scores = new LinkedHashMap<>();
    answer.forEach(item -> scores.put(item.itemId(), item.score()));
    return scores;
  }

  /** The ten items of the largest products, computed from the arrays. */
  private Map<String, Double> best(List<Integer> window) {
    float[] user = new float[WIDTH];
    for (int ordinal : window) {
      float[] vector = vector(ordinal);
      for (int d = 0; d < WIDTH; d++) {
        user[d] += vector[d];
      }
    }
    List<ScoredItem> items = new ArrayList<>();
    for (int ordinal = 0; ordinal < ITEMS; ordinal++) {
      float score = 0;
      float[] vector = vector(ordinal);
      for (int d = 0; d < WIDTH; d++) {
        score += user[d] * vector[d];
      }
      items.add(new ScoredItem(IDS.get(ordinal), score, "test"));
    }
    items.sort(Comparator.comparingDouble(ScoredItem::score).reversed());
    return scores(items.subList(0, 10));
  }

  @Test
  void itemsWithoutNumbersAreNamed() {
    begin();
    for (int ordinal : new int[] {4, 17}) {
      Arrays.fill(codes, ordinal * LEVELS, (ordinal + 1) * LEVELS, -1);
    }
    bundle.longs("item_codes.npy", codes, ITEMS, LEVELS);
    refused(Kind.BUNDLE_INVALID, "for 2: " + IDS.get(4) + ", " + IDS.get(17));
  }

  @Test
  void aDefaultStandsInForItemsWithoutNumbers() {
    begin();
    float[][] vectors = IntStream.range(0, ITEMS).mapToObj(this::vector).toArray(float[][]::new);
    int from = 6 * VIEWS * WIDTH;
    Arrays.fill(texts, from, from + VIEWS * WIDTH, Float.NaN);
    bundle.floats("item_texts.npy", texts, ITEMS, VIEWS, WIDTH);
    ((ObjectNode) bundle.manifest.at("/inputs/3")).put("default", 0.25);
    Arrays.fill(texts, from, from + VIEWS * WIDTH, 0.25f);
    float[] user = vector(6);
    double best = Double.NEGATIVE_INFINITY;
    for (float[] vector : vectors) {
      float score = 0;
      for (int d = 0; d < WIDTH; d++) {
        score += user[d] * vector[d];
      }
      best = Math.max(best, score);
    }
    try (OnnxSequenceRecommender recommender = open()) {
      assertEquals(best, recommender.recommend(UserHistory.of(IDS.get(6))).items().get(0).score());
    }
  }

  @Test
  void damageAndDisagreementAreNamed() {
    begin();
    texts[5 * WIDTH + 2] = Float.POSITIVE_INFINITY;
    bundle.floats("item_texts.npy", texts, ITEMS, VIEWS, WIDTH);
    refused(Kind.BUNDLE_INVALID, "item_texts.npy: row 2, number 6: expected a finite number");
    texts[5 * WIDTH + 2] = 0;
    bundle.floats("item_texts.npy", texts, ITEMS, VIEWS * WIDTH);
    refused(
        Kind.SHAPE_MISMATCH,
        "input 'text_emb' of role ITEM_TABLE: expected float [batch, length, 8]");
    bundle.floats("item_texts.npy", texts, ITEMS / 2, 2 * VIEWS, WIDTH);
    refused(Kind.SHAPE_MISMATCH, "item_texts.npy: expected shape (30, …)");
    bundle.longs("item_texts.npy", new long[texts.length], ITEMS, VIEWS, WIDTH);
    refused(Kind.SHAPE_MISMATCH, "expected int64 or int32 [batch, length, 2, 4]");
    bundle.longs("item_texts.npy", new long[5], ITEMS, VIEWS, WIDTH);
    refused(Kind.BUNDLE_INVALID, "item_texts.npy: expected 30 rows, found the end of the file");
  }

  private void refused(Kind kind, String message) {
    RecommenderException error = assertThrows(RecommenderException.class, this::open);
    assertTrue(error.getMessage().contains(message), error::getMessage);
    assertEquals(kind, error.kind());
  }
}
