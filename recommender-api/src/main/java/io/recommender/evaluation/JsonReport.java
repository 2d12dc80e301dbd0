package io.recommender.evaluation;

import io.recommender.internal.JsonWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Lays a report out as JSON. */
final class JsonReport {
  private static final String FORMAT = "recommender-evaluation";
  private static final int VERSION = 1;

  private JsonReport() {}

  static String write(EvaluationReport report, boolean includeTimings) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("format", FORMAT);
    root.put("version", VERSION);
    root.put("protocol", report.protocol().entries());
    root.put("mainCutoff", report.mainCutoff());
    root.put("trainingPopularityShares", report.trainingShares());
    List<Object> recommenders = new ArrayList<>();
    for (EvaluationResult result : report.results()) {
      recommenders.add(recommender(report, result, includeTimings));
    }
    root.put("recommenders", recommenders);
    root.put("differences", differences(report));
    List<Object> references = new ArrayList<>();
    for (ReferenceRow reference : report.references()) {
      Map<String, Object> metrics = new LinkedHashMap<>();
      reference.values().forEach((metric, values) -> metrics.put(metric.id(), values));
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("name", reference.name());
      row.put("metrics", metrics);
      references.add(row);
    }
    root.put("references", references);
    if (includeTimings) {
      root.put("environment", report.environment().entries());
    }
    return JsonWriter.write(root);
  }

  private static Map<String, Object> recommender(
      EvaluationReport report, EvaluationResult result, boolean includeTimings) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", result.name());
    map.put("modelVersions", result.modelVersions());
    map.put("answers", result.answers());
    map.put("shortAnswers", result.shortAnswers());
    map.put("tiedAnswers", result.tiedAnswers());
    map.put("fallbackAnswers", result.fallbackAnswers());
    map.put("modelRunsPerRequest", result.modelRunsPerRequest());
    map.put("answersWithNotice", result.notices());
    Map<String, Object> metrics = new LinkedHashMap<>();
    for (Metric metric : Metric.values()) {
      Map<String, Object> values = new LinkedHashMap<>();
      for (int cutoff : report.cutoffs()) {
        values.put(Integer.toString(cutoff), result.value(metric, cutoff));
      }
      metrics.put(metric.id(), values);
    }
    map.put("metrics", metrics);
    Map<String, Object> intervals = new LinkedHashMap<>();
    for (Metric metric : Metric.values()) {
      result.interval(metric).ifPresent(each -> intervals.put(metric.id(), interval(each)));
    }
    map.put("intervals95", intervals);
    map.put("popularityShares", result.popularityShares());
    if (includeTimings) {
      result.latency().ifPresent(latency -> map.put("latencyMicros", latency(latency)));
    }
    return map;
  }

  private static List<Object> differences(EvaluationReport report) {
    List<Object> differences = new ArrayList<>();
    for (PairedDifference each : report.differences()) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("first", each.first());
      map.put("second", each.second());
      map.put("metric", each.metric().id());
      map.put("cutoff", each.cutoff());
      map.putAll(interval(each.difference()));
      differences.add(map);
    }
    return differences;
  }

  private static Map<String, Object> interval(ConfidenceInterval interval) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("estimate", interval.estimate());
    map.put("low", interval.low());
    map.put("high", interval.high());
    return map;
  }

  private static Map<String, Object> latency(LatencySummary latency) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("requests", latency.requests());
    map.put("p50", latency.p50());
    map.put("p90", latency.p90());
    map.put("p95", latency.p95());
    map.put("p99", latency.p99());
    map.put("max", latency.max());
    map.put("mean", latency.mean());
    map.put("requestsPerSecond", latency.requestsPerSecond());
    return map;
  }
}
