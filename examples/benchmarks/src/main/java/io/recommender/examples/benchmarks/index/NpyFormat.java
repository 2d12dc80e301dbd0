package io.recommender.examples.benchmarks.index;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** NumPy's format, versions 1 to 3, restricted to float32 in C order with two dimensions. */
final class NpyFormat {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final Pattern TYPE = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
  private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE =
      Pattern.compile("'shape'\\s*:\\s*\\(\\s*(\\d+)\\s*,\\s*(\\d+)\\s*,?\\s*\\)");
  private static final int MAX_HEADER = 1 << 20;
  private static final int ALIGNMENT = 64;

  private NpyFormat() {}

  static float[][] read(VectorFile file, int most) throws IOException {
    byte[] start = file.take(MAGIC.length + 2, "the header").array();
    if (!Arrays.equals(start, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw file.wrong("expected a NumPy file, which begins with \\x93NUMPY, found another magic");
    }
    int version = start[MAGIC.length];
    if (version < 1 || version > 3) {
      throw file.wrong("expected NumPy format 1, 2 or 3, found " + version);
    }
    long length =
        version == 1
            ? file.take(2, "the header").getShort() & 0xffff
            : file.take(4, "the header").getInt() & 0xffffffffL;
    if (length > MAX_HEADER) {
      throw file.wrong(
          "expected a header of at most %d bytes, found %d".formatted(MAX_HEADER, length));
    }
    String header =
        new String(file.take((int) length, "the header").array(), StandardCharsets.UTF_8);
    String type = find(file, TYPE, header).group(1);
    if (!type.equals("<f4")) {
      throw file.wrong("expected float32, little-endian ('<f4'), found '" + type + "'");
    }
    if (find(file, ORDER, header).group(1).equals("True")) {
      throw file.wrong("expected rows one after the other (C order), found Fortran order");
    }
    Matcher shape = find(file, SHAPE, header);
    long count;
    int dimension;
    try {
      count = Long.parseLong(shape.group(1));
      dimension = file.checkedDimension(Long.parseLong(shape.group(2)));
    } catch (NumberFormatException e) {
      throw file.wrong("shape out of range: " + shape.group());
    }
    return rows(file, count, dimension, most);
  }

  private static float[][] rows(VectorFile file, long count, int dimension, int most)
      throws IOException {
    float[][] rows = new float[(int) Math.min(count, most)][];
    byte[] body = new byte[dimension * Float.BYTES];
    for (int i = 0; i < rows.length; i++) {
      if (!file.fill(body, "row " + i)) {
        throw file.wrong("truncated: expected %d rows, found %d".formatted(count, i));
      }
      rows[i] = new float[dimension];
      ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(rows[i]);
    }
    if (rows.length == count) {
      file.end();
    }
    return rows;
  }

  private static Matcher find(VectorFile file, Pattern pattern, String header) throws IOException {
    Matcher matcher = pattern.matcher(header);
    if (!matcher.find()) {
      throw file.wrong(
          "expected descr, fortran_order and a shape of two dimensions, found header "
              + header.strip());
    }
    return matcher;
  }

  /** Writes rows of the same length, at least one. */
  static void write(Path path, float[][] rows) throws IOException {
    String text =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }"
            .formatted(rows.length, rows[0].length);
    int before = MAGIC.length + 4;
    int padded = (before + text.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - before;
    ByteBuffer header = ByteBuffer.allocate(before + padded).order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) padded);
    header.put(
        (text + " ".repeat(padded - text.length() - 1) + "\n").getBytes(StandardCharsets.US_ASCII));
    byte[] body = new byte[rows[0].length * Float.BYTES];
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(path))) {
      out.write(header.array());
      for (float[] row : rows) {
        ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(row);
        out.write(body);
      }
    }
  }
}
