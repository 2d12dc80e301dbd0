package io.recommender.ann.semantic;

import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.ann.internal.RowSet;
import io.recommender.ann.internal.VectorKernels;
import io.recommender.spi.GenerativeModel.Normalization;
import io.recommender.spi.NextTokenScorer.Decoding;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.floats.FloatArrays;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The beams of one request: how they grow by a code in each step, and the items that they have led
 * to. <b>Confined</b>.
 */
final class BeamSearch {
  /** Memory that one request after the other can use. <b>Confined</b>. */
  static final class Scratch {
    final float[] logits;

    /** The logits of the tokens that lead to an item. */
    private float[] possible = new float[64];

    private int[] places = new int[64];

    Scratch(int vocabularySize) {
      logits = new float[vocabularySize];
    }

    /** Returns room for the places of some logits. */
    int[] places(int count) {
      if (places.length < count) {
        places = new int[count];
      }
      return places;
    }
  }

  private static final int NO_TOKEN = -1;

  /** Stands for the row of a beam that the model is not asked about. */
  private static final int NO_ROW = -1;

  /** From so many children on, it is quicker to look through all logits of a level at once. */
  private static final int LEAST_SCANNED = 48;

  /** Unless they lie further apart than this. */
  private static final int SPARSE = 8;

  private final CodeVersion version;
  private final Accepted accepted;
  private final Accepted present;
  private final boolean isAllPresent;
  private final CodeTokens tokens;
  private final BeamOptions options;
  private final int endToken;
  private final int levels;
  private final int k;
  private final CodeChildren children;
  private final VectorKernels kernels = VectorKernels.best();

  private int depth;
  private BeamPool beams;
  private BeamPool next;

  /** The row of the model of each beam, or {@link #NO_ROW}. */
  private int[] rowOf;

  private int[] nextRowOf;
  private int rows;

  /** The best continuations of one beam. */
  private final BeamPool family;

  // What has ended: its score, then where its rows of the base and of the delta begin and end.
  private final DoubleArrayList endedScores = new DoubleArrayList();
  private final IntArrayList endedRows = new IntArrayList();

  BeamSearch(
      CodeShape shape,
      CodeVersion version,
      Accepted accepted,
      CodeTokens tokens,
      BeamOptions options,
      int k) {
    this.version = version;
    this.accepted = accepted;
    this.tokens = tokens;
    this.options = options;
    this.k = k;
    levels = shape.levels();
    endToken = options.endToken().orElse(NO_TOKEN);
    present = new Accepted(version.present(), RowSet.all(version.delta().size()), false);
    isAllPresent = version.present().size() == version.base().size();
    children = new CodeChildren(version);
    beams = new BeamPool(options.width());
    next = new BeamPool(options.width());
    rowOf = new int[options.width()];
    nextRowOf = new int[options.width()];
    family = new BeamPool(Math.min(options.branches(), options.width()));
    int end = version.base().size();
    int deltaEnd = version.delta().size();
    if (accepted.any(0, end, 0, deltaEnd)) {
      int root = version.base().directory.depth() > 0 ? 0 : BeamPool.UNLISTED;
      beams.add(0, 0, 0, root, 0, end, 0, deltaEnd);
      rows = 1;
    }
  }

  /** {@return how many rows of the model the next step reads, 0 if there is none} */
  int rows() {
    return rows;
  }

  /**
   * Reads what the model says of each beam, and keeps the best continuations, which the model then
   * has to run.
   *
   * @param row the first of the rows of the model that belong to these beams
   * @param parents the row of the parent of each new beam is added to it
   * @param nextTokens the token of each new beam is added to it
   * @throws RecommenderException NON_FINITE_OUTPUT
   */
  void step(
      Decoding decoding, int row, Scratch scratch, IntArrayList parents, IntArrayList nextTokens) {
    next.clear();
    for (int beam = 0; beam < beams.size(); beam++) {
      // No continuation is more probable than its beginning.
      if (endToken == NO_TOKEN && beams.score(beam) <= next.threshold()) {
        break;
      }
      if (rowOf[beam] == NO_ROW) {
        expandDetermined(beam);
        continue;
      }
      decoding.logits(row + rowOf[beam], scratch.logits);
      float normalizer = normalizer(beam, scratch);
      if (normalizer == Float.NEGATIVE_INFINITY) {
        continue;
      }
      double base = beams.score(beam) - normalizer;
      if (endToken != NO_TOKEN) {
        end(beam, base + scratch.logits[endToken]);
      }
      if (depth == levels) {
        continue;
      }
      if (depth == 0 || options.branches() >= options.width()) {
        expand(beam, scratch, base, next);
      } else {
        family.clear();
        expand(beam, scratch, base, family);
        family.sort();
        next.addAll(family);
      }
    }
    next.sort();
    BeamPool grown = next;
    next = beams;
    beams = grown;
    depth++;
    if (depth == levels && endToken == NO_TOKEN) {
      endAll();
    } else if (nothingBetterCanCome()) {
      beams.clear();
    }
    askOf(row, parents, nextTokens);
    if (rows == 0) {
      endAll();
    }
  }

  /** Has the model run all beams but those whose end is certain without it. */
  private void askOf(int row, IntArrayList parents, IntArrayList nextTokens) {
    rows = 0;
    for (int beam = 0; beam < beams.size(); beam++) {
      if (isDetermined(beam)) {
        nextRowOf[beam] = NO_ROW;
      } else {
        // What leads to several codes continues what has led to several.
        parents.add(row + rowOf[beams.parent(beam)]);
        nextTokens.add(tokens.token(depth - 1, beams.code(beam)));
        nextRowOf[beam] = rows++;
      }
    }
    int[] before = rowOf;
    rowOf = nextRowOf;
    nextRowOf = before;
  }

  /**
   * Returns whether all items that a beam leads to have one code. Where probabilities are among
   * what leads to an item, the rest of that code has probability one, whatever the model says.
   */
  private boolean isDetermined(int beam) {
    if (endToken != NO_TOKEN || options.normalization() != Normalization.CATALOG) {
      return false;
    }
    int end = beams.end(beam);
    int deltaEnd = beams.deltaEnd(beam);
    int first = present.base().next(beams.start(beam), end);
    int deltaFirst = present.delta().next(beams.deltaStart(beam), deltaEnd);
    CodeRows base = version.base().rows;
    CodeRows delta = version.delta().rows;
    return (first < 0 || present.base().next(codeEnd(base, first, end), end) < 0)
        && (deltaFirst < 0
            || present.delta().next(codeEnd(delta, deltaFirst, deltaEnd), deltaEnd) < 0)
        && (first < 0 || deltaFirst < 0 || base.compare(first, delta, deltaFirst) == 0);
  }

  /** Returns the end of the rows that have the same code as the first one of a beam. */
  private int codeEnd(CodeRows codes, int first, int to) {
    int end = to;
    for (int level = depth; level < levels && end > first + 1; level++) {
      end = codes.runEnd(first, end, level);
    }
    return end;
  }

  /** Ends the search, and returns how many beams have led to nothing. */
  int stop() {
    int lost = rows;
    for (int beam = 0; beam < beams.size(); beam++) {
      if (rowOf[beam] == NO_ROW) {
        end(beam);
      }
    }
    beams.clear();
    rows = 0;
    return lost;
  }

  private void expandDetermined(int beam) {
    children.of(beams, beam, depth);
    while (children.advance()) {
      add(beam, beams.score(beam), next);
    }
  }

  private void endAll() {
    for (int beam = 0; beam < beams.size(); beam++) {
      end(beam);
    }
    beams.clear();
  }

  /** Ends a beam that leads to one code. */
  private void end(int beam) {
    addEnded(
        beams.score(beam) / Math.pow(levels, options.lengthPenalty()),
        beams.start(beam),
        beams.end(beam),
        beams.deltaStart(beam),
        beams.deltaEnd(beam));
  }

  private void expand(int beam, Scratch scratch, double base, BeamPool into) {
    int offset = tokens.offset(depth);
    int[] table = tokens.table(depth);
    children.of(beams, beam, depth);
    if (children.areListed() && table == null) {
      expandListed(beam, scratch, offset, base, into);
      return;
    }
    float[] logits = scratch.logits;
    double threshold = into.threshold();
    while (children.advance()) {
      int code = children.code;
      double score = base + logits[table == null ? offset + code : table[code]];
      if (score > threshold && add(beam, score, into)) {
        threshold = into.threshold();
      }
    }
  }

  /** Does the same where there may be hundreds of children, of which few are good enough. */
  private void expandListed(int beam, Scratch scratch, int offset, double base, BeamPool into) {
    int[] codes = children.listedCodes();
    int start = children.listedStart();
    int end = children.listedEnd();
    int count = end - start;
    if (count >= LEAST_SCANNED && codes[end - 1] - codes[start] < SPARSE * count) {
      expandScanned(beam, scratch, offset, codes[start], codes[end - 1], base, into);
      return;
    }
    float[] logits = scratch.logits;
    float limit = limit(into, base);
    for (int child = start; child < end; child++) {
      float logit = logits[offset + codes[child]];
      if (logit >= limit && addListed(beam, child, base + logit, into)) {
        limit = limit(into, base);
      }
    }
  }

  /** Does the same by looking through the logits of all codes from the first to the last child. */
  private void expandScanned(
      int beam, Scratch scratch, int offset, int first, int last, double base, BeamPool into) {
    float[] logits = scratch.logits;
    int[] places = scratch.places(last + 1 - first);
    float limit = limit(into, base);
    int count = kernels.atLeast(logits, offset + first, offset + last + 1, limit, places);
    for (int i = 0; i < count; i++) {
      int at = places[i];
      if (logits[at] >= limit) {
        int child = children.listed(at - offset);
        if (child >= 0 && addListed(beam, child, base + logits[at], into)) {
          limit = limit(into, base);
        }
      }
    }
  }

  private boolean addListed(int beam, int child, double score, BeamPool into) {
    if (score <= into.threshold()) {
      return false;
    }
    children.atListed(child);
    return add(beam, score, into);
  }

  /** Returns what a logit has to reach at least, in the arithmetic of floats. */
  private static float limit(BeamPool into, double base) {
    return Math.nextDown((float) (into.threshold() - base));
  }

  private boolean add(int beam, double score, BeamPool into) {
    int start = children.start;
    int end = children.end;
    int deltaStart = children.deltaStart;
    int deltaEnd = children.deltaEnd;
    if (!accepted.any(start, end, deltaStart, deltaEnd)) {
      return false;
    }
    into.add(score, beam, children.code, children.node, start, end, deltaStart, deltaEnd);
    return true;
  }

  /**
   * Returns the logarithm of what probabilities are divided by, negative infinity if the model
   * rules out all that the catalogue has.
   */
  private float normalizer(int beam, Scratch scratch) {
    int count = scratch.logits.length;
    float[] summed = scratch.logits;
    if (options.normalization() == Normalization.CATALOG) {
      count = gatherPossible(beam, scratch);
      summed = scratch.possible;
    }
    float normalizer = kernels.logSumExp(summed, count);
    boolean rulesOutAll = normalizer == Float.NEGATIVE_INFINITY;
    if (Float.isNaN(normalizer) || (rulesOutAll && summed == scratch.logits)) {
      throw new RecommenderException(
          RecommenderException.Kind.NON_FINITE_OUTPUT,
          "logits after %d codes: expected finite numbers, found NaN or infinity".formatted(depth));
    }
    return normalizer;
  }

  private int gatherPossible(int beam, Scratch scratch) {
    int count = 0;
    if (endToken != NO_TOKEN) {
      int end = rowsEnd(version.base(), beams.start(beam), beams.end(beam));
      int deltaEnd = rowsEnd(version.delta(), beams.deltaStart(beam), beams.deltaEnd(beam));
      if (present.any(beams.start(beam), end, beams.deltaStart(beam), deltaEnd)) {
        scratch.possible[count++] = scratch.logits[endToken];
      }
    }
    if (depth == levels) {
      return count;
    }
    children.of(beams, beam, depth);
    int[] table = tokens.table(depth);
    if (isAllPresent && children.areListed() && table == null) {
      return gatherListed(count, scratch);
    }
    while (children.advance()) {
      if (present.any(children.start, children.end, children.deltaStart, children.deltaEnd)) {
        scratch.possible = FloatArrays.grow(scratch.possible, count + 1, count);
        scratch.possible[count++] = scratch.logits[tokens.token(depth, children.code)];
      }
    }
    return count;
  }

  /** Does the same where each child has an item. */
  private int gatherListed(int count, Scratch scratch) {
    int[] codes = children.listedCodes();
    int start = children.listedStart();
    int end = children.listedEnd();
    int offset = tokens.offset(depth);
    scratch.possible = FloatArrays.grow(scratch.possible, count + end - start, count);
    if (end > start && codes[end - 1] - codes[start] == end - 1 - start) {
      System.arraycopy(scratch.logits, offset + codes[start], scratch.possible, count, end - start);
    } else {
      for (int child = start; child < end; child++) {
        scratch.possible[count + child - start] = scratch.logits[offset + codes[child]];
      }
    }
    return count + end - start;
  }

  /** Returns the end of those rows of a beam that have no code left. */
  private int rowsEnd(CodeSegment segment, int from, int to) {
    return segment.rows.skipEnded(from, to, depth);
  }

  private void end(int beam, double score) {
    int start = beams.start(beam);
    int deltaStart = beams.deltaStart(beam);
    int end = rowsEnd(version.base(), start, beams.end(beam));
    int deltaEnd = rowsEnd(version.delta(), deltaStart, beams.deltaEnd(beam));
    if (score > Double.NEGATIVE_INFINITY && accepted.any(start, end, deltaStart, deltaEnd)) {
      double shared = score / Math.pow(depth + 1, options.lengthPenalty());
      addEnded(shared, start, end, deltaStart, deltaEnd);
    }
  }

  private void addEnded(double score, int start, int end, int deltaStart, int deltaEnd) {
    endedScores.add(score);
    endedRows.add(start);
    endedRows.add(end);
    endedRows.add(deltaStart);
    endedRows.add(deltaEnd);
  }

  /** Returns whether k items have ended that score more than any beam may come to. */
  private boolean nothingBetterCanCome() {
    if (beams.size() == 0 || endedScores.size() < k) {
      return false;
    }
    double penalty = options.lengthPenalty();
    // A score is not positive: what it is divided by is as large as can be for the best outcome.
    int length = penalty > 0 ? levels + 1 : depth + 1;
    double best = beams.score(0) / Math.pow(length, penalty);
    double[] scores = endedScores.toDoubleArray();
    Arrays.sort(scores);
    return scores[scores.length - k] > best;
  }

  private record Ended(double score, int order, String itemId) {}

  /** {@return the items found so far, best first, at most k} */
  List<ScoredItem> items(String source) {
    int[] byScore = new int[endedScores.size()];
    Arrays.setAll(byScore, i -> i);
    IntArrays.stableSort(byScore, (one, other) -> Double.compare(score(other), score(one)));
    List<Ended> found = new ArrayList<>();
    for (int i : byScore) {
      double score = score(i);
      if (found.size() >= k && score < found.get(k - 1).score) {
        break;
      }
      version.forEachInOrder(
          accepted,
          endedRows.getInt(4 * i),
          endedRows.getInt(4 * i + 1),
          endedRows.getInt(4 * i + 2),
          endedRows.getInt(4 * i + 3),
          k,
          (segment, row) -> found.add(new Ended(score, segment.orders[row], segment.ids[row])));
    }
    return found.stream()
        .sorted(Comparator.comparingDouble(Ended::score).reversed().thenComparing(Ended::order))
        .limit(k)
        .map(item -> new ScoredItem(item.itemId, item.score, source))
        .toList();
  }

  private double score(int i) {
    return endedScores.getDouble(i);
  }
}
