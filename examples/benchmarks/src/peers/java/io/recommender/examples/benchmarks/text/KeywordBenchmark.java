package io.recommender.examples.benchmarks.text;

import io.recommender.ann.text.WordAnalyzer;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code examples/run benchmark keywords}: measures keyword indexes side by side. */
@Command(
    name = "examples/run benchmark keywords",
    mixinStandardHelpOptions = true,
    description = {
      "Measures the keyword index and Lucene's BM25 on the same texts and queries in one run.",
      "Without a file: texts of 3 to 20 words, drawn in proportion to 1 / rank. Queries are of 3",
      "to 5 words, most of them of one text. Needs JDK 21 or newer, for Lucene."
    })
public final class KeywordBenchmark implements Callable<Integer> {
  private static final int VOCABULARY = 200_000;

  @Option(names = "--file", description = "A text a line, UTF-8.")
  private @Nullable Path file;

  @Option(names = "--n", description = "Texts to draw (default: ${DEFAULT-VALUE}).")
  private int size = 1_000_000;

  @Option(names = "--queries", description = "Queries (default: ${DEFAULT-VALUE}).")
  private int queries = 1000;

  @Option(names = "--k", description = "Results of a query (default: ${DEFAULT-VALUE}).")
  private int k = 10;

  @Option(names = "--rounds", description = "Measured rounds (default: ${DEFAULT-VALUE}).")
  private int rounds = 5;

  @Option(names = "--warm-ups", description = "Rounds before (default: ${DEFAULT-VALUE}).")
  private int warmUps = 5;

  /**
   * Runs the command.
   *
   * @param arguments see {@code --help}
   */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new KeywordBenchmark()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    PrintStream out = System.out;
    SplittableRandom random = new SplittableRandom(11);
    List<String> texts = file == null ? texts(random, size) : Files.readAllLines(file);
    List<List<String>> asked = queries(random, texts, queries);
    Path folder = Files.createTempDirectory("keywords");
    try {
      KeywordComparison comparison = new KeywordComparison(folder, texts, asked, k);
      try {
        out.println(comparison.agreement());
        comparison.measure(warmUps, rounds, out);
      } finally {
        comparison.close();
      }
    } finally {
      delete(folder);
    }
    return 0;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(KeywordBenchmark::deleteOne);
    }
  }

  private static void deleteOne(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<String> texts(SplittableRandom random, int size) {
    double[] sums = new double[VOCABULARY];
    for (int rank = 0; rank < VOCABULARY; rank++) {
      sums[rank] = (rank == 0 ? 0 : sums[rank - 1]) + 1.0 / (rank + 1);
    }
    List<String> texts = new ArrayList<>(size);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < size; i++) {
      text.setLength(0);
      for (int word = 3 + random.nextInt(9) + random.nextInt(10); word > 0; word--) {
        int at = Arrays.binarySearch(sums, random.nextDouble() * sums[VOCABULARY - 1]);
        text.append('w').append(at < 0 ? -1 - at : at).append(' ');
      }
      texts.add(text.toString());
    }
    return texts;
  }

  static List<List<String>> queries(SplittableRandom random, List<String> texts, int count) {
    WordAnalyzer words = new WordAnalyzer();
    List<List<String>> queries = new ArrayList<>();
    while (queries.size() < count) {
      List<String> first = new ArrayList<>(words.apply(texts.get(random.nextInt(texts.size()))));
      List<String> other = words.apply(texts.get(random.nextInt(texts.size())));
      Collections.shuffle(first, new Random(random.nextLong()));
      Set<String> query = new LinkedHashSet<>(first.subList(0, Math.min(4, first.size())));
      query.addAll(other.subList(0, Math.min(1, other.size())));
      if (query.size() >= 3) {
        int most = 3 + random.nextInt(3);
        queries.add(query.stream().skip(Math.max(0, query.size() - most)).toList());
      }
    }
    return queries;
  }
}
