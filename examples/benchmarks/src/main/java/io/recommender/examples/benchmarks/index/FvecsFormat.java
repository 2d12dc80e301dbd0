package io.recommender.examples.benchmarks.index;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The format of the TEXMEX sets: each row is its length as an int32 and its floats. */
final class FvecsFormat {
  private FvecsFormat() {}

  static float[][] read(VectorFile file, int most) throws IOException {
    List<float[]> rows = new ArrayList<>();
    byte[] header = new byte[Integer.BYTES];
    byte[] body = {};
    while (rows.size() < most && file.fill(header, "a row's length")) {
      int length = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt();
      if (rows.isEmpty()) {
        body = new byte[file.checkedDimension(length) * Float.BYTES];
      } else if (length * Float.BYTES != body.length) {
        throw file.wrong(
            "row %d: expected length %d, that of row 0, found %d"
                .formatted(rows.size(), body.length / Float.BYTES, length));
      }
      if (!file.fill(body, "row " + rows.size())) {
        throw file.wrong("truncated: row %d has no floats".formatted(rows.size()));
      }
      float[] row = new float[length];
      ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(row);
      rows.add(row);
    }
    return rows.toArray(float[][]::new);
  }
}
