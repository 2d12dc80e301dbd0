package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Systems whose sequence model reads the vectors of items, made before by another model. */
class SequenceSystemsTest {
  private static final int ITEMS = 30;
  private static final int LENGTH = 6;
  private static final List<String> WORDS =
      List.of("red", "shoe", "mug", "lamp", "book", "chair", "soft", "wireless", "pack");

  @TempDir Path folder;

  private static List<Item> news() {
    Random random = new Random(53);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < ITEMS; i++) {
      StringBuilder title = new StringBuilder();
      for (int word = 0; word < 3; word++) {
        title.append(WORDS.get(random.nextInt(WORDS.size()))).append(' ');
      }
      items.add(EncoderFixtures.title("news-" + i, title.append(i).toString()));
    }
    return items;
  }

  private Path child(String name) throws IOException {
    return Files.createDirectory(folder.resolve(name));
  }

  /** The mean of the vectors in the window, from ids that only say how many there are. */
  private static OnnxWriter mean(int width) {
    return new OnnxWriter()
        .input("item_ids", OnnxWriter.INT64, "batch", LENGTH)
        .input("mask", OnnxWriter.FLOAT, "batch", LENGTH)
        .input("item_vectors", OnnxWriter.FLOAT, "batch", LENGTH, width)
        .longs("axis_1", new long[] {1}, 1)
        .longs("axis_2", new long[] {2}, 1)
        .floats("none", new float[] {0})
        .node("Cast", "ids", List.of("item_ids"), "to", OnnxWriter.FLOAT)
        .node("Mul", "nothing", List.of("ids", "none"))
        .node("Add", "there", List.of("nothing", "mask"))
        .node("Unsqueeze", "each", List.of("there", "axis_2"))
        .node("Mul", "kept", List.of("item_vectors", "each"))
        .node("ReduceSum", "sum", List.of("kept", "axis_1"), "keepdims", 0)
        .node("ReduceSum", "count", List.of("there", "axis_1"), "keepdims", 1)
        .node("Div", "user", List.of("sum", "count"));
  }

  private BundleWriter begin(String name, String contract, float[][] vectors) throws IOException {
    return new BundleWriter(child(name), contract)
        .sequence(LENGTH, "FIXED", "LEFT")
        .items(news().stream().map(Item::id).toList())
        .input("ITEM_IDS", "item_ids")
        .input("ATTENTION_MASK", "mask")
        .input("ITEM_TABLE", "item_vectors", input -> input.put("file", "item_texts.npy"))
        .floats("item_texts.npy", Fixtures.flat(vectors), ITEMS, vectors[0].length);
  }

  private static float[] user(float[][] vectors, int... window) {
    float[] user = new float[vectors[0].length];
    for (int item : window) {
      for (int i = 0; i < user.length; i++) {
        user[i] += vectors[item][i] / window.length;
      }
    }
    return user;
  }

  private static double dot(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  private static RecommendationRequest request(int... window) {
    UserHistory history =
        UserHistory.of(IntStream.of(window).mapToObj(i -> "news-" + i).toArray(String[]::new));
    return RecommendationRequest.of(history).filter(ItemFilter.unseen(history)).k(10).build();
  }

  /** The news nearest to a user, without those of the window. */
  private static List<String> best(float[] user, float[][] vectors, int... window) {
    return IntStream.range(0, ITEMS)
        .filter(item -> IntStream.of(window).noneMatch(seen -> seen == item))
        .boxed()
        .sorted(Comparator.comparingDouble(item -> -dot(user, vectors[item])))
        .limit(10)
        .map(item -> "news-" + item)
        .toList();
  }

  /** News are vectors of their texts joined with vectors of what their entities are related to. */
  @Test
  void lkpnrReadsJoinedVectorsOfNews() throws IOException {
    Random random = new Random(46);
    float[][] joined = new float[ITEMS][EncoderFixtures.DIMENSION + 3];
    try (OnnxItemEncoder texts =
        RecommenderBundle.openEncoder(
            EncoderFixtures.statesBundle(child("texts"), "MEAN").seal())) {
      float[][] encoded = texts.encode(news());
      for (int i = 0; i < ITEMS; i++) {
        System.arraycopy(encoded[i], 0, joined[i], 0, EncoderFixtures.DIMENSION);
        for (int j = 0; j < 3; j++) {
          joined[i][EncoderFixtures.DIMENSION + j] = random.nextFloat();
        }
      }
    }
    int width = joined[0].length;
    Path bundle =
        begin("lkpnr", "SEQ_EMBEDDING", joined)
            .embedding("user", width, "DOT")
            .vectors(joined)
            .model(mean(width).output("user", OnnxWriter.FLOAT, "batch", width).model())
            .seal();
    try (OnnxSequenceRecommender recommender =
        RecommenderBundle.open(bundle, BundleOptions.defaults().index(ListIndex::new))) {
      for (int[] window : new int[][] {{4}, {4, 11}, {0, 29, 7, 8, 9, 1}}) {
        assertEquals(
            best(user(joined, window), joined, window),
            recommender.recommend(request(window)).itemIds());
      }
    }
  }

  /** Items are encoded once, the head scores all of them in one run. */
  @Test
  void liteLlm4RecRunsOnceOverVectorsOfTextsMadeBefore() throws IOException {
    try (OnnxItemEncoder texts =
        RecommenderBundle.openEncoder(
            EncoderFixtures.statesBundle(child("texts"), "MEAN").seal())) {
      ListIndex cache = new ListIndex(texts.dimension(), texts.similarity(), ITEMS);
      CatalogIndexer indexer =
          CatalogIndexer.of(texts, cache).state(folder.resolve("items.hashes"));
      assertEquals(new CatalogIndexer.Result(ITEMS, 0, 0), indexer.index(news().iterator()));
      long runs = texts.modelRuns();
      assertEquals(new CatalogIndexer.Result(0, ITEMS, 0), indexer.index(news().iterator()));
      assertEquals(runs, texts.modelRuns(), "every text is encoded once");
      float[][] cached = new float[ITEMS][];
      for (int i = 0; i < ITEMS; i++) {
        cached[i] = cache.vector("news-" + i).orElseThrow();
      }
      float[] head = new float[EncoderFixtures.DIMENSION * ITEMS];
      Random random = new Random(54);
      for (int i = 0; i < head.length; i++) {
        head[i] = random.nextFloat() - 0.5f;
      }
      Path bundle =
          begin("lite", "SEQ_LOGITS", cached)
              .scores("scores")
              .model(
                  mean(EncoderFixtures.DIMENSION)
                      .floats("head", head, EncoderFixtures.DIMENSION, ITEMS)
                      .node("MatMul", "scores", List.of("user", "head"))
                      .output("scores", OnnxWriter.FLOAT, "batch", ITEMS)
                      .model())
              .seal();
      try (OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle)) {
        for (int[] window : new int[][] {{4}, {4, 11, 3}, {0, 29, 7, 8, 9, 1}}) {
          long before = recommender.modelRuns();
          Recommendations answer = recommender.recommend(request(window));
          assertEquals(before + 1, recommender.modelRuns());
          assertEquals(1, answer.modelRuns());
          float[] uncached =
              user(texts.encode(IntStream.of(window).mapToObj(news()::get).toList()), all(window));
          for (int rank = 0; rank < answer.size(); rank++) {
            int item = Integer.parseInt(answer.itemIds().get(rank).substring(5));
            double expected = 0;
            for (int i = 0; i < uncached.length; i++) {
              expected += uncached[i] * head[i * ITEMS + item];
            }
            assertEquals(expected, answer.items().get(rank).score(), 1e-6);
          }
        }
      }
      assertTrue(texts.modelRuns() > runs);
    }
  }

  private static int[] all(int[] window) {
    return IntStream.range(0, window.length).toArray();
  }
}
