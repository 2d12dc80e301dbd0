package io.recommender.evaluation;

import java.util.Arrays;

/**
 * How long requests took, in microseconds, by the nearest-rank percentiles. <b>Immutable</b>.
 *
 * @param requests the number of requests measured
 * @param p50 the median
 * @param p90 the 90th percentile
 * @param p95 the 95th percentile
 * @param p99 the 99th percentile
 * @param max the longest
 * @param mean the mean
 * @param requestsPerSecond threads ÷ mean latency: what the calling threads get through when they
 *     do nothing else
 */
public record LatencySummary(
    int requests,
    double p50,
    double p90,
    double p95,
    double p99,
    double max,
    double mean,
    double requestsPerSecond) {

  /** Summarises latencies in microseconds, sorted. */
  static LatencySummary of(double[] sorted, int threads) {
    double mean = Arrays.stream(sorted).average().orElse(Double.NaN);
    return new LatencySummary(
        sorted.length,
        Percentiles.nearestRank(sorted, 0.5),
        Percentiles.nearestRank(sorted, 0.9),
        Percentiles.nearestRank(sorted, 0.95),
        Percentiles.nearestRank(sorted, 0.99),
        Percentiles.nearestRank(sorted, 1),
        mean,
        threads * 1e6 / mean);
  }
}
