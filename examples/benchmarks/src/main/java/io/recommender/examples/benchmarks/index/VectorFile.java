package io.recommender.examples.benchmarks.index;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/**
 * Reads vectors from a file, one row each. The name says the format: {@code .fvecs}, {@code .npy}
 * (float32, C order, two dimensions), or IDX, the format of MNIST ({@code .idx} or ending in {@code
 * ubyte}). Each may be compressed ({@code .gz}).
 */
final class VectorFile implements AutoCloseable {
  /** The longest vector that is believed; a longer one means that the file is something else. */
  static final int MAX_DIMENSION = 1 << 16;

  private static final int BUFFER = 1 << 16;

  private final Path path;
  private final InputStream in;

  private VectorFile(Path path, InputStream in) {
    this.path = path;
    this.in = in;
  }

  /**
   * Reads the first rows of a file.
   *
   * @param path the file
   * @param most how many rows at most, at least 1
   * @return the rows, at least one, all of the same length
   * @throws IOException if the file cannot be read or is not what its name says
   */
  static float[][] read(Path path, int most) throws IOException {
    String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
    boolean compressed = name.endsWith(".gz");
    if (compressed) {
      name = name.substring(0, name.length() - 3);
    }
    InputStream opened = new BufferedInputStream(Files.newInputStream(path), BUFFER);
    try (VectorFile file = new VectorFile(path, compressed ? unzip(path, opened) : opened)) {
      float[][] rows;
      if (name.endsWith(".fvecs")) {
        rows = FvecsFormat.read(file, most);
      } else if (name.endsWith(".npy")) {
        rows = NpyFormat.read(file, most);
      } else if (name.endsWith(".idx") || name.endsWith("ubyte")) {
        rows = IdxFormat.read(file, most);
      } else {
        throw file.wrong("expected a name that ends in .fvecs, .npy, .idx or ubyte, or that + .gz");
      }
      if (rows.length == 0) {
        throw file.wrong("expected at least one row, found none");
      }
      return rows;
    }
  }

  private static InputStream unzip(Path path, InputStream opened) throws IOException {
    try {
      return new BufferedInputStream(new GZIPInputStream(opened, BUFFER), BUFFER);
    } catch (IOException e) {
      opened.close();
      throw new IOException(path + ": expected a gzip file, found " + e.getMessage(), e);
    }
  }

  /** Fills a buffer; returns false if the file ends before its first byte. */
  boolean fill(byte[] bytes, String what) throws IOException {
    int read;
    try {
      read = in.readNBytes(bytes, 0, bytes.length);
    } catch (EOFException e) {
      throw wrong("truncated: " + e.getMessage());
    }
    if (read == 0 && bytes.length > 0) {
      return false;
    }
    if (read < bytes.length) {
      throw wrong(
          "truncated: expected %d bytes of %s, found %d".formatted(bytes.length, what, read));
    }
    return true;
  }

  /** Returns the next bytes. */
  ByteBuffer take(int count, String what) throws IOException {
    byte[] bytes = new byte[count];
    if (!fill(bytes, what)) {
      throw wrong("truncated: expected %d bytes of %s, found 0".formatted(count, what));
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Checks that nothing follows. */
  void end() throws IOException {
    if (in.read() >= 0) {
      throw wrong("expected the end of the file after the last row, found more bytes");
    }
  }

  int checkedDimension(long dimension) throws IOException {
    if (dimension < 1 || dimension > MAX_DIMENSION) {
      throw wrong("expected a dimension of 1 to %d, found %d".formatted(MAX_DIMENSION, dimension));
    }
    return (int) dimension;
  }

  IOException wrong(String problem) {
    return new IOException(path + ": " + problem);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
