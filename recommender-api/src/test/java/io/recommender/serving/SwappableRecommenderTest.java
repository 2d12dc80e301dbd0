package io.recommender.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderListener;
import io.recommender.SequenceRecommender;
import io.recommender.Turn;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SwappableRecommenderTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.of("x")).k(2).build();

  private static FakeRecommender model(String version) {
    return FakeRecommender.of(version + "-1", version + "-2").withModelVersion(version);
  }

  private static boolean isClosed(FakeRecommender model) {
    try {
      model.recommend(REQUEST);
      return false;
    } catch (IllegalStateException closed) {
      return true;
    }
  }

  private static RecommendationRequest requestOf(String userId) {
    return RecommendationRequest.of(UserHistory.of("x").forUser(userId)).k(2).build();
  }

  @Test
  void theNewModelAnswersAndTheOldOneIsClosed() {
    FakeRecommender a = model("a@1");
    FakeRecommender b = model("b@1");
    try (SwappableRecommender home =
        SwappableRecommender.builder("home").warmUp(List.of(REQUEST)).open(() -> a)) {
      assertEquals("a@1", home.modelVersion());
      SwapReport report = home.swap(() -> b);
      assertEquals("a@1", report.from());
      assertEquals("b@1", report.to());
      assertEquals(1, report.tried());
      assertTrue(report.isOldClosed());
      assertTrue(isClosed(a));
      assertEquals(List.of("b@1-1", "b@1-2"), home.recommend(REQUEST).itemIds());
    }
    assertTrue(isClosed(b));
  }

  @Test
  void aCallInFlightEndsOnTheModelItBeganWith() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    FakeRecommender a =
        model("a@1")
            .withBefore(
                () -> {
                  inside.countDown();
                  Threads.await(goOn);
                });
    AtomicBoolean isClosedDuringTheCall = new AtomicBoolean();
    SequenceRecommender watched = watched(a, () -> isClosedDuringTheCall.set(goOn.getCount() > 0));
    FakeRecommender b = model("b@1");
    try (Threads threads = new Threads();
        SwappableRecommender home = SwappableRecommender.builder("home").open(() -> watched)) {
      Future<Recommendations> old = threads.start(() -> home.recommend(REQUEST));
      inside.await();
      Future<SwapReport> swap = threads.start(() -> home.swap(() -> b));
      Threads.until(() -> home.recommendAll(List.of()).isEmpty() && isAnsweredBy(b, home));
      assertFalse(swap.isDone(), "waits for the call in flight");
      goOn.countDown();
      assertEquals("a@1", old.get().modelVersion());
      assertTrue(swap.get().isOldClosed());
      assertFalse(isClosedDuringTheCall.get());
    }
  }

  /** Without a call to the old model, which would wait. */
  private static boolean isAnsweredBy(FakeRecommender model, SwappableRecommender home) {
    return home.diagnose(0).fact("swaps").equals(Optional.of(1L))
        && home.recommend(REQUEST).itemIds().equals(model.recommend(REQUEST).itemIds());
  }

  private static SequenceRecommender watched(SequenceRecommender model, Runnable onClose) {
    return new SequenceRecommender() {
      @Override
      public Recommendations recommend(RecommendationRequest request) {
        return model.recommend(request);
      }

      @Override
      public void close() {
        onClose.run();
        model.close();
      }
    };
  }

  @Test
  void aCallThatOutlastsTheDrainClosesItsModelItself() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    SequenceRecommender slow =
        watched(
            model("a@1")
                .withBefore(
                    () -> {
                      inside.countDown();
                      Threads.await(goOn);
                    }),
            closed::countDown);
    try (Threads threads = new Threads();
        SwappableRecommender home =
            SwappableRecommender.builder("home").drainTimeout(Duration.ZERO).open(() -> slow)) {
      Future<Recommendations> call = threads.start(() -> home.recommend(REQUEST));
      inside.await();
      assertFalse(home.swap(() -> model("b@1")).isOldClosed());
      assertEquals(1, closed.getCount());
      goOn.countDown();
      assertEquals("a@1", call.get().modelVersion());
      closed.await();
    }
  }

  @Test
  void aModelThatCannotBeOpenedChangesNothing() {
    RecommenderException damaged =
        new RecommenderException(RecommenderException.Kind.BUNDLE_INVALID, "damaged");
    List<Throwable> told = new ArrayList<>();
    RecommenderListener listener =
        new RecommenderListener() {
          @Override
          public void swapFailed(String recommender, Throwable failure) {
            assertEquals("home", recommender);
            told.add(failure);
          }
        };
    try (SwappableRecommender home =
        SwappableRecommender.builder("home").listener(listener).open(() -> model("a@1"))) {
      Supplier<SequenceRecommender> opening =
          () -> {
            throw damaged;
          };
      assertSame(damaged, assertThrows(RecommenderException.class, () -> home.swap(opening)));
      assertEquals(List.of(damaged), told);
      assertEquals("a@1", home.recommend(REQUEST).modelVersion());
      assertThrows(NullPointerException.class, () -> home.swap(() -> null));
    }
  }

  @Test
  void aModelThatAnswersNothingIsRefusedAndClosed() {
    FakeRecommender empty = FakeRecommender.of();
    try (SwappableRecommender home =
        SwappableRecommender.builder("home").warmUp(List.of(REQUEST)).open(() -> model("a@1"))) {
      RecommenderException refused =
          assertThrows(RecommenderException.class, () -> home.swap(() -> empty));
      assertEquals(RecommenderException.Kind.MODEL_REFUSED, refused.kind());
      assertEquals(
          "home, new model, request 1 of 1: expected at least one item, found none",
          refused.getMessage());
      assertTrue(isClosed(empty));
      assertEquals("a@1", home.recommend(REQUEST).modelVersion());
    }
  }

  @Test
  void aModelThatFailsIsRefusedWithTheReason() {
    IllegalArgumentException bad = new IllegalArgumentException("bad model");
    try (SwappableRecommender home =
        SwappableRecommender.builder("home").warmUp(List.of(REQUEST)).open(() -> model("a@1"))) {
      RecommenderException refused =
          assertThrows(
              RecommenderException.class, () -> home.swap(() -> FakeRecommender.failing(bad)));
      assertSame(bad, refused.getCause());
      assertTrue(refused.getMessage().contains("bad model"), refused.getMessage());
      assertThrows(
          OutOfMemoryError.class,
          () -> home.swap(() -> FakeRecommender.failing(new OutOfMemoryError("no room"))));
      assertEquals("a@1", home.recommend(REQUEST).modelVersion());
    }
  }

  @Test
  void aModelIsTriedAsABatchToo() {
    SequenceRecommender short1 =
        new SequenceRecommender() {
          @Override
          public Recommendations recommend(RecommendationRequest request) {
            return model("b@1").recommend(request);
          }

          @Override
          public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
            return List.of(recommend(requests.get(0)));
          }
        };
    try (SwappableRecommender home =
        SwappableRecommender.builder("home")
            .warmUp(List.of(REQUEST, REQUEST))
            .open(() -> model("a@1"))) {
      RecommenderException refused =
          assertThrows(RecommenderException.class, () -> home.swap(() -> short1));
      assertEquals(
          "home, new model, 2 requests as a batch: expected as many answers, found 1",
          refused.getMessage());
    }
  }

  @Test
  void theFirstModelIsTriedToo() {
    FakeRecommender empty = FakeRecommender.of();
    SwappableRecommender.Builder builder =
        SwappableRecommender.builder("home").warmUp(List.of(REQUEST));
    assertThrows(RecommenderException.class, () -> builder.open(() -> empty));
    assertTrue(isClosed(empty));
  }

  @Test
  void recentRequestsThatMayBeKeptAreReplayed() {
    FakeRecommender b = model("b@1");
    try (SwappableRecommender home =
        SwappableRecommender.builder("home")
            .keepRecent(3, request -> !request.history().userId().equals(Optional.of("secret")))
            .open(() -> model("a@1"))) {
      for (String user : List.of("1", "2", "secret", "3", "4")) {
        home.recommend(requestOf(user));
      }
      home.recommendAll(List.of(requestOf("5")));
      home.forget("4");
      assertEquals(2, home.swap(() -> b).tried());
      List<String> users =
          b.requests().stream().map(SwappableRecommenderTest::user).distinct().sorted().toList();
      assertEquals(List.of("3", "5"), users);
    }
  }

  @Test
  void withoutConsentNoRequestIsKeptWhateverThePredicateSays() {
    FakeRecommender b = model("b@1");
    List<RecommendationRequest> asked = new ArrayList<>();
    try (SwappableRecommender home =
        SwappableRecommender.builder("home").keepRecent(3, asked::add).open(() -> model("a@1"))) {
      RecommendationRequest refused = requestOf("ann").toBuilder().consent(false).build();
      home.recommend(refused);
      home.recommendAll(List.of(refused, refused.nextPage(home.recommend(refused))));
      assertEquals(Optional.of(0L), home.diagnose(0).fact("recent requests kept"));
      assertEquals(List.of(), asked);
      home.recommendAll(List.of(refused, requestOf("bob"), refused));
      assertEquals(Optional.of(1L), home.diagnose(0).fact("recent requests kept"));
      assertEquals(1, home.swap(() -> b).tried());
    }
    assertEquals(
        List.of("bob"), b.requests().stream().map(SwappableRecommenderTest::user).toList());
  }

  @Test
  void requestsThatTakeMoreThanTheirShareAreNotKept() {
    float[] photo = new float[4_096];
    RecommendationRequest small = requestOf("ann");
    RecommendationRequest large =
        small.toBuilder().context("photo", Feature.Tensor.vector(photo)).build();
    RecommendationRequest talking =
        small.toBuilder().dialog(List.of(Turn.user("x".repeat(10_000)))).build();
    try (SwappableRecommender home =
        SwappableRecommender.builder("home")
            .keepRecent(4, 4 * 8_000, request -> true)
            .open(() -> model("a@1"))) {
      home.recommend(large);
      home.recommend(talking);
      home.recommend(
          RecommendationRequest.of(UserHistory.ofItems(Collections.nCopies(200, "x"))).build());
      home.recommend(small.toBuilder().filter(ItemFilter.deny(ids(200))).build());
      assertEquals(Optional.of(0L), home.diagnose(0).fact("recent requests kept"));
      for (int i = 0; i < 9; i++) {
        home.recommend(small);
      }
      assertEquals(Optional.of(4L), home.diagnose(0).fact("recent requests kept"));
      long bytes = ServedBytes.of(small, home.recommend(small));
      assertTrue(bytes > 500 && bytes < 4_000, "bytes " + bytes);
      assertEquals(Optional.of(4 * bytes), home.diagnose(0).fact("recent requests"));
      assertTrue(ServedBytes.of(large, home.recommend(small)) > 4 * photo.length);
    }
    SwappableRecommender.Builder builder = SwappableRecommender.builder("home");
    assertThrows(IllegalArgumentException.class, () -> builder.keepRecent(1, -1, request -> true));
  }

  private static List<String> ids(int count) {
    return IntStream.range(0, count).mapToObj(i -> "item-" + i).toList();
  }

  private static String user(RecommendationRequest request) {
    return request.history().userId().orElseThrow();
  }

  /** A live request whose filter accepts nothing must not stand in the way of a new model. */
  @Test
  void whatHadNoItemBeforeNeedsNoneAfter() {
    RecommendationRequest nothing =
        RecommendationRequest.of(UserHistory.of("x")).filter(item -> false).build();
    try (SwappableRecommender home =
        SwappableRecommender.builder("home")
            .keepRecent(4, request -> true)
            .open(() -> model("a@1"))) {
      assertTrue(home.recommend(nothing).isEmpty());
      assertEquals(1, home.swap(() -> model("b@1")).tried());
      home.recommend(REQUEST);
      assertThrows(RecommenderException.class, () -> home.swap(FakeRecommender::of));
    }
  }

  @Test
  void aCheckOfTheCallersDecides() {
    FakeRecommender same = FakeRecommender.of("a@1-2", "new").withModelVersion("a@2");
    try (SwappableRecommender home =
        SwappableRecommender.builder("home")
            .keepRecent(4, request -> true)
            .check(AcceptanceCheck.answersSomething().and(AcceptanceCheck.overlap(0.5)))
            .open(() -> model("a@1"))) {
      home.recommend(REQUEST);
      RecommenderException refused =
          assertThrows(RecommenderException.class, () -> home.swap(() -> model("b@1")));
      assertEquals(
          "home, new model, request 1 of 1: expected 0.5 of the 2 items answered before,"
              + " found 0 of them",
          refused.getMessage());
      assertEquals("a@2", home.swap(() -> same).to());
    }
    assertThrows(IllegalArgumentException.class, () -> AcceptanceCheck.overlap(Double.NaN));
  }

  @Test
  void aRollbackBringsThePreviousModelBack() {
    FakeRecommender a = model("a@1");
    FakeRecommender b = model("b@1");
    FakeRecommender c = model("c@1");
    try (SwappableRecommender home =
        SwappableRecommender.builder("home")
            .warmUp(List.of(REQUEST))
            .keepPrevious()
            .open(() -> a)) {
      assertEquals(Optional.empty(), home.previousVersion());
      assertThrows(IllegalStateException.class, home::rollback);
      home.swap(() -> b);
      home.swap(() -> c);
      assertTrue(isClosed(a), "one previous model is kept, not all");
      assertFalse(isClosed(b));
      assertEquals(Optional.of("b@1"), home.previousVersion());
      SwapReport report = home.rollback();
      assertEquals("c@1", report.from());
      assertEquals("b@1", report.to());
      assertTrue(isClosed(c));
      assertEquals("b@1", home.recommend(REQUEST).modelVersion());
      assertThrows(IllegalStateException.class, home::rollback);
      FakeRecommender d = model("d@1");
      home.swap(() -> d);
      home.dropPrevious();
      assertTrue(isClosed(b));
      assertThrows(IllegalStateException.class, home::rollback);
      home.swap(() -> model("e@1"));
    }
  }

  @Test
  void closingClosesBothModelsAndRefusesSwaps() {
    FakeRecommender a = model("a@1");
    FakeRecommender b = model("b@1");
    SwappableRecommender home = SwappableRecommender.builder("home").keepPrevious().open(() -> a);
    home.swap(() -> b);
    assertTrue(home.close(Duration.ofSeconds(5)));
    assertTrue(isClosed(a));
    assertTrue(isClosed(b));
    assertThrows(IllegalStateException.class, () -> home.swap(() -> model("c@1")));
    assertThrows(IllegalStateException.class, home::rollback);
    assertThrows(IllegalStateException.class, () -> home.recommend(REQUEST));
  }

  @Test
  void aModelOpenedWhileTheRecommenderIsClosedIsClosed() {
    FakeRecommender b = model("b@1");
    SwappableRecommender home = SwappableRecommender.builder("home").open(() -> model("a@1"));
    assertThrows(
        IllegalStateException.class,
        () ->
            home.swap(
                () -> {
                  home.close();
                  return b;
                }));
    assertTrue(isClosed(b));
  }

  @Test
  void aFailureToCloseTheOldModelIsToldAndHarmsNobody() {
    List<String> told = new ArrayList<>();
    RecommenderListener listener =
        new RecommenderListener() {
          @Override
          public void sourceFailed(String recommender, String stage, Throwable failure) {
            told.add(recommender + " " + stage + " " + failure.getMessage());
          }

          @Override
          public void modelSwapped(String recommender, String from, String to, long nanoseconds) {
            told.add(from + " to " + to);
          }
        };
    SequenceRecommender stuck =
        watched(
            model("a@1"),
            () -> {
              throw new IllegalStateException("will not close");
            });
    try (SwappableRecommender home =
        SwappableRecommender.builder("home")
            .warmUp(List.of(REQUEST))
            .listener(listener)
            .open(() -> stuck)) {
      home.swap(() -> model("b@1"));
      assertEquals(List.of("a@1 to b@1", "home close will not close"), told);
      assertEquals("b@1", home.recommend(REQUEST).modelVersion());
    }
  }

  @Test
  void noAnswerAndNoBatchIsOfTwoModels() throws Exception {
    AtomicInteger open = new AtomicInteger();
    AtomicInteger next = new AtomicInteger();
    Supplier<SequenceRecommender> opening =
        () -> {
          open.incrementAndGet();
          return watched(model("m@" + next.getAndIncrement()), open::decrementAndGet);
        };
    AtomicBoolean isOver = new AtomicBoolean();
    AtomicInteger calls = new AtomicInteger();
    try (Threads threads = new Threads();
        SwappableRecommender home = SwappableRecommender.builder("home").open(opening)) {
      for (int i = 0; i < 8; i++) {
        threads.start(
            () -> {
              while (!isOver.get()) {
                List<Recommendations> answers =
                    home.recommendAll(List.of(REQUEST, REQUEST, REQUEST));
                for (Recommendations answer : answers) {
                  String version = answers.get(0).modelVersion();
                  assertEquals(version, answer.modelVersion());
                  assertEquals(List.of(version + "-1", version + "-2"), answer.itemIds());
                }
                calls.incrementAndGet();
              }
              return null;
            });
      }
      for (int swap = 0; swap < 200; swap++) {
        int before = calls.get();
        assertTrue(home.swap(opening).isOldClosed());
        Threads.until(() -> calls.get() > before);
        assertEquals(1, open.get());
      }
      isOver.set(true);
      threads.join();
    }
    assertEquals(0, open.get());
  }
}
