package io.recommender.pipeline;

import io.recommender.ScoredItem;
import io.recommender.Trace;
import java.util.Objects;

/**
 * How an item got its place in an answer.
 *
 * <p><b>Immutable</b>.
 *
 * @param item the item as it was returned
 * @param rank its place, 1 = best
 * @param provenance who proposed it and what moved it
 * @param message the same in words
 */
public record Explanation(ScoredItem item, int rank, Trace.Provenance provenance, String message) {

  /**
   * Checks that nothing is null.
   *
   * @param item the item as it was returned
   * @param rank its place, 1 = best
   * @param provenance who proposed it and what moved it
   * @param message the same in words
   */
  public Explanation {
    Objects.requireNonNull(item, "item");
    Objects.requireNonNull(provenance, "provenance");
    Objects.requireNonNull(message, "message");
  }

  static Explanation of(ScoredItem item, int rank, Trace.Provenance provenance) {
    StringBuilder words = new StringBuilder("rank ").append(rank).append(": proposed by ");
    String separator = "";
    for (Trace.Proposal proposal : provenance.proposals()) {
      words
          .append(separator)
          .append("'%s' at rank %d".formatted(proposal.source(), proposal.rank()));
      separator = ", ";
    }
    for (Trace.Adjustment move : provenance.adjustments()) {
      words.append("; ").append(move.stage());
      if (move.fromRank() == 0) {
        words.append(" put it at rank ").append(move.toRank());
      } else if (move.fromRank() != move.toRank()) {
        words.append(" moved it from rank %d to %d".formatted(move.fromRank(), move.toRank()));
      } else {
        words.append(" kept its rank and changed its score");
      }
    }
    return new Explanation(item, rank, provenance, words.toString());
  }
}
