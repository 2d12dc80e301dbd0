package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ResidualQuantizerTest {
  private static final int DIMENSION = 10;

  /** Codebooks whose entries get shorter from level to level. */
  static float[][][] codebooks(int[] sizes, int dimension, Random random) {
    float[][][] codebooks = new float[sizes.length][][];
    for (int level = 0; level < sizes.length; level++) {
      codebooks[level] = gaussian(sizes[level], dimension, random);
      for (float[] entry : codebooks[level]) {
        for (int i = 0; i < dimension; i++) {
          entry[i] *= (float) Math.pow(0.6, level);
        }
      }
    }
    return codebooks;
  }

  static float[][] gaussian(int count, int dimension, Random random) {
    float[][] vectors = new float[count][dimension];
    for (float[] vector : vectors) {
      for (int i = 0; i < dimension; i++) {
        vector[i] = (float) random.nextGaussian();
      }
    }
    return vectors;
  }

  private static double error(ResidualQuantizer quantizer, float[][] vectors, int[][] codes) {
    double sum = 0;
    for (int i = 0; i < vectors.length; i++) {
      sum += distance(vectors[i], quantizer.decode(codes[i]));
    }
    return sum / vectors.length;
  }

  private static double distance(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += ((double) one[i] - other[i]) * ((double) one[i] - other[i]);
    }
    return sum;
  }

  private static int distinct(int[][] codes) {
    return (int) Arrays.stream(codes).map(Arrays::toString).distinct().count();
  }

  private static String message(Runnable wrong) {
    return assertThrows(IllegalArgumentException.class, wrong::run).getMessage();
  }

  /** A beginning of a code, and what it leaves of the vector, in double precision. */
  private record Beginning(int[] code, double[] left, boolean isGreedy) {
    double error() {
      return Arrays.stream(left).map(x -> x * x).sum();
    }
  }

  private static int[] naive(float[][][] codebooks, float[] vector, int width) {
    double[] whole = IntStream.range(0, vector.length).mapToDouble(i -> vector[i]).toArray();
    List<Beginning> beam = List.of(new Beginning(new int[0], whole, true));
    for (int level = 0; level < codebooks.length; level++) {
      List<Beginning> all = new ArrayList<>();
      for (Beginning beginning : beam) {
        List<Beginning> next = new ArrayList<>();
        for (int entry = 0; entry < codebooks[level].length; entry++) {
          int[] code = Arrays.copyOf(beginning.code, level + 1);
          code[level] = entry;
          double[] left = beginning.left.clone();
          for (int i = 0; i < left.length; i++) {
            left[i] -= codebooks[level][entry][i];
          }
          next.add(new Beginning(code, left, false));
        }
        next.sort(Comparator.comparingDouble(Beginning::error));
        if (beginning.isGreedy) {
          next.set(0, new Beginning(next.get(0).code, next.get(0).left, true));
        }
        all.addAll(next);
      }
      all.sort(Comparator.comparingDouble(Beginning::error));
      Beginning greedy = all.stream().filter(Beginning::isGreedy).findFirst().orElseThrow();
      beam = new ArrayList<>(all.subList(0, Math.min(width, all.size())));
      if (!beam.contains(greedy)) {
        beam.set(beam.size() - 1, greedy);
      }
    }
    return beam.stream().min(Comparator.comparingDouble(Beginning::error)).orElseThrow().code;
  }

  @Test
  void codesAreThoseOfANaiveBeam() {
    Random random = new Random(1);
    for (int dimension : new int[] {1, 3, 4, 9}) {
      float[][][] codebooks = codebooks(new int[] {16, 5, 16, 7}, dimension, random);
      ResidualQuantizer quantizer = ResidualQuantizer.of(codebooks);
      for (float[] vector : gaussian(50, dimension, random)) {
        for (int width : new int[] {1, 2, 5, 20}) {
          assertArrayEquals(naive(codebooks, vector, width), quantizer.encode(vector, width));
        }
        assertArrayEquals(naive(codebooks, vector, 5), quantizer.encode(vector));
      }
    }
  }

  @Test
  void aBeamThatIsWideEnoughFindsTheBestOfAllCodes() {
    Random random = new Random(2);
    ResidualQuantizer quantizer =
        ResidualQuantizer.of(codebooks(new int[] {4, 4, 4}, DIMENSION, random));
    for (float[] vector : gaussian(200, DIMENSION, random)) {
      double best = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 64; i++) {
        best = Math.min(best, distance(vector, quantizer.decode(i / 16, i / 4 % 4, i % 4)));
      }
      assertEquals(best, distance(vector, quantizer.decode(quantizer.encode(vector, 64))), 1e-4);
    }
  }

  @Test
  void noBeamIsWorseThanTheNearestEntries() {
    Random random = new Random(3);
    boolean isBetter = false;
    for (int trial = 0; trial < 20; trial++) {
      ResidualQuantizer quantizer =
          ResidualQuantizer.of(codebooks(new int[] {8, 8, 8, 8, 8}, DIMENSION, random));
      for (float[] vector : gaussian(200, DIMENSION, random)) {
        double greedy = distance(vector, quantizer.decode(quantizer.encode(vector, 1)));
        for (int width : new int[] {2, 3, 8}) {
          double error = distance(vector, quantizer.decode(quantizer.encode(vector, width)));
          assertTrue(error <= greedy * (1 + 1e-5), error + " > " + greedy);
          isBetter |= error < greedy * 0.9;
        }
      }
    }
    assertTrue(isBetter);
  }

  @Test
  void eachLevelLeavesLess() {
    float[][] vectors = gaussian(2_000, DIMENSION, new Random(4));
    ResidualQuantizer quantizer = ResidualQuantizer.builder(5, 16).fit(vectors);
    double before = Double.POSITIVE_INFINITY;
    for (int levels = 1; levels <= 5; levels++) {
      ResidualQuantizer part = ResidualQuantizer.of(Arrays.copyOf(quantizer.codebooks(), levels));
      double error = error(part, vectors, part.encodeAll(vectors));
      assertTrue(error < 0.8 * before, levels + " levels leave " + error + " of " + before);
      before = error;
    }
  }

  @Test
  void clustersGetCodesOfTheirOwn() {
    Random random = new Random(5);
    float[][] centres = gaussian(8, DIMENSION, random);
    float[][] vectors = new float[400][];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = centres[i % 8].clone();
      for (int d = 0; d < DIMENSION; d++) {
        vectors[i][d] += (float) (0.05 * random.nextGaussian());
      }
    }
    ResidualQuantizer quantizer = ResidualQuantizer.builder(2, 8).fit(vectors);
    int[][] codes = quantizer.encodeAll(vectors);
    for (int i = 0; i < vectors.length; i++) {
      for (int j = 0; j < 8; j++) {
        assertEquals(i % 8 == j, codes[i][0] == codes[j][0], i + " and " + j);
      }
    }
  }

  @Test
  void theSeedDecidesAndNotTheThreads() {
    float[][] vectors = gaussian(1_500, DIMENSION, new Random(6));
    ResidualQuantizer one = ResidualQuantizer.builder(3, 20).seed(9).fit(vectors);
    ResidualQuantizer three = ResidualQuantizer.builder(3, 20).seed(9).threads(3).fit(vectors);
    ResidualQuantizer other = ResidualQuantizer.builder(3, 20).seed(10).fit(vectors);
    assertTrue(Arrays.deepEquals(one.codebooks(), three.codebooks()));
    assertFalse(Arrays.deepEquals(one.codebooks(), other.codebooks()));
  }

  @Test
  void anEntryThatNothingIsNextToIsPutToUse() {
    int unused = 0;
    for (int seed = 0; seed < 60; seed++) {
      float[][] vectors = gaussian(30, 2, new Random(seed));
      ResidualQuantizer quantizer = ResidualQuantizer.builder(1, 15).seed(seed).fit(vectors);
      unused += 15 - distinct(quantizer.encodeAll(vectors));
    }
    assertEquals(0, unused);
  }

  @Test
  void equalVectorsAreFitted() {
    float[][] vectors = new float[50][];
    Arrays.fill(vectors, new float[] {1, 2, 3});
    ResidualQuantizer quantizer = ResidualQuantizer.builder(2, 4).fit(vectors);
    assertArrayEquals(vectors[0], quantizer.decode(quantizer.encode(vectors[0])), 1e-6f);
  }

  @Test
  void codesThatCollideAreDealtOut() {
    Random random = new Random(7);
    float[][] vectors = gaussian(600, 4, random);
    ResidualQuantizer quantizer = ResidualQuantizer.builder(3, 16).fit(vectors);
    int[][] codes = quantizer.encodeAll(vectors);
    int[][] apart = quantizer.encodeApart(vectors);
    assertTrue(distinct(codes) < 570, "distinct " + distinct(codes));
    assertEquals(600, distinct(apart));
    for (int i = 0; i < codes.length; i++) {
      assertArrayEquals(Arrays.copyOf(codes[i], 2), Arrays.copyOf(apart[i], 2));
      int[] code = codes[i];
      boolean isAlone =
          IntStream.range(0, codes.length)
                  .filter(j -> Arrays.equals(codes[j], 0, 2, code, 0, 2))
                  .mapToObj(j -> codes[j][2])
                  .distinct()
                  .count()
              == IntStream.range(0, codes.length)
                  .filter(j -> Arrays.equals(codes[j], 0, 2, code, 0, 2))
                  .count();
      if (isAlone) {
        assertArrayEquals(code, apart[i]);
      }
    }
    double error = error(quantizer, vectors, codes);
    double none = Arrays.stream(vectors).mapToDouble(Rows::norm).average().orElseThrow();
    double after = error(quantizer, vectors, apart);
    assertTrue(after < none / 10, "%f became %f of %f".formatted(error, after, none));
  }

  @Test
  void equalVectorsTakeEachLastCodeEquallyOften() {
    float[][] vectors = new float[100][];
    Arrays.fill(vectors, new float[] {0.5f, 0.1f});
    ResidualQuantizer quantizer =
        ResidualQuantizer.of(codebooks(new int[] {4, 16}, 2, new Random(8)));
    int[] taken = new int[16];
    for (int[] code : quantizer.encodeApart(vectors)) {
      taken[code[1]]++;
    }
    assertTrue(
        Arrays.stream(taken).allMatch(count -> count == 6 || count == 7), Arrays.toString(taken));
  }

  /** A group that is dealt out in several parts. */
  @Test
  void partsOfAGroupTogetherTakeEachLastCodeEquallyOften() {
    Random random = new Random(9);
    float[][][] codebooks = codebooks(new int[] {1, 16}, 2, random);
    for (float[][] vectors : List.of(gaussian(100, 2, random), new float[12][2])) {
      int[][] codes = new int[vectors.length][2];
      new LastCodes(codebooks, vectors, codes).spread(48);
      int[] taken = new int[16];
      for (int[] code : codes) {
        taken[code[1]]++;
      }
      int least = vectors.length / 16;
      assertTrue(
          Arrays.stream(taken).allMatch(count -> count == least || count == least + 1),
          Arrays.toString(taken));
    }
  }

  /** The price of a code is beyond what exponentials of doubles hold. */
  @Test
  void vectorsFarFromAllCodesAreDealtOutToo() {
    ResidualQuantizer quantizer =
        ResidualQuantizer.of(new float[][][] {{{0}}, {{0}, {-1}, {100}, {101}}});
    float[][] vectors = {{0}, {0}, {0}, {1e6f}};
    int[][] codes = quantizer.encodeApart(vectors);
    assertEquals(4, distinct(codes));
    assertArrayEquals(new int[] {0, 3}, codes[3]);
  }

  /** Two items next to one code: the one that loses least moves. */
  @Test
  void whoLosesLeastMoves() {
    ResidualQuantizer quantizer = ResidualQuantizer.of(new float[][][] {{{0}}, {{0}, {1}, {5}}});
    int[][] codes = quantizer.encodeApart(new float[][] {{0.4f}, {0.05f}, {0.1f}});
    assertArrayEquals(new int[] {0, 1}, codes[0]);
    assertEquals(3, distinct(codes));
    assertArrayEquals(
        new int[][] {{0, 1}, {0, 0}}, quantizer.encodeApart(new float[][] {{0.4f}, {0.05f}}));
  }

  @Test
  void codebooksOfAnotherTrainerAreTaken() {
    float[][][] codebooks = {{{1, 0}, {0, 1}, {-1, 0}}, {{0.25f, 0}, {0, 0.25f}}};
    ResidualQuantizer quantizer = ResidualQuantizer.of(codebooks);
    codebooks[0][0][0] = 100;
    assertEquals(CodeShape.of(new int[] {3, 2}), quantizer.shape());
    assertEquals(2, quantizer.dimension());
    assertArrayEquals(new int[] {0, 1}, quantizer.encode(new float[] {1, 0.3f}));
    assertArrayEquals(new float[] {1, 0.25f}, quantizer.decode(0, 1));
    float[][] products = quantizer.products(new float[] {4, 8});
    assertArrayEquals(new float[] {4, 8, -4}, products[0]);
    assertArrayEquals(new float[] {1, 2}, products[1]);
    quantizer.codebooks()[0][0][0] = 7;
    assertArrayEquals(new float[] {1, 0.25f}, quantizer.decode(0, 1));
    assertEquals("ResidualQuantizer[CodeShape[[3, 2]], 2 dimensions]", quantizer.toString());
  }

  @Test
  void whatIsWrongIsRefusedByName() {
    ResidualQuantizer quantizer = ResidualQuantizer.of(new float[2][3][2]);
    ResidualQuantizer.Builder builder = ResidualQuantizer.builder(2, 3);
    float[] wrong = {1, Float.NaN};
    assertEquals(
        "vector: element 1 is NaN, expected a finite number",
        message(() -> quantizer.encode(wrong)));
    assertEquals(
        "vector: expected length 2, found 3", message(() -> quantizer.encode(new float[3])));
    assertEquals(
        "beam: expected at least 1, found 0", message(() -> quantizer.encode(new float[2], 0)));
    assertEquals(
        "vector 1: element 1 is NaN, expected a finite number",
        message(() -> quantizer.encodeAll(new float[][] {{1, 2}, wrong})));
    assertEquals(
        "vector 1: expected length 2, found 1",
        message(() -> quantizer.encodeApart(new float[][] {{1, 2}, {1}})));
    assertEquals(
        "query: expected length 2, found 0", message(() -> quantizer.products(new float[0])));
    assertEquals("code: expected 2 levels, found 1", message(() -> quantizer.decode(1)));
    assertEquals(
        "code: expected 0 to 2 at level 1, found 3", message(() -> quantizer.decode(1, 3)));
    assertEquals(
        "vectors: expected at least 3, one for each code of a level, found 2",
        message(() -> builder.fit(new float[2][2])));
    assertEquals(
        "vector 2: element 1 is NaN, expected a finite number",
        message(() -> builder.fit(new float[][] {{1, 1}, {2, 2}, wrong})));
    assertEquals(
        "vector 1: expected length 2, found 1",
        message(() -> builder.fit(new float[][] {{1, 1}, {2}, {3, 3}})));
    assertEquals(
        "vector 0: expected at least one element, found none",
        message(() -> builder.fit(new float[3][0])));
    assertEquals("threads: expected at least 1, found 0", message(() -> builder.threads(0)));
    assertEquals("iterations: expected at least 1, found 0", message(() -> builder.iterations(0)));
    assertEquals("beam: expected at least 1, found -1", message(() -> builder.beam(-1)));
    assertEquals(
        "levels: expected at least 1, found 0", message(() -> ResidualQuantizer.builder(0, 3)));
    assertEquals(
        "codebook entry 1 of level 1: expected length 2, found 1",
        message(() -> ResidualQuantizer.of(new float[][][] {{{1, 2}}, {{1, 2}, {3}}})));
    assertEquals(
        "codebook entry 0 of level 0: element 0 is Infinity, expected a finite number",
        message(() -> ResidualQuantizer.of(new float[][][] {{{Float.POSITIVE_INFINITY}}})));
    String none = "codebooks: expected at least one level, entry and element, found none";
    assertEquals(none, message(() -> ResidualQuantizer.of(new float[0][][])));
    assertEquals(none, message(() -> ResidualQuantizer.of(new float[1][0][])));
    assertEquals(none, message(() -> ResidualQuantizer.of(new float[1][1][0])));
  }
}
