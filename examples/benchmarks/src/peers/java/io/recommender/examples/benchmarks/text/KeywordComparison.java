package io.recommender.examples.benchmarks.text;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.ann.text.KeywordIndex;
import io.recommender.ann.text.WordAnalyzer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.lucene.search.ScoreDoc;

/** The same texts and queries in this library's keyword index and in Lucene's, in turn. */
final class KeywordComparison {
  static final double K1 = 1.2;
  static final double B = 0.75;

  /** What float sums differ by from double ones, relative to the score. */
  private static final double ROUNDING = 1e-5;

  private final KeywordIndex index = KeywordIndex.builder().k1(K1).b(B).build();
  private final WordAnalyzer words = new WordAnalyzer();
  private final List<List<String>> queries;
  private final List<Map<String, Double>> keywords;
  private final int k;
  private final LuceneKeywords lucene;
  private final double[] buildSeconds = new double[2];

  /**
   * What the results of all queries come to.
   *
   * @param equal lists with the same items in the same order
   * @param rounded lists whose scores are equal place by place up to the rounding of floats
   * @param different all others
   */
  record Agreement(int equal, int rounded, int different) {}

  KeywordComparison(Path folder, List<String> texts, List<List<String>> queries, int k)
      throws IOException {
    this.queries = queries;
    this.k = k;
    keywords =
        queries.stream()
            .map(
                query -> {
                  Map<String, Double> weights = new HashMap<>();
                  query.forEach(word -> weights.put(word, 1.0));
                  return Map.copyOf(weights);
                })
            .toList();
    List<String> ids = IntStream.range(0, texts.size()).mapToObj(Integer::toString).toList();
    long start = System.nanoTime();
    index.addTexts(ids, texts);
    buildSeconds[0] = (System.nanoTime() - start) / 1e9;
    start = System.nanoTime();
    lucene = new LuceneKeywords(folder, texts, words, K1, B);
    buildSeconds[1] = (System.nanoTime() - start) / 1e9;
  }

  Agreement agreement() throws IOException {
    int equal = 0;
    int rounded = 0;
    for (int i = 0; i < queries.size(); i++) {
      List<ScoredItem> ours = index.search(keywords.get(i), k, ItemFilter.all());
      ScoreDoc[] theirs = lucene.search(queries.get(i), k);
      boolean isEqual = ours.size() == theirs.length;
      boolean isRounded = isEqual;
      for (int place = 0; place < theirs.length && isRounded; place++) {
        double score = ours.get(place).score();
        isEqual &= ours.get(place).itemId().equals(Integer.toString(theirs[place].doc));
        isRounded = Math.abs(score - theirs[place].score) <= ROUNDING * score;
      }
      equal += isEqual ? 1 : 0;
      rounded += !isEqual && isRounded ? 1 : 0;
    }
    return new Agreement(equal, rounded, queries.size() - equal - rounded);
  }

  /** Measures each query once per round, the engines in turn round by round. */
  void measure(int warmUps, int rounds, PrintStream out) throws IOException {
    double[][] micros = new double[2][rounds * queries.size()];
    long found = 0;
    for (int round = -warmUps; round < rounds; round++) {
      for (int engine = 0; engine < 2; engine++) {
        for (int i = 0; i < queries.size(); i++) {
          long start = System.nanoTime();
          found +=
              engine == 0
                  ? index.search(keywords.get(i), k, ItemFilter.all()).size()
                  : lucene.search(queries.get(i), k).length;
          if (round >= 0) {
            micros[engine][round * queries.size() + i] = (System.nanoTime() - start) / 1e3;
          }
        }
      }
    }
    out.printf(
        Locale.ROOT,
        "%d items, %d queries, k %d, %d rounds, %d results%n",
        index.size(),
        queries.size(),
        k,
        rounds,
        found);
    out.println("                    build s   memory MB   mean us    p50 us    p99 us");
    row(out, "KeywordIndex", 0, index.estimatedBytes(), micros);
    row(out, "Lucene (files)", 1, lucene.bytes(), micros);
    out.printf(
        Locale.ROOT,
        "Lucene / KeywordIndex: mean %.2f, p50 %.2f, p99 %.2f%n",
        mean(micros[1]) / mean(micros[0]),
        percentile(micros[1], 0.5) / percentile(micros[0], 0.5),
        percentile(micros[1], 0.99) / percentile(micros[0], 0.99));
  }

  private void row(PrintStream out, String name, int engine, long bytes, double[][] micros) {
    out.printf(
        Locale.ROOT,
        "%-18s %8.1f  %10.1f %9.1f %9.1f %9.1f%n",
        name,
        buildSeconds[engine],
        bytes / 1e6,
        mean(micros[engine]),
        percentile(micros[engine], 0.5),
        percentile(micros[engine], 0.99));
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElse(0);
  }

  private static double percentile(double[] values, double part) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[(int) Math.min(sorted.length - 1, part * sorted.length)];
  }

  void close() throws IOException {
    lucene.close();
  }
}
