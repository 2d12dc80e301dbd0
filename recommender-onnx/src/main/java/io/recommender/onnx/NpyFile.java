package io.recommender.onnx;

import io.recommender.RecommenderException;
import java.io.BufferedInputStream;
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

/** Reads a matrix from NumPy's {@code .npy} format, versions 1 to 3. */
final class NpyFile {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final Pattern HEADER =
      Pattern.compile(
          "\\{\\s*'descr':\\s*'([^']*)',\\s*'fortran_order':\\s*(True|False),"
              + "\\s*'shape':\\s*\\(([^)]*)\\),?\\s*\\}\\s*");

  /** So many of four bytes fill a direct buffer. */
  private static final long MOST_NUMBERS = Integer.MAX_VALUE / 4;

  private NpyFile() {}

  /** What stands before the numbers. */
  private record Header(String type, boolean fortran, String shape) {}

  /** Returns the rows of a matrix of floats whose shape is known. */
  static float[][] readMatrix(Path file, int rows, int columns) {
    String name = file.getFileName().toString();
    try (DataInputStream in = open(file)) {
      Header header = header(name, in);
      if (!header.type().equals("<f4") || header.fortran()) {
        throw wrongType(name, "little-endian float32 '<f4'", header);
      }
      checkShape(name, "(items, dimension)", rows, columns, header);
      float[][] matrix = new float[rows][columns];
      byte[] row = new byte[columns * Float.BYTES];
      for (int i = 0; i < rows; i++) {
        readRow(name, in, row, rows, i).asFloatBuffer().get(matrix[i]);
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

  /** Returns the rows of a matrix of integers whose shape is known. */
  static int[][] readIntegers(Path file, int rows, int columns) {
    String name = file.getFileName().toString();
    try (DataInputStream in = open(file)) {
      Header header = header(name, in);
      boolean wide = header.type().equals("<i8");
      if ((!wide && !header.type().equals("<i4")) || header.fortran()) {
        throw wrongType(name, "little-endian int32 '<i4' or int64 '<i8'", header);
      }
      checkShape(name, "(items, levels)", rows, columns, header);
      int[][] matrix = new int[rows][columns];
      byte[] row = new byte[columns * (wide ? Long.BYTES : Integer.BYTES)];
      for (int i = 0; i < rows; i++) {
        ByteBuffer numbers = readRow(name, in, row, rows, i);
        for (int j = 0; j < columns; j++) {
          long number = wide ? numbers.getLong() : numbers.getInt();
          if (number != (int) number) {
            throw BundleFailures.invalid(
                name,
                "row %d, column %d: expected a number of 32 bits, found %d"
                    .formatted(i, j, number));
          }
          matrix[i][j] = (int) number;
        }
      }
      return matrix;
    } catch (IOException e) {
      throw BundleFailures.invalid(name, "cannot be read: " + e, e);
    }
  }

  /**
   * Returns a table of items, float32 or integers, with any number of axes.
   *
   * @param rows the extent that the first axis must have
   */
  static ItemTable readTable(Path file, int rows) {
    String name = file.getFileName().toString();
    try (DataInputStream in = open(file)) {
      Header header = header(name, in);
      boolean floats = header.type().equals("<f4");
      boolean wide = header.type().equals("<i8");
      if ((!floats && !wide && !header.type().equals("<i4")) || header.fortran()) {
        throw wrongType(name, "little-endian float32 '<f4', int32 '<i4' or int64 '<i8'", header);
      }
      long[] shape = shape(name, rows, header);
      long numbers = 1;
      for (long extent : shape) {
        numbers = Math.multiplyExact(numbers, extent);
      }
      if (numbers > MOST_NUMBERS) {
        throw BundleFailures.invalid(
            name, "expected at most %d numbers, found %d".formatted(MOST_NUMBERS, numbers));
      }
      int width = rows == 0 ? 0 : (int) (numbers / rows);
      ByteBuffer memory = ItemTable.allocate(numbers);
      byte[] row = new byte[width * (wide ? Long.BYTES : Integer.BYTES)];
      for (int i = 0; i < rows; i++) {
        ByteBuffer read = readRow(name, in, row, rows, i);
        for (int j = 0; j < width; j++) {
          if (!wide) {
            memory.putInt(read.getInt());
            continue;
          }
          long number = read.getLong();
          if (number != (int) number) {
            throw BundleFailures.invalid(
                name,
                "row %d, number %d: expected a number of 32 bits, found %d"
                    .formatted(i, j, number));
          }
          memory.putInt((int) number);
        }
      }
      memory.flip();
      return floats
          ? ItemTable.ofFloats(shape, memory.asFloatBuffer())
          : ItemTable.ofIntegers(shape, memory.asIntBuffer());
    } catch (IOException e) {
      throw BundleFailures.invalid(name, "cannot be read: " + e, e);
    }
  }

  private static long[] shape(String name, int rows, Header header) {
    String inner = header.shape().substring(1, header.shape().length() - 1);
    String[] extents = inner.isBlank() ? new String[0] : inner.split("\\s*,\\s*");
    long[] shape = new long[extents.length];
    for (int axis = 0; axis < shape.length; axis++) {
      shape[axis] = Long.parseLong(extents[axis].strip());
    }
    if (shape.length == 0 || shape[0] != rows) {
      throw BundleFailures.mismatch(
          name, "expected shape (%d, …) (items, …), found %s".formatted(rows, header.shape()));
    }
    return shape;
  }

  private static DataInputStream open(Path file) throws IOException {
    return new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16));
  }

  private static Header header(String name, DataInputStream in) throws IOException {
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
    return new Header(
        matcher.group(1), matcher.group(2).equals("True"), "(" + matcher.group(3).strip() + ")");
  }

  private static RecommenderException wrongType(String name, String expected, Header found) {
    return BundleFailures.invalid(
        name,
        "expected %s in C order, found '%s'%s"
            .formatted(expected, found.type(), found.fortran() ? " in Fortran order" : ""));
  }

  private static void checkShape(String name, String what, int rows, int columns, Header found) {
    String expected = "(%d, %d)".formatted(rows, columns);
    if (!found.shape().equals(expected)) {
      throw BundleFailures.mismatch(
          name, "expected shape %s %s, found %s".formatted(expected, what, found.shape()));
    }
  }

  private static ByteBuffer readRow(
      String name, DataInputStream in, byte[] row, int rows, int number) throws IOException {
    if (in.readNBytes(row, 0, row.length) != row.length) {
      throw BundleFailures.invalid(
          name, "expected %d rows, found the end of the file in row %d".formatted(rows, number));
    }
    return ByteBuffer.wrap(row).order(ByteOrder.LITTLE_ENDIAN);
  }
}
