package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.ann.internal.TopK;
import io.recommender.ann.neighbors.SessionIndex.Posting;
import it.unimi.dsi.fastutil.ints.Int2DoubleMap;
import it.unimi.dsi.fastutil.ints.Int2DoubleOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One search of a {@link SessionIndex}: all postings of the history's items are walked at once, the
 * most recent session first, so that a session meets all its items in the same step. Confined.
 */
final class SessionSearch {
  /** Up to here a score is as good as none. */
  static final double LEAST_SCORE = 1e-9;

  private final SessionIndex index;
  private final SessionKnnOptions options;
  // By distinct item of the history that is read, the newest first.
  private final RecentSession[][] postings;
  private final double[] weights;
  private final int[] steps;

  private SessionSearch(
      SessionIndex index,
      SessionKnnOptions options,
      RecentSession[][] postings,
      double[] weights,
      int[] steps) {
    this.index = index;
    this.options = options;
    this.postings = postings;
    this.weights = weights;
    this.steps = steps;
  }

  static SessionSearch of(SessionIndex index, SessionKnnOptions options, int[] history) {
    int length = Math.min(history.length, options.historyLength());
    RecentSession[][] postings = new RecentSession[length][];
    double[] weights = new double[length];
    int[] steps = new int[length];
    IntOpenHashSet seen = new IntOpenHashSet(length);
    int distinct = 0;
    for (int step = 1; step <= length; step++) {
      int item = history[history.length - step];
      if (seen.add(item)) {
        postings[distinct] = index.posting(item).sessions();
        double place = (length - step + 1) / (double) length;
        weights[distinct] = Math.pow(place, options.positionPower());
        steps[distinct++] = step;
      }
    }
    return new SessionSearch(index, options, Arrays.copyOf(postings, distinct), weights, steps);
  }

  /** Adds the best items of the neighbours that the answer's filter accepts. */
  void addTo(Answer answer, Catalog catalog) {
    Int2DoubleOpenHashMap sums = sums();
    ItemFilter filter = answer.filter();
    TopK best = new TopK(Math.min(answer.missing(), sums.size()));
    for (Int2DoubleMap.Entry entry : sums.int2DoubleEntrySet()) {
      int ordinal = entry.getIntKey();
      double score = entry.getDoubleValue() * weight(ordinal);
      if (score > LEAST_SCORE
          && best.admits(score, ordinal)
          && filter.accepts(catalog.id(ordinal))) {
        best.offer(score, ordinal, ordinal);
      }
    }
    best.sort();
    for (int i = 0; i < best.size(); i++) {
      answer.add(best.row(i), best.score(i), SessionKnnRecommender.SOURCE);
    }
  }

  private double weight(int ordinal) {
    Posting posting = index.posting(ordinal);
    double idf = Math.max(0, Math.log(index.sessions() / (double) posting.events()));
    return options.idfOffset() + options.idfFactor() * idf;
  }

  private Int2DoubleOpenHashMap sums() {
    int reach = reach();
    RecentSession[] recent = new RecentSession[reach];
    int[] newestCommon = new int[reach];
    TopK neighbors = new TopK(Math.min(options.neighbors(), reach));
    int[] next = new int[postings.length];
    for (int i = 0; i < reach; i++) {
      RecentSession session = mostRecent(next);
      if (session == null) {
        break;
      }
      double similarity = 0;
      for (int j = postings.length - 1; j >= 0; j--) {
        if (next[j] < postings[j].length && postings[j][next[j]] == session) {
          next[j]++;
          similarity += weights[j];
          newestCommon[i] = steps[j];
        }
      }
      recent[i] = session;
      neighbors.offer(similarity, i, i);
    }
    neighbors.sort();
    Int2DoubleOpenHashMap sums = new Int2DoubleOpenHashMap();
    for (int i = 0; i < neighbors.size(); i++) {
      int row = neighbors.row(i);
      double share = neighbors.score(i) * options.matchWeight().at(newestCommon[row]);
      recent[row].forEachItem(item -> sums.addTo(item, share));
    }
    return sums;
  }

  private int reach() {
    long all = 0;
    for (RecentSession[] posting : postings) {
      all += posting.length;
    }
    return (int) Math.min(options.sessions(), all);
  }

  private @Nullable RecentSession mostRecent(int[] next) {
    RecentSession newest = null;
    for (int j = 0; j < postings.length; j++) {
      if (next[j] < postings[j].length) {
        RecentSession session = postings[j][next[j]];
        if (session != newest && (newest == null || session.isNewerThan(newest))) {
          newest = session;
        }
      }
    }
    return newest;
  }
}
