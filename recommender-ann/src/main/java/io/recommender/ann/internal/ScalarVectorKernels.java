package io.recommender.ann.internal;

import java.util.Arrays;

/** Plain Java: the specification of the operations, and what runs without the Vector API. */
final class ScalarVectorKernels extends VectorKernels {

  @Override
  public float dot(float[] query, int queryOffset, float[] rows, int rowOffset, int length) {
    // Four sums, because one would wait for the addition before it.
    float sum0 = 0;
    float sum1 = 0;
    float sum2 = 0;
    float sum3 = 0;
    int i = 0;
    for (; i + 3 < length; i += 4) {
      sum0 += query[queryOffset + i] * rows[rowOffset + i];
      sum1 += query[queryOffset + i + 1] * rows[rowOffset + i + 1];
      sum2 += query[queryOffset + i + 2] * rows[rowOffset + i + 2];
      sum3 += query[queryOffset + i + 3] * rows[rowOffset + i + 3];
    }
    for (; i < length; i++) {
      sum0 += query[queryOffset + i] * rows[rowOffset + i];
    }
    return (sum0 + sum1) + (sum2 + sum3);
  }

  @Override
  public float squaredL2(float[] query, int queryOffset, float[] rows, int rowOffset, int length) {
    float sum0 = 0;
    float sum1 = 0;
    float sum2 = 0;
    float sum3 = 0;
    int i = 0;
    for (; i + 3 < length; i += 4) {
      float difference0 = query[queryOffset + i] - rows[rowOffset + i];
      float difference1 = query[queryOffset + i + 1] - rows[rowOffset + i + 1];
      float difference2 = query[queryOffset + i + 2] - rows[rowOffset + i + 2];
      float difference3 = query[queryOffset + i + 3] - rows[rowOffset + i + 3];
      sum0 += difference0 * difference0;
      sum1 += difference1 * difference1;
      sum2 += difference2 * difference2;
      sum3 += difference3 * difference3;
    }
    for (; i < length; i++) {
      float difference = query[queryOffset + i] - rows[rowOffset + i];
      sum0 += difference * difference;
    }
    return (sum0 + sum1) + (sum2 + sum3);
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
    out[outOffset] = dot(query, queryOffset, rows, row0, length);
    out[outOffset + 1] = dot(query, queryOffset, rows, row1, length);
    out[outOffset + 2] = dot(query, queryOffset, rows, row2, length);
    out[outOffset + 3] = dot(query, queryOffset, rows, row3, length);
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
    for (int r = 0; r < count; r++) {
      int row = rows[from + r];
      out[r] = dot(query, 0, chunks[row >>> shift], first + (row & mask) * stride, length);
    }
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
    out[outOffset] = squaredL2(query, queryOffset, rows, row0, length);
    out[outOffset + 1] = squaredL2(query, queryOffset, rows, row1, length);
    out[outOffset + 2] = squaredL2(query, queryOffset, rows, row2, length);
    out[outOffset + 3] = squaredL2(query, queryOffset, rows, row3, length);
  }

  @Override
  public void dotTile(float[] queries, int queryOffset, float[] packed, int length, float[] out) {
    Arrays.fill(out, 0, TILE_QUERIES * TILE_ROWS, 0);
    for (int q = 0; q < TILE_QUERIES; q++) {
      int to = q * TILE_ROWS;
      for (int i = 0; i < length; i++) {
        float value = queries[queryOffset + q * length + i];
        int from = i * TILE_ROWS;
        for (int r = 0; r < TILE_ROWS; r++) {
          out[to + r] += value * packed[from + r];
        }
      }
    }
  }

  @Override
  public void squaredL2Tile(
      float[] queries, int queryOffset, float[] packed, int length, float[] out) {
    Arrays.fill(out, 0, TILE_QUERIES * TILE_ROWS, 0);
    for (int q = 0; q < TILE_QUERIES; q++) {
      int to = q * TILE_ROWS;
      for (int i = 0; i < length; i++) {
        float value = queries[queryOffset + q * length + i];
        int from = i * TILE_ROWS;
        for (int r = 0; r < TILE_ROWS; r++) {
          float difference = value - packed[from + r];
          out[to + r] += difference * difference;
        }
      }
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
    boolean found = false;
    for (int r = 0; r < CODE_ROWS; r++) {
      int from = offset + (r < CODE_ROWS / 2 ? 2 * r : 2 * r + 1 - CODE_ROWS);
      int sum = 0;
      for (int i = 0; i < length; i++) {
        sum += (query[i] >> 16) * codes[from + i * CODE_ROWS];
      }
      float residual = residuals[first + r];
      float norm = norms[first + r];
      out[r] =
          sum * factors[0] * scales[first + r]
              + residual * (factors[1] + residual * factors[2])
              + norm * (factors[3] + norm * factors[4]);
      found |= !(out[r] < limit);
    }
    return found;
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
    int mask = (1 << shift) - 1;
    int part = nibbleFactors(words);
    for (int r = 0; r < count; r++) {
      int row = rows[from + r];
      short[] chunk = chunks[row >>> shift];
      int offset = first + (row & mask) * stride;
      int sum = 0;
      for (int w = 0; w < words; w++) {
        sum += product(query, part, w, chunk[offset + w]);
      }
      out[r] = sum;
    }
  }

  @Override
  public void dotNibbleBlock(
      short[] query, int words, short[] codes, int at, int[] out, int outOffset) {
    int part = nibbleFactors(words);
    for (int row = 0; row < NIBBLE_ROWS; row++) {
      int sum = 0;
      for (int w = 0, i = at + nibbleLane(row); w < words; w++, i += NIBBLE_ROWS) {
        sum += product(query, part, w, codes[i]);
      }
      out[outOffset + row] = sum;
    }
  }

  private static int product(short[] query, int part, int word, short codes) {
    int bits = codes & 0xffff;
    return (short)
        (bits * query[word]
            + (bits >>> 4) * query[part + word]
            + (bits >>> 8) * query[2 * part + word]
            + (bits >>> 12) * query[3 * part + word]);
  }

  @Override
  public float logSumExp(float[] elements, int length) {
    float max = elements[0];
    for (int i = 1; i < length; i++) {
      if (elements[i] > max) {
        max = elements[i];
      }
    }
    if (max == Float.NEGATIVE_INFINITY) {
      return sum(elements, length);
    }
    double sum = 0;
    int i = 0;
    while (i < length) {
      int end = Math.min(length, i + SUM_BLOCK);
      float sum0 = 0;
      float sum1 = 0;
      float sum2 = 0;
      float sum3 = 0;
      for (; i + 3 < end; i += 4) {
        sum0 += exp(elements[i] - max);
        sum1 += exp(elements[i + 1] - max);
        sum2 += exp(elements[i + 2] - max);
        sum3 += exp(elements[i + 3] - max);
      }
      for (; i < end; i++) {
        sum0 += exp(elements[i] - max);
      }
      sum += (double) (sum0 + sum1) + (sum2 + sum3);
    }
    return (float) (max + Math.log(sum));
  }

  @Override
  public int atLeast(float[] elements, int from, int to, float limit, int[] places) {
    return atLeast(elements, from, to, limit, places, 0);
  }

  /** Does the same where there are some places already; returns how many there are then. */
  static int atLeast(float[] elements, int from, int to, float limit, int[] places, int count) {
    int added = count;
    for (int i = from; i < to; i++) {
      if (elements[i] >= limit) {
        places[added++] = i;
      }
    }
    return added;
  }

  /** Returns negative infinity if all elements are that, else NaN or positive infinity. */
  static float sum(float[] elements, int length) {
    float sum = 0;
    for (int i = 0; i < length; i++) {
      sum += elements[i];
    }
    return sum;
  }

  /** Returns the exponential of a number that is not positive; what is tiny may be larger. */
  static float exp(float x) {
    float least = x < LEAST_EXPONENT ? LEAST_EXPONENT : x;
    float shifted = least * LOG2_E + TO_EXPONENT;
    float power = shifted - TO_EXPONENT;
    float rest = (least - power * LN_2_HIGH) - power * LN_2_LOW;
    float sum = rest * (1f / 720) + 1f / 120;
    sum = sum * rest + 1f / 24;
    sum = sum * rest + 1f / 6;
    sum = sum * rest + 0.5f;
    sum = sum * rest + 1;
    sum = sum * rest + 1;
    return sum * Float.intBitsToFloat(Float.floatToRawIntBits(shifted) << 23);
  }

  @Override
  public boolean prefersCodes() {
    return false;
  }
}
