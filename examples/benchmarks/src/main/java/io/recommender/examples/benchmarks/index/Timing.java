package io.recommender.examples.benchmarks.index;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One measurement of searches.
 *
 * @param cpuQps queries per second of CPU time of the whole process
 * @param qps queries per second that passed
 * @param p50Micros the median latency, in microseconds
 * @param p99Micros the 99th percentile of the latency, in microseconds
 */
record Timing(double cpuQps, double qps, double p50Micros, double p99Micros) {
  /** Reads what a process answers. */
  static Timing of(JsonNode answer) {
    return new Timing(
        answer.path("cpuQps").asDouble(),
        answer.path("qps").asDouble(),
        answer.path("p50Micros").asDouble(),
        answer.path("p99Micros").asDouble());
  }
}
