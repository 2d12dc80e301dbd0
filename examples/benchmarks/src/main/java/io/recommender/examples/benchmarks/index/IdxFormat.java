package io.recommender.examples.benchmarks.index;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The format of MNIST: unsigned bytes in two or more dimensions; all but the first make a row. */
final class IdxFormat {
  private static final int UNSIGNED_BYTE = 0x08;

  private IdxFormat() {}

  static float[][] read(VectorFile file, int most) throws IOException {
    ByteBuffer magic = file.take(4, "the header");
    int dimensions = magic.get(3);
    if (magic.getShort(0) != 0 || magic.get(2) != UNSIGNED_BYTE || dimensions < 2) {
      throw file.wrong(
          "expected an IDX file of unsigned bytes in two or more dimensions (magic 000008nn), found magic %08x"
              .formatted(magic.order(ByteOrder.BIG_ENDIAN).getInt(0)));
    }
    ByteBuffer shape =
        file.take(dimensions * Integer.BYTES, "the shape").order(ByteOrder.BIG_ENDIAN);
    int count = shape.getInt();
    long length = 1;
    while (shape.hasRemaining() && length <= VectorFile.MAX_DIMENSION) {
      length *= shape.getInt();
    }
    byte[] body = new byte[file.checkedDimension(length)];
    if (count < 0) {
      throw file.wrong("expected a number of rows, found " + count);
    }
    float[][] rows = new float[Math.min(count, most)][];
    for (int i = 0; i < rows.length; i++) {
      if (!file.fill(body, "row " + i)) {
        throw file.wrong("truncated: expected %d rows, found %d".formatted(count, i));
      }
      rows[i] = new float[body.length];
      for (int j = 0; j < body.length; j++) {
        rows[i][j] = Byte.toUnsignedInt(body[j]);
      }
    }
    if (rows.length == count) {
      file.end();
    }
    return rows;
  }
}
