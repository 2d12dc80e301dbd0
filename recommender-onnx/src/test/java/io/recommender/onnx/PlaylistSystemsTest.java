package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.testing.ItemEncoderContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Playlists are items whose tracks a sequence model reads: their vector finds similar playlists.
 */
class PlaylistSystemsTest extends ItemEncoderContract {
  private static final int LONGEST = 500;
  private static final int PLAYLISTS = 100;

  @TempDir Path folder;

  private OnnxSequenceRecommender tracks;

  @Override
  protected ItemEncoder create() {
    if (tracks == null) {
      BundleWriter bundle =
          Fixtures.vectorBundle(folder, "DOT").sequence(LONGEST, "DYNAMIC", "LEFT");
      tracks =
          RecommenderBundle.open(
              bundle.model(Fixtures.userVector("batch", "length").model()).seal(),
              BundleOptions.defaults().index(ListIndex::new));
    }
    return tracks.historyEncoder("tracks");
  }

  @AfterEach
  void closeTracks() {
    tracks.close();
  }

  private static Item playlist(String id, int... ordinals) {
    return new Item(
        id,
        Map.of(
            "tracks",
            new Feature.Ids(IntStream.of(ordinals).mapToObj(Fixtures.IDS::get).toList())));
  }

  private static int[] random(Random random, int length) {
    return random.ints(length, 0, Fixtures.ITEMS).toArray();
  }

  @Override
  protected List<Item> items() {
    Random random = new Random(56);
    List<Item> playlists = new ArrayList<>();
    for (int i = 0; i < PLAYLISTS; i++) {
      playlists.add(playlist("playlist-" + i, random(random, 1 + random.nextInt(40))));
    }
    return playlists;
  }

  private static float[] expected(Item playlist) {
    List<String> ids = ((Feature.Ids) playlist.features().get("tracks")).values();
    float[] sum = new float[Fixtures.DIMENSION];
    for (String id : ids) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += Fixtures.USER[Fixtures.IDS.indexOf(id) + 1][i];
      }
    }
    return sum;
  }

  @Test
  void playlistSeq2SeqFindsTheNearestPlaylists() {
    ItemEncoder encoder = create();
    List<Item> playlists = items();
    float[][] vectors = encoder.encode(playlists);
    ListIndex index = new ListIndex(encoder.dimension(), encoder.similarity(), PLAYLISTS);
    index.addAll(playlists.stream().map(Item::id).toList(), vectors);
    for (int i = 0; i < PLAYLISTS; i++) {
      float[] query = expected(playlists.get(i));
      assertArrayEquals(query, vectors[i], 1e-4f);
      List<String> nearest =
          playlists.stream()
              .sorted(Comparator.comparingDouble(other -> -dot(query, expected(other))))
              .limit(10)
              .map(Item::id)
              .toList();
      assertEquals(
          nearest,
          index.search(vectors[i], 10, ItemFilter.all()).stream().map(ScoredItem::itemId).toList());
    }
  }

  private static double dot(float[] one, float[] other) {
    return IntStream.range(0, one.length).mapToDouble(i -> (double) one[i] * other[i]).sum();
  }

  @Test
  void playlistsOfAnyLengthHaveOneDimensionAndEqualOnesOneVector() {
    ItemEncoder encoder = create();
    Random random = new Random(57);
    for (int length : new int[] {1, 2, 17, 499, LONGEST}) {
      Item playlist = playlist("p", random(random, length));
      float[] vector = encoder.encode(List.of(playlist))[0];
      assertEquals(encoder.dimension(), vector.length);
      assertArrayEquals(vector, encoder.encode(List.of(playlist))[0]);
      float[][] twice = encoder.encode(List.of(playlist, playlist));
      assertArrayEquals(twice[0], twice[1]);
      assertArrayEquals(expected(playlist), vector, 1e-3f);
    }
  }

  @Test
  void aLongerPlaylistIsToldByItsEndAndUnknownTracksAreLeftOut() {
    ItemEncoder encoder = create();
    int[] tracksOf = random(new Random(58), LONGEST + 20);
    float[] end =
        encoder
            .encode(
                List.of(playlist("end", java.util.Arrays.copyOfRange(tracksOf, 20, LONGEST + 20))))[
            0];
    assertArrayEquals(end, encoder.encode(List.of(playlist("long", tracksOf)))[0]);
    Item gaps =
        new Item(
            "gaps",
            Map.of("tracks", new Feature.Ids(List.of("gone", Fixtures.IDS.get(3), "never"))));
    assertArrayEquals(
        encoder.encode(List.of(playlist("one", 3)))[0], encoder.encode(List.of(gaps))[0]);
  }

  @Test
  void aPlaylistWithoutTracksIsRefused() {
    ItemEncoder encoder = create();
    assertRefused(encoder, playlist("empty"), "item 'empty', feature 'tracks': expected a list");
    assertRefused(encoder, Item.of("none"), "found none");
    assertRefused(
        encoder, new Item("text", Map.of("tracks", new Feature.Text("a, b"))), "found a Text");
    assertRefused(
        encoder,
        new Item("lost", Map.of("tracks", new Feature.Ids(List.of("gone", "away")))),
        "found none of it in 2");
  }

  private static void assertRefused(ItemEncoder encoder, Item playlist, String named) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> encoder.encode(List.of(playlist)));
    assertTrue(e.getMessage().contains(named), e.getMessage());
  }
}
