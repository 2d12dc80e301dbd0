package io.recommender.onnx;

import java.util.List;
import java.util.Optional;

/**
 * What a ranker says of some candidates, in their order, before anything is combined.
 *
 * <p><b>Immutable</b>.
 */
public final class RankerScores {
  private final List<String> tasks;
  private final float[][] outputs;
  private final double[][] scores;
  private final float[][] hidden;

  RankerScores(List<String> tasks, float[][] outputs, double[][] scores, float[][] hidden) {
    this.tasks = tasks;
    this.outputs = outputs;
    this.scores = scores;
    this.hidden = hidden;
  }

  /** {@return the number of candidates} */
  public int size() {
    return outputs.length;
  }

  /** {@return the names of the tasks, in the order of the model} */
  public List<String> tasks() {
    return tasks;
  }

  /**
   * Returns the score of a task: a probability, calibrated where the bundle says how, or the value
   * of a task that is no probability.
   *
   * @param candidate its place, from 0
   * @param task the name of the task
   * @return the score
   * @throws IllegalArgumentException if the model has no such task
   */
  public double score(int candidate, String task) {
    return scores[candidate][place(task)];
  }

  /**
   * Returns what the graph wrote for a task: a logit, a probability or a value.
   *
   * @param candidate its place, from 0
   * @param task the name of the task
   * @return the number
   * @throws IllegalArgumentException if the model has no such task
   */
  public float output(int candidate, String task) {
    return outputs[candidate][place(task)];
  }

  /**
   * Returns the scores of a task.
   *
   * @param task the name of the task
   * @return one for each candidate; a new array
   * @throws IllegalArgumentException if the model has no such task
   */
  public double[] scores(String task) {
    int place = place(task);
    double[] column = new double[scores.length];
    for (int i = 0; i < column.length; i++) {
      column[i] = scores[i][place];
    }
    return column;
  }

  /**
   * Returns the hidden vector that a candidate was scored from.
   *
   * @param candidate its place, from 0
   * @return a copy; none if the model does not tell
   */
  public Optional<float[]> hidden(int candidate) {
    return hidden.length == 0 ? Optional.empty() : Optional.of(hidden[candidate].clone());
  }

  private int place(String task) {
    int place = tasks.indexOf(task);
    if (place < 0) {
      throw new IllegalArgumentException(
          "task: expected one of %s, found '%s'".formatted(tasks, task));
    }
    return place;
  }

  double[] ofCandidate(int candidate) {
    return scores[candidate];
  }
}
