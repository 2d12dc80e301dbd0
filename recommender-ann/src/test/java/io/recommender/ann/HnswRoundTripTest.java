package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SnapshotReader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** An index that was saved and opened is the index it was, now and after every further change. */
class HnswRoundTripTest {
  private static final int DIMENSION = 40;
  private static final float[][] VECTORS = HnswFixture.clustered(1_400, DIMENSION, 0.4, 1);
  private static final float[][] QUERIES = HnswFixture.clustered(40, DIMENSION, 0.2, 2);
  private static final SearchOptions DEFAULTS = SearchOptions.defaults();

  @TempDir private Path folder;

  private static void add(HnswIndex index, int from, int to) {
    index.addAll(HnswFixture.ids(from, to), Arrays.copyOfRange(VECTORS, from, to));
  }

  private static void remove(HnswIndex index, int from, int to) {
    for (int i = from; i < to; i++) {
      index.remove("item-" + i);
    }
  }

  /** Leaves places that are free, of two repairs, and places that have ended. */
  private static HnswIndex begun(Quantization form, Similarity similarity) {
    HnswIndex index = HnswFixture.small(DIMENSION, similarity, form).build();
    add(index, 0, 300);
    // Equal vectors, told apart by the order in which they came.
    index.addAll(
        List.of("twin-b", "twin-a", "zero"),
        new float[][] {VECTORS[5], VECTORS[5], new float[DIMENSION]});
    remove(index, 200, 290);
    add(index, 300, 310);
    remove(index, 0, 80);
    index.addAll(HnswFixture.ids(100, 120), Arrays.copyOfRange(VECTORS, 1_300, 1_320)); // replaced
    remove(index, 120, 125);
    return index;
  }

  /** Takes free places, repairs again, and grows until codes are made anew. */
  private static void goOn(HnswIndex index) {
    add(index, 310, 340);
    index.add("twin-b", VECTORS[6]);
    remove(index, 125, 195);
    add(index, 340, 1_300);
    index.add("twin-c", VECTORS[5]);
    remove(index, 400, 450);
  }

  private static long count(Path file, byte state) {
    try (SnapshotReader reader =
        SnapshotReader.open(file, HnswSnapshot.KIND, 1, HnswSnapshot.FORMAT)) {
      SectionReader parameters = reader.section("parameters");
      HnswSnapshot.readBuilder(reader, parameters);
      HnswSnapshot.Counters counters = HnswSnapshot.readCounters(reader, parameters);
      return HnswSnapshot.readNodes(reader, counters).stream()
          .filter(node -> node.state() == state)
          .count();
    }
  }

  private static void assertSame(HnswIndex expected, HnswIndex found) {
    assertEquals(expected.size(), found.size());
    assertEquals(expected.dimension(), found.dimension());
    assertEquals(expected.similarity(), found.similarity());
    List<SearchOptions> options =
        List.of(
            DEFAULTS,
            DEFAULTS.ef(50),
            DEFAULTS.targetRecall(0.95),
            DEFAULTS.targetRecall(1),
            DEFAULTS.filter(ItemFilter.deny(Set.of("item-150", "twin-a"))),
            DEFAULTS.filter(id -> id.endsWith("3")));
    for (SearchOptions each : options) {
      assertEquals(
          HnswFixture.answers(expected, QUERIES, 10, each),
          HnswFixture.answers(found, QUERIES, 10, each),
          each::toString);
    }
    for (String id : List.of("item-0", "item-100", "item-122", "item-250", "twin-a", "zero")) {
      assertEquals(expected.contains(id), found.contains(id), id);
      assertArrayEquals(expected.vector(id).orElse(null), found.vector(id).orElse(null), id);
    }
  }

  @ParameterizedTest
  @MethodSource("io.recommender.ann.HnswFixture#forms")
  void goesOnAsIfItHadNeverBeenSaved(Quantization form, Similarity similarity) {
    HnswIndex index = begun(form, similarity);
    Path saved = folder.resolve("begun.snapshot");
    index.save(saved);
    assertTrue(count(saved, HnswSnapshot.FREE) > 50, "free");
    assertTrue(count(saved, HnswSnapshot.ENDED) > 0, "ended");
    HnswIndex read = HnswIndex.open(saved);
    HnswIndex mapped = HnswIndex.open(saved, Opening.MAP);
    assertSame(index, read);
    assertSame(index, mapped);
    assertFalse(read.contains("item-122"));
    assertTrue(read.contains("item-100"));
    for (HnswIndex each : List.of(index, read, mapped)) {
      goOn(each);
      assertEquals(1_300 - 90 - 80 - 5 - 70 - 50 + 4, each.size());
    }
    assertSame(index, read);
    assertSame(index, mapped);
    index.save(folder.resolve("index"));
    read.save(folder.resolve("read"));
    mapped.save(folder.resolve("mapped"));
    HnswFixture.assertSameSections(folder.resolve("index"), folder.resolve("read"));
    HnswFixture.assertSameSections(folder.resolve("index"), folder.resolve("mapped"));
  }

  @ParameterizedTest
  @MethodSource("io.recommender.ann.HnswFixture#forms")
  void keepsEveryNumberOfItemsFromNoneOn(Quantization form, Similarity similarity) {
    for (int count : new int[] {0, 1, 15, 16, 17}) {
      HnswIndex index = HnswFixture.small(DIMENSION, similarity, form).build();
      add(index, 0, count);
      Path file = folder.resolve("count-" + count);
      index.save(file);
      for (Opening opening : Opening.values()) {
        HnswIndex opened = HnswIndex.open(file, opening);
        assertSame(index, opened);
        Path again = folder.resolve("again-" + count + opening);
        opened.save(again);
        HnswFixture.assertSameSections(file, again);
        add(opened, 0, 40);
        assertEquals(40, opened.size());
      }
      add(index, 0, 40);
      Path grown = folder.resolve("grown-" + count);
      index.save(grown);
      HnswIndex opened = HnswIndex.open(file);
      add(opened, 0, 40);
      opened.save(file);
      HnswFixture.assertSameSections(grown, file);
    }
  }

  @Test
  void codesAreThereOnceTheyAreTrained() {
    HnswIndex index = HnswFixture.small(DIMENSION, Similarity.DOT, Quantization.INT4_FLOAT).build();
    add(index, 0, 15);
    Path file = folder.resolve("a");
    index.save(file);
    assertFalse(HnswFixture.sections(file).containsKey("codes"));
    add(index, 15, 16);
    index.save(file);
    Map<String, byte[]> first = HnswFixture.sections(file);
    HnswIndex opened = HnswIndex.open(file, Opening.MAP);
    add(opened, 16, 64);
    opened.save(file);
    byte[] second = HnswFixture.sections(file).get("codes");
    // The mean is another one, and with it the codes of the nodes that were there.
    int mean = 4 + 8;
    int end = mean + 4 * DIMENSION;
    assertFalse(Arrays.equals(first.get("codes"), mean, end, second, mean, end));
    assertEquals(HnswFixture.answers(opened, QUERIES, 10, DEFAULTS).size(), QUERIES.length);
    assertSame(opened, HnswIndex.open(file));
  }

  @ParameterizedTest
  @EnumSource(
      value = Quantization.class,
      names = {"FLOAT", "INT1_FLOAT", "INT4_FLOAT", "INT8_FLOAT", "INT8"})
  void aMappedIndexIsChangedAndSavedOverItsFile(Quantization form) {
    HnswIndex index = begun(form, Similarity.DOT);
    Path file = folder.resolve("a");
    index.save(file);
    HnswIndex mapped = HnswIndex.open(file, Opening.MAP);
    for (int round = 0; round < 4; round++) {
      mapped.add("item-0", VECTORS[500 + round]);
      index.add("item-0", VECTORS[500 + round]);
      remove(mapped, 130 + 15 * round, 145 + 15 * round);
      remove(index, 130 + 15 * round, 145 + 15 * round);
      add(mapped, 600 + 100 * round, 640 + 100 * round);
      add(index, 600 + 100 * round, 640 + 100 * round);
      assertSame(index, mapped);
      mapped.save(file);
      assertSame(index, mapped);
      assertSame(index, HnswIndex.open(file, Opening.MAP));
      if (round == 1) {
        mapped = HnswIndex.open(file, Opening.MAP);
      }
    }
  }

  @Test
  void parametersAreKept() {
    HnswIndex index =
        HnswIndex.builder(3, Similarity.L2)
            .m(7)
            .efConstruction(33)
            .ef(5)
            .seed(-4)
            .threads(3)
            .build();
    Path file = folder.resolve("a");
    index.save(file);
    HnswIndex opened = HnswIndex.open(file);
    for (HnswIndex each : List.of(index, opened)) {
      each.addAll(HnswFixture.ids(0, 900), HnswFixture.clustered(900, 3, 0, 3));
    }
    index.save(file);
    opened.save(folder.resolve("b"));
    HnswFixture.assertSameSections(file, folder.resolve("b"));
  }
}
