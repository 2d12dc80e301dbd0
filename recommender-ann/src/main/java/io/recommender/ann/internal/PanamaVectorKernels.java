package io.recommender.ann.internal;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * SIMD through the Vector API. Loaded by name when that is there; what it computes of logits lies
 * in {@link PanamaLogits}, of tiles of codes in {@link PanamaTiles}, and of codes of four bits in
 * {@link PanamaNibbles}.
 *
 * <p>Four rows at once keep several cache misses in flight, which a scan of random memory waits
 * for. A tile keeps eight sums in registers and needs no sum across lanes, because each lane is a
 * row of its own.
 */
final class PanamaVectorKernels extends VectorKernels {
  // A species that is not a constant of the class falls off the fast path of the compiler.
  static final VectorSpecies<Float> SPECIES =
      FloatVector.SPECIES_PREFERRED.length() > TILE_ROWS / 2
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();

  private static final VectorKernels SCALAR = new ScalarVectorKernels();

  @Override
  public float dot(float[] query, int queryOffset, float[] rows, int rowOffset, int length) {
    FloatVector sum0 = FloatVector.zero(SPECIES);
    FloatVector sum1 = FloatVector.zero(SPECIES);
    int i = 0;
    for (int bound = length - 2 * LANES; i <= bound; i += 2 * LANES) {
      sum0 = load(query, queryOffset + i).fma(load(rows, rowOffset + i), sum0);
      sum1 = load(query, queryOffset + i + LANES).fma(load(rows, rowOffset + i + LANES), sum1);
    }
    if (i + LANES <= length) {
      sum0 = load(query, queryOffset + i).fma(load(rows, rowOffset + i), sum0);
      i += LANES;
    }
    float sum = sum0.add(sum1).reduceLanes(VectorOperators.ADD);
    for (; i < length; i++) {
      sum += query[queryOffset + i] * rows[rowOffset + i];
    }
    return sum;
  }

  @Override
  public float squaredL2(float[] query, int queryOffset, float[] rows, int rowOffset, int length) {
    FloatVector sum0 = FloatVector.zero(SPECIES);
    FloatVector sum1 = FloatVector.zero(SPECIES);
    int i = 0;
    for (int bound = length - 2 * LANES; i <= bound; i += 2 * LANES) {
      FloatVector difference0 = load(query, queryOffset + i).sub(load(rows, rowOffset + i));
      sum0 = difference0.fma(difference0, sum0);
      FloatVector difference1 =
          load(query, queryOffset + i + LANES).sub(load(rows, rowOffset + i + LANES));
      sum1 = difference1.fma(difference1, sum1);
    }
    if (i + LANES <= length) {
      FloatVector difference0 = load(query, queryOffset + i).sub(load(rows, rowOffset + i));
      sum0 = difference0.fma(difference0, sum0);
      i += LANES;
    }
    float sum = sum0.add(sum1).reduceLanes(VectorOperators.ADD);
    for (; i < length; i++) {
      float difference = query[queryOffset + i] - rows[rowOffset + i];
      sum += difference * difference;
    }
    return sum;
  }

  @Override
  public void dot4(
      float[] query,
      int queryOffset,
      float[] rows,
      int row0,
      int row1,
      int row2,
      int row3,
      int length,
      float[] out,
      int outOffset) {
    FloatVector sum0 = FloatVector.zero(SPECIES);
    FloatVector sum1 = FloatVector.zero(SPECIES);
    FloatVector sum2 = FloatVector.zero(SPECIES);
    FloatVector sum3 = FloatVector.zero(SPECIES);
    int i = 0;
    for (int bound = length - LANES; i <= bound; i += LANES) {
      FloatVector part = load(query, queryOffset + i);
      sum0 = part.fma(load(rows, row0 + i), sum0);
      sum1 = part.fma(load(rows, row1 + i), sum1);
      sum2 = part.fma(load(rows, row2 + i), sum2);
      sum3 = part.fma(load(rows, row3 + i), sum3);
    }
    float result0 = sum0.reduceLanes(VectorOperators.ADD);
    float result1 = sum1.reduceLanes(VectorOperators.ADD);
    float result2 = sum2.reduceLanes(VectorOperators.ADD);
    float result3 = sum3.reduceLanes(VectorOperators.ADD);
    for (; i < length; i++) {
      float value = query[queryOffset + i];
      result0 += value * rows[row0 + i];
      result1 += value * rows[row1 + i];
      result2 += value * rows[row2 + i];
      result3 += value * rows[row3 + i];
    }
    out[outOffset] = result0;
    out[outOffset + 1] = result1;
    out[outOffset + 2] = result2;
    out[outOffset + 3] = result3;
  }

  @Override
  public void dotRows(
      float[] query,
      int length,
      float[][] chunks,
      int first,
      int shift,
      int stride,
      int[] rows,
      int from,
      int count,
      float[] out) {
    int mask = (1 << shift) - 1;
    int last = from + count - 1;
    for (int r = 0; r < count; r += 4) {
      int row0 = rows[from + r];
      int row1 = rows[Math.min(from + r + 1, last)];
      int row2 = rows[Math.min(from + r + 2, last)];
      int row3 = rows[Math.min(from + r + 3, last)];
      dot4(
          query,
          length,
          chunks[row0 >>> shift],
          first + (row0 & mask) * stride,
          chunks[row1 >>> shift],
          first + (row1 & mask) * stride,
          chunks[row2 >>> shift],
          first + (row2 & mask) * stride,
          chunks[row3 >>> shift],
          first + (row3 & mask) * stride,
          out,
          r);
    }
  }

  private static void dot4(
      float[] query,
      int length,
      float[] chunk0,
      int offset0,
      float[] chunk1,
      int offset1,
      float[] chunk2,
      int offset2,
      float[] chunk3,
      int offset3,
      float[] out,
      int outOffset) {
    FloatVector sum0 = FloatVector.zero(SPECIES);
    FloatVector sum1 = FloatVector.zero(SPECIES);
    FloatVector sum2 = FloatVector.zero(SPECIES);
    FloatVector sum3 = FloatVector.zero(SPECIES);
    int i = 0;
    for (int bound = length - LANES; i <= bound; i += LANES) {
      FloatVector part = load(query, i);
      sum0 = part.fma(load(chunk0, offset0 + i), sum0);
      sum1 = part.fma(load(chunk1, offset1 + i), sum1);
      sum2 = part.fma(load(chunk2, offset2 + i), sum2);
      sum3 = part.fma(load(chunk3, offset3 + i), sum3);
    }
    float result0 = sum0.reduceLanes(VectorOperators.ADD);
    float result1 = sum1.reduceLanes(VectorOperators.ADD);
    float result2 = sum2.reduceLanes(VectorOperators.ADD);
    float result3 = sum3.reduceLanes(VectorOperators.ADD);
    for (; i < length; i++) {
      float value = query[i];
      result0 += value * chunk0[offset0 + i];
      result1 += value * chunk1[offset1 + i];
      result2 += value * chunk2[offset2 + i];
      result3 += value * chunk3[offset3 + i];
    }
    out[outOffset] = result0;
    out[outOffset + 1] = result1;
    out[outOffset + 2] = result2;
    out[outOffset + 3] = result3;
  }

  @Override
  public void squaredL2Of4(
      float[] query,
      int queryOffset,
      float[] rows,
      int row0,
      int row1,
      int row2,
      int row3,
      int length,
      float[] out,
      int outOffset) {
    FloatVector sum0 = FloatVector.zero(SPECIES);
    FloatVector sum1 = FloatVector.zero(SPECIES);
    FloatVector sum2 = FloatVector.zero(SPECIES);
    FloatVector sum3 = FloatVector.zero(SPECIES);
    int i = 0;
    for (int bound = length - LANES; i <= bound; i += LANES) {
      FloatVector part = load(query, queryOffset + i);
      FloatVector difference0 = part.sub(load(rows, row0 + i));
      sum0 = difference0.fma(difference0, sum0);
      FloatVector difference1 = part.sub(load(rows, row1 + i));
      sum1 = difference1.fma(difference1, sum1);
      FloatVector difference2 = part.sub(load(rows, row2 + i));
      sum2 = difference2.fma(difference2, sum2);
      FloatVector difference3 = part.sub(load(rows, row3 + i));
      sum3 = difference3.fma(difference3, sum3);
    }
    float result0 = sum0.reduceLanes(VectorOperators.ADD);
    float result1 = sum1.reduceLanes(VectorOperators.ADD);
    float result2 = sum2.reduceLanes(VectorOperators.ADD);
    float result3 = sum3.reduceLanes(VectorOperators.ADD);
    for (; i < length; i++) {
      float value = query[queryOffset + i];
      float difference0 = value - rows[row0 + i];
      result0 += difference0 * difference0;
      float difference1 = value - rows[row1 + i];
      result1 += difference1 * difference1;
      float difference2 = value - rows[row2 + i];
      result2 += difference2 * difference2;
      float difference3 = value - rows[row3 + i];
      result3 += difference3 * difference3;
    }
    out[outOffset] = result0;
    out[outOffset + 1] = result1;
    out[outOffset + 2] = result2;
    out[outOffset + 3] = result3;
  }

  @Override
  public void dotTile(float[] queries, int queryOffset, float[] packed, int length, float[] out) {
    int query0 = queryOffset;
    int query1 = query0 + length;
    int query2 = query1 + length;
    int query3 = query2 + length;
    for (int r = 0; r < TILE_ROWS; r += 2 * LANES) {
      FloatVector sum0a = FloatVector.zero(SPECIES);
      FloatVector sum0b = FloatVector.zero(SPECIES);
      FloatVector sum1a = FloatVector.zero(SPECIES);
      FloatVector sum1b = FloatVector.zero(SPECIES);
      FloatVector sum2a = FloatVector.zero(SPECIES);
      FloatVector sum2b = FloatVector.zero(SPECIES);
      FloatVector sum3a = FloatVector.zero(SPECIES);
      FloatVector sum3b = FloatVector.zero(SPECIES);
      for (int i = 0; i < length; i++) {
        FloatVector a = load(packed, i * TILE_ROWS + r);
        FloatVector b = load(packed, i * TILE_ROWS + r + LANES);
        FloatVector value0 = FloatVector.broadcast(SPECIES, queries[query0 + i]);
        sum0a = value0.fma(a, sum0a);
        sum0b = value0.fma(b, sum0b);
        FloatVector value1 = FloatVector.broadcast(SPECIES, queries[query1 + i]);
        sum1a = value1.fma(a, sum1a);
        sum1b = value1.fma(b, sum1b);
        FloatVector value2 = FloatVector.broadcast(SPECIES, queries[query2 + i]);
        sum2a = value2.fma(a, sum2a);
        sum2b = value2.fma(b, sum2b);
        FloatVector value3 = FloatVector.broadcast(SPECIES, queries[query3 + i]);
        sum3a = value3.fma(a, sum3a);
        sum3b = value3.fma(b, sum3b);
      }
      sum0a.intoArray(out, r);
      sum0b.intoArray(out, r + LANES);
      sum1a.intoArray(out, TILE_ROWS + r);
      sum1b.intoArray(out, TILE_ROWS + r + LANES);
      sum2a.intoArray(out, 2 * TILE_ROWS + r);
      sum2b.intoArray(out, 2 * TILE_ROWS + r + LANES);
      sum3a.intoArray(out, 3 * TILE_ROWS + r);
      sum3b.intoArray(out, 3 * TILE_ROWS + r + LANES);
    }
  }

  @Override
  public void squaredL2Tile(
      float[] queries, int queryOffset, float[] packed, int length, float[] out) {
    int query0 = queryOffset;
    int query1 = query0 + length;
    int query2 = query1 + length;
    int query3 = query2 + length;
    for (int r = 0; r < TILE_ROWS; r += 2 * LANES) {
      FloatVector sum0a = FloatVector.zero(SPECIES);
      FloatVector sum0b = FloatVector.zero(SPECIES);
      FloatVector sum1a = FloatVector.zero(SPECIES);
      FloatVector sum1b = FloatVector.zero(SPECIES);
      FloatVector sum2a = FloatVector.zero(SPECIES);
      FloatVector sum2b = FloatVector.zero(SPECIES);
      FloatVector sum3a = FloatVector.zero(SPECIES);
      FloatVector sum3b = FloatVector.zero(SPECIES);
      for (int i = 0; i < length; i++) {
        FloatVector a = load(packed, i * TILE_ROWS + r);
        FloatVector b = load(packed, i * TILE_ROWS + r + LANES);
        FloatVector value0 = FloatVector.broadcast(SPECIES, queries[query0 + i]);
        FloatVector difference0a = value0.sub(a);
        sum0a = difference0a.fma(difference0a, sum0a);
        FloatVector difference0b = value0.sub(b);
        sum0b = difference0b.fma(difference0b, sum0b);
        FloatVector value1 = FloatVector.broadcast(SPECIES, queries[query1 + i]);
        FloatVector difference1a = value1.sub(a);
        sum1a = difference1a.fma(difference1a, sum1a);
        FloatVector difference1b = value1.sub(b);
        sum1b = difference1b.fma(difference1b, sum1b);
        FloatVector value2 = FloatVector.broadcast(SPECIES, queries[query2 + i]);
        FloatVector difference2a = value2.sub(a);
        sum2a = difference2a.fma(difference2a, sum2a);
        FloatVector difference2b = value2.sub(b);
        sum2b = difference2b.fma(difference2b, sum2b);
        FloatVector value3 = FloatVector.broadcast(SPECIES, queries[query3 + i]);
        FloatVector difference3a = value3.sub(a);
        sum3a = difference3a.fma(difference3a, sum3a);
        FloatVector difference3b = value3.sub(b);
        sum3b = difference3b.fma(difference3b, sum3b);
      }
      sum0a.intoArray(out, r);
      sum0b.intoArray(out, r + LANES);
      sum1a.intoArray(out, TILE_ROWS + r);
      sum1b.intoArray(out, TILE_ROWS + r + LANES);
      sum2a.intoArray(out, 2 * TILE_ROWS + r);
      sum2b.intoArray(out, 2 * TILE_ROWS + r + LANES);
      sum3a.intoArray(out, 3 * TILE_ROWS + r);
      sum3b.intoArray(out, 3 * TILE_ROWS + r + LANES);
    }
  }

  @Override
  public boolean boundTile(
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
    return PanamaTiles.bound(
        query, codes, offset, length, scales, residuals, norms, first, factors, limit, out);
  }

  @Override
  public void dotNibbles(
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
    PanamaNibbles.dotRows(query, words, chunks, first, shift, stride, rows, from, count, out);
  }

  @Override
  public void dotNibbleBlock(
      short[] query, int words, short[] codes, int at, int[] out, int outOffset) {
    PanamaNibbles.dotBlock(query, words, codes, at, out, outOffset);
  }

  @Override
  public void hadamard(float[] vector, int from, int length) {
    hadamardOf8(vector, from, length);
    int half = 8;
    for (; half < LANES && half < length; half *= 2) {
      for (int i = from; i < from + length; i += 2 * half) {
        for (int j = i; j < i + half; j++) {
          float a = vector[j];
          float b = vector[j + half];
          vector[j] = a + b;
          vector[j + half] = a - b;
        }
      }
    }
    for (; half < length; half *= 2) {
      for (int i = from; i < from + length; i += 2 * half) {
        for (int j = i; j < i + half; j += LANES) {
          FloatVector a = load(vector, j);
          FloatVector b = load(vector, j + half);
          a.add(b).intoArray(vector, j);
          a.sub(b).intoArray(vector, j + half);
        }
      }
    }
  }

  @Override
  public float logSumExp(float[] elements, int length) {
    return length < PanamaLogits.LEAST
        ? SCALAR.logSumExp(elements, length)
        : PanamaLogits.logSumExp(elements, length);
  }

  @Override
  public int atLeast(float[] elements, int from, int to, float limit, int[] places) {
    return PanamaLogits.atLeast(elements, from, to, limit, places);
  }

  @Override
  public boolean prefersCodes() {
    return PanamaTrial.TILES_ARE_FAST;
  }

  private static FloatVector load(float[] array, int offset) {
    return FloatVector.fromArray(SPECIES, array, offset);
  }
}
