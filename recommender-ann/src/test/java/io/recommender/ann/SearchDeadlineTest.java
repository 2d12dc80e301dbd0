package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whichever way filtered searches take: those without time stop, and all tell what they did. */
class SearchDeadlineTest {
  private static final int COUNT = 8_000;
  private static final int DIMENSION = 40;
  private static final SearchOptions DEFAULTS = SearchOptions.defaults();
  private static final float[] QUERY = HnswFixture.clustered(1, DIMENSION, 0.3, 2)[0];

  private static HnswIndex index(Quantization form, int exactBelow) {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, Similarity.DOT)
            .quantization(form)
            .trainedFrom(500)
            .exactBelow(exactBelow)
            .threads(2)
            .build();
    index.addAll(HnswFixture.ids(0, COUNT), HnswFixture.clustered(COUNT, DIMENSION, 0.3, 1));
    return index;
  }

  private static SearchHits search(HnswIndex index, SearchOptions options) {
    SearchHits hits = new SearchHits();
    index.search(QUERY, 10, options, hits);
    return hits;
  }

  private static SearchHits late(HnswIndex index, ItemFilter filter) {
    return search(index, DEFAULTS.filter(filter).timeout(Duration.ZERO));
  }

  private static ItemFilter allow(int count) {
    return ItemFilter.allow(new HashSet<>(HnswFixture.ids(0, count)));
  }

  private static void assertPartial(HnswIndex index, Set<String> allowed, SearchHits hits) {
    assertFalse(hits.isComplete());
    assertFalse(hits.isExact());
    assertTrue(hits.size() <= 10);
    for (int rank = 0; rank < hits.size(); rank++) {
      assertTrue(allowed.contains(hits.itemId(rank)) && index.contains(hits.itemId(rank)));
    }
  }

  @ParameterizedTest
  @EnumSource(Quantization.class)
  void aShortAllowListIsLeft(Quantization form) {
    HnswIndex index = index(form, 2_000);
    for (int count : new int[] {65, 500, 1_700}) {
      SearchHits hits = late(index, allow(count));
      assertPartial(index, Set.copyOf(HnswFixture.ids(0, count)), hits);
      assertEquals(10, hits.size());
      assertEquals(64, hits.scored());
      SearchHits all = search(index, DEFAULTS.filter(allow(count)).timeout(Duration.ofDays(1)));
      assertTrue(all.isComplete() && all.isExact());
      assertEquals(count, all.scored());
      assertEquals(0, all.visited());
      assertEquals(0, all.reranked());
    }
    SearchHits few = late(index, allow(64));
    assertTrue(few.isComplete() && few.isExact(), "nothing was left out");
    assertEquals(64, few.scored());
  }

  @ParameterizedTest
  @EnumSource(
      value = Quantization.class,
      names = {"INT4_FLOAT", "INT8_FLOAT"})
  void aScanOfCopiedCodesIsLeft(Quantization form) {
    HnswIndex index = index(form, 2_000);
    ItemFilter filter = allow(3_500);
    SearchHits hits = new SearchHits();
    for (int i = 0; i < 4; i++) {
      hits = search(index, DEFAULTS.filter(filter));
    }
    assertTrue(hits.isComplete());
    assertEquals(3_500, hits.scored());
    assertEquals(0, hits.visited());
    assertTrue(hits.reranked() >= 10 && hits.reranked() < 1_000, "reranked " + hits.reranked());
    SearchHits late = late(index, filter);
    assertPartial(index, Set.copyOf(HnswFixture.ids(0, 3_500)), late);
    assertEquals(10, late.size());
    assertEquals(2_048, late.scored());
  }

  /** Counts how often it is asked. */
  private static final class Asked implements ItemFilter {
    private final boolean isConstant;
    private int count;

    Asked(boolean isConstant) {
      this.isConstant = isConstant;
    }

    @Override
    public boolean accepts(String itemId) {
      count++;
      return itemId.endsWith("7");
    }

    @Override
    public boolean isConstant() {
      return isConstant;
    }
  }

  @ParameterizedTest
  @EnumSource(Quantization.class)
  void aFilterIsNotAskedAboutEverything(Quantization form) {
    HnswIndex index = index(form, 2_000);
    for (boolean isConstant : new boolean[] {false, true}) {
      Asked filter = new Asked(isConstant);
      for (int i = 0; i < 3; i++) {
        filter.count = 0;
        assertFalse(late(index, filter).isComplete());
        assertTrue(filter.count <= 256 + 64, () -> "asked " + filter.count + " times");
      }
      for (int i = 0; i < 3; i++) {
        assertTrue(search(index, DEFAULTS.filter(filter)).isComplete());
      }
      filter.count = 0;
      // The set of a filter that is remembered may be small enough to be scanned at once.
      boolean isComplete = late(index, filter).isComplete();
      assertTrue(isConstant || !isComplete);
      assertTrue(filter.count <= 64, () -> "asked " + filter.count + " times");
    }
  }

  @Test
  void aWalkTellsWhatItDid() {
    for (Quantization form : Quantization.values()) {
      HnswIndex index = index(form, 2_000);
      for (SearchOptions options :
          List.of(DEFAULTS, DEFAULTS.filter(id -> true), DEFAULTS.ef(1_000))) {
        SearchHits hits = search(index, options);
        assertTrue(hits.isComplete() && !hits.isExact());
        assertTrue(hits.visited() > 0 && hits.visited() <= hits.scored(), options::toString);
        assertTrue(hits.scored() < COUNT, options::toString);
        assertTrue(hits.reranked() >= 10 && hits.reranked() <= hits.scored(), options::toString);
      }
    }
  }

  @Test
  void aComparisonWithAllTellsWhatItDid() {
    HnswIndex index = index(Quantization.FLOAT, 100_000);
    for (SearchOptions options : List.of(DEFAULTS, DEFAULTS.filter(id -> id.endsWith("7")))) {
      SearchHits hits = search(index, options);
      assertTrue(hits.isComplete() && hits.isExact());
      assertEquals(COUNT, hits.scored());
      assertEquals(0, hits.visited());
      assertEquals(0, hits.reranked());
    }
    SearchHits late = search(index, DEFAULTS.timeout(Duration.ZERO));
    assertFalse(late.isComplete());
    assertEquals(64, late.scored());
  }

  /** A walk with a filter that accepts most goes over the others, whose links it follows too. */
  @Test
  void aWalkWithinASetTellsWhatItDid() {
    HnswIndex index = index(Quantization.FLOAT, 100);
    ItemFilter filter = ItemFilter.allow(new HashSet<>(HnswFixture.ids(0, 6_000)));
    SearchOptions options = DEFAULTS.ef(12).filter(filter);
    SearchHits hits = new SearchHits();
    for (int i = 0; i < 4; i++) {
      index.search(QUERY, 10, options, hits);
      assertTrue(hits.scored() >= 10);
    }
    assertTrue(hits.visited() > 0 && !hits.isExact());
    SearchHits late = search(index, options.timeout(Duration.ZERO));
    assertFalse(late.isComplete());
    assertTrue(late.scored() < hits.scored());
  }

  @Test
  void anEmptyIndexHasComparedAll() {
    SearchHits hits = search(HnswIndex.builder(DIMENSION, Similarity.L2).build(), DEFAULTS);
    assertTrue(hits.isComplete() && hits.isExact());
    assertEquals(0, hits.scored() + hits.visited() + hits.reranked() + hits.size());
  }
}
