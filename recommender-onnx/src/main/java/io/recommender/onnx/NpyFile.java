package io.recommender.onnx;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a matrix of floats from NumPy's {@code .npy} format, versions 1 to 3. */
final class NpyFile {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final Pattern HEADER =
      Pattern.compile(
          "\\{\\s*'descr':\\s*'([^']*)',\\s*'fortran_order':\\s*(True|False),"
              + "\\s*'shape':\\s*\\(([^)]*)\\),?\\s*\\}\\s*");

  private NpyFile() {}

  /** Returns the rows of a matrix whose shape is known. */
  static float[][] readMatrix(Path file, int rows, int columns) {
    String name = file.getFileName().toString();
    try (DataInputStream in =
        new DataInputStream(new java.io.BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
      byte[] magic = in.readNBytes(MAGIC.length);
      if (!Arrays.equals(magic, MAGIC)) {
        throw BundleFailures.invalid(name, "expected a NumPy .npy file, found another format");
      }
      int major = in.readUnsignedByte();
      in.readUnsignedByte();
      byte[] lengthBytes = in.readNBytes(major == 1 ? 2 : 4);
      int length = 0;
      for (int i = lengthBytes.length - 1; i >= 0; i--) {
        length = length << 8 | (lengthBytes[i] & 0xff);
      }
      if (length < 0 || length > 1 << 20) {
        throw BundleFailures.invalid(name, "expected a .npy header, found one of length " + length);
      }
      String header = new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
      Matcher matcher = HEADER.matcher(header);
      if (!matcher.matches()) {
        throw BundleFailures.invalid(name, "expected a .npy header, found " + header.strip());
      }
      String expected = "(%d, %d)".formatted(rows, columns);
      String found = "(" + matcher.group(3).strip() + ")";
      if (!matcher.group(1).equals("<f4") || matcher.group(2).equals("True")) {
        throw BundleFailures.invalid(
            name,
            "expected little-endian float32 '<f4' in C order, found '%s'%s"
                .formatted(
                    matcher.group(1), matcher.group(2).equals("True") ? " in Fortran order" : ""));
      }
      if (!found.equals(expected)) {
        throw BundleFailures.mismatch(
            name, "expected shape %s (items, dimension), found %s".formatted(expected, found));
      }
      float[][] matrix = new float[rows][columns];
      byte[] row = new byte[columns * Float.BYTES];
      for (int i = 0; i < rows; i++) {
        if (in.readNBytes(row, 0, row.length) != row.length) {
          throw BundleFailures.invalid(
              name, "expected %d rows, found the end of the file in row %d".formatted(rows, i));
        }
        ByteBuffer.wrap(row).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(matrix[i]);
        for (int j = 0; j < columns; j++) {
          if (!Float.isFinite(matrix[i][j])) {
            throw BundleFailures.invalid(
                name,
                "row %d, column %d: expected a finite number, found %s"
                    .formatted(i, j, matrix[i][j]));
          }
        }
      }
      return matrix;
    } catch (IOException e) {
      throw BundleFailures.invalid(name, "cannot be read: " + e, e);
    }
  }
}
