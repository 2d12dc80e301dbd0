package io.recommender.examples.shop;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.ScorePolicy;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * A walk through ranking: a recommender proposes, a ranker of clicks and purchases decides, another
 * goal gives another order, and a price that changes counts at once.
 *
 * <p><b>Confined</b>.
 */
public final class RankerDemo {
  /** How many items are proposed to the ranker. */
  public static final int PROPOSED = 50;

  private static final String SHOPPER = "shopper-0184";
  private static final int SHOWN = 6;
  private static final int SHOWN_HISTORY = 5;

  private final Terminal terminal;
  private final SequenceRecommender source;
  private final OnnxReranker ranker;
  private final AtomicReference<Map<String, Double>> prices;
  private final Storefront storefront;
  private final UserHistory history;
  private final Interaction next;

  /**
   * Creates a demo.
   *
   * @param terminal where it is shown
   * @param source what proposes candidates; not closed
   * @param ranker what ranks them, opened with a table of prices; not closed
   * @param prices what that table reads: prices that differ from those of the bundle
   * @param shop the shoppers
   */
  public RankerDemo(
      Terminal terminal,
      SequenceRecommender source,
      OnnxReranker ranker,
      AtomicReference<Map<String, Double>> prices,
      Shop shop) {
    this.terminal = terminal;
    this.source = source;
    this.ranker = ranker;
    this.prices = prices;
    storefront = new Storefront(terminal, ranker.catalog());
    List<Interaction> all =
        shop.shoppers().stream()
            .filter(shopper -> shopper.id().equals(SHOPPER))
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("expected " + SHOPPER + " in the shop"))
            .history()
            .interactions();
    next = all.get(all.size() - 1);
    history = UserHistory.of(all.subList(0, all.size() - 1));
  }

  /** Shows everything. */
  public void run() {
    RecommendationRequest request =
        RecommendationRequest.of(history).k(PROPOSED).filter(ItemFilter.unseen(history)).build();
    List<ScoredItem> proposed = source.recommend(request).items();
    terminal.heading("1  A model proposes, a ranker decides");
    storefront.showHistory(history, SHOWN_HISTORY);
    terminal.line();
    ranker.rerank(request, proposed);
    long start = System.nanoTime();
    List<ScoredItem> ranked = ranker.rerank(request, proposed);
    double milliseconds = (System.nanoTime() - start) / 1e6;
    terminal.line(
        "  %s  %s",
        terminal.bold("Of %d proposals, the ranker's first".formatted(proposed.size())),
        terminal.dim(String.format(Locale.ROOT, "%.2f ms", milliseconds)));
    show(ranked, proposed);
    showNext(proposed, ranked);

    terminal.heading("2  Another goal, another order");
    terminal.line(
        "  %s",
        terminal.dim(
            "ranker.rankingBy(ScorePolicy.of(task -> task.get(\"buy\") / task.get(\"click\")));"));
    Reranker deciding =
        ranker.rankingBy(ScorePolicy.of(task -> task.get("buy") / task.get("click")));
    show(deciding.rerank(request, proposed), ranked);

    terminal.heading("3  A price that changes counts at once");
    ScoredItem best = ranked.get(0);
    double price = price(best.itemId()) * 3;
    terminal.line(
        "  %s",
        terminal.red(
            String.format(Locale.ROOT, "now %.2f: %s", price, storefront.title(best.itemId()))));
    prices.set(Map.of(best.itemId(), price));
    show(ranker.rerank(request, proposed), ranked);
    prices.set(Map.of());
  }

  private double price(String itemId) {
    return ranker
        .catalog()
        .find(itemId)
        .map(Item::features)
        .map(features -> features.get("price"))
        .map(feature -> feature instanceof Feature.Scalar scalar ? scalar.value() : 0.0)
        .orElse(0.0);
  }

  private void showNext(List<ScoredItem> proposed, List<ScoredItem> ranked) {
    terminal.line(
        "  %s what really came next: %s %s",
        terminal.green("▸"),
        terminal.bold(Terminal.fit(storefront.title(next.itemId()), 46).strip()),
        terminal.dim("(was %s, now %s)".formatted(rank(proposed), rank(ranked))));
  }

  private String rank(List<ScoredItem> items) {
    int place = place(items).apply(next.itemId());
    return place > 0 ? Integer.toString(place) : "none";
  }

  /** The place of an item in a list, from 1, 0 if it is not there. */
  private static Function<String, Integer> place(List<ScoredItem> items) {
    List<String> ids = items.stream().map(ScoredItem::itemId).toList();
    return itemId -> ids.indexOf(itemId) + 1;
  }

  private void show(List<ScoredItem> items, List<ScoredItem> before) {
    Function<String, Integer> was = place(before);
    for (int i = 0; i < SHOWN && i < items.size(); i++) {
      ScoredItem item = items.get(i);
      String from = "was %2d".formatted(was.apply(item.itemId()));
      terminal.line(
          "  %s%2d  %s %s %s %s",
          item.itemId().equals(next.itemId()) ? terminal.green("▸") : " ",
          i + 1,
          terminal.dim(from),
          Terminal.fit(storefront.title(item.itemId()), 46),
          chance("click", item),
          chance("buy", item));
    }
  }

  private String chance(String task, ScoredItem item) {
    return terminal.cyan(
        String.format(Locale.ROOT, "%s %5.1f %%", task, 100 * item.taskScores().get(task)));
  }
}
