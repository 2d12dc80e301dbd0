package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.testing.SequenceRecommenderContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * MMM4Rec: a model that knows items by texts and images alone serves another catalogue by other
 * tables. The user vector is the mean of the texts in the window, beside that of those images that
 * are there.
 */
class OtherCatalogTest {
  private static final int LENGTH = 5;
  private static final int TEXT = 3;
  private static final int IMAGE = 2;

  @TempDir static Path folder;

  private final Domain books = new Domain("book", 30, 1);
  private final Domain films = new Domain("film", 20, 2);
  private OnnxSequenceRecommender model;

  /** Items with texts, some with images, and the vectors that users are compared with. */
  private static final class Domain {
    private final List<String> ids;
    private final float[][] texts;
    private final float[][] images;
    private final float[][] masks;
    private final float[][] vectors;

    Domain(String prefix, int size, long seed) {
      Random random = new Random(seed);
      ids = IntStream.range(0, size).mapToObj(i -> prefix + "-" + i).toList();
      texts = rows(random, size, TEXT);
      images = rows(random, size, IMAGE);
      vectors = rows(random, size, TEXT + IMAGE);
      masks = new float[size][1];
      for (int i = 0; i < size; i++) {
        masks[i][0] = i % 4 == 1 ? 0 : 1;
        if (i % 4 == 1) {
          Arrays.fill(images[i], Float.NaN);
        }
      }
    }

    private static float[][] rows(Random random, int count, int width) {
      float[][] rows = new float[count][width];
      for (float[] row : rows) {
        for (int i = 0; i < width; i++) {
          row[i] = (random.nextInt(256) - 128) / 64f;
        }
      }
      return rows;
    }

    Map<String, float[][]> tables() {
      Map<String, float[][]> tables = new HashMap<>();
      tables.put("text.npy", texts);
      tables.put("image.npy", images);
      tables.put("image_mask.npy", masks);
      return tables;
    }

    double[] user(int... window) {
      double[] user = new double[TEXT + IMAGE];
      double count = 0;
      for (int item : window) {
        for (int i = 0; i < TEXT; i++) {
          user[i] += (double) texts[item][i] / window.length;
        }
        count += masks[item][0];
      }
      for (int item : window) {
        for (int i = 0; i < IMAGE && masks[item][0] > 0; i++) {
          user[TEXT + i] += images[item][i] / count;
        }
      }
      return user;
    }

    List<String> best(int... window) {
      double[] user = user(window);
      return IntStream.range(0, ids.size())
          .boxed()
          .sorted(Comparator.comparingDouble(item -> -dot(user, vectors[item])))
          .limit(10)
          .map(ids::get)
          .toList();
    }

    RecommendationRequest request(int... window) {
      List<String> items = new ArrayList<>();
      for (int item : window) {
        items.add(ids.get(item));
      }
      return RecommendationRequest.of(UserHistory.ofItems(items)).k(10).build();
    }
  }

  private static double dot(double[] user, float[] item) {
    return IntStream.range(0, user.length).mapToDouble(i -> user[i] * item[i]).sum();
  }

  private static OnnxWriter graph() {
    return new OnnxWriter()
        .input("mask", OnnxWriter.FLOAT, "batch", LENGTH)
        .input("text_feat", OnnxWriter.FLOAT, "batch", LENGTH, TEXT)
        .input("image_feat", OnnxWriter.FLOAT, "batch", LENGTH, IMAGE)
        .input("image_mask", OnnxWriter.FLOAT, "batch", LENGTH, 1)
        .longs("axis_1", new long[] {1}, 1)
        .longs("axis_2", new long[] {2}, 1)
        .floats("least", new float[] {1})
        .node("Unsqueeze", "steps", List.of("mask", "axis_2"))
        .node("Mul", "texts", List.of("text_feat", "steps"))
        .node("ReduceSum", "text_sum", List.of("texts", "axis_1"), "keepdims", 0)
        .node("ReduceSum", "count", List.of("mask", "axis_1"), "keepdims", 1)
        .node("Div", "text_mean", List.of("text_sum", "count"))
        .node("Mul", "shown", List.of("image_mask", "steps"))
        .node("Mul", "images", List.of("image_feat", "shown"))
        .node("ReduceSum", "image_sum", List.of("images", "axis_1"), "keepdims", 0)
        .node("ReduceSum", "images_there", List.of("shown", "axis_1"), "keepdims", 0)
        .node("Max", "image_count", List.of("images_there", "least"))
        .node("Div", "image_mean", List.of("image_sum", "image_count"))
        .node("Concat", "user", List.of("text_mean", "image_mean"), "axis", 1)
        .output("user", OnnxWriter.FLOAT, "batch", TEXT + IMAGE);
  }

  private static BundleWriter bundle(Domain domain) {
    BundleWriter bundle =
        new BundleWriter(folder, "SEQ_EMBEDDING")
            .sequence(LENGTH, "FIXED", "LEFT")
            .items(domain.ids)
            .input("ATTENTION_MASK", "mask")
            .embedding("user", TEXT + IMAGE, "DOT")
            .vectors(domain.vectors)
            .model(graph().model());
    table(bundle, "text_feat", "text.npy", domain.texts);
    table(bundle, "image_feat", "image.npy", domain.images);
    table(bundle, "image_mask", "image_mask.npy", domain.masks);
    bundle.manifest.putArray("fallback").add(domain.ids.get(7));
    return bundle;
  }

  private static void table(BundleWriter bundle, String name, String file, float[][] rows) {
    bundle
        .input("ITEM_TABLE", name, input -> input.put("file", file).put("default", 0))
        .floats(file, Fixtures.flat(rows), rows.length, rows[0].length);
  }

  private OnnxSequenceRecommender model() {
    if (model == null) {
      model =
          RecommenderBundle.open(
              bundle(books).seal(), BundleOptions.defaults().index(ListIndex::new));
    }
    return model;
  }

  @AfterEach
  void closeModel() {
    if (model != null) {
      model.close();
    }
  }

  private OnnxSequenceRecommender ofFilms() {
    return model()
        .withCatalog(Catalog.ofIds(films.ids), films.tables(), films.vectors, ListIndex::new);
  }

  @Nested
  class KeepsTheContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return ofFilms();
    }

    @Override
    protected Catalog items() {
      return Catalog.ofIds(films.ids);
    }
  }

  private static void assertRanks(OnnxSequenceRecommender recommender, Domain domain) {
    for (int[] window : new int[][] {{3}, {1}, {4, 1, 9}, {1, 5}, {0, 2, 9, 13, 17}}) {
      assertEquals(domain.best(window), recommender.recommend(domain.request(window)).itemIds());
    }
  }

  @Test
  void mmm4RecServesAnotherCatalogueWithoutOpeningTheModelAgain() {
    assertRanks(model(), books);
    int sessions = NativeHandles.sessions();
    try (OnnxSequenceRecommender other = ofFilms()) {
      assertEquals(sessions, NativeHandles.sessions());
      assertRanks(other, films);
      assertRanks(model(), books);
      assertEquals(model().fingerprint(), other.fingerprint());
      Recommendations stranger = other.recommend(books.request(3));
      assertTrue(stranger.isEmpty(), "books are not films, and their fallback is none here");
      assertTrue(stranger.hasNotice(Notice.Code.UNKNOWN_ITEMS));
      assertEquals(
          List.of("book-7"), model().recommend(films.request(3)).itemIds(), "and here it is");
    }
    assertRanks(model(), books);
  }

  @Test
  void mmm4RecLeavesAbsentImagesOut() {
    double[] none = books.user(1, 5);
    assertEquals(0, none[TEXT]);
    float[] user = model().userVector(books.request(1, 5)).orElseThrow();
    for (int i = 0; i < user.length; i++) {
      assertEquals(none[i], user[i], 1e-6);
    }
    float[] one = model().userVector(books.request(1, 2)).orElseThrow();
    assertEquals(books.images[2][0], one[TEXT], 1e-6, "the mean of one image is that image");
  }

  @Test
  void mmm4RecWithAnOperatorThatTheRuntimeLacksIsRefusedByItsName() {
    BundleWriter bundle = bundle(books);
    bundle.model(
        graph()
            .node("SelectiveScan9000", "scanned", List.of("texts"))
            .output("scanned", OnnxWriter.FLOAT, "batch", LENGTH, TEXT)
            .model());
    Path sealed = bundle.seal();
    RecommenderException e =
        assertThrows(
            RecommenderException.class,
            () -> RecommenderBundle.open(sealed, BundleOptions.defaults().index(ListIndex::new)));
    assertEquals(Kind.UNSUPPORTED_OPERATOR, e.kind());
    assertTrue(e.getMessage().contains("SelectiveScan9000"), e.getMessage());
  }

  @Test
  void closingOneLeavesTheOther() {
    OnnxSequenceRecommender other = ofFilms();
    other.close();
    assertThrows(IllegalStateException.class, () -> other.recommend(films.request(2)));
    assertDoesNotThrow(() -> model().recommend(books.request(2)));
    try (OnnxSequenceRecommender orphan = ofFilms()) {
      model().close();
      assertThrows(IllegalStateException.class, () -> orphan.recommend(films.request(2)));
    }
  }

  @Test
  void tablesThatDoNotFitAreRefused() {
    Map<String, float[][]> tables = films.tables();
    tables.remove("image.npy");
    assertRefused(tables, films.vectors, "tables: expected 'image.npy', found [image_mask.npy");
    tables = films.tables();
    tables.put("sound.npy", films.images);
    assertRefused(tables, films.vectors, "found [image.npy, image_mask.npy, sound.npy, text.npy]");
    tables = films.tables();
    tables.put("text.npy", films.images);
    assertRefused(
        tables, films.vectors, "table 'text.npy': expected 20 rows of 3 numbers, found 20 of [2]");
    assertRefused(films.tables(), books.vectors, "itemVectors: expected 20 rows of 5 numbers");
    BundleWriter ids = Fixtures.vectorBundle(folder, "DOT");
    try (OnnxSequenceRecommender byIds =
        RecommenderBundle.open(ids.seal(), BundleOptions.defaults().index(ListIndex::new))) {
      IllegalStateException e =
          assertThrows(
              IllegalStateException.class,
              () ->
                  byIds.withCatalog(
                      Catalog.ofIds(films.ids), Map.of(), films.vectors, ListIndex::new));
      assertTrue(
          e.getMessage().contains("found input 'item_ids' of role ITEM_IDS"), e.getMessage());
    }
  }

  private void assertRefused(Map<String, float[][]> tables, float[][] vectors, String named) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> model().withCatalog(Catalog.ofIds(films.ids), tables, vectors, ListIndex::new));
    assertTrue(e.getMessage().contains(named), e.getMessage());
  }
}
