package io.recommender;

import static io.recommender.testing.RecommendationsAssert.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.testing.FakeItemEncoder;
import io.recommender.testing.FakeRecommender;
import io.recommender.testing.FakeReranker;
import io.recommender.testing.ItemEncoderContract;
import io.recommender.testing.RecommendationsAssert;
import io.recommender.testing.RerankerContract;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class TestkitTest {
  private static final Recommendations ANSWER =
      Recommendations.of(
              3, List.of(new ScoredItem("a", 2, "model"), new ScoredItem("b", 1, "popular")))
          .notice(new Notice(Notice.Code.SHORTFALL, 1, "no more"))
          .build();

  @Test
  void whatHoldsPasses() {
    assertThat(ANSWER)
        .hasSize(2)
        .containsExactly("a", "b")
        .contains("b")
        .excludes("c")
        .passes(ItemFilter.allow(Set.of("a", "b", "c")))
        .hasNoDuplicates()
        .isSortedByScore()
        .hasItemFrom("b", "popular")
        .hasNotice(Notice.Code.SHORTFALL)
        .hasNoNotice(Notice.Code.TIMED_OUT);
    assertThat(Recommendations.of(1, List.of()).build()).isEmpty().hasNoNotices();
    assertThat(Recommendations.of(1, List.of(new ScoredItem("a", 1))).build()).isComplete();
  }

  private static void assertFails(Recommendations answer, Consumer<RecommendationsAssert> claim) {
    assertThrows(AssertionError.class, () -> claim.accept(assertThat(answer)));
  }

  @Test
  void whatDoesNotHoldFailsAndTellsWhatWasFound() {
    assertEquals(
        "expected exactly [b, a], found [a, b] of 3 requested with "
            + "[Notice[code=SHORTFALL, count=1, message=no more]]",
        assertThrows(AssertionError.class, () -> assertThat(ANSWER).containsExactly("b", "a"))
            .getMessage());
    assertFails(ANSWER, answer -> answer.hasSize(3));
    assertFails(ANSWER, RecommendationsAssert::isComplete);
    assertFails(ANSWER, RecommendationsAssert::isEmpty);
    assertFails(ANSWER, answer -> answer.contains("a", "c"));
    assertFails(ANSWER, answer -> answer.excludes("c", "a"));
    assertFails(ANSWER, answer -> answer.passes(ItemFilter.deny(Set.of("b"))));
    assertFails(ANSWER, answer -> answer.hasItemFrom("b", "model"));
    assertFails(ANSWER, answer -> answer.hasNotice(Notice.Code.TIMED_OUT));
    assertFails(ANSWER, answer -> answer.hasNoNotice(Notice.Code.SHORTFALL));
    assertFails(ANSWER, RecommendationsAssert::hasNoNotices);
    Recommendations twice =
        Recommendations.of(2, List.of(new ScoredItem("a", 1), new ScoredItem("a", 2))).build();
    assertFails(twice, RecommendationsAssert::hasNoDuplicates);
    assertFails(twice, RecommendationsAssert::isSortedByScore);
  }

  @Test
  void aFakeKeepsTheRulesAndRemembersRequests() {
    FakeRecommender fake = FakeRecommender.of("a", "b", "c").withModelVersion("fake@1");
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of("x"))
            .k(3)
            .filter(ItemFilter.deny(Set.of("b")))
            .build();
    Recommendations answer = fake.recommend(request);
    assertThat(answer).containsExactly("a", "c").hasNotice(Notice.Code.SHORTFALL);
    assertEquals("fake@1", answer.modelVersion());
    assertEquals(List.of(request), fake.requests());
    fake.close();
    assertThrows(IllegalStateException.class, () -> fake.recommend(request));
  }

  @Test
  void aFakeFailsAsItWasTold() {
    RuntimeException failure = new IllegalArgumentException("told");
    FakeRecommender failing = FakeRecommender.failing(failure);
    assertSame(
        failure,
        assertThrows(IllegalArgumentException.class, () -> failing.recommend(UserHistory.empty())));
    FakeRecommender broken = FakeRecommender.failing(new NoClassDefFoundError("lib"));
    assertThrows(NoClassDefFoundError.class, () -> broken.recommend(UserHistory.empty()));
  }

  @Nested
  class FakeRerankerKeepsTheContract extends RerankerContract {
    @Override
    protected Reranker create() {
      return FakeReranker.first("c", "nobody", "b").withDropped("d");
    }

    @Override
    protected List<String> itemIds() {
      return List.of("a", "b", "c", "d", "e");
    }
  }

  @Nested
  class FakeItemEncoderKeepsTheContract extends ItemEncoderContract {
    @Override
    protected ItemEncoder create() {
      return FakeItemEncoder.of(3).withVector("a", 1, 0, 0);
    }

    @Override
    protected List<Item> items() {
      return List.of(Item.of("a"), Item.of("b"), Item.of("c"));
    }
  }

  @Test
  void aFakeRerankerRanksTellsAndRemembers() {
    Notice told = new Notice(Notice.Code.DEFAULTED_FEATURE, 1, "price absent");
    FakeReranker fake = FakeReranker.first("c", "b").withDropped("a").withNotices(told);
    RecommendationRequest request = RecommendationRequest.of(UserHistory.of("x")).build();
    List<ScoredItem> candidates =
        List.of(
            new ScoredItem("a", 9, "model"),
            new ScoredItem("b", 8, "model"),
            new ScoredItem("d", 7, "popular"),
            new ScoredItem("c", 6, "model"));
    List<Notice> notices = new ArrayList<>();
    assertEquals(
        List.of(
            new ScoredItem("c", 3, "model"),
            new ScoredItem("b", 2, "model"),
            new ScoredItem("d", 1, "popular")),
        fake.rerankWithNotices(request, candidates, notices::add));
    assertEquals(List.of(told), notices);
    assertEquals(List.of(new FakeReranker.Call(request, candidates)), fake.calls());
    fake.close();
    assertThrows(IllegalStateException.class, () -> fake.rerank(request, candidates));
  }

  @Test
  void aFakeRerankerFailsAsItWasTold() {
    RecommendationRequest request = RecommendationRequest.of(UserHistory.empty()).build();
    FakeReranker failing = FakeReranker.failing(new IllegalArgumentException("told"));
    assertThrows(IllegalArgumentException.class, () -> failing.rerank(request, List.of()));
    FakeReranker broken = FakeReranker.failing(new NoClassDefFoundError("lib"));
    assertThrows(NoClassDefFoundError.class, () -> broken.rerank(request, List.of()));
  }

  @Test
  void aFakeEncoderKnowsItsVectorsAndMakesTheOthers() {
    FakeItemEncoder fake = FakeItemEncoder.of(2, Similarity.DOT).withVector("a", 3, 4);
    List<Item> items = List.of(Item.of("a"), Item.of("b"), Item.of("c"));
    float[][] vectors = fake.encode(items);
    assertArrayEquals(new float[] {3, 4}, vectors[0]);
    assertArrayEquals(FakeItemEncoder.of(2).encode(items)[1], vectors[1], "by the id alone");
    assertFalse(Arrays.equals(vectors[1], vectors[2]));
    assertEquals(Similarity.DOT, fake.similarity());
    assertEquals(items, fake.encoded());
    assertThrows(IllegalArgumentException.class, () -> fake.withVector("a", 1));
    assertThrows(IllegalArgumentException.class, () -> FakeItemEncoder.of(0));
    FakeItemEncoder failing = FakeItemEncoder.failing(new UnsupportedOperationException("told"));
    assertThrows(UnsupportedOperationException.class, () -> failing.encode(items));
    fake.close();
    assertThrows(IllegalStateException.class, () -> fake.encode(items));
  }

  @Test
  void fakesWaitAndAnInterruptionEndsThat() {
    CountDownLatch open = new CountDownLatch(0);
    CountDownLatch closed = new CountDownLatch(1);
    List<Item> items = List.of(Item.of("a"));
    assertEquals(1, FakeItemEncoder.of(1).withLatch(open).encode(items).length);
    RecommendationRequest request = RecommendationRequest.of(UserHistory.empty()).build();
    for (Executable call :
        List.<Executable>of(
            () -> FakeItemEncoder.of(1).withLatch(closed).encode(items),
            () -> FakeReranker.first().withLatch(closed).rerank(request, List.of()),
            () -> FakeRecommender.of().withLatch(closed).recommend(request))) {
      Thread.currentThread().interrupt();
      assertThrows(IllegalStateException.class, call);
      assertTrue(Thread.interrupted());
    }
  }
}
