package io.recommender.examples.cli;

import picocli.CommandLine.Command;

/** {@code benchmark}: listed here, started by the launcher, because JMH is a program of its own. */
@Command(
    name = "benchmark",
    description = {
      "Measures with JMH: the library against the bare engine. Takes JMH's own options,",
      "for example: -p bundle=DIR -prof gc RecommendBenchmark"
    })
final class BenchmarkCommand implements Runnable {
  @Override
  public void run() {
    throw new IllegalStateException("benchmark: expected to be started by examples/run");
  }
}
