package io.recommender.examples.cli;

import picocli.CommandLine.Command;

/** {@code benchmark}: listed here, started by the launcher, as these are programs of their own. */
@Command(
    name = "benchmark",
    description = {
      "Measures with JMH: the library against the bare engine, and its arithmetic. Takes JMH's",
      "own options, for example: -p bundle=DIR -prof gc RecommendBenchmark",
      "benchmark index: vector indexes side by side, this library's and others.",
      "benchmark keywords: the keyword index beside Lucene's."
    })
final class BenchmarkCommand implements Runnable {
  @Override
  public void run() {
    throw new IllegalStateException("benchmark: expected to be started by examples/run");
  }
}
