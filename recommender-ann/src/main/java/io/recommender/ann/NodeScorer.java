package io.recommender.ann;

/**
 * Ranks nodes by their closeness to the query it holds.
 *
 * <p>Scores of one query can be compared with each other; {@link #told} makes them comparable with
 * those that users see.
 *
 * <p><b>Confined</b>.
 */
interface NodeScorer {

  /** Takes a query, of length 1 if only directions count. */
  void prepare(HnswGraph.View view, float[] query);

  /** Takes a node as the query. */
  void prepare(HnswGraph.View view, int node);

  /**
   * Scores nodes.
   *
   * @param nodes the nodes, from place {@code from}
   * @param scores receives the scores, from place 0; has room for count rounded up to a multiple of
   *     4
   */
  void score(HnswGraph.View view, int[] nodes, int from, int count, float[] scores);

  /**
   * Begins to read what {@link #score} will read.
   *
   * @return something to keep, lest the reads be left out
   */
  int touch(HnswGraph.View view, int[] nodes, int from, int count);

  /** Returns the score of a node as a user would see it, as far as this scorer knows. */
  double told(float score);

  /** Returns what the told score of a node is rarely off by. */
  double error(HnswGraph.View view, int node);

  /**
   * Returns what makes scores symmetric: the score of y for the query x, less this for y, plus this
   * for x, is the score of x for the query y.
   */
  float own(HnswGraph.View view, int node);
}
