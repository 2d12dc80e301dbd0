package io.recommender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.testing.ExplainerContract;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Reasons, and explainers whose weights are known. */
class ExplainerTest extends ExplainerContract {
  private static final List<String> EXPERTS = List.of("dominant", "balanced", "complementary");
  private static final Map<String, float[]> SHARES =
      Map.of(
          "a", new float[] {0.2f, 0.5f, 0.3f},
          "b", new float[] {0.7f, 0.1f, 0.2f},
          "off", new float[] {0.7f, 0.7f, 0.2f});

  @Override
  protected Explainer create() {
    return Explainer.ofWeights(
        Reason.Kind.ROUTING, EXPERTS, (request, itemId) -> Optional.ofNullable(SHARES.get(itemId)));
  }

  @Override
  protected RecommendationRequest request() {
    return RecommendationRequest.of(UserHistory.empty()).build();
  }

  @Override
  protected List<String> itemIds() {
    return List.of("a", "b");
  }

  private static List<String> names(List<Reason> reasons) {
    return reasons.stream().map(Reason::name).toList();
  }

  @Test
  void weightsBecomeReasonsStrongestFirst() {
    assertEquals(
        List.of("balanced", "complementary", "dominant"), names(create().explain(request(), "a")));
    List<Reason> signed =
        Reason.ranked(
            Reason.Kind.ATTRIBUTION,
            List.of("age", "price", "color", "size"),
            new double[] {0.5, -2, 0.5, 1});
    assertEquals(List.of("price", "size", "age", "color"), names(signed));
    assertEquals(-2, signed.get(0).weight());
  }

  @Test
  void roundingOfADistributionDoesNotShow() {
    List<Reason> half =
        Reason.ranked(Reason.Kind.CLASS, List.of("clay", "sand"), new double[] {0.6004, 0.4001});
    assertEquals(0.6004 / 1.0005, half.get(0).weight(), 1e-12);
    assertEquals(1, half.get(0).weight() + half.get(1).weight(), 1e-12);
  }

  @Test
  void whatIsNoDistributionIsRefused() {
    IllegalArgumentException sum =
        assertThrows(IllegalArgumentException.class, () -> create().explain(request(), "off"));
    assertTrue(sum.getMessage().contains("kind ROUTING: expected a sum of 1"), sum.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> Reason.ranked(Reason.Kind.CLASS, List.of("x", "y"), new double[] {1.2, -0.2}));
    assertThrows(
        IllegalArgumentException.class,
        () -> Reason.ranked(Reason.Kind.CONCEPT, List.of("x"), new double[] {Double.NaN}));
    IllegalArgumentException count =
        assertThrows(
            IllegalArgumentException.class,
            () -> Reason.ranked(Reason.Kind.CONCEPT, List.of("x"), new double[] {1, 2}));
    assertEquals("weights: expected 1, one for each of [x], found 2", count.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            Explainer.ofWeights(
                Reason.Kind.ROUTING, List.of("x", "x"), (request, itemId) -> Optional.empty()));
  }
}
