package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class WriterBenchmarkTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return WriterBenchmark.commandLine(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  @Test
  void eachRoundIsToldAndAddsUntilItReplaces() {
    int status =
        run("--n", "50", "--dimension", "8", "--rounds", "3", "--seconds", "0.05", "--seed", "7");
    assertEquals(0, status, err.toString());
    String[] lines = out.toString().lines().toArray(String[]::new);
    assertEquals(6, lines.length, out.toString());
    for (int round = 1; round <= 3; round++) {
      String[] columns = lines[1 + round].strip().split("\\s+");
      assertEquals(7, columns.length, lines[1 + round]);
      assertEquals(Integer.toString(round), columns[0]);
      double idle = Double.parseDouble(columns[2]);
      double adding = Double.parseDouble(columns[4]);
      assertTrue(Double.parseDouble(columns[1]) <= idle, lines[1 + round]);
      assertTrue(Double.parseDouble(columns[3]) <= adding, lines[1 + round]);
      assertEquals(adding / idle, Double.parseDouble(columns[5]), 0.5 * adding / idle);
      assertTrue(Double.parseDouble(columns[6]) > 0, lines[1 + round]);
    }
    assertTrue(lines[5].startsWith("ratio of the 99th percentiles: median "), lines[5]);
  }

  @Test
  void numbersOutOfRangeAreRefused() {
    assertEquals(2, run("--n", "0"));
    assertTrue(err.toString().contains("--n: expected at least 1, found 0"), err.toString());
    assertEquals(2, run("--n", "2000000000"));
    assertTrue(err.toString().contains("--n: expected at most 536870912"), err.toString());
    assertEquals(2, run("--seconds", "NaN"));
    assertTrue(err.toString().contains("--seconds: expected a positive number"), err.toString());
  }
}
