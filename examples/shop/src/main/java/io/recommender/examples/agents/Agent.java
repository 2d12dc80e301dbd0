package io.recommender.examples.agents;

import java.util.List;
import java.util.Objects;

/**
 * A scripted user.
 *
 * @param userId who it is
 * @param start what it had before, oldest first
 * @param wanted what it will click when it sees it
 */
public record Agent(String userId, List<String> start, List<String> wanted) {

  /**
   * Copies the lists.
   *
   * @param userId who it is
   * @param start what it had before, oldest first
   * @param wanted what it will click when it sees it
   */
  public Agent {
    Objects.requireNonNull(userId, "userId");
    start = List.copyOf(start);
    wanted = List.copyOf(wanted);
  }
}
