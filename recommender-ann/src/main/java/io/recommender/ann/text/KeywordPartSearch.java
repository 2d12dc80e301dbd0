package io.recommender.ann.text;

import io.recommender.ItemFilter;
import io.recommender.ann.internal.TopK;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The search of one part. <b>Confined</b>.
 *
 * <p>MaxScore (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995) over
 * windows of rows. In each window, the greatest weights of the blocks and the least length bound
 * what each term can add. The terms are in two groups: those after the first few, which together
 * cannot reach the worst result so far, and the first few, of which a result must have one. The
 * rows of the latter are added up term by term; the others are looked up for rows that may still
 * come in. A block of postings whose own greatest weight is too small is left out in either case,
 * as block-max indexes do (Ding and Suel, "Faster top-k document retrieval using block-max
 * indexes", 2011): no row in it can come in, so that it does not matter what else is added up for
 * it.
 *
 * <p>A score is the sum of its terms' scores from the first term to the last. Rounding keeps order,
 * so that a sum of bounds is never below the sum of what they bound, and skipping by it changes no
 * result. Where sums are taken in another order, {@link #SLACK} makes up for it.
 */
final class KeywordPartSearch {
  static final int WINDOW = 4096;

  /** More than sums of up to a thousand terms differ by with the order of addition. */
  private static final double SLACK = 1 + 1e-12;

  private final ItemFilter filter;
  private final KeywordScores scores;
  private final TopK top;
  private final WindowSums sums;
  private final KeywordPart part;
  private final KeywordSegment segment;
  private final int firstRow;
  private final PostingCursor[] cursors;
  private final double[] factors;
  private final double[] bounds;

  /** Sums of the bounds from a term on. */
  private final double[] rest;

  /** Which terms a window has. */
  private final boolean[] occurs;

  /** Sums of the bounds of all other terms. */
  private final double[] others;

  /** What the block of a cursor can add to items of a length or longer, and for which it is so. */
  private final double[] blockBounds;

  private final int[] boundBlocks;
  private final float[] boundLengths;

  /** Scores of small weights of a term in items of one length. */
  private final double[] ofSmall = new double[KeywordScores.SMALL + 1];

  KeywordPartSearch(KeywordSearch search, KeywordPart part, int firstRow) {
    filter = search.filter;
    scores = search.scores;
    top = search.top;
    sums = search.sums;
    this.part = part;
    this.firstRow = firstRow;
    segment = part.segment();
    List<KeywordQuery.Term> terms = search.query.terms();
    PostingCursor[] found = new PostingCursor[terms.size()];
    double[] factor = new double[found.length];
    int count = 0;
    for (KeywordQuery.Term term : terms) {
      int number = segment.terms().find(term.bytes());
      if (number >= 0) {
        found[count] = new PostingCursor(segment.postings(), number);
        factor[count++] = term.factor();
      }
    }
    cursors = Arrays.copyOf(found, count);
    factors = Arrays.copyOf(factor, count);
    bounds = new double[count];
    rest = new double[count + 1];
    occurs = new boolean[count];
    others = new double[count];
    blockBounds = new double[count];
    boundBlocks = new int[count];
    boundLengths = new float[count];
    Arrays.fill(boundBlocks, -1);
  }

  void runListed(Set<String> allowed) {
    int[] rows = new int[allowed.size()];
    int count = 0;
    for (String itemId : allowed) {
      int row = part.find(itemId);
      if (row >= 0 && part.shown().contains(row) && filter.accepts(itemId)) {
        rows[count++] = row;
      }
    }
    Arrays.sort(rows, 0, count);
    for (int i = 0; i < count; i++) {
      int row = rows[i];
      double norm = scores.norm(segment.length(row));
      double score = 0;
      boolean isFound = false;
      for (int term = 0; term < cursors.length; term++) {
        if (cursors[term].goTo(row)) {
          score += KeywordScores.score(factors[term], norm, cursors[term].weight());
          isFound = true;
        }
      }
      if (isFound) {
        top.offer(score, segment.order(row), firstRow + row);
      }
    }
  }

  void run() {
    int size = segment.size();
    int row = 0;
    while (row < size) {
      for (int term = 0; term < cursors.length; term++) {
        bounds[term] =
            KeywordScores.score(
                factors[term], scores.norm(segment.length(row)), cursors[term].most());
      }
      int needed = needed(row, false, 0);
      int next = size;
      for (int term = 0; term < needed; term++) {
        cursors[term].skipTo(row);
        if (!cursors[term].hasEnded()) {
          next = Math.min(next, Math.max(row, cursors[term].next()));
        }
      }
      row = next;
      if (row < size && needed == 1) {
        row = searchBlock(row);
      } else if (row < size) {
        int end = Math.min(size, row + WINDOW);
        searchWindow(row, end);
        row = end;
      }
    }
  }

  /**
   * Looks at the rows of a block of the first term, which is all that can have a result, from one
   * on. Returns the row after them.
   */
  private int searchBlock(int from) {
    PostingCursor cursor = cursors[0];
    // Written so that a bound that is no number lets the block in.
    if (!((blockBound(0, segment.length(from)) + rest[1]) * SLACK < top.threshold())) {
      cursor.unpack(from);
      int size = cursor.size();
      scan(0, cursor.at(), size, 1);
      cursor.setAt(size);
      return cursor.rows()[size - 1] + 1;
    }
    int after = cursor.blockLast() + 1;
    cursor.skipTo(after);
    return after;
  }

  /** Looks at rows of the unpacked block of the only one of the first terms that has any there. */
  private void scan(int term, int at, int stop, int needed) {
    PostingCursor cursor = cursors[term];
    int[] rows = cursor.rows();
    double factor = factors[term];
    double bound = rest[needed];
    float equal = cursor.weight();
    float length = segment.length(rows[at]);
    boolean isOneLength = !scores.byLength || length == segment.length(rows[stop - 1]);
    if (cursor.isEqual() && isOneLength) {
      double score = KeywordScores.score(factor, scores.norm(length), equal);
      for (int i = at; i < stop && (score + bound) * SLACK >= top.threshold(); i++) {
        complete(rows[i], score, needed);
      }
      return;
    }
    float @Nullable [] weights = cursor.isEqual() ? null : cursor.unpackWeights();
    if (weights == null || !isOneLength) {
      for (int i = at; i < stop; i++) {
        float weight = weights == null ? equal : weights[i];
        double score = KeywordScores.score(factor, scores.norm(segment.length(rows[i])), weight);
        if ((score + bound) * SLACK >= top.threshold()) {
          complete(rows[i], score, needed);
        }
      }
      return;
    }
    double norm = scores.norm(length);
    KeywordScores.ofSmall(factor, norm, ofSmall);
    int least = KeywordScores.SMALL + 1;
    for (int weight = KeywordScores.SMALL; weight > 0; weight--) {
      least = (ofSmall[weight] + bound) * SLACK >= top.threshold() ? weight : least;
    }
    for (int i = at; i < stop; i++) {
      // No more than the greatest whole weight that does not do.
      if (weights[i] <= least - 1) {
        continue;
      }
      double score = KeywordScores.score(factor, norm, weights[i], ofSmall);
      if ((score + bound) * SLACK >= top.threshold()) {
        complete(rows[i], score, needed);
      }
    }
  }

  /**
   * Bounds what rows can have, and returns how many of the first terms a result must have one of: 0
   * if no row can come in.
   *
   * @param row the first of the rows
   * @param isWindow whether the rows end at a row, not with the segment
   * @param end that row
   */
  private int needed(int row, boolean isWindow, int end) {
    int count = cursors.length;
    double most = 0;
    for (int term = 0; term < count; term++) {
      most += bounds[term];
    }
    double threshold = top.threshold();
    if (most < threshold
        || (most == threshold
            && !top.admits(most, segment.order(row))
            && isBehind(row, isWindow, end))) {
      return 0;
    }
    rest[count] = 0;
    int needed = count;
    for (int term = count - 1; term >= 0; term--) {
      rest[term] = rest[term + 1] + bounds[term];
      if (rest[term] * SLACK < threshold) {
        needed = term;
      }
    }
    return needed;
  }

  /**
   * Returns whether rows from one on, which can equal the worst result at best, come after it where
   * they do. Rows of one length are in order; of the others it is asked whether being longer makes
   * them worse.
   */
  private boolean isBehind(int row, boolean isWindow, int end) {
    if (!scores.byLength) {
      return true;
    }
    double norm = scores.norm(Math.nextUp(segment.length(row)));
    double longer = 0;
    for (int term = 0; term < cursors.length; term++) {
      float weight = isWindow ? cursors[term].most(row, end) : cursors[term].most();
      longer += weight == 0 ? 0 : KeywordScores.score(factors[term], norm, weight);
    }
    return longer < top.threshold();
  }

  private void searchWindow(int from, int end) {
    double norm = scores.norm(segment.length(from));
    for (int term = 0; term < cursors.length; term++) {
      float most = cursors[term].most(from, end);
      occurs[term] = most != 0;
      bounds[term] = occurs[term] ? KeywordScores.score(factors[term], norm, most) : 0;
    }
    int needed = needed(from, true, end);
    if (needed == 0) {
      return;
    }
    int active = 0;
    double before = 0;
    for (int term = 0; term < needed; term++) {
      active += occurs[term] ? 1 : 0;
      others[term] = before + rest[term + 1];
      before += bounds[term];
    }
    for (int term = 0; term < needed; term++) {
      if (occurs[term]) {
        visit(term, from, end, active == 1 ? needed : 0);
      }
    }
    if (active > 1) {
      collect(from, needed);
    }
  }

  /** Bounds what the block of a term's cursor adds to items of a length or longer. */
  private double blockBound(int term, float length) {
    PostingCursor cursor = cursors[term];
    if (boundBlocks[term] != cursor.block() || boundLengths[term] != length) {
      boundBlocks[term] = cursor.block();
      boundLengths[term] = length;
      blockBounds[term] =
          KeywordScores.score(factors[term], scores.norm(length), cursor.blockMost());
    }
    return blockBounds[term];
  }

  /**
   * Goes through the rows of a window that may come in.
   *
   * @param needed 0 to add the scores of the term to them; or, if it is the only one of the first
   *     terms in this window, the number of these, to look at the rows at once
   */
  private void visit(int term, int from, int end, int needed) {
    PostingCursor cursor = cursors[term];
    float least = segment.length(from);
    int[] rows = cursor.rows();
    cursor.skipTo(from);
    while (!cursor.hasEnded()) {
      if ((blockBound(term, least) + others[term]) * SLACK < top.threshold()) {
        if (cursor.blockLast() >= end) {
          return;
        }
        cursor.skipTo(cursor.blockLast() + 1);
        continue;
      }
      cursor.unpack(from);
      int size = cursor.size();
      int at = cursor.at();
      int stop = size;
      while (stop > at && rows[stop - 1] >= end) {
        stop--;
      }
      if (stop > at && needed > 0) {
        scan(term, at, stop, needed);
      } else if (stop > at) {
        add(cursor, factors[term], from, at, stop);
      }
      cursor.setAt(stop);
      if (stop < size) {
        return;
      }
    }
  }

  private void add(PostingCursor cursor, double factor, int from, int at, int stop) {
    int[] rows = cursor.rows();
    float length = segment.length(rows[at]);
    boolean isOneLength = !scores.byLength || length == segment.length(rows[stop - 1]);
    if (isOneLength && cursor.isEqual()) {
      double score = KeywordScores.score(factor, scores.norm(length), cursor.weight());
      for (int i = at; i < stop; i++) {
        int place = rows[i] - from;
        sums.add(place, score);
      }
      return;
    }
    float equal = cursor.weight();
    float @Nullable [] weights = cursor.isEqual() ? null : cursor.unpackWeights();
    if (isOneLength && weights != null) {
      addOfOneLength(rows, weights, factor, scores.norm(length), from, at, stop);
      return;
    }
    for (int i = at; i < stop; i++) {
      int place = rows[i] - from;
      float weight = weights == null ? equal : weights[i];
      sums.add(place, KeywordScores.score(factor, scores.norm(segment.length(rows[i])), weight));
    }
  }

  private void addOfOneLength(
      int[] rows, float[] weights, double factor, double norm, int from, int at, int stop) {
    KeywordScores.ofSmall(factor, norm, ofSmall);
    for (int i = at; i < stop; i++) {
      sums.add(rows[i] - from, KeywordScores.score(factor, norm, weights[i], ofSmall));
    }
  }

  /** Looks at the rows of a window that have one of the first terms. */
  private void collect(int from, int needed) {
    double bound = rest[needed];
    long[] touched = sums.touched;
    for (int i = 0; i < touched.length; i++) {
      long word = touched[i];
      touched[i] = 0;
      while (word != 0) {
        int place = (i << 6) + Long.numberOfTrailingZeros(word);
        word &= word - 1;
        double sum = sums.take(place);
        if ((sum + bound) * SLACK >= top.threshold()) {
          complete(from + place, sum, needed);
        }
      }
    }
  }

  private void complete(int row, double sum, int needed) {
    double score = sum;
    float length = segment.length(row);
    for (int term = needed; term < cursors.length; term++) {
      if ((score + rest[term]) * SLACK < top.threshold()) {
        return;
      }
      PostingCursor cursor = cursors[term];
      if (!cursor.mayHave(row)) {
        continue;
      }
      cursor.skipTo(row);
      if (cursor.hasEnded()) {
        continue;
      }
      double most = blockBound(term, length);
      if ((score + most + rest[term + 1]) * SLACK < top.threshold()) {
        return;
      }
      if (cursor.goTo(row)) {
        float weight = cursor.weight();
        score +=
            weight == cursor.blockMost()
                ? most
                : KeywordScores.score(factors[term], scores.norm(length), weight);
      }
    }
    if (score < top.threshold()) {
      return;
    }
    int order = segment.order(row);
    if (top.admits(score, order) && part.shown().contains(row) && filter.accepts(segment.id(row))) {
      top.offer(score, order, firstRow + row);
    }
  }
}
