package io.recommender.examples.shop;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * A walk through the shop: what a recommender answers to shoppers of different tastes, to a
 * stranger, to an outdated history, and while stock changes.
 *
 * <p><b>Confined</b>.
 */
public final class Demo {
  private static final String LISTENER = "shopper-0184";
  private static final String GARDENER = "shopper-2111";
  private static final int K = 8;
  private static final int SHOWN_HISTORY = 9;
  private static final List<Integer> SOLD_OUT_RANKS = List.of(1, 2, 4);

  private final Terminal terminal;
  private final SequenceRecommender recommender;
  private final Catalog catalog;
  private final Shop shop;
  private final Storefront storefront;

  /**
   * Creates a demo.
   *
   * @param terminal where it is shown
   * @param recommender what answers; not closed
   * @param catalog the items of the recommender
   * @param shop the shoppers
   */
  public Demo(Terminal terminal, SequenceRecommender recommender, Catalog catalog, Shop shop) {
    this.terminal = terminal;
    this.recommender = recommender;
    this.catalog = catalog;
    this.shop = shop;
    storefront = new Storefront(terminal, catalog);
  }

  /** Shows everything. */
  public void run() {
    UserHistory listener = history(LISTENER);
    showShopper("1  Someone who hears the difference", LISTENER, listener);
    showShopper("2  Someone who would rather be outside", GARDENER, history(GARDENER));
    showStock(listener);
    showStranger();
    showOutdated(listener);
  }

  private void showShopper(String heading, String shopperId, UserHistory all) {
    Interaction next = all.interactions().get(all.size() - 1);
    UserHistory history = before(next, all);
    terminal.heading(heading);
    terminal.line("  %s", terminal.bold("What " + shopperId + " did"));
    storefront.showHistory(history, SHOWN_HISTORY);
    terminal.line();
    RecommendationRequest request =
        RecommendationRequest.of(history).k(K).filter(ItemFilter.unseen(history)).build();
    Recommendations answer = timed("What comes next?", request);
    storefront.showAnswer(
        answer, item -> item.itemId().equals(next.itemId()) ? terminal.green("▸") : " ");
    int rank = answer.itemIds().indexOf(next.itemId()) + 1;
    terminal.line(
        "  %s what really came next: %s %s",
        terminal.green("▸"),
        terminal.bold(storefront.title(next.itemId())),
        rank > 0 ? terminal.green("(rank " + rank + ")") : terminal.dim("(not in the list)"));
  }

  private void showStock(UserHistory all) {
    terminal.heading("3  The first shopper again, while items sell out");
    UserHistory history = before(all.interactions().get(all.size() - 1), all);
    Map<String, Integer> stock = stock();
    ItemFilter inStock = itemId -> stock.getOrDefault(itemId, 0) > 0;
    terminal.line(
        "  %s", terminal.dim("ItemFilter inStock = itemId -> stock.getOrDefault(itemId, 0) > 0;"));
    RecommendationRequest request =
        RecommendationRequest.of(history)
            .k(K)
            .filter(ItemFilter.unseen(history).and(inStock))
            .build();
    List<ScoredItem> before = recommender.recommend(request).items();
    Set<String> known = before.stream().map(ScoredItem::itemId).collect(Collectors.toSet());
    for (int rank : SOLD_OUT_RANKS) {
      if (rank <= before.size()) {
        ScoredItem item = before.get(rank - 1);
        stock.put(item.itemId(), 0);
        terminal.line(
            "  %s",
            terminal.red(
                "− sold out, was %d  %s".formatted(rank, storefront.title(item.itemId()))));
      }
    }
    terminal.line();
    Recommendations after = timed("The same request, a moment later", request);
    storefront.showAnswer(after, item -> known.contains(item.itemId()) ? " " : terminal.green("+"));
    terminal.line(
        "  %s",
        terminal.dim(
            "The filter acts inside retrieval: %d asked for, %d found; + marks what moved up."
                .formatted(after.requested(), after.size())));
  }

  private void showStranger() {
    terminal.heading("4  A stranger");
    RecommendationRequest request = RecommendationRequest.of(UserHistory.empty()).k(3).build();
    storefront.showAnswer(timed("No history at all, no exception either", request), item -> " ");
  }

  private void showOutdated(UserHistory listener) {
    terminal.heading("5  A history from before the last clean-up");
    UserHistory history =
        UserHistory.of(
            "walkman-1979", listener.itemIds().get(0), "cassette-c90", listener.itemIds().get(2));
    storefront.showHistory(history, SHOWN_HISTORY);
    terminal.line();
    RecommendationRequest request = RecommendationRequest.of(history).k(3).build();
    storefront.showAnswer(timed("Unknown items are counted, not fatal", request), item -> " ");
  }

  /** Answers and tells how long that took. */
  private Recommendations timed(String question, RecommendationRequest request) {
    long start = System.nanoTime();
    Recommendations answer = recommender.recommend(request);
    double milliseconds = (System.nanoTime() - start) / 1e6;
    terminal.line(
        "  %s  %s",
        terminal.bold(question),
        terminal.dim(
            String.format(
                Locale.ROOT,
                "%.2f ms, score: %s",
                milliseconds,
                answer.scoreKind().name().toLowerCase(Locale.ROOT))));
    return answer;
  }

  private UserHistory history(String shopperId) {
    return shop.shoppers().stream()
        .filter(shopper -> shopper.id().equals(shopperId))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("expected " + shopperId + " in the shop"))
        .history();
  }

  private static UserHistory before(Interaction last, UserHistory all) {
    List<Interaction> interactions = all.interactions();
    return UserHistory.of(interactions.subList(0, interactions.lastIndexOf(last)));
  }

  private Map<String, Integer> stock() {
    Map<String, Integer> stock = new ConcurrentHashMap<>();
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      if (catalog.item(ordinal).features().get("stock") instanceof Feature.Scalar scalar) {
        stock.put(catalog.id(ordinal), (int) scalar.value());
      }
    }
    return stock;
  }
}
