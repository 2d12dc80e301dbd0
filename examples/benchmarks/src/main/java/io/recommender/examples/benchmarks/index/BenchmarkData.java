package io.recommender.examples.benchmarks.index;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What is indexed and what is searched for.
 *
 * @param base the vectors of the items; an item is known by its row
 * @param queries the queries, of the same length
 */
record BenchmarkData(float[][] base, float[][] queries) {
  /** Checks the shapes and that all numbers are finite. */
  BenchmarkData {
    if (base[0].length != queries[0].length) {
      throw new IllegalArgumentException(
          "queries: length %d, items have length %d".formatted(queries[0].length, base[0].length));
    }
    requireFinite("items", base);
    requireFinite("queries", queries);
  }

  private static void requireFinite(String name, float[][] rows) {
    for (int i = 0; i < rows.length; i++) {
      for (float element : rows[i]) {
        if (!Float.isFinite(element)) {
          throw new IllegalArgumentException(
              "%s: expected finite numbers, found %s in row %d".formatted(name, element, i));
        }
      }
    }
  }

  int dimension() {
    return base[0].length;
  }

  /** Returns the SHA-256 of all floats, little-endian, items first, in hexadecimal. */
  String sha256() {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
    byte[] bytes = new byte[dimension() * Float.BYTES];
    for (float[][] rows : new float[][][] {base, queries}) {
      for (float[] row : rows) {
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(row);
        digest.update(bytes);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
