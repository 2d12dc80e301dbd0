package io.recommender.examples.benchmarks.index;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options that mean the same in each benchmark of indexes, and how wrong ones are refused. */
final class SharedOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Option(
      names = "--dimension",
      paramLabel = "N",
      description = "The length of synthetic vectors. Default: ${DEFAULT-VALUE}.")
  private int dimension = 128;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Rounds of timing. Default: ${DEFAULT-VALUE}.")
  private int rounds = 5;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of all that is drawn at random. Default: ${DEFAULT-VALUE}.")
  private long seed = 42;

  void check() {
    atLeastOne("--dimension", dimension);
    atLeastOne("--rounds", rounds);
  }

  int dimension() {
    return dimension;
  }

  int rounds() {
    return rounds;
  }

  long seed() {
    return seed;
  }

  void atLeastOne(String name, long value) {
    if (value < 1) {
      throw usage("%s: expected at least 1, found %d", name, value);
    }
  }

  CommandLine.ParameterException usage(String format, Object... arguments) {
    return new CommandLine.ParameterException(spec.commandLine(), Texts.format(format, arguments));
  }
}
