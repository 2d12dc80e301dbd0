package io.recommender.ann.semantic;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The upper levels of a tree of codes, where subtrees are so large that their children are not
 * found by looking through their rows. Nodes of a level are numbered from left to right, and the
 * children of a node follow one another.
 *
 * <p><b>Thread safety.</b> Immutable.
 */
final class CodeDirectory {
  /** Levels are listed as long as their nodes have at least this many rows on average. */
  private static final int LEAST_ROWS = 4;

  private static final int ALWAYS_LISTED = 256;

  private static final class Level {
    final IntArrayList codes = new IntArrayList();
    final IntArrayList rows = new IntArrayList();
    final IntArrayList ends = new IntArrayList();
    final IntArrayList children = new IntArrayList();
  }

  /** The code of each node, by the depth of its parent. */
  final int[][] codes;

  /** The first row of each node, by the depth of its parent. */
  final int[][] rows;

  /**
   * Where the children of each node begin, by the depth of the node itself, and one more for where
   * the last ones end.
   */
  final int[][] children;

  private CodeDirectory(List<Level> levels) {
    int depth = levels.size();
    codes = new int[depth][];
    rows = new int[depth][];
    children = new int[depth][];
    for (int i = 0; i < depth; i++) {
      Level level = levels.get(i);
      codes[i] = level.codes.toIntArray();
      rows[i] = level.rows.toIntArray();
      children[i] = level.children.toIntArray();
    }
  }

  /** Returns the directory of rows, possibly of no level. */
  static CodeDirectory of(CodeRows rows) {
    List<Level> levels = new ArrayList<>();
    int most = Math.max(ALWAYS_LISTED, rows.count / LEAST_ROWS);
    IntArrayList starts = IntArrayList.of(0);
    IntArrayList ends = IntArrayList.of(rows.count);
    for (int depth = 0; depth < rows.levels; depth++) {
      Level level = new Level();
      for (int parent = 0; parent < starts.size() && level.codes.size() <= most; parent++) {
        level.children.add(level.codes.size());
        int end = ends.getInt(parent);
        int row = rows.skipEnded(starts.getInt(parent), end, depth);
        while (row < end && level.codes.size() <= most) {
          int next = rows.runEnd(row, end, depth);
          level.codes.add(rows.code(row, depth));
          level.rows.add(row);
          level.ends.add(next);
          row = next;
        }
      }
      if (level.codes.size() > most || level.codes.isEmpty()) {
        break;
      }
      level.children.add(level.codes.size());
      levels.add(level);
      starts = level.rows;
      ends = level.ends;
    }
    return new CodeDirectory(levels);
  }

  /** {@return how many levels of nodes are listed; the children of nodes less deep than that} */
  int depth() {
    return codes.length;
  }

  /** Returns how many children a listed node has, whose own children are listed. */
  int childCount(int depth, int node) {
    return children[depth][node + 1] - children[depth][node];
  }

  /** Returns the child of a listed node by its code, or -1. */
  int child(int depth, int node, int code) {
    int[] level = codes[depth];
    int first = children[depth][node];
    int end = children[depth][node + 1];
    // Codes ascend and differ, so a code comes no later than if none were missing.
    int guess = first + code - level[first];
    if (guess < first) {
      return -1;
    }
    if (guess < end && level[guess] == code) {
      return guess;
    }
    int found = Arrays.binarySearch(level, first, Math.min(end, guess), code);
    return found >= 0 ? found : -1;
  }

  /** Returns the most bytes that a directory of rows takes, if each level has twice the nodes. */
  static long mostBytes(int rows) {
    return 3L * Integer.BYTES * rows / LEAST_ROWS;
  }

  long bytes() {
    long sum = 0;
    for (int i = 0; i < codes.length; i++) {
      sum += (long) Integer.BYTES * (2L * codes[i].length + children[i].length);
    }
    return sum;
  }
}
