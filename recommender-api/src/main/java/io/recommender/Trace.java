package io.recommender;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How an answer came about: the stages it went through, and where each of its items came from.
 *
 * <p>Everything but the times is the same for equal requests, seeds and models.
 *
 * <p><b>Immutable</b>.
 *
 * @param stages the stages in the order in which their results were used
 * @param items the provenance of each returned item by id
 */
public record Trace(List<Stage> stages, Map<String, Provenance> items) {

  /**
   * Copies both.
   *
   * @param stages the stages in the order in which their results were used
   * @param items the provenance of each returned item by id
   */
  public Trace {
    stages = List.copyOf(stages);
    items = Map.copyOf(items);
  }

  /**
   * Returns a stage, if the answer went through it.
   *
   * @param name its name
   * @return the stage
   */
  public Optional<Stage> stage(String name) {
    return stages.stream().filter(stage -> stage.name().equals(name)).findFirst();
  }

  /**
   * One stage of an answer. What it dropped is {@code in - out}.
   *
   * @param name what it is, such as {@code source:popular} or {@code rule:brand}
   * @param in how many it was given: interactions, candidates, or for a source how many it was
   *     asked for
   * @param out how many it returned
   * @param nanoseconds how long it took; stages may overlap
   */
  public record Stage(String name, int in, int out, long nanoseconds) {
    /**
     * Checks that the name is not null.
     *
     * @param name what it is
     * @param in how many it was given
     * @param out how many it returned
     * @param nanoseconds how long it took
     */
    public Stage {
      Objects.requireNonNull(name, "name");
    }
  }

  /**
   * Where an item came from and what moved it.
   *
   * @param proposals who proposed it, in the order in which sources are declared
   * @param adjustments what changed its rank or score, in order; the last one ends at its place
   */
  public record Provenance(List<Proposal> proposals, List<Adjustment> adjustments) {
    /**
     * Copies both.
     *
     * @param proposals who proposed it
     * @param adjustments what changed its rank or score
     */
    public Provenance {
      proposals = List.copyOf(proposals);
      adjustments = List.copyOf(adjustments);
    }
  }

  /**
   * One source's opinion of an item.
   *
   * @param source the name of the source, fallback or rule that proposed it
   * @param rank its place there, 1 = best
   * @param score its score there
   */
  public record Proposal(String source, int rank, double score) {
    /**
     * Checks that the name is not null.
     *
     * @param source the name of the source
     * @param rank its place there
     * @param score its score there
     */
    public Proposal {
      Objects.requireNonNull(source, "source");
    }
  }

  /**
   * What a stage did to an item.
   *
   * @param stage the name of the stage
   * @param fromRank its place among the candidates before, 1 = best; 0 if it was not among them
   * @param toRank its place after
   * @param fromScore its score before
   * @param toScore its score after
   */
  public record Adjustment(
      String stage, int fromRank, int toRank, double fromScore, double toScore) {
    /**
     * Checks that the name is not null.
     *
     * @param stage the name of the stage
     * @param fromRank its place before
     * @param toRank its place after
     * @param fromScore its score before
     * @param toScore its score after
     */
    public Adjustment {
      Objects.requireNonNull(stage, "stage");
    }
  }
}
