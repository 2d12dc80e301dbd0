package io.recommender.ann.internal;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** What {@link PanamaVectorKernels} computes of tiles of codes, of which each lane is a row. */
final class PanamaTiles {
  private static final VectorSpecies<Float> FLOATS = PanamaVectorKernels.SPECIES;
  private static final int LANES = FLOATS.length();
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, FLOATS.vectorShape());
  private static final int CODE_ROWS = VectorKernels.CODE_ROWS;
  private static final int CODE_GROUP = VectorKernels.CODE_GROUP;
  private static final int CODE_BIAS = VectorKernels.CODE_BIAS;

  // Bytes that fill a vector of shorts.
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

  private PanamaTiles() {}

  /** As {@link VectorKernels#boundTile}. */
  static boolean bound(
      int[] query,
      byte[] codes,
      int offset,
      int length,
      float[] scales,
      float[] residuals,
      float[] norms,
      int first,
      float[] factors,
      float limit,
      float[] out) {
    multiply(query, codes, offset, length, out);
    boolean found = false;
    for (int r = 0; r < CODE_ROWS; r += LANES) {
      FloatVector scale = load(scales, first + r).mul(load(out, r).mul(factors[0]));
      FloatVector residual = load(residuals, first + r);
      FloatVector norm = load(norms, first + r);
      FloatVector result =
          scale
              .add(residual.mul(residual.mul(factors[2]).add(factors[1])))
              .add(norm.mul(norm.mul(factors[4]).add(factors[3])));
      result.intoArray(out, r);
      found |= !result.compare(VectorOperators.LT, limit).allTrue();
    }
    return found;
  }

  /**
   * Writes the inner products of codes. Apart from the rest, because the compiler does not inline
   * any number of operations into one method.
   */
  private static void multiply(int[] query, byte[] codes, int offset, int length, float[] out) {
    // The sum of a group fits into 16 bits. With the bias it is not negative, so a pair of them,
    // read as 32 bits, can be added to others as it is: what the low half carries into the high
    // half is taken back with the sum of the high halves.
    int bias = CODE_BIAS * (length / CODE_GROUP);
    for (int r = 0; r < CODE_ROWS / 2; r += 2 * LANES) {
      IntVector pairs0 = IntVector.zero(INTS);
      IntVector pairs1 = IntVector.zero(INTS);
      IntVector high0 = IntVector.zero(INTS);
      IntVector high1 = IntVector.zero(INTS);
      int at = offset + 2 * r;
      for (int i = 0; i < length; i += CODE_GROUP) {
        ShortVector part0 = ShortVector.broadcast(SHORTS, (short) CODE_BIAS);
        ShortVector part1 = part0;
        for (int j = 0; j < CODE_GROUP; j++) {
          ShortVector value = IntVector.broadcast(INTS, query[i + j]).reinterpretAsShorts();
          part0 = value.mul(shorts(codes, at + j * CODE_ROWS)).add(part0);
          part1 = value.mul(shorts(codes, at + j * CODE_ROWS + 2 * LANES)).add(part1);
        }
        at += CODE_GROUP * CODE_ROWS;
        IntVector pair0 = part0.reinterpretAsInts();
        IntVector pair1 = part1.reinterpretAsInts();
        pairs0 = pairs0.add(pair0);
        pairs1 = pairs1.add(pair1);
        high0 = high0.add(pair0.lanewise(VectorOperators.LSHR, 16));
        high1 = high1.add(pair1.lanewise(VectorOperators.LSHR, 16));
      }
      floats(pairs0.sub(high0.lanewise(VectorOperators.LSHL, 16)).sub(bias)).intoArray(out, r);
      floats(pairs1.sub(high1.lanewise(VectorOperators.LSHL, 16)).sub(bias))
          .intoArray(out, r + LANES);
      floats(high0.sub(bias)).intoArray(out, r + CODE_ROWS / 2);
      floats(high1.sub(bias)).intoArray(out, r + LANES + CODE_ROWS / 2);
    }
  }

  private static FloatVector floats(IntVector values) {
    return (FloatVector) values.convertShape(VectorOperators.I2F, FLOATS, 0);
  }

  private static ShortVector shorts(byte[] codes, int offset) {
    return (ShortVector)
        ByteVector.fromArray(BYTES, codes, offset).convertShape(VectorOperators.B2S, SHORTS, 0);
  }

  private static FloatVector load(float[] array, int offset) {
    return FloatVector.fromArray(FLOATS, array, offset);
  }
}
