package io.recommender.ann.internal;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** What {@link PanamaVectorKernels} computes of codes of four bits, four to a word. */
final class PanamaNibbles {
  private static final VectorSpecies<Float> FLOATS = PanamaVectorKernels.SPECIES;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, FLOATS.vectorShape());
  private static final int SHORT_LANES = SHORTS.length();
  private static final int INT_LANES = INTS.length();
  private static final int ROWS = VectorKernels.NIBBLE_ROWS;

  // So many products of a code and a factor fit into 16 bits, four to a block.
  private static final int BLOCKS = Short.MAX_VALUE / (15 * VectorKernels.NIBBLE_QUERY_MAX) / 4;

  private PanamaNibbles() {}

  /** As {@link VectorKernels#dotNibbles}. */
  static void dotRows(
      short[] query,
      int words,
      short[][] chunks,
      int first,
      int shift,
      int stride,
      int[] rows,
      int from,
      int count,
      int[] out) {
    int mask = (1 << shift) - 1;
    for (int r = 0; r < count; r++) {
      int row = rows[from + r];
      short[] chunk = chunks[row >>> shift];
      int offset = first + (row & mask) * stride;
      out[r] = row(query, words, chunk, offset);
    }
  }

  // One row at a time: four would need more registers than there are.
  private static int row(short[] query, int words, short[] chunk, int offset) {
    int most = BLOCKS * SHORT_LANES;
    if (words <= most) {
      return row(query, words, chunk, offset, 0, words);
    }
    int sum = 0;
    for (int w = 0; w < words; w += most) {
      sum += row(query, words, chunk, offset, w, Math.min(words, w + most));
    }
    return sum;
  }

  // Written out, here and below: a method that takes or returns vectors and is compiled before its
  // callers is not always inlined into them, and then each of its vectors is an object.
  private static int row(short[] query, int words, short[] chunk, int offset, int from, int to) {
    int part = VectorKernels.nibbleFactors(words);
    ShortVector sum = ShortVector.zero(SHORTS);
    for (int w = from; w < to; w += SHORT_LANES) {
      ShortVector codes = ShortVector.fromArray(SHORTS, chunk, offset + w);
      ShortVector first = codes.mul(ShortVector.fromArray(SHORTS, query, w));
      ShortVector second =
          codes
              .lanewise(VectorOperators.LSHR, 4)
              .mul(ShortVector.fromArray(SHORTS, query, part + w));
      ShortVector third =
          codes
              .lanewise(VectorOperators.LSHR, 8)
              .mul(ShortVector.fromArray(SHORTS, query, 2 * part + w));
      ShortVector fourth =
          codes
              .lanewise(VectorOperators.LSHR, 12)
              .mul(ShortVector.fromArray(SHORTS, query, 3 * part + w));
      sum = sum.add(first.add(second).add(third.add(fourth)));
    }
    IntVector pairs = sum.reinterpretAsInts();
    return pairs
        .lanewise(VectorOperators.LSHL, 16)
        .lanewise(VectorOperators.ASHR, 16)
        .add(pairs.lanewise(VectorOperators.ASHR, 16))
        .reduceLanes(VectorOperators.ADD);
  }

  /** As {@link VectorKernels#dotNibbleBlock}. */
  static void dotBlock(short[] query, int words, short[] codes, int at, int[] out, int outOffset) {
    for (int lane = 0; lane < ROWS / 2; lane += INT_LANES) {
      column(query, words, codes, at + 2 * lane, out, outOffset + lane);
    }
  }

  private static void column(short[] query, int words, short[] block, int at, int[] out, int lane) {
    int part = VectorKernels.nibbleFactors(words);
    IntVector low = IntVector.zero(INTS);
    IntVector high = IntVector.zero(INTS);
    for (int w = 0, i = at; w < words; w += 2, i += 2 * ROWS) {
      ShortVector codes = ShortVector.fromArray(SHORTS, block, i);
      ShortVector first = codes.mul(query[w]);
      ShortVector second = codes.lanewise(VectorOperators.LSHR, 4).mul(query[part + w]);
      ShortVector third = codes.lanewise(VectorOperators.LSHR, 8).mul(query[2 * part + w]);
      ShortVector fourth = codes.lanewise(VectorOperators.LSHR, 12).mul(query[3 * part + w]);
      ShortVector sum = first.add(second).add(third.add(fourth));
      int v = w + 1;
      codes = ShortVector.fromArray(SHORTS, block, i + ROWS);
      first = codes.mul(query[v]);
      second = codes.lanewise(VectorOperators.LSHR, 4).mul(query[part + v]);
      third = codes.lanewise(VectorOperators.LSHR, 8).mul(query[2 * part + v]);
      fourth = codes.lanewise(VectorOperators.LSHR, 12).mul(query[3 * part + v]);
      sum = sum.add(first.add(second).add(third.add(fourth)));
      IntVector pairs = sum.reinterpretAsInts();
      low = low.add(pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16));
      high = high.add(pairs.lanewise(VectorOperators.ASHR, 16));
    }
    low.intoArray(out, lane);
    high.intoArray(out, lane + ROWS / 2);
  }
}
