package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What an index must have and answer: a map in the order of first addition, and a comparison with
 * all of it. Answers are checked as they come, and how much of the true best they have is counted.
 */
final class HnswOracle {
  /** How far a kept vector may be from the added one, in parts of its length: COSINE rounds. */
  private static final double ROUNDING = 1e-6;

  private final Similarity similarity;
  private final Quantization quantization;
  private final Map<String, float[]> vectors = new LinkedHashMap<>();
  private final Map<String, float[]> told = new LinkedHashMap<>();
  private int wanted;
  private int found;
  private int wantedInAll;
  private int foundInAll;

  HnswOracle(Similarity similarity, Quantization quantization) {
    this.similarity = similarity;
    this.quantization = quantization;
  }

  boolean keepsFloats(int dimension) {
    return quantization.resolved(dimension).keepsFloats();
  }

  int size() {
    return vectors.size();
  }

  boolean contains(String itemId) {
    return vectors.containsKey(itemId);
  }

  List<String> itemIds() {
    return List.copyOf(vectors.keySet());
  }

  float[] vector(String itemId) {
    return vectors.get(itemId);
  }

  void put(String itemId, float[] vector) {
    vectors.put(itemId, vector.clone());
    told.remove(itemId);
  }

  boolean remove(String itemId) {
    told.remove(itemId);
    return vectors.remove(itemId) != null;
  }

  /** Compares everything that an index tells of its items. */
  void assertHolds(HnswIndex index) {
    assertEquals(vectors.size(), index.size());
    vectors.forEach(
        (itemId, vector) -> {
          assertTrue(index.contains(itemId), itemId);
          assertVector(itemId, index.vector(itemId).orElseThrow());
        });
  }

  void assertVector(String itemId, float[] found) {
    float[] added = vectors.get(itemId);
    boolean isKept = quantization.resolved(added.length).keepsFloats();
    if (isKept && similarity != Similarity.COSINE) {
      assertArrayEquals(added, found, itemId);
      return;
    }
    double squares = 0;
    for (int i = 0; i < added.length; i++) {
      squares += Math.pow((double) added[i] - found[i], 2);
    }
    double most = isKept ? ROUNDING * TestVectors.norm(added) : codeError(added);
    double off = Math.sqrt(squares);
    assertTrue(off <= most, () -> itemId + " is off by " + off + ", at most " + most);
    if (isKept) {
      float[] before = told.putIfAbsent(itemId, found);
      assertArrayEquals(before == null ? found : before, found, itemId);
    }
  }

  /**
   * Documented: about one part in a hundred of the distance from the mean, which here is up to so
   * much, and once more for what was coded before there was a mean.
   */
  private double codeError(float[] vector) {
    double length = TestVectors.norm(vector);
    return 0.01 * (length + 2 * Math.sqrt(vector.length));
  }

  /** Checks an answer to a search for k items, all but which items it has. */
  void assertAnswer(float[] query, int k, SearchOptions options, SearchHits hits) {
    ItemFilter filter = options.filter();
    assertTrue(hits.isComplete());
    List<ScoredItem> truth = best(query, k, filter);
    assertEquals(truth.size(), hits.size(), () -> "of " + truth.size() + " under " + filter);
    Set<String> seen = new HashSet<>();
    for (int rank = 0; rank < hits.size(); rank++) {
      String itemId = hits.itemId(rank);
      assertTrue(seen.add(itemId), () -> itemId + " was found twice");
      assertTrue(vectors.containsKey(itemId), () -> itemId + " is not there");
      assertTrue(filter.accepts(itemId), () -> itemId + " is not accepted");
      assertTrue(rank == 0 || hits.score(rank - 1) >= hits.score(rank), "scores are not in order");
      assertScore(query, itemId, hits.score(rank));
    }
    if (quantization.resolved(query.length).keepsFloats()) {
      count(truth, query, hits, hits.isExact() || options.targetRecall == 1);
    }
  }

  private void count(List<ScoredItem> truth, float[] query, SearchHits hits, boolean isExact) {
    if (truth.isEmpty()) {
      return;
    }
    double worst = truth.get(truth.size() - 1).score();
    double least = worst - tolerance(query, vectors.get(truth.get(truth.size() - 1).itemId()));
    int good = 0;
    for (int rank = 0; rank < hits.size(); rank++) {
      good += hits.score(rank) >= least ? 1 : 0;
    }
    if (isExact) {
      assertEquals(truth.size(), good, "an exact answer misses some");
      return;
    }
    wanted += truth.size();
    found += good;
  }

  void assertScore(float[] query, String itemId, double score) {
    float[] vector = vectors.get(itemId);
    double off = Math.abs(score - TestVectors.score(similarity, query, vector));
    double most = tolerance(query, vector);
    assertTrue(off <= most, () -> itemId + ": a score is off by " + off + ", at most " + most);
  }

  private double tolerance(float[] query, float[] vector) {
    if (quantization == Quantization.INT8) {
      double queryLength = TestVectors.norm(query);
      return switch (similarity) {
        case DOT -> queryLength * codeError(vector);
        case COSINE -> 0.01;
        case L2 -> {
          double distance = Math.sqrt(-TestVectors.score(similarity, query, vector));
          yield (2 * distance + codeError(vector)) * codeError(vector);
        }
      };
    }
    double part = similarity == Similarity.COSINE ? 1e-6 : 1e-12;
    return part * TestVectors.magnitude(similarity, query, vector);
  }

  /** Returns the best accepted items, equal ones in the order of their first addition. */
  List<ScoredItem> best(float[] query, int k, ItemFilter filter) {
    List<ScoredItem> all = new ArrayList<>();
    vectors.forEach(
        (itemId, vector) -> {
          if (filter.accepts(itemId)) {
            all.add(new ScoredItem(itemId, TestVectors.score(similarity, query, vector)));
          }
        });
    all.sort(Comparator.comparingDouble((ScoredItem item) -> -item.score()));
    return all.subList(0, Math.min(k, all.size()));
  }

  /** Returns which part of the best was found by walks since this was asked last. */
  double recall() {
    double recall = wanted == 0 ? 1 : found / (double) wanted;
    wantedInAll += wanted;
    foundInAll += found;
    wanted = 0;
    found = 0;
    return recall;
  }

  /** Returns which part of the best was found by walks, of all for which {@link #recall} asked. */
  double recallInAll() {
    return wantedInAll == 0 ? 1 : foundInAll / (double) wantedInAll;
  }
}
