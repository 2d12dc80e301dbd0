package io.recommender.onnx;

import io.recommender.Reason;
import java.util.List;

/**
 * What each feature of a ranker adds to the outputs of its trees.
 *
 * <p><b>Immutable</b>.
 */
final class RankerTrees {
  private final TreeShap trees;
  private final RankerInput input;
  private final List<String> columns;

  private RankerTrees(TreeShap trees, RankerInput input) {
    this.trees = trees;
    this.input = input;
    columns = input.columnNames();
  }

  /**
   * Checks that trees are those of a ranker.
   *
   * @param outputs how many columns the scores of the ranker have
   * @param several whether those may be more than one
   */
  static RankerTrees of(
      String ranker, TreeShap trees, RankerModel model, int outputs, boolean several) {
    RankerInput input =
        model
            .featureInput(trees.input())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "trees: expected to read an input of role FEATURE of %s, found '%s'"
                            .formatted(ranker, trees.input())));
    RankerTrees found = new RankerTrees(trees, input);
    if (trees.outputs() != outputs
        || trees.features() > found.columns.size()
        || (outputs > 1 && !several)) {
      throw new IllegalArgumentException(
          "trees: expected %s of at most %d features, found %d outputs of %d"
              .formatted(
                  several ? outputs + " outputs" : "the one output of a ranker of one task",
                  found.columns.size(),
                  trees.outputs(),
                  trees.features()));
    }
    return found;
  }

  /** Explains the one candidate of a call. */
  List<Reason> explain(RankerCall call, int output) {
    return Reason.ranked(Reason.Kind.ATTRIBUTION, columns, trees.explain(input.row(call))[output]);
  }
}
