package io.recommender.onnx;

import java.nio.file.Path;
import java.util.Arrays;

/** Reads {@code codes.npy}: the codes of each item, in ordinal order. */
final class CodesFile {
  /** Stands after the end of codes that are shorter than others. */
  private static final int NOTHING = -1;

  private CodesFile() {}

  static int[][] read(Path file, int items, Generation.Codes codes) {
    String name = file.getFileName().toString();
    int[] sizes = codes.sizes();
    int[][] found = NpyFile.readIntegers(file, items, sizes.length);
    for (int ordinal = 0; ordinal < items; ordinal++) {
      int[] code = found[ordinal];
      int length = sizes.length;
      while (length > 0 && code[length - 1] == NOTHING) {
        length--;
      }
      if (length == 0) {
        throw BundleFailures.invalid(
            name, "row %d: expected at least one code, found none".formatted(ordinal));
      }
      for (int level = 0; level < length; level++) {
        if (code[level] < 0 || code[level] >= sizes[level]) {
          throw BundleFailures.invalid(
              name,
              "row %d, level %d: expected a code of 0 to %d as %s says, found %d"
                  .formatted(ordinal, level, sizes[level] - 1, Manifest.FILE, code[level]));
        }
      }
      if (length < sizes.length) {
        found[ordinal] = Arrays.copyOf(code, length);
      }
    }
    return found;
  }
}
