package io.recommender.testing;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.pipeline.CandidateSource;
import io.recommender.pipeline.CatalogOverlay;
import io.recommender.pipeline.RecommenderPipeline;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The rules every {@link SequenceRecommender} keeps. Extend it and supply the recommender and the
 * items it knows, at least five.
 */
public abstract class SequenceRecommenderContract {
  private SequenceRecommender recommender;
  private Catalog catalog;

  /**
   * Makes the recommender under test.
   *
   * @return a new one, closed by the test
   */
  protected abstract SequenceRecommender create();

  /**
   * Names the items.
   *
   * @return what the recommender may return, by ordinal
   */
  protected abstract Catalog items();

  /**
   * Whether close frees something, so that later calls have to be refused.
   *
   * @return true unless overridden
   */
  protected boolean closes() {
    return true;
  }

  /**
   * Whether equal scores are ordered by catalogue ordinal.
   *
   * @return true unless overridden by a recommender that documents another order
   */
  protected boolean ordersTiesByOrdinal() {
    return true;
  }

  /**
   * Whether an answer in a batch may differ from a single one by rounding.
   *
   * @return the allowed difference of scores
   */
  protected double batchTolerance() {
    return 1e-5;
  }

  @BeforeEach
  void open() {
    catalog = items();
    assertTrue(catalog.size() >= 5, "the contract needs at least five items");
    recommender = create();
  }

  @AfterEach
  void close() {
    recommender.close();
  }

  private UserHistory history() {
    return UserHistory.of(catalog.id(1), catalog.id(3));
  }

  private Recommendations ask(UserHistory history, int k, ItemFilter filter) {
    RecommendationRequest request = RecommendationRequest.of(history).k(k).filter(filter).build();
    return checked(request, recommender.recommend(request));
  }

  private Recommendations checked(RecommendationRequest request, Recommendations answer) {
    assertEquals(request.k(), answer.requested(), "requested");
    assertTrue(answer.size() <= request.k(), "at most k items");
    Set<String> seen = new HashSet<>();
    ScoredItem previous = null;
    for (ScoredItem item : answer) {
      assertTrue(catalog.contains(item.itemId()), () -> "unknown item " + item.itemId());
      assertTrue(request.filter().accepts(item.itemId()), () -> "rejected " + item.itemId());
      assertTrue(seen.add(item.itemId()), () -> "twice: " + item.itemId());
      assertTrue(Double.isFinite(item.score()), () -> "score " + item.score());
      if (previous != null) {
        double above = previous.score();
        assertTrue(above >= item.score(), "descending scores");
        if (above == item.score() && ordersTiesByOrdinal()) {
          assertTrue(
              catalog.ordinal(previous.itemId()) < catalog.ordinal(item.itemId()),
              "equal scores by ordinal");
        }
      }
      previous = item;
    }
    if (answer.size() < request.k()) {
      assertTrue(answer.hasNotice(Notice.Code.SHORTFALL), "a shortfall needs a notice");
    }
    return answer;
  }

  @Test
  void answersKnownItems() {
    assertEquals(3, ask(history(), 3, ItemFilter.all()).size());
  }

  @Test
  void answersOneItem() {
    assertEquals(1, ask(history(), 1, ItemFilter.all()).size());
  }

  @Test
  void aLongerListStartsWithTheShorterOne() {
    List<String> shorter = ask(history(), 2, ItemFilter.all()).itemIds();
    assertEquals(shorter, ask(history(), 4, ItemFilter.all()).itemIds().subList(0, 2));
  }

  @Test
  void neverReturnsMoreThanTheCatalogue() {
    Recommendations all = ask(history(), catalog.size(), ItemFilter.all());
    Recommendations more = ask(history(), catalog.size() + 1, ItemFilter.all());
    assertEquals(all.itemIds(), more.itemIds());
    assertTrue(more.hasNotice(Notice.Code.SHORTFALL));
  }

  @Test
  void anEmptyHistoryIsNotAnError() {
    ask(UserHistory.empty(), 3, ItemFilter.all());
  }

  @Test
  void anUnknownItemIsSkippedWithANotice() {
    String unknown = "no-such-item";
    UserHistory with = UserHistory.of(catalog.id(1), unknown, catalog.id(3));
    Recommendations answer = ask(with, 3, ItemFilter.all());
    assertEquals(ask(history(), 3, ItemFilter.all()).itemIds(), answer.itemIds());
    assertTrue(answer.hasNotice(Notice.Code.UNKNOWN_ITEMS));
  }

  @Test
  void aHistoryOfUnknownItemsIsNotAnError() {
    UserHistory unknown = UserHistory.of("no-such-item", "nor-this");
    assertTrue(ask(unknown, 3, ItemFilter.all()).hasNotice(Notice.Code.UNKNOWN_ITEMS));
  }

  @Test
  void aFilterThatRejectsEverythingGivesNothingAndSaysSo() {
    assertTrue(ask(history(), 3, itemId -> false).isEmpty());
    assertTrue(ask(history(), 3, ItemFilter.allow(Set.of())).isEmpty());
  }

  @Test
  void filtersActInsideTheRanking() {
    List<String> everything = ask(history(), catalog.size(), ItemFilter.all()).itemIds();
    String best = everything.get(0);
    List<String> others = everything.subList(1, everything.size());
    int k = Math.min(3, others.size());
    List<String> expected = others.subList(0, k);
    assertAll(
        () -> assertEquals(expected, ask(history(), k, itemId -> !itemId.equals(best)).itemIds()),
        () -> assertEquals(expected, ask(history(), k, ItemFilter.deny(Set.of(best))).itemIds()),
        () ->
            assertEquals(
                expected, ask(history(), k, ItemFilter.allow(new HashSet<>(others))).itemIds()),
        () ->
            assertEquals(
                List.of(best),
                ask(history(), k, ItemFilter.allow(Set.of(best, "no-such-item"))).itemIds()));
  }

  /** Asked again and again with the same filters, of which something may be remembered. */
  @Test
  void liveChangesAreSeenByTheNextCall() {
    CatalogOverlay live = new CatalogOverlay();
    ItemFilter affordable = itemId -> live.price(itemId).orElse(1) <= 10;
    List<String> everything = ask(history(), catalog.size(), ItemFilter.all()).itemIds();
    String best = everything.get(0);
    int k = Math.min(3, everything.size() - 1);
    List<String> with = everything.subList(0, k);
    List<String> without = everything.subList(1, k + 1);
    ItemFilter constant = ItemFilter.allow(everything);
    ItemFilter all = constant.and(affordable).and(live.filter());
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("live")
            .source(CandidateSource.of("source", recommender).depth(k))
            .overlay(live)
            .build()) {
      Consumer<List<String>> answers =
          expected -> {
            for (int call = 0; call < 3; call++) {
              assertEquals(expected, ask(history(), k, all).itemIds());
              for (ItemFilter own : List.of(affordable, constant.and(affordable))) {
                RecommendationRequest request =
                    RecommendationRequest.of(history()).k(k).filter(own).build();
                assertEquals(expected, pipeline.recommend(request).itemIds());
              }
            }
          };
      answers.accept(with);
      live.setStock(best, 0);
      answers.accept(without);
      live.setStock(best, 2);
      answers.accept(with);
      live.setVisible(best, false);
      answers.accept(without);
      live.setVisible(best, true);
      answers.accept(with);
      live.setPrice(best, 10.5);
      answers.accept(without);
      live.setPrice(best, 9.5);
      answers.accept(with);
    }
    assertEquals(
        everything,
        ask(history(), catalog.size(), ItemFilter.all()).itemIds(),
        "nothing but the overlay has changed");
  }

  @Test
  void theSameRequestTwiceGetsTheSameAnswer() {
    Recommendations once = ask(history(), 4, ItemFilter.all());
    assertEquals(once.items(), ask(history(), 4, ItemFilter.all()).items());
  }

  @Test
  void aBatchEqualsSingleCalls() {
    List<RecommendationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 23; i++) {
      List<String> items = new ArrayList<>();
      for (int j = 0; j < i % 7; j++) {
        items.add(catalog.id((i * 5 + j * 3) % catalog.size()));
      }
      requests.add(
          RecommendationRequest.of(UserHistory.ofItems(items)).k(1 + i % catalog.size()).build());
    }
    List<Recommendations> answers = recommender.recommendAll(requests);
    assertEquals(requests.size(), answers.size());
    for (int i = 0; i < requests.size(); i++) {
      List<ScoredItem> single = recommender.recommend(requests.get(i)).items();
      List<ScoredItem> batched = checked(requests.get(i), answers.get(i)).items();
      assertEquals(single.size(), batched.size());
      for (int rank = 0; rank < single.size(); rank++) {
        double score = single.get(rank).score();
        assertEquals(
            score, batched.get(rank).score(), batchTolerance() * Math.max(1, Math.abs(score)));
      }
    }
    assertEquals(List.of(), recommender.recommendAll(List.of()));
  }

  @Test
  void manyThreadsGetTheSameAnswers() throws Exception {
    List<UserHistory> histories = new ArrayList<>();
    List<List<ScoredItem>> expected = new ArrayList<>();
    for (int i = 0; i < catalog.size() && i < 20; i++) {
      histories.add(UserHistory.of(catalog.id(i), catalog.id((i + 2) % catalog.size())));
      expected.add(ask(histories.get(i), 4, ItemFilter.all()).items());
    }
    inParallel(
        8,
        () -> {
          for (int round = 0; round < 25; round++) {
            for (int i = 0; i < histories.size(); i++) {
              assertEquals(expected.get(i), ask(histories.get(i), 4, ItemFilter.all()).items());
            }
          }
          return null;
        });
  }

  @Test
  void closingTwiceHasNoEffect() {
    recommender.close();
    assertDoesNotThrow(recommender::close);
  }

  @Test
  void afterCloseCallsAreRefused() {
    recommender.close();
    if (closes()) {
      assertThrows(IllegalStateException.class, () -> recommender.recommend(history()));
      assertThrows(IllegalStateException.class, () -> recommender.recommend(UserHistory.empty()));
    } else {
      assertEquals(3, ask(history(), 3, ItemFilter.all()).size());
    }
  }

  @Test
  void closingDuringCallsLetsThemComplete() throws Exception {
    CountDownLatch running = new CountDownLatch(4);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Object>> callers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        callers.add(
            threads.submit(
                () -> {
                  for (int call = 0; call < 1_000_000; call++) {
                    ask(history(), 3, ItemFilter.all());
                    if (call == 0) {
                      running.countDown();
                    }
                    if (!closes() && call == 100) {
                      return null;
                    }
                  }
                  return null;
                }));
      }
      running.await();
      recommender.close();
      for (Future<Object> caller : callers) {
        if (closes()) {
          ExecutionException refused = assertThrows(ExecutionException.class, caller::get);
          assertEquals(IllegalStateException.class, refused.getCause().getClass());
        } else {
          caller.get();
        }
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static void inParallel(int threadCount, Callable<Object> task) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(threadCount);
    try {
      List<Callable<Object>> tasks = new ArrayList<>();
      for (int i = 0; i < threadCount; i++) {
        tasks.add(task);
      }
      for (Future<Object> result : threads.invokeAll(tasks)) {
        result.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
