package io.recommender.ann;

import io.recommender.Similarity;
import java.util.Arrays;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIZ_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * What searches may see of one change that happens at the same time, in every interleaving that a
 * machine shows. {@link PublicationTest} runs it.
 */
public final class PublicationStress {
  private static final int DIMENSION = 3;
  private static final float[] NEAR = {1, 2, 3};
  private static final float[] FAR = {9, 9, 9};

  private PublicationStress() {}

  private static HnswIndex index(Quantization form) {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, Similarity.L2)
            .quantization(form)
            .m(2)
            .efConstruction(8)
            .ef(4)
            .expectedSize(8)
            .exactBelow(0)
            .trainedFrom(4)
            .build();
    for (int i = 0; i < 16; i++) {
      index.add("other-" + i, new float[] {-i, -i, i % 3});
    }
    index.add("first", FAR);
    return index;
  }

  /** Returns the score of an item among the hits, or 1 if it is not there. */
  private static int score(SearchHits hits, String itemId) {
    int score = 1;
    for (int rank = 0; rank < hits.size(); rank++) {
      if (hits.itemId(rank).equals(itemId)) {
        score = (int) hits.score(rank);
      }
    }
    return score;
  }

  private static SearchHits search(HnswIndex index, int k) {
    SearchHits hits = new SearchHits();
    index.search(NEAR, k, SearchOptions.defaults(), hits);
    return hits;
  }

  /** Searches twice for two items, and returns whether both were always found. */
  private static boolean searchTwice(HnswIndex index, IIZ_Result result) {
    SearchHits hits = search(index, 2);
    result.r1 = score(hits, "new");
    boolean isWhole = hits.size() == 2;
    hits = search(index, 2);
    result.r2 = score(hits, "new");
    return isWhole && hits.size() == 2;
  }

  /** A new item is as it was added or not there, and stays there once it was seen. */
  @JCStressTest
  @Outcome(id = "1, 1, true", expect = Expect.ACCEPTABLE, desc = "Never seen.")
  @Outcome(id = "1, 0, true", expect = Expect.ACCEPTABLE, desc = "Seen the second time.")
  @Outcome(id = "0, 0, true", expect = Expect.ACCEPTABLE, desc = "Seen both times.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Half an item, or one that is gone again.")
  @State
  public static class Addition {
    private final HnswIndex index = index(Quantization.FLOAT);

    /** Adds. */
    @Actor
    public void add() {
      index.add("new", NEAR);
    }

    /**
     * Searches twice.
     *
     * @param result the scores of the new item, and whether it has its vector if it is there
     */
    @Actor
    public void search(IIZ_Result result) {
      boolean isWhole = searchTwice(index, result);
      result.r3 = isWhole && index.vector("new").map(v -> Arrays.equals(v, NEAR)).orElse(true);
    }
  }

  /** As {@link Addition}, by codes. */
  @JCStressTest
  @Outcome(id = "1, 1, true", expect = Expect.ACCEPTABLE, desc = "Never seen.")
  @Outcome(id = "1, 0, true", expect = Expect.ACCEPTABLE, desc = "Seen the second time.")
  @Outcome(id = "0, 0, true", expect = Expect.ACCEPTABLE, desc = "Seen both times.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Half an item, or one that is gone again.")
  @State
  public static class CodedAddition {
    private final HnswIndex index = index(Quantization.INT4_FLOAT);

    /** Adds. */
    @Actor
    public void add() {
      index.add("new", NEAR);
    }

    /**
     * Searches twice.
     *
     * @param result the scores of the new item, and whether all were found
     */
    @Actor
    public void search(IIZ_Result result) {
      result.r3 = searchTwice(index, result);
    }
  }

  /** A replaced item has its old vector or its new one, and never the old one again. */
  @JCStressTest
  @Outcome(id = "-149, -149", expect = Expect.ACCEPTABLE, desc = "Old.")
  @Outcome(id = "-149, 0", expect = Expect.ACCEPTABLE, desc = "Replaced in between.")
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "New.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Neither, both, or the old one again.")
  @State
  public static class Replacement {
    private final HnswIndex index = index(Quantization.FLOAT);

    /** Replaces. */
    @Actor
    public void replace() {
      index.add("first", NEAR);
    }

    /**
     * Searches for all items, and then asks for one vector.
     *
     * @param result the score of the item, and that of the vector which the index then tells
     */
    @Actor
    public void search(II_Result result) {
      SearchHits hits = PublicationStress.search(index, 17);
      result.r1 = hits.size() == 17 ? score(hits, "first") : 2;
      float[] vector = index.vector("first").orElse(new float[DIMENSION]);
      result.r2 = (int) TestVectors.score(Similarity.L2, NEAR, vector);
    }
  }

  /** Once an item has been removed no search that begins finds it. */
  @JCStressTest
  @Outcome(id = "true, .*, false", expect = Expect.FORBIDDEN, desc = "Found after its removal.")
  @Outcome(id = ".*, .*, true", expect = Expect.ACCEPTABLE, desc = "Found or not, but as it was.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Something else.")
  @State
  public static class Removal {
    private final HnswIndex index = index(Quantization.FLOAT);
    private volatile boolean isRemoved;

    /** Removes, and tells. */
    @Actor
    public void remove() {
      index.remove("first");
      isRemoved = true;
    }

    /**
     * Searches.
     *
     * @param result whether it was told before that the item is removed, whether it was found, and
     *     whether both go together
     */
    @Actor
    public void search(ZZZ_Result result) {
      result.r1 = isRemoved;
      int score = score(PublicationStress.search(index, 17), "first");
      result.r2 = score == -149;
      boolean isKnown = index.contains("first");
      result.r3 = (score == 1 || score == -149) && !(result.r1 && (result.r2 || isKnown));
    }
  }
}
