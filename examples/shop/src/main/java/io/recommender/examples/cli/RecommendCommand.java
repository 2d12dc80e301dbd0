package io.recommender.examples.cli;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.examples.shop.Json;
import io.recommender.examples.shop.Storefront;
import io.recommender.examples.shop.Terminal;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code recommend}: one request to one bundle. */
@Command(name = "recommend", description = "Asks a bundle what comes after a history.")
final class RecommendCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--bundle",
      required = true,
      paramLabel = "DIR",
      description = "The folder of the bundle.")
  private Path bundle;

  @Option(
      names = "--history",
      split = ",",
      paramLabel = "ID",
      description = "Items the user had, oldest first, separated by commas. None: a stranger.")
  private List<String> history = List.of();

  @Option(
      names = "-k",
      defaultValue = "10",
      description = "How many items (default: ${DEFAULT-VALUE}).")
  private int k;

  @Option(
      names = "--allow",
      split = ",",
      paramLabel = "ID",
      description = "Nothing but these items.")
  private List<String> allow = List.of();

  @Option(names = "--deny", split = ",", paramLabel = "ID", description = "None of these items.")
  private List<String> deny = List.of();

  @Option(names = "--filter-seen", description = "None of the items of the history.")
  private boolean filterSeen;

  @Option(names = "--json", description = "Answer as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    if (k < 1) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "-k: expected at least 1, found " + k);
    }
    ItemFilter filter = allow.isEmpty() ? ItemFilter.all() : ItemFilter.allow(allow);
    filter = filter.and(ItemFilter.deny(deny));
    UserHistory user = UserHistory.ofItems(history);
    RecommendationRequest request =
        RecommendationRequest.of(user)
            .k(k)
            .filter(filterSeen ? filter.and(ItemFilter.unseen(user)) : filter)
            .build();
    try (OpenBundle open = Bundles.open(bundle, k)) {
      Recommendations answer = open.recommender().recommend(request);
      Terminal terminal = Terminal.on(spec.commandLine().getOut());
      if (json) {
        terminal.text(json(answer));
      } else {
        terminal.line("  %s", terminal.dim(answer.modelVersion()));
        show(terminal, open.catalog(), answer);
      }
    }
    return CommandLine.ExitCode.OK;
  }

  private static void show(Terminal terminal, Catalog catalog, Recommendations answer) {
    Storefront storefront = new Storefront(terminal, catalog);
    int rank = 0;
    for (ScoredItem item : answer) {
      rank++;
      terminal.line(
          "  %3d %9.4f  %s %s %s",
          rank,
          item.score(),
          Terminal.fit(item.itemId(), 14),
          Terminal.fit(storefront.title(item.itemId()), 48),
          terminal.dim(item.source()));
    }
    storefront.showNotices(answer);
  }

  private static String json(Recommendations answer) {
    String items =
        answer.items().stream().map(RecommendCommand::json).collect(Collectors.joining(",\n    "));
    String notices =
        answer.notices().stream()
            .map(RecommendCommand::json)
            .collect(Collectors.joining(",\n    "));
    return """
        {
          "modelVersion": %s,
          "scoreKind": %s,
          "requested": %d,
          "items": [%s],
          "notices": [%s]
        }
        """
        .formatted(
            Json.quote(answer.modelVersion()),
            Json.quote(answer.scoreKind().name()),
            answer.requested(),
            items.isEmpty() ? "" : "\n    " + items + "\n  ",
            notices.isEmpty() ? "" : "\n    " + notices + "\n  ");
  }

  private static String json(ScoredItem item) {
    return "{\"id\": %s, \"score\": %s, \"source\": %s}"
        .formatted(Json.quote(item.itemId()), item.score(), Json.quote(item.source()));
  }

  private static String json(Notice notice) {
    return "{\"code\": %s, \"count\": %d, \"message\": %s}"
        .formatted(Json.quote(notice.code().name()), notice.count(), Json.quote(notice.message()));
  }
}
