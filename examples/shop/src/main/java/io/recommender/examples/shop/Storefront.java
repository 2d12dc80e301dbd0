package io.recommender.examples.shop;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.Notice;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Shows histories and recommendations by title, as lines of at most 100 characters.
 *
 * <p><b>Confined</b>.
 */
public final class Storefront {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("dd MMM HH:mm", Locale.ENGLISH).withZone(ZoneOffset.UTC);

  private final Terminal terminal;
  private final Catalog catalog;

  /**
   * Creates a storefront.
   *
   * @param terminal where lines go
   * @param catalog the items, with title, category and price as far as they are known
   */
  public Storefront(Terminal terminal, Catalog catalog) {
    this.terminal = terminal;
    this.catalog = catalog;
  }

  /**
   * Shows the newest interactions of a history.
   *
   * @param history the history
   * @param newest how many at most
   */
  public void showHistory(UserHistory history, int newest) {
    List<Interaction> all = history.interactions();
    int hidden = Math.max(0, all.size() - newest);
    if (hidden > 0) {
      terminal.line("  %s", terminal.dim("… " + hidden + " earlier"));
    }
    for (Interaction interaction : all.subList(hidden, all.size())) {
      String behavior = interaction.behavior().orElse("");
      String padded = Terminal.fit(behavior, 6);
      terminal.line(
          "  %s  %s %s %s",
          terminal.dim(Terminal.fit(interaction.time().map(TIME::format).orElse(""), 12)),
          behavior.equals("buy") ? terminal.green(padded) : padded,
          Terminal.fit(title(interaction.itemId()), 45),
          terminal.dim(last(2, category(interaction.itemId()))));
    }
  }

  /**
   * Shows an answer with its notices.
   *
   * @param answer the answer
   * @param mark what stands before each item, one character
   */
  public void showAnswer(Recommendations answer, Function<ScoredItem, String> mark) {
    int rank = 0;
    for (ScoredItem item : answer) {
      rank++;
      terminal.line("  %s", answerLine(rank, item, mark.apply(item)));
    }
    showNotices(answer);
  }

  /**
   * Shows the notices of an answer.
   *
   * @param answer the answer
   */
  public void showNotices(Recommendations answer) {
    for (Notice notice : answer.notices()) {
      terminal.line(
          "  %s %s",
          terminal.yellow("note"), terminal.dim(notice.code() + ": " + notice.message()));
    }
  }

  private String answerLine(int rank, ScoredItem item, String mark) {
    String price =
        catalog
            .find(item.itemId())
            .map(Item::features)
            .map(features -> features.get("price"))
            .map(
                feature ->
                    feature instanceof Feature.Scalar scalar
                        ? String.format(Locale.ROOT, "%.2f", scalar.value())
                        : "")
            .orElse("");
    return String.format(
        Locale.ROOT,
        "%s%2d  %s %8s  %s %s %s",
        mark,
        rank,
        Terminal.fit(title(item.itemId()), 44),
        price,
        terminal.dim(Terminal.fit(last(1, category(item.itemId())), 18)),
        terminal.dim(String.format(Locale.ROOT, "%7.2f", item.score())),
        terminal.dim(item.source()));
  }

  /**
   * Returns what people call an item.
   *
   * @param itemId the item
   * @return its title, or its id if it has none
   */
  public String title(String itemId) {
    return catalog.find(itemId).flatMap(item -> item.text("title")).orElse(itemId);
  }

  private String category(String itemId) {
    return catalog
        .find(itemId)
        .map(item -> item.text("category").orElse(""))
        .orElse("not in the shop");
  }

  /** Returns the last levels of a category, which say most. */
  private static String last(int levels, String category) {
    List<String> path = List.of(category.split(" > "));
    return String.join(" > ", path.subList(Math.max(0, path.size() - levels), path.size()));
  }
}
