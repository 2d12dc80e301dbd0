package io.recommender;

import static io.recommender.testing.RecommendationsAssert.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.recommender.testing.FakeRecommender;
import io.recommender.testing.RecommendationsAssert;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

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
}
