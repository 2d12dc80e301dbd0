package io.recommender.examples.cli;

import io.recommender.examples.page.PageCheck;
import io.recommender.examples.page.PageServer;
import io.recommender.examples.shop.Shop;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code shop --serve}, {@code shop --check} and {@code shop data}. */
@Command(
    name = "shop",
    description = {
      "Opens the made-up shop in the browser: shop --serve.",
      "Writes its data: shop data --out DIR."
    },
    synopsisSubcommandLabel = "COMMAND",
    subcommands = HelpCommand.class)
final class ShopCommand implements Callable<Integer> {
  private static final int MOST_PORT = 65_535;

  @Spec private CommandSpec spec;

  @ArgGroup private Action action;

  @Option(
      names = "--port",
      defaultValue = "8080",
      paramLabel = "P",
      description = "Where the page is served, 0 for any free port (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Decides the first shelf and all that is drawn (default: ${DEFAULT-VALUE}).")
  private long seed;

  /** What is done without a command. */
  private static final class Action {
    @Option(names = "--serve", description = "Serve the page to this machine until stopped.")
    private boolean serve;

    @Option(
        names = "--check",
        description = "Open the page in a headless Chromium and use it; CHROME names the program.")
    private boolean check;
  }

  @Command(
      name = "data",
      description = "Writes items.jsonl and interactions.tsv, the same bytes for the same seed.")
  int data(
      @Option(names = "--out", required = true, paramLabel = "DIR", description = "The folder.")
          Path out,
      @Option(
              names = "--seed",
              defaultValue = "" + Shop.SEED,
              description = "The seed (default: ${DEFAULT-VALUE}).")
          long seed,
      @Option(
              names = "--shoppers",
              defaultValue = "" + Shop.SHOPPERS,
              description = "How many shoppers (default: ${DEFAULT-VALUE}).")
          int shoppers)
      throws IOException {
    if (shoppers < 0) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--shoppers: expected at least 0, found " + shoppers);
    }
    Shop shop = Shop.generate(seed, shoppers);
    shop.writeTo(out);
    spec.commandLine()
        .getOut()
        .printf(
            "%s: %d items, %d shoppers, %d interactions%n",
            out, shop.catalog().size(), shoppers, shop.interactionCount());
    return CommandLine.ExitCode.OK;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (action == null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "expected --serve, --check or 'shop data', found none of them");
    }
    if (port < 0 || port > MOST_PORT) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--port: expected 0 to %d, found %d".formatted(MOST_PORT, port));
    }
    PrintWriter out = spec.commandLine().getOut();
    if (action.check) {
      try (PageServer server = PageServer.start(Bundles.all(), 0, seed, Shop.SHOPPERS)) {
        return PageCheck.run(server.address(), out)
            ? CommandLine.ExitCode.OK
            : CommandLine.ExitCode.SOFTWARE;
      }
    }
    out.println("Opening a model and the texts of the shop…");
    try (PageServer server = PageServer.start(Bundles.all(), port, seed, Shop.SHOPPERS)) {
      out.printf("The shop is open: %s (Ctrl+C closes it)%n", server.address());
      Thread.currentThread().join();
    }
    return CommandLine.ExitCode.OK;
  }
}
