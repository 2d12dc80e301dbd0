package io.recommender.evaluation;

import java.util.List;

/**
 * What an evaluation found, as objects, text, JSON and a page.
 *
 * <p>The same inputs give the same bytes, timings apart: with {@code includeTimings} false, neither
 * latencies nor the machine appear, and lines, keys and rows have a fixed order.
 *
 * <p><b>Immutable</b>.
 */
public final class EvaluationReport {
  private final Protocol protocol;
  private final Environment environment;
  private final int[] cutoffs;
  private final int mainCutoff;
  private final List<EvaluationResult> results;
  private final List<PairedDifference> differences;
  private final List<ReferenceRow> references;
  private final double[] trainingShares;

  EvaluationReport(
      Protocol protocol,
      Environment environment,
      int[] cutoffs,
      int mainCutoff,
      List<EvaluationResult> results,
      List<PairedDifference> differences,
      List<ReferenceRow> references,
      double[] trainingShares) {
    this.protocol = protocol;
    this.environment = environment;
    this.cutoffs = cutoffs;
    this.mainCutoff = mainCutoff;
    this.results = List.copyOf(results);
    this.differences = List.copyOf(differences);
    this.references = List.copyOf(references);
    this.trainingShares = trainingShares;
  }

  /** {@return the result of each recommender, in the order in which they were given} */
  public List<EvaluationResult> results() {
    return results;
  }

  /**
   * Returns the result of a recommender.
   *
   * @param name the name under which it was given
   * @return the result
   * @throws IllegalArgumentException if there is none of this name
   */
  public EvaluationResult result(String name) {
    return results.stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "recommender: expected one of %s, found '%s'"
                        .formatted(results.stream().map(EvaluationResult::name).toList(), name)));
  }

  /** {@return each recommender against each earlier one, by hit rate and by NDCG} */
  public List<PairedDifference> differences() {
    return differences;
  }

  /** {@return the published values to show next to the measured ones} */
  public List<ReferenceRow> references() {
    return references;
  }

  /** {@return the cutoffs, ascending; a new array} */
  public int[] cutoffs() {
    return cutoffs.clone();
  }

  /** {@return the cutoff of intervals, differences and single-cutoff tables} */
  public int mainCutoff() {
    return mainCutoff;
  }

  /** {@return tables for people, with the timings; a star marks the best value of a column} */
  public String toText() {
    return toText(true);
  }

  /**
   * Returns tables for people.
   *
   * @param includeTimings whether to show latencies and the machine
   * @return lines ended by a line feed
   */
  public String toText(boolean includeTimings) {
    return TextReport.write(this, includeTimings);
  }

  /**
   * Returns everything as JSON: {@code format}, {@code version} (1), {@code protocol}, {@code
   * recommenders} with every {@link Metric#id()} at every cutoff, {@code differences}, {@code
   * references}, and with timings {@code environment}. Undefined values are null.
   *
   * @param includeTimings whether to include latencies and the machine
   * @return indented JSON ended by a line feed
   */
  public String toJson(boolean includeTimings) {
    return JsonReport.write(this, includeTimings);
  }

  /**
   * Returns a page for people: tables, charts of accuracy, latency and popularity, and the
   * protocol. It loads nothing, runs no script, and follows the light or dark scheme of the reader.
   *
   * @param includeTimings whether to show latencies and the machine
   * @return an HTML document
   */
  public String toHtml(boolean includeTimings) {
    return HtmlReport.write(this, includeTimings);
  }

  Protocol protocol() {
    return protocol;
  }

  Environment environment() {
    return environment;
  }

  double[] trainingShares() {
    return trainingShares;
  }
}
