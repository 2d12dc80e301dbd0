package io.recommender.ann.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Terms to look for, against one version of an index.
 *
 * <p><b>Immutable</b>.
 *
 * @param terms those that some item has, by descending factor, equal factors by bytes: the order in
 *     which the scores of an item's terms are added
 * @param unknown those that no item has, ascending
 */
record KeywordQuery(List<Term> terms, List<String> unknown) {
  /**
   * A term.
   *
   * @param bytes in UTF-8
   * @param factor its weight in the query times its inverse document frequency
   */
  record Term(byte[] bytes, double factor) {}

  /** The greatest weight: so great that no sum of scores overflows. */
  static final double MOST_WEIGHT = Float.MAX_VALUE;

  /**
   * Makes a query.
   *
   * @throws IllegalArgumentException if a weight is not above 0 or too great
   */
  static KeywordQuery of(KeywordVersion version, Map<String, Double> weights) {
    List<Term> terms = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    weights.forEach(
        (keyword, weight) -> {
          if (!(weight > 0 && weight <= MOST_WEIGHT)) {
            throw new IllegalArgumentException(
                "weight of keyword '%s': expected a number above 0, at most %s, found %s"
                    .formatted(keyword, MOST_WEIGHT, weight));
          }
          byte[] bytes = TermTable.encode(keyword);
          int count = bytes == null ? 0 : version.count(bytes);
          if (bytes == null || count == 0) {
            unknown.add(keyword);
          } else {
            terms.add(new Term(bytes, weight * inverseFrequency(version.documents(), count)));
          }
        });
    terms.sort(
        Comparator.comparingDouble((Term term) -> -term.factor)
            .thenComparing(Term::bytes, Arrays::compareUnsigned));
    unknown.sort(Comparator.naturalOrder());
    return new KeywordQuery(terms, unknown);
  }

  private static double inverseFrequency(int documents, int count) {
    return StrictMath.log1p((documents - count + 0.5) / (count + 0.5));
  }
}
