package io.recommender;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feedback.Outcome;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FeedbackTest {

  @Test
  void eachPartIsKept() {
    float[] hidden = {1, 2};
    Feedback feedback =
        Feedback.of("sku-1")
            .forUser("ann")
            .withAttribution("0af3")
            .label("click", 1)
            .withOutcome("buy", new Outcome(0, 0.25f))
            .withHidden(hidden)
            .withTime(Instant.EPOCH);
    hidden[0] = 9;
    assertEquals("sku-1", feedback.itemId());
    assertEquals(Optional.of("ann"), feedback.userId());
    assertEquals("0af3", feedback.attributionId());
    assertEquals(
        Map.of("click", new Outcome(1, Float.NaN), "buy", new Outcome(0, 0.25f)),
        feedback.outcomes());
    assertArrayEquals(new float[] {1, 2}, feedback.hidden().orElseThrow());
    assertEquals(Optional.of(Instant.EPOCH), feedback.time());
    assertTrue(feedback.hasConsent() && feedback.isPositive());
    assertFalse(feedback.consent(false).hasConsent());
    assertFalse(feedback.outcomes().get("click").isPredicted());
    assertEquals(feedback, feedback.consent(false).consent(true));
    assertEquals(feedback.hashCode(), feedback.consent(false).consent(true).hashCode());
    assertNotEquals(feedback, feedback.forUser("bob"));
    assertFalse(feedback.toString().contains("ann"));
  }

  @Test
  void onlyWhatCameTrueIsPositive() {
    assertFalse(Feedback.of("a").isPositive());
    assertFalse(Feedback.of("a").label("click", 0).isPositive());
    assertTrue(Feedback.of("a").label("click", 0).label("dwell", 0.1).isPositive());
  }

  @Test
  void rangesAreChecked() {
    Feedback feedback = Feedback.of("a");
    assertEquals(
        "label: expected a number in [0, 1], found NaN",
        assertThrows(IllegalArgumentException.class, () -> feedback.label("click", Double.NaN))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> feedback.label("click", 1.5));
    assertThrows(IllegalArgumentException.class, () -> new Outcome(0, -0.1f));
    assertThrows(IllegalArgumentException.class, () -> Feedback.of(""));
  }

  @Test
  void aSinkOfSeveralReachesAllOfThem() {
    List<String> heard = new ArrayList<>();
    IllegalStateException first = new IllegalStateException("a store is down");
    IllegalStateException second = new IllegalStateException("another is");
    FeedbackSink sink =
        FeedbackSink.all(
            userId -> {
              heard.add("a " + userId);
              throw first;
            },
            userId -> heard.add("b " + userId),
            userId -> {
              throw second;
            });
    assertSame(first, assertThrows(IllegalStateException.class, () -> sink.forget("ann")));
    assertArrayEquals(new Throwable[] {second}, first.getSuppressed());
    assertEquals(List.of("a ann", "b ann"), heard);
  }

  @Test
  void withoutConsentNoSinkHearsOfIt() {
    List<Feedback> heard = new ArrayList<>();
    FeedbackSink one =
        new FeedbackSink() {
          @Override
          public void observe(Feedback feedback) {
            heard.add(feedback);
          }

          @Override
          public void forget(String userId) {}
        };
    FeedbackSink sink = FeedbackSink.all(List.of(one));
    Feedback feedback = Feedback.of("a").label("click", 1);
    sink.observe(feedback.consent(false));
    sink.observe(feedback);
    assertEquals(List.of(feedback), heard);
  }

  @Test
  void consentIsPartOfARequest() {
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of("a")).consent(false).build();
    assertFalse(request.hasConsent());
    assertFalse(request.toBuilder().k(3).build().hasConsent());
    assertTrue(RecommendationRequest.of(UserHistory.of("a")).build().hasConsent());
  }
}
