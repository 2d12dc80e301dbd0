package io.recommender.examples.cli;

import io.recommender.examples.shop.Shop;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code shop data}. */
@Command(
    name = "shop",
    description = "Writes the data of the made-up shop: shop data --out DIR.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = HelpCommand.class)
final class ShopCommand implements Runnable {
  @Spec private CommandSpec spec;

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
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "expected 'shop data', found no command after 'shop'");
  }
}
