package io.recommender.serving;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Decides whether a model may take the place of another, answer by answer.
 *
 * <p>An answer that is thrown, or whose scores are not finite, is refused before it is asked.
 *
 * <p><b>Thread safety.</b> Called by the thread that swaps.
 */
@FunctionalInterface
public interface AcceptanceCheck {

  /**
   * Looks at one answer of the new model.
   *
   * @param request the request
   * @param served what a caller was answered to it by the model to be replaced, if one was
   * @param answer what the new model answers
   * @return what is wrong, as expected and found; empty if nothing is. Never with the user's data
   */
  Optional<String> objection(
      RecommendationRequest request, Optional<Recommendations> served, Recommendations answer);

  /**
   * Returns the check that is made unless another is given: some item in every answer, except where
   * a caller was answered none before.
   *
   * @return the check
   */
  static AcceptanceCheck answersSomething() {
    return (request, served, answer) ->
        answer.isEmpty() && (served.isEmpty() || !served.get().isEmpty())
            ? Optional.of("expected at least one item, found none")
            : Optional.empty();
  }

  /**
   * Returns a check that each answer has a part of the items in common with what a caller was
   * answered before; for models that differ little, such as those of yesterday and today.
   *
   * @param least the least part, from 0 to 1
   * @return the check
   */
  static AcceptanceCheck overlap(double least) {
    if (!(least >= 0 && least <= 1)) {
      throw new IllegalArgumentException("least: expected 0 to 1, found " + least);
    }
    return (request, served, answer) -> {
      if (served.isEmpty() || served.get().isEmpty()) {
        return Optional.empty();
      }
      Set<String> common = new HashSet<>(served.get().itemIds());
      int before = common.size();
      common.retainAll(new HashSet<>(answer.itemIds()));
      return common.size() < least * before
          ? Optional.of(
              "expected %s of the %d items answered before, found %d of them"
                  .formatted(least, before, common.size()))
          : Optional.empty();
    };
  }

  /**
   * Returns a check that makes this one and then another.
   *
   * @param other the other check
   * @return the check
   */
  default AcceptanceCheck and(AcceptanceCheck other) {
    Objects.requireNonNull(other, "other");
    return (request, served, answer) ->
        objection(request, served, answer).or(() -> other.objection(request, served, answer));
  }
}
