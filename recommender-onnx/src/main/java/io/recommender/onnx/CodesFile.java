package io.recommender.onnx;

import io.recommender.Catalog;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads {@code codes.npy}: the codes of each item, in ordinal order. */
final class CodesFile {
  /** Stands after the end of codes that are shorter than others. */
  private static final int NOTHING = -1;

  private CodesFile() {}

  static int[][] read(Path file, Catalog catalog, Generation.Codes codes) {
    int[][] found = read(file, catalog.size(), codes);
    if (codes.unique()) {
      checkUnique(file.getFileName().toString(), catalog, found);
    }
    return found;
  }

  private static void checkUnique(String name, Catalog catalog, int[][] codes) {
    Map<List<Integer>, Integer> first = new HashMap<>();
    for (int ordinal = 0; ordinal < codes.length; ordinal++) {
      List<Integer> code = Arrays.stream(codes[ordinal]).boxed().toList();
      Integer other = first.putIfAbsent(code, ordinal);
      if (other != null) {
        throw BundleFailures.invalid(
            name,
            "expected codes that differ for all items as %s says (unique), found %s for '%s' (row %d) and '%s' (row %d)"
                .formatted(
                    Manifest.FILE, code, catalog.id(other), other, catalog.id(ordinal), ordinal));
      }
    }
  }

  private static int[][] read(Path file, int items, Generation.Codes codes) {
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
