package io.recommender.serving;

import java.time.Duration;
import java.util.Objects;

/**
 * What a swap of models did.
 *
 * <p><b>Immutable</b>.
 *
 * @param from the version of the model that answered before; empty if it is unknown
 * @param to the version of the model that answers now; empty if it is unknown
 * @param tried how many requests the new model was tried with
 * @param opening how long it took to open the new model
 * @param trial how long it took to try it
 * @param isOldClosed whether the model that had to go is closed already, or none had to; if not,
 *     the last of its calls closes it
 */
public record SwapReport(
    String from, String to, int tried, Duration opening, Duration trial, boolean isOldClosed) {

  /**
   * Checks that nothing is null.
   *
   * @param from the version of the model that answered before; empty if it is unknown
   * @param to the version of the model that answers now; empty if it is unknown
   * @param tried how many requests the new model was tried with
   * @param opening how long it took to open the new model
   * @param trial how long it took to try it
   * @param isOldClosed whether the model that had to go is closed already, or none had to
   */
  public SwapReport {
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(to, "to");
    Objects.requireNonNull(opening, "opening");
    Objects.requireNonNull(trial, "trial");
  }
}
