package io.recommender.examples.cli;

import io.recommender.RecommenderException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** What {@code examples/run} starts. */
@Command(
    name = "examples/run",
    description = "Shows, runs and measures recommenders.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      RecommendCommand.class,
      EvaluateCommand.class,
      ColdCommand.class,
      ParityCommand.class,
      RankCommand.class,
      BenchmarkCommand.class,
      BundleCommand.class,
      DoctorCommand.class,
      GpuCheckCommand.class,
      CodesCommand.class,
      ShopCommand.class,
      HelpCommand.class
    },
    footer = {"", "Start with: examples/run demo"})
public final class Main implements Runnable {
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Show where an error comes from.")
  private boolean stacktrace;

  private Main() {}

  /**
   * Runs a command and exits with 0, with 1 after an error, or with 2 if the command was not
   * understood.
   *
   * @param arguments the command and its options
   */
  public static void main(String[] arguments) {
    int status = commandLine(utf8(FileDescriptor.out), utf8(FileDescriptor.err)).execute(arguments);
    System.exit(status);
  }

  static CommandLine commandLine(PrintWriter out, PrintWriter err) {
    Main main = new Main();
    Ansi ansi = Boolean.getBoolean("examples.stdout.terminal") ? Ansi.ON : Ansi.OFF;
    return new CommandLine(main)
        .setOut(out)
        .setErr(err)
        .setColorScheme(CommandLine.Help.defaultColorScheme(ansi))
        .setUsageHelpWidth(100)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(
            (exception, command, parsed) -> {
              if (main.stacktrace) {
                exception.printStackTrace(command.getErr());
              } else {
                command.getErr().println("error: " + message(exception));
              }
              return CommandLine.ExitCode.SOFTWARE;
            });
  }

  private static String message(Exception exception) {
    if (exception instanceof RecommenderException recommenderException) {
      return recommenderException.kind() + ": " + exception.getMessage();
    }
    if (exception instanceof NoSuchFileException) {
      return exception.getMessage() + ": no such file";
    }
    if (exception instanceof UncheckedIOException || exception instanceof IOException) {
      return exception.toString();
    }
    return exception.getMessage() == null ? exception.toString() : exception.getMessage();
  }

  private static PrintWriter utf8(FileDescriptor descriptor) {
    return new PrintWriter(
        new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8), true);
  }

  /** Without a command: shows the usage. */
  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "expected a command, found none");
  }
}
