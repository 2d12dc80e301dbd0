package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VectorFileTest {
  private static final float[][] ROWS = {{1, -2.5f, 3}, {0, Float.MIN_VALUE, 1e30f}};

  @TempDir Path folder;

  @Test
  void npyIsReadAsWritten() throws IOException {
    Path file = folder.resolve("a.npy");
    NpyFormat.write(file, ROWS);
    assertArrayEquals(ROWS, VectorFile.read(file, 10));
    assertArrayEquals(Arrays.copyOf(ROWS, 1), VectorFile.read(file, 1));
    assertEquals(0, (Files.size(file) - 2 * 3 * Float.BYTES) % 64);
  }

  @Test
  void fvecsIsReadAsWritten() throws IOException {
    Path file = write("a.fvecs", fvecs(ROWS));
    assertArrayEquals(ROWS, VectorFile.read(file, 10));
    assertArrayEquals(Arrays.copyOf(ROWS, 1), VectorFile.read(file, 1));
  }

  @Test
  void idxRowsAreImagesOfUnsignedBytes() throws IOException {
    Path file = write("images-idx3-ubyte", idx(0x803, new int[] {2, 1, 3}, 0, 1, 2, 127, 128, 255));
    assertArrayEquals(new float[][] {{0, 1, 2}, {127, 128, 255}}, VectorFile.read(file, 10));
    assertArrayEquals(new float[][] {{0, 1, 2}}, VectorFile.read(file, 1));
  }

  @Test
  void compressedFilesAreUnpacked() throws IOException {
    Path file = folder.resolve("a.fvecs.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(fvecs(ROWS));
    }
    assertArrayEquals(ROWS, VectorFile.read(file, 10));
    Path plain = write("b.fvecs.gz", fvecs(ROWS));
    assertEquals(plain + ": expected a gzip file, found Not in GZIP format", message(plain));
  }

  @Test
  void truncatedFilesAreNamed() throws IOException {
    byte[] whole = fvecs(ROWS);
    Path file = write("a.fvecs", Arrays.copyOf(whole, whole.length - 1));
    assertEquals(file + ": truncated: expected 12 bytes of row 1, found 11", message(file));
    file = write("b.fvecs", Arrays.copyOf(whole, 18));
    assertEquals(file + ": truncated: expected 4 bytes of a row's length, found 2", message(file));
    file = write("c.fvecs", Arrays.copyOf(whole, 20));
    assertEquals(file + ": truncated: row 1 has no floats", message(file));

    Path npy = folder.resolve("whole.npy");
    NpyFormat.write(npy, ROWS);
    byte[] bytes = Files.readAllBytes(npy);
    file = write("a.npy", Arrays.copyOf(bytes, bytes.length - 12));
    assertEquals(file + ": truncated: expected 2 rows, found 1", message(file));
    file = write("b.npy", Arrays.copyOf(bytes, 5));
    assertEquals(file + ": truncated: expected 8 bytes of the header, found 5", message(file));

    file = write("a.idx", idx(0x803, new int[] {2, 1, 3}, 0, 1, 2, 127));
    assertEquals(file + ": truncated: expected 3 bytes of row 1, found 1", message(file));

    Path compressed = folder.resolve("d.fvecs.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(compressed))) {
      out.write(whole);
    }
    byte[] packed = Files.readAllBytes(compressed);
    file = write("e.fvecs.gz", Arrays.copyOf(packed, packed.length - 9));
    assertEquals(file + ": truncated: Unexpected end of ZLIB input stream", message(file));
  }

  @Test
  void wrongMagicIsNamed() throws IOException {
    Path file = write("a.npy", fvecs(ROWS));
    assertEquals(
        file + ": expected a NumPy file, which begins with \\x93NUMPY, found another magic",
        message(file));
    file = write("a.idx", idx(0xd03, new int[] {1, 1, 1}, 1));
    assertEquals(
        file
            + ": expected an IDX file of unsigned bytes in two or more dimensions (magic 000008nn),"
            + " found magic 00000d03",
        message(file));
    file = write("labels.idx", idx(0x801, new int[] {1}, 1));
    assertEquals(true, message(file).endsWith("found magic 00000801"));
  }

  @Test
  void otherKindsOfArraysAreRefused() throws IOException {
    Path file = npy("a.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }");
    assertEquals(file + ": expected float32, little-endian ('<f4'), found '<f8'", message(file));
    file = npy("b.npy", "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }");
    assertEquals(
        file + ": expected rows one after the other (C order), found Fortran order", message(file));
    file = npy("c.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }");
    assertEquals(true, message(file).contains("a shape of two dimensions, found header {'descr'"));
    file = npy("d.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }");
    assertEquals(file + ": expected at least one row, found none", message(file));
    file = npy("e.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 9999999), }");
    assertEquals(file + ": expected a dimension of 1 to 65536, found 9999999", message(file));
  }

  @Test
  void shapesThatDoNotFitAreRefused() throws IOException {
    Path file = write("a.fvecs", fvecs(new float[][] {{1, 2}, {3}}));
    assertEquals(file + ": row 1: expected length 2, that of row 0, found 1", message(file));
    file = write("a.idx", idx(0x803, new int[] {1, 1, 1}, 1, 2));
    assertEquals(
        file + ": expected the end of the file after the last row, found more bytes",
        message(file));
    file = write("b.fvecs", new byte[] {0, 0, 0, 0});
    assertEquals(file + ": expected a dimension of 1 to 65536, found 0", message(file));
    file = write("a.csv", fvecs(ROWS));
    assertEquals(
        file + ": expected a name that ends in .fvecs, .npy, .idx or ubyte, or that + .gz",
        message(file));
  }

  private static String message(Path file) {
    return assertThrows(IOException.class, () -> VectorFile.read(file, 10)).getMessage();
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  private Path npy(String name, String header) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(10 + header.length()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    bytes.putShort((short) header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
    return write(name, bytes.array());
  }

  private static byte[] fvecs(float[][] rows) {
    int size = Arrays.stream(rows).mapToInt(row -> 4 + 4 * row.length).sum();
    ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    for (float[] row : rows) {
      bytes.putInt(row.length);
      for (float element : row) {
        bytes.putFloat(element);
      }
    }
    return bytes.array();
  }

  private static byte[] idx(int magic, int[] shape, int... elements) {
    ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * shape.length + elements.length);
    bytes.putInt(magic);
    Arrays.stream(shape).forEach(bytes::putInt);
    Arrays.stream(elements).forEach(element -> bytes.put((byte) element));
    return bytes.array();
  }
}
