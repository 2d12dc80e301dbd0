package io.recommender.examples.benchmarks.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Only a build with a newer JDK has Lucene. */
final class KeywordComparisonTest {
  @TempDir Path folder;

  /** Texts are shorter than the lengths that Lucene rounds. */
  @Test
  void resultsAreThoseOfLucene() throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    List<String> texts = KeywordBenchmark.texts(random, 5000);
    List<List<String>> queries = KeywordBenchmark.queries(random, texts, 200);
    KeywordComparison comparison = new KeywordComparison(folder, texts, queries, 20);
    try {
      KeywordComparison.Agreement agreement = comparison.agreement();
      assertEquals(0, agreement.different(), agreement::toString);
      assertTrue(agreement.equal() >= 180, agreement::toString);
    } finally {
      comparison.close();
    }
  }
}
