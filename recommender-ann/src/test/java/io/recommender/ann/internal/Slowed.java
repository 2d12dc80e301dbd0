package io.recommender.ann.internal;

/** Kernels that answer rightly but compute everything of one kind a hundred times. */
final class Slowed extends VectorKernels {
  /** Kernels that are compiled, or not, each by itself. */
  enum Kind {
    FLOATS(KernelTrial.Part.ROWS),
    NIBBLES(KernelTrial.Part.ROWS),
    TILES(KernelTrial.Part.TILES);

    final KernelTrial.Part part;

    Kind(KernelTrial.Part part) {
      this.part = part;
    }
  }

  private final VectorKernels kernels;
  private final Kind kind;

  Slowed(VectorKernels kernels, Kind kind) {
    this.kernels = kernels;
    this.kind = kind;
  }

  private int times(Kind one) {
    return one == kind ? 100 : 1;
  }

  @Override
  public float logSumExp(float[] elements, int length) {
    return kernels.logSumExp(elements, length);
  }

  @Override
  public int atLeast(float[] elements, int from, int to, float limit, int[] places) {
    return kernels.atLeast(elements, from, to, limit, places);
  }

  @Override
  public float dot(float[] query, int queryOffset, float[] rows, int rowOffset, int length) {
    return kernels.dot(query, queryOffset, rows, rowOffset, length);
  }

  @Override
  public float squaredL2(float[] query, int queryOffset, float[] rows, int rowOffset, int length) {
    return kernels.squaredL2(query, queryOffset, rows, rowOffset, length);
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
    for (int i = 0; i < times(Kind.FLOATS); i++) {
      kernels.dot4(query, queryOffset, rows, row0, row1, row2, row3, length, out, outOffset);
    }
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
    kernels.dotRows(query, length, chunks, first, shift, stride, rows, from, count, out);
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
    kernels.squaredL2Of4(query, queryOffset, rows, row0, row1, row2, row3, length, out, outOffset);
  }

  @Override
  public void dotTile(float[] queries, int queryOffset, float[] packed, int length, float[] out) {
    kernels.dotTile(queries, queryOffset, packed, length, out);
  }

  @Override
  public void squaredL2Tile(
      float[] queries, int queryOffset, float[] packed, int length, float[] out) {
    kernels.squaredL2Tile(queries, queryOffset, packed, length, out);
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
    for (int i = 1; i < times(Kind.TILES); i++) {
      kernels.boundTile(
          query, codes, offset, length, scales, residuals, norms, first, factors, limit, out);
    }
    return kernels.boundTile(
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
    for (int i = 0; i < times(Kind.NIBBLES); i++) {
      kernels.dotNibbles(query, words, chunks, first, shift, stride, rows, from, count, out);
    }
  }

  @Override
  public void dotNibbleBlock(
      short[] query, int words, short[] codes, int at, int[] out, int outOffset) {
    kernels.dotNibbleBlock(query, words, codes, at, out, outOffset);
  }

  @Override
  public boolean prefersCodes() {
    return kernels.prefersCodes();
  }
}
