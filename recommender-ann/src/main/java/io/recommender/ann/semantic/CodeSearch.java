package io.recommender.ann.semantic;

import io.recommender.ScoredItem;
import io.recommender.ann.internal.AcceptedRows;
import io.recommender.ann.internal.TopK;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the items with the highest sums of the scores of their codes, exactly.
 *
 * <p>Best first: the next subtree to be opened is the one with the highest bound, which is the sum
 * above it plus the highest score of each level below. What is left when the bound falls below the
 * worst score kept cannot matter. Children of a wide node are drawn one by one in descending order
 * of their scores, so that most of them are never looked at; small subtrees are read row by row.
 *
 * <p><b>Confined</b>; for one search.
 */
final class CodeSearch {
  /** Subtrees of at most this many rows are read as a whole. */
  private static final int FEW_ROWS = 128;

  /** A row costs less to read than this many to step over, if the tree is walked instead. */
  private static final int FEW_ACCEPTED = 64;

  /** Rows are looked for among accepted ones if less than one of this many is. */
  private static final int SPARSE = 16;

  /** Children are drawn by score if there is at least one for this many codes of the level. */
  private static final int CODES_PER_CHILD = 4;

  /** How many children are drawn at a time. */
  private static final int DRAWN = 16;

  private final CodeShape shape;
  private final CodeVersion version;
  private final Accepted accepted;
  private final float[][] scores;

  /** The most that the levels from a depth on add to a sum, rounding included. */
  private final double[] rest;

  /** The codes of a level by descending score; made when first needed. */
  private final int @Nullable [][] ranked;

  /** Whether accepted rows of the base are so few that they are looked for. */
  private final boolean isSparse;

  private final int[] drawn = new int[DRAWN];
  private final double[] drawnPrefixes = new double[DRAWN];

  /** Keeps reads that are there for their effect on caches. */
  private int touched;

  private final TopK top;
  private final CodeFrontier frontier = new CodeFrontier();

  /**
   * Prepares a search.
   *
   * @param scores a finite score of each code of each level
   * @param k how many items, at least 1
   */
  CodeSearch(CodeShape shape, CodeVersion version, Accepted accepted, float[][] scores, int k) {
    this.shape = shape;
    this.version = version;
    this.accepted = accepted;
    this.scores = scores;
    rest = rest(shape, scores);
    ranked = new int[shape.levels()][];
    isSparse = !accepted.isAsked() && accepted.base().most() < version.base().size() / SPARSE;
    top = new TopK(Math.min(k, version.size()));
  }

  private static double[] rest(CodeShape shape, float[][] scores) {
    int levels = shape.levels();
    double[] rest = new double[levels + 1];
    double magnitude = 0;
    for (int level = levels - 1; level >= 0; level--) {
      float most = Float.NEGATIVE_INFINITY;
      float largest = 0;
      for (float score : scores[level]) {
        most = Math.max(most, score);
        largest = Math.max(largest, Math.abs(score));
      }
      magnitude += largest;
      rest[level] = most + rest[level + 1];
      if (shape.hasUnequalLengths() && level > 0) {
        rest[level] = Math.max(0, rest[level]);
      }
    }
    // Sums in another order, and differences of them, differ by less than this.
    double rounding = 8 * levels * Math.ulp(magnitude);
    for (int level = 0; level <= levels; level++) {
      rest[level] += rounding;
    }
    return rest;
  }

  /** Returns the best items. */
  List<ScoredItem> run() {
    if (!accepted.isAsked() && accepted.base().most() <= version.base().size() / FEW_ACCEPTED) {
      readAccepted(0, 0, 0, version.base().size());
    } else {
      walk(version.base().size());
    }
    read(version.delta(), 0, 0, 0, version.delta().size());
    top.sort();
    List<ScoredItem> items = new ArrayList<>(top.size());
    for (int i = 0; i < top.size(); i++) {
      int row = top.row(i);
      String id = row >= 0 ? version.base().ids[row] : version.delta().ids[-1 - row];
      items.add(new ScoredItem(id, top.score(i)));
    }
    return items;
  }

  private void walk(int size) {
    if (size > 0) {
      frontier.add(
          rest[0],
          0,
          0,
          version.base().directory.depth() > 0 ? 0 : -1,
          0,
          size,
          CodeFrontier.WHOLE);
    }
    while (!frontier.isEmpty()) {
      int place = frontier.first();
      if (frontier.bounds[place] < top.threshold()) {
        return;
      }
      double prefix = frontier.prefixes[place];
      int depth = frontier.depths[place];
      int node = frontier.nodes[place];
      int end = frontier.ends[place];
      if (frontier.ranks[place] != CodeFrontier.WHOLE) {
        drawChildren(place, prefix, depth, node, end);
      } else {
        int start = frontier.starts[place];
        frontier.removeFirst();
        visit(prefix, depth, node, start, end);
      }
    }
  }

  private void visit(double prefix, int depth, int node, int start, int end) {
    if (end - start <= FEW_ROWS || depth == shape.levels()) {
      read(version.base(), prefix, depth, start, end);
      return;
    }
    if (!accepted.isAsked() && accepted.base().next(start, end) < 0) {
      return;
    }
    CodeRows rows = version.base().rows;
    int from = rows.skipEnded(start, end, depth);
    read(version.base(), prefix, depth, start, from);
    if (from < end) {
      open(prefix, depth, node, from, end);
    }
  }

  /** Puts the children of a node into the frontier. */
  private void open(double prefix, int depth, int node, int from, int end) {
    CodeDirectory directory = version.base().directory;
    if (node < 0 || depth >= directory.depth()) {
      CodeRows rows = version.base().rows;
      for (int row = from; row < end; ) {
        int next = rows.runEnd(row, end, depth);
        addChild(prefix + scores[depth][rows.code(row, depth)], depth + 1, -1, row, next);
        row = next;
      }
      return;
    }
    if (directory.childCount(depth, node) >= shape.size(depth) / CODES_PER_CHILD) {
      int[] order = ranked(depth);
      double bound = prefix + scores[depth][order[0]] + rest[depth + 1];
      if (bound >= top.threshold()) {
        frontier.add(bound, prefix, depth, node, from, end, 0);
      }
      return;
    }
    int last = directory.children[depth][node + 1] - 1;
    for (int child = directory.children[depth][node]; child <= last; child++) {
      addChild(
          prefix + scores[depth][directory.codes[depth][child]],
          depth + 1,
          child,
          directory.rows[depth][child],
          child < last ? directory.rows[depth][child + 1] : end);
    }
  }

  private void addChild(double prefix, int depth, int node, int start, int end) {
    double bound = prefix + rest[depth];
    if (bound >= top.threshold()) {
      frontier.add(bound, prefix, depth, node, start, end, CodeFrontier.WHOLE);
    }
  }

  /**
   * Visits some children of a node, those that have the next best codes: several, because the
   * memory of all of them is then on its way at once.
   */
  private void drawChildren(int place, double prefix, int depth, int node, int end) {
    CodeDirectory directory = version.base().directory;
    CodeRows rows = version.base().rows;
    int[] order = ranked(depth);
    float[] levelScores = scores[depth];
    int[] starts = directory.rows[depth];
    int last = directory.children[depth][node + 1] - 1;
    // Codes come by descending score, so that the first bound that is too low ends them all.
    double least = top.threshold() - prefix - rest[depth + 1];
    int count = 0;
    int rank = frontier.ranks[place];
    while (rank < order.length && levelScores[order[rank]] >= least && count < DRAWN) {
      int code = order[rank++];
      int child = directory.child(depth, node, code);
      if (child >= 0) {
        drawn[count] = child;
        drawnPrefixes[count++] = prefix + levelScores[code];
      }
    }
    if (rank < order.length && levelScores[order[rank]] >= least) {
      frontier.ranks[place] = rank;
      frontier.lowerFirst(prefix + levelScores[order[rank]] + rest[depth + 1]);
    } else {
      frontier.removeFirst();
    }
    for (int i = 0; i < count; i++) {
      touched += rows.at(rows.start(starts[drawn[i]]));
    }
    for (int i = 0; i < count && drawnPrefixes[i] + rest[depth + 1] >= top.threshold(); i++) {
      int child = drawn[i];
      int childEnd = child < last ? starts[child + 1] : end;
      visit(drawnPrefixes[i], depth + 1, child, starts[child], childEnd);
    }
  }

  /** Returns the codes of a level by descending score. */
  private int[] ranked(int level) {
    int[] order = ranked[level];
    if (order == null) {
      long[] keys = new long[scores[level].length];
      for (int code = 0; code < keys.length; code++) {
        int bits = Float.floatToRawIntBits(scores[level][code]);
        // Bits in the order of the floats, turned round.
        int key = ~(bits ^ (bits >> 31 & Integer.MAX_VALUE));
        keys[code] = (long) key << Integer.SIZE | code;
      }
      Arrays.sort(keys);
      order = new int[keys.length];
      for (int rank = 0; rank < order.length; rank++) {
        order[rank] = (int) keys[rank];
      }
      ranked[level] = order;
    }
    return order;
  }

  /** Offers the rows of a range, whose codes above a depth add up to a prefix. */
  private void read(CodeSegment segment, double prefix, int depth, int start, int end) {
    boolean isBase = segment == version.base();
    if (isBase && isSparse) {
      readAccepted(prefix, depth, start, end);
      return;
    }
    AcceptedRows members = isBase ? accepted.base() : accepted.delta();
    CodeRows rows = segment.rows;
    int row = rows.skipEnded(start, end, depth);
    for (int ended = start; ended < row; ended++) {
      offer(segment, members, ended, prefix);
    }
    // Only rows whose next code is good enough are looked at.
    while (row < end) {
      float least = Math.nextDown((float) (top.threshold() - prefix - rest[depth + 1]));
      row = rows.nextAtLeast(least, scores[depth], depth, row, end);
      if (row < end) {
        offer(segment, members, row, sum(rows, row, depth, prefix));
        row++;
      }
    }
  }

  /** Keeps a row if it is good enough, and only then asks whether it is accepted. */
  private void offer(CodeSegment segment, AcceptedRows members, int row, double score) {
    int order = segment.orders[row];
    if (top.admits(score, order) && members.next(row, row + 1) >= 0) {
      top.offer(score, order, segment == version.base() ? row : -1 - row);
    }
  }

  private double sum(CodeRows rows, int row, int depth, double prefix) {
    double sum = prefix;
    int from = rows.start(row);
    int length = rows.length(row);
    for (int level = depth; level < length; level++) {
      sum += scores[level][rows.at(from + level)];
    }
    return sum;
  }

  /** Offers the accepted rows of a range of the base. */
  private void readAccepted(double prefix, int depth, int start, int end) {
    AcceptedRows members = accepted.base();
    CodeRows rows = version.base().rows;
    for (int row = members.next(start, end); row >= 0; row = members.next(row + 1, end)) {
      top.offer(sum(rows, row, depth, prefix), version.base().orders[row], row);
    }
  }
}
