package io.recommender.ann.vectors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Explainer;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.vectors.ConceptExplainer.Concept;
import io.recommender.testing.ExplainerContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * RecSAE: a state of 8 numbers, 32 latents, of which latent 3 g stands for genre g, and 8 items of
 * each genre. The body of the model is the mean of the history, its head an inner product.
 */
class ConceptExplainerTest extends ExplainerContract {
  private static final int GENRES = 8;
  private static final int LATENTS = 32;
  private static final int PER_GENRE = 8;

  private final FlatIndex head = new FlatIndex(GENRES, Similarity.DOT);
  private final QueryVector body = QueryVector.historyMean(head::vector);

  ConceptExplainerTest() {
    Random random = new Random(14);
    for (int item = 0; item < GENRES * PER_GENRE; item++) {
      float[] vector = new float[GENRES];
      vector[item / PER_GENRE] = 1 + random.nextFloat();
      head.add("item-" + item, vector);
    }
  }

  private static int latentOf(int genre) {
    return 3 * genre + 5;
  }

  /** Planted directions, and others that only ever fire on what no state has. */
  private static SparseAutoencoder planted(int mostActive) {
    Random random = new Random(41);
    float[][] encoder = new float[LATENTS][GENRES];
    float[][] decoder = new float[GENRES][LATENTS];
    float[] offset = new float[LATENTS];
    Arrays.fill(offset, -100);
    for (int latent = 0; latent < LATENTS; latent++) {
      for (int i = 0; i < GENRES; i++) {
        encoder[latent][i] = (float) random.nextGaussian();
        decoder[i][latent] = (float) random.nextGaussian();
      }
    }
    for (int genre = 0; genre < GENRES; genre++) {
      int latent = latentOf(genre);
      offset[latent] = 0;
      for (int i = 0; i < GENRES; i++) {
        encoder[latent][i] = i == genre ? 2 : 0;
        decoder[i][latent] = i == genre ? 0.5f : 0;
      }
    }
    return SparseAutoencoder.of(
        LinearMap.of(encoder, offset), LinearMap.of(decoder, new float[GENRES]), mostActive);
  }

  private static List<Concept> concepts() {
    return IntStream.range(0, GENRES)
        .mapToObj(genre -> new Concept(latentOf(genre), "genre " + genre, 0.9, 0.8))
        .toList();
  }

  private static UserHistory history(int... genres) {
    List<String> items = new ArrayList<>();
    for (int i = 0; i < genres.length; i++) {
      items.add("item-" + (genres[i] * PER_GENRE + i));
    }
    return UserHistory.ofItems(items);
  }

  private static RecommendationRequest asking(UserHistory history) {
    return RecommendationRequest.of(history).k(GENRES * PER_GENRE).build();
  }

  private Map<String, Double> scores(QueryVector query, UserHistory history) {
    Map<String, Double> scores = new HashMap<>();
    Recommendations answer =
        VectorRecommender.of("rec-sae", query, head).recommend(asking(history));
    for (ScoredItem item : answer) {
      scores.put(item.itemId(), item.score());
    }
    assertEquals(GENRES * PER_GENRE, scores.size());
    return scores;
  }

  @Override
  protected Explainer create() {
    return ConceptExplainer.of(planted(8), concepts(), body, head::contains);
  }

  @Override
  protected RecommendationRequest request() {
    return asking(history(2, 2, 5));
  }

  @Override
  protected List<String> itemIds() {
    return List.of("item-0", "item-17", "item-40");
  }

  @Test
  void recSaeNamesThePlantedGenreFirst() {
    for (int genre = 0; genre < GENRES; genre++) {
      List<Reason> reasons =
          create().explain(asking(history(genre, genre, (genre + 3) % GENRES, genre)), "item-9");
      assertEquals("genre " + genre, reasons.get(0).name());
      assertEquals("genre " + (genre + 3) % GENRES, reasons.get(1).name());
      assertEquals(2, reasons.size());
      assertEquals(Reason.Kind.CONCEPT, reasons.get(0).kind());
      float[] state =
          body.vector(asking(history(genre, genre, (genre + 3) % GENRES, genre))).orElseThrow();
      assertEquals(2 * state[genre], reasons.get(0).weight());
    }
  }

  @Test
  void recSaeWithoutAnEditIsTheModelBitForBit() {
    UserHistory history = history(1, 4, 6);
    SparseAutoencoder latents = planted(8);
    SequenceRecommender model = VectorRecommender.of("rec-sae", body, head);
    for (Map<Integer, Float> none :
        List.of(
            Map.<Integer, Float>of(), Map.of(latentOf(4), 1f), Map.of(latentOf(0), 0f, 1, 7f))) {
      QueryVector steered = body.mapped(latents.steering(none));
      assertEquals(
          model.recommend(asking(history)).items(),
          VectorRecommender.of("rec-sae", steered, head).recommend(asking(history)).items());
    }
  }

  @Test
  void recSaeAblationMovesTheItemsOfTheGenreAndNoOthers() {
    SparseAutoencoder latents = planted(8);
    for (int genre = 0; genre < GENRES; genre++) {
      UserHistory history = history(genre, (genre + 1) % GENRES, genre);
      Map<String, Double> before = scores(body, history);
      Map<String, Double> after =
          scores(body.mapped(latents.steering(Map.of(latentOf(genre), 0f))), history);
      double meanBefore = 0;
      double meanAfter = 0;
      for (int item = 0; item < GENRES * PER_GENRE; item++) {
        double is = before.get("item-" + item);
        double becomes = after.get("item-" + item);
        if (item / PER_GENRE == genre) {
          meanBefore += is / PER_GENRE;
          meanAfter += becomes / PER_GENRE;
        } else {
          assertEquals(is, becomes, 1e-6);
        }
      }
      assertTrue(meanAfter < meanBefore - 0.5, meanBefore + " to " + meanAfter);
      assertEquals(0, meanAfter, 1e-6);
    }
  }

  @Test
  void recSaeMakesAGenreLouder() {
    SparseAutoencoder latents = planted(8);
    UserHistory history = history(2, 2, 5);
    SequenceRecommender louder =
        VectorRecommender.of(
            "rec-sae", body.mapped(latents.steering(Map.of(latentOf(5), 4f))), head);
    SequenceRecommender plain = VectorRecommender.of("rec-sae", body, head);
    assertEquals(2, genreOf(plain.recommend(asking(history))));
    assertEquals(5, genreOf(louder.recommend(asking(history))));
  }

  private static int genreOf(Recommendations answer) {
    return Integer.parseInt(answer.itemIds().get(0).substring(5)) / PER_GENRE;
  }

  @Test
  void aRequestWithoutAStateHasNoReasons() {
    assertEquals(List.of(), create().explain(asking(UserHistory.empty()), "item-1"));
  }

  /** The definition, by EJML, without a limit and with one. */
  @Test
  void latentsAreTheMostActiveOfTheEncoder() {
    Random random = new Random(15);
    float[][] weights = LinearMapTest.gaussian(random, 20, 6);
    float[] offset = LinearMapTest.gaussian(random, 1, 20)[0];
    float[][] back = LinearMapTest.gaussian(random, 6, 20);
    LinearMap encoder = LinearMap.of(weights, offset);
    LinearMap decoder = LinearMap.of(back, new float[6]);
    DMatrixRMaj matrix = new DMatrixRMaj(20, 6);
    for (int i = 0; i < 120; i++) {
      matrix.data[i] = weights[i / 6][i % 6];
    }
    for (float[] state : LinearMapTest.gaussian(random, 50, 6)) {
      DMatrixRMaj column = new DMatrixRMaj(6, 1);
      for (int i = 0; i < 6; i++) {
        column.data[i] = state[i];
      }
      DMatrixRMaj product = new DMatrixRMaj(20, 1);
      CommonOps_DDRM.mult(matrix, column, product);
      float[] all = new float[20];
      for (int i = 0; i < 20; i++) {
        all[i] = (float) Math.max(0, product.data[i] + offset[i]);
      }
      assertArrayEquals(all, SparseAutoencoder.of(encoder, decoder, 20).encode(state));
      float[] few = all.clone();
      float[] sorted = all.clone();
      Arrays.sort(sorted);
      for (int i = 0; i < 20; i++) {
        few[i] = all[i] < sorted[17] ? 0 : all[i];
      }
      SparseAutoencoder three = SparseAutoencoder.of(encoder, decoder, 3);
      assertArrayEquals(few, three.encode(state));
      assertArrayEquals(decoder.apply(few), three.decode(few));
    }
  }

  @Test
  void ofEquallyActiveLatentsTheFirstStay() {
    float[][] ones = new float[4][1];
    Arrays.stream(ones).forEach(row -> row[0] = 1);
    SparseAutoencoder two =
        SparseAutoencoder.of(
            LinearMap.of(ones, new float[] {0, 1, 0, 0}),
            LinearMap.of(new float[1][4], new float[1]),
            2);
    assertArrayEquals(new float[] {2, 3, 0, 0}, two.encode(new float[] {2}));
    assertArrayEquals(new float[] {0, 0, 0, 0}, two.encode(new float[] {-2}));
  }

  /** What the autoencoder does not see of a state is not lost by an edit. */
  @Test
  void anEditAddsToTheStateItself() {
    SparseAutoencoder one =
        SparseAutoencoder.of(
            LinearMap.of(new float[][] {{1, 0}}, new float[1]),
            LinearMap.of(new float[][] {{1}, {0.5f}}, new float[2]),
            1);
    float[] state = {2, 7};
    float[] edited = one.steering(Map.of(0, 0.5f)).apply(state);
    assertArrayEquals(new float[] {1, 6.5f}, edited);
    assertNotSame(state, edited);
    assertArrayEquals(new float[] {2, 7}, state);
    assertSame(state, one.steering(Map.of(0, 1f)).apply(state));
  }

  @Test
  void conceptsComeFromAFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("concepts.tsv");
    StringBuilder lines = new StringBuilder();
    for (Concept concept : concepts()) {
      lines.append(
          "%d\t%s\t%s\t%s\n\n"
              .formatted(concept.latent(), concept.name(), concept.precision(), concept.recall()));
    }
    Files.writeString(file, lines);
    assertEquals(concepts(), ConceptExplainer.read(file));
    for (String wrong : List.of("5 horror 0.5 0.5", "x\thorror\t1\t1", "5\thorror\t2\t1")) {
      Files.writeString(file, "4\tdrama\t1\t1\n" + wrong);
      RecommenderException e =
          assertThrows(RecommenderException.class, () -> ConceptExplainer.read(file));
      assertEquals(RecommenderException.Kind.SNAPSHOT_INVALID, e.kind());
      assertTrue(e.getMessage().startsWith("concepts.tsv, line 2: expected"), e.getMessage());
    }
    RecommenderException missing =
        assertThrows(
            RecommenderException.class, () -> ConceptExplainer.read(folder.resolve("none")));
    assertEquals(RecommenderException.Kind.STORAGE_FAILED, missing.kind());
  }

  @Test
  void whatDoesNotFitIsRefused() {
    SparseAutoencoder latents = planted(8);
    for (int latent : new int[] {-1, LATENTS}) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> latents.steering(Map.of(latent, 0f)));
      assertEquals("latent: expected 0 to 31, found " + latent, e.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> latents.steering(Map.of(1, Float.NaN)));
    assertThrows(IllegalArgumentException.class, () -> latents.encode(new float[GENRES + 1]));
    LinearMap map = LinearMap.of(new float[3][2], new float[3]);
    assertThrows(IllegalArgumentException.class, () -> SparseAutoencoder.of(map, map, 1));
    LinearMap back = LinearMap.of(new float[2][3], new float[2]);
    assertThrows(IllegalArgumentException.class, () -> SparseAutoencoder.of(map, back, 0));
    assertThrows(IllegalArgumentException.class, () -> SparseAutoencoder.of(map, back, 4));
    Concept outside = new Concept(LATENTS, "outside", 1, 1);
    assertThrows(
        IllegalArgumentException.class,
        () -> ConceptExplainer.of(latents, List.of(outside), body, head::contains));
    Concept twice = new Concept(1, "genre 1", 1, 1);
    List<Concept> named = new ArrayList<>(concepts());
    named.add(twice);
    assertThrows(
        IllegalArgumentException.class,
        () -> ConceptExplainer.of(latents, named, body, head::contains));
    assertThrows(IllegalArgumentException.class, () -> new Concept(1, "x", 1.5, 1));
  }
}
