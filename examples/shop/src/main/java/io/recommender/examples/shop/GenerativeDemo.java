package io.recommender.examples.shop;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.ann.semantic.CollisionReport;
import io.recommender.ann.semantic.SemanticIdIndex;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A walk through recommendations that a model writes code by code: what codes are, what the model
 * writes for a shopper, what it cannot write, and an item that is new.
 *
 * <p><b>Confined</b>.
 */
public final class GenerativeDemo {
  private static final String LISTENER = "shopper-0184";
  private static final int K = 8;
  private static final int SHOWN_HISTORY = 5;
  private static final int SHOWN_ALIKE = 5;

  private final Terminal terminal;
  private final BeamDecoder decoder;
  private final SemanticIdIndex index;
  private final Catalog catalog;
  private final Storefront storefront;
  private final UserHistory history;
  private final Interaction next;

  /**
   * Creates a demo.
   *
   * @param terminal where it is shown
   * @param decoder what answers; not closed, its index is as before afterwards
   * @param catalog the items of the decoder
   * @param shop the shoppers
   */
  public GenerativeDemo(Terminal terminal, BeamDecoder decoder, Catalog catalog, Shop shop) {
    this.terminal = terminal;
    this.decoder = decoder;
    this.catalog = catalog;
    index = decoder.index();
    storefront = new Storefront(terminal, catalog);
    List<Interaction> all =
        shop.shoppers().stream()
            .filter(shopper -> shopper.id().equals(LISTENER))
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("expected " + LISTENER + " in the shop"))
            .history()
            .interactions();
    next = all.get(all.size() - 1);
    history = UserHistory.of(all.subList(0, all.size() - 1));
  }

  /** Shows everything. */
  public void run() {
    showCodes();
    RecommendationRequest request =
        RecommendationRequest.of(history).k(K).filter(ItemFilter.unseen(history)).build();
    Recommendations answer = showAnswer(request);
    showStock(request, answer);
    showNewItem(request, answer);
  }

  private void showCodes() {
    terminal.heading("1  Every item has a code");
    CollisionReport report = CollisionReport.of(index);
    terminal.line(
        "  %s",
        terminal.dim(
            String.format(
                Locale.ROOT,
                "%,d items, %,d codes of %d numbers; items that are bought alike begin alike.",
                report.items(),
                report.distinctCodes(),
                index.shape().levels())));
    int[] code = code(next.itemId());
    IntStream.range(0, catalog.size())
        .mapToObj(catalog::id)
        .filter(id -> Arrays.equals(code(id), 0, 2, code, 0, 2))
        .sorted(Comparator.comparing(id -> !id.equals(next.itemId())))
        .limit(SHOWN_ALIKE)
        .forEach(id -> terminal.line("  %s  %s", shown(code(id)), storefront.title(id)));
  }

  private Recommendations showAnswer(RecommendationRequest request) {
    terminal.heading("2  A model writes the code of what comes next");
    storefront.showHistory(history, SHOWN_HISTORY);
    terminal.line();
    decoder.recommend(request);
    long start = System.nanoTime();
    Recommendations answer = decoder.recommend(request);
    double milliseconds = (System.nanoTime() - start) / 1e6;
    terminal.line(
        "  %s  %s",
        terminal.bold("What comes next?"),
        terminal.dim(
            String.format(
                Locale.ROOT, "%.2f ms, %d runs of the model", milliseconds, answer.modelRuns())));
    showItems(answer, next.itemId());
    int rank = answer.itemIds().indexOf(next.itemId()) + 1;
    terminal.line(
        "  %s what really came next: %s %s",
        terminal.green("▸"),
        terminal.bold(storefront.title(next.itemId())),
        rank > 0 ? terminal.green("(rank " + rank + ")") : terminal.dim("(not in the list)"));
    return answer;
  }

  private void showStock(RecommendationRequest request, Recommendations answer) {
    terminal.heading("3  What is sold out is never written");
    String best = answer.items().get(0).itemId();
    terminal.line("  %s", terminal.red("− sold out: " + storefront.title(best)));
    terminal.line("  %s", terminal.dim("decoder.index().setAvailable(\"" + best + "\", false);"));
    index.setAvailable(best, false);
    Recommendations without = decoder.recommend(request.toBuilder().k(3).build());
    showItems(without, next.itemId());
    index.setAvailable(best, true);
  }

  private void showNewItem(RecommendationRequest request, Recommendations answer) {
    terminal.heading("4  A new item needs no training");
    int[] code = code(answer.items().get(0).itemId());
    int last = code.length - 1;
    while (!index.items(code).isEmpty()) {
      code[last] = (code[last] + 1) % index.shape().size(last);
    }
    terminal.line(
        "  %s", terminal.dim("decoder.index().add(\"brand-new\", " + Arrays.toString(code) + ");"));
    index.add("brand-new", code);
    RecommendationRequest few =
        request.toBuilder()
            .filter(ItemFilter.allow(List.of("brand-new", answer.items().get(0).itemId())))
            .build();
    showItems(decoder.recommend(few), "brand-new");
    index.remove("brand-new");
  }

  private void showItems(Recommendations answer, String marked) {
    int rank = 0;
    for (ScoredItem item : answer) {
      rank++;
      terminal.line(
          "  %s%2d  %s  %s %s",
          item.itemId().equals(marked) ? terminal.green("▸") : " ",
          rank,
          shown(code(item.itemId())),
          Terminal.fit(storefront.title(item.itemId()), 52),
          terminal.dim(String.format(Locale.ROOT, "%7.2f", item.score())));
    }
  }

  private int[] code(String itemId) {
    return index.code(itemId).orElseThrow();
  }

  private String shown(int[] code) {
    StringBuilder shown = new StringBuilder();
    for (int part : code) {
      shown.append(String.format(Locale.ROOT, "%4d", part));
    }
    return terminal.cyan(shown.toString());
  }
}
