package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Query;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.FlatIndex;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CodebookRetrieverTest {
  private static final int DIMENSION = 12;
  private static final int ITEMS = 6_000;
  private static final List<String> IDS =
      IntStream.range(0, ITEMS).mapToObj(i -> "item-" + i).toList();

  private final Random random = new Random(1);
  private final float[][] vectors = ResidualQuantizerTest.gaussian(ITEMS, DIMENSION, random);
  private final ResidualQuantizer quantizer =
      ResidualQuantizer.of(
          ResidualQuantizerTest.codebooks(new int[] {32, 32, 16}, DIMENSION, random));
  private final SemanticIdIndex index = SemanticIdIndex.builder(quantizer.shape()).build();

  private static String message(Runnable wrong) {
    return assertThrows(IllegalArgumentException.class, wrong::run).getMessage();
  }

  private static void assertAlike(List<ScoredItem> expected, List<ScoredItem> found) {
    assertEquals(expected.size(), found.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).score(), found.get(i).score(), 1e-4, "rank " + i);
    }
  }

  @Test
  void findsWhatAScanOfDecodedVectorsFinds() {
    int[][] codes = quantizer.encodeAll(vectors);
    index.addAll(IDS, codes);
    FlatIndex scan = new FlatIndex(DIMENSION, Similarity.DOT);
    for (int i = 0; i < ITEMS; i++) {
      scan.add(IDS.get(i), quantizer.decode(codes[i]));
    }
    CodebookRetriever retriever = new CodebookRetriever(quantizer, index);
    List<ItemFilter> filters =
        List.of(
            ItemFilter.all(),
            ItemFilter.deny(Set.of("item-1", "item-2")),
            ItemFilter.allow(IDS.subList(0, 1_000)),
            itemId -> itemId.endsWith("3"));
    for (float[] query : ResidualQuantizerTest.gaussian(30, DIMENSION, random)) {
      for (ItemFilter filter : filters) {
        List<ScoredItem> found = retriever.retrieve(new Query.Vector(query), 20, filter);
        assertAlike(scan.search(query, 20, filter), found);
        assertTrue(found.stream().allMatch(item -> filter.accepts(item.itemId())));
      }
    }
  }

  @Test
  void theBestAreRankedByTheirVectors() {
    index.addAll(IDS, quantizer.encodeAll(vectors));
    FlatIndex exact = new FlatIndex(DIMENSION, Similarity.DOT);
    exact.addAll(IDS, vectors);
    CodebookRetriever all = new CodebookRetriever(quantizer, index).reranked(exact, ITEMS);
    CodebookRetriever some = new CodebookRetriever(quantizer, index).reranked(exact, 300);
    int found = 0;
    for (float[] query : ResidualQuantizerTest.gaussian(30, DIMENSION, random)) {
      List<ScoredItem> best = exact.search(query, 10);
      assertAlike(best, all.search(query, 10, ItemFilter.all()));
      List<ScoredItem> reranked = some.search(query, 10, ItemFilter.all());
      for (ScoredItem item : reranked) {
        double score = 0;
        float[] vector = vectors[IDS.indexOf(item.itemId())];
        for (int i = 0; i < DIMENSION; i++) {
          score += (double) query[i] * vector[i];
        }
        assertEquals(score, item.score());
        found += best.stream().anyMatch(hit -> hit.itemId().equals(item.itemId())) ? 1 : 0;
      }
      assertEquals(400, some.search(query, 400, ItemFilter.all()).size());
    }
    assertTrue(found > 250, "found " + found + " of 300");
  }

  @Test
  void anItemWithoutAVectorKeepsTheScoreOfItsCode() {
    ResidualQuantizer small = ResidualQuantizer.of(new float[][][] {{{1, 0}, {0, 1}}});
    SemanticIdIndex codes = SemanticIdIndex.builder(small.shape()).build();
    codes.addAll(List.of("a", "b"), new int[][] {{0}, {1}});
    FlatIndex exact = new FlatIndex(2, Similarity.DOT);
    exact.add("b", new float[] {0, 0.5f});
    CodebookRetriever retriever = new CodebookRetriever(small, codes).reranked(exact, 2);
    assertEquals(
        List.of(new ScoredItem("a", 2), new ScoredItem("b", 1.5)),
        retriever.search(new float[] {2, 3}, 2, ItemFilter.all()));
  }

  @Test
  void aLevelThatTellsItemsApartDoesNotCount() {
    ResidualQuantizer small = ResidualQuantizer.of(new float[][][] {{{1, 0}, {0, 1}}});
    SemanticIdIndex apart = SemanticIdIndex.builder(CodeShape.of(new int[] {2, 4})).build();
    apart.addAll(List.of("a", "b", "c"), new int[][] {{1, 3}, {1, 0}, {0, 0}});
    assertEquals(
        List.of(new ScoredItem("a", 3), new ScoredItem("b", 3), new ScoredItem("c", 2)),
        new CodebookRetriever(small, apart).search(new float[] {2, 3}, 5, ItemFilter.all()));
  }

  @Test
  void whatIsWrongIsRefusedByName() {
    CodebookRetriever retriever = new CodebookRetriever(quantizer, index);
    FlatIndex exact = new FlatIndex(DIMENSION, Similarity.DOT);
    assertEquals(
        "index: expected codes that begin with CodeShape[[32, 32, 16]], found CodeShape[2 x 32]",
        message(
            () ->
                new CodebookRetriever(
                    quantizer, SemanticIdIndex.builder(CodeShape.of(2, 32)).build())));
    assertEquals(
        "index: expected codes that begin with CodeShape[[32, 32, 16]], found CodeShape[3 x 32]",
        message(
            () ->
                new CodebookRetriever(
                    quantizer, SemanticIdIndex.builder(CodeShape.of(3, 32)).build())));
    assertEquals(
        "candidates: expected at least 1, found 0", message(() -> retriever.reranked(exact, 0)));
    assertEquals(
        "vectors: expected dimension 12, found 3",
        message(() -> retriever.reranked(new FlatIndex(3, Similarity.DOT), 9)));
    assertEquals(
        "vectors: expected similarity DOT, found L2",
        message(() -> retriever.reranked(new FlatIndex(DIMENSION, Similarity.L2), 9)));
    assertEquals(
        "query: a codebook retriever answers vectors, found Keywords",
        message(() -> retriever.retrieve(new Query.Keywords(Map.of()), 1, ItemFilter.all())));
    for (CodebookRetriever each : List.of(retriever, retriever.reranked(exact, 5))) {
      assertEquals(
          "k: expected at least 1, found 0",
          message(() -> each.search(new float[DIMENSION], 0, ItemFilter.all())));
      assertEquals(
          "query: expected length 12, found 2",
          message(() -> each.search(new float[2], 1, ItemFilter.all())));
      assertEquals(List.of(), each.search(new float[DIMENSION], 1, ItemFilter.all()));
    }
  }
}
