package io.recommender.evaluation;

import java.util.LinkedHashMap;
import java.util.Map;

/** Where times were taken. Part of no comparison of quality. */
record Environment(int threads, int warmUpRequests) {
  Map<String, Object> entries() {
    Map<String, Object> entries = new LinkedHashMap<>();
    entries.put("threads", threads);
    entries.put("warmUpRequests", warmUpRequests);
    entries.put(
        "jdk", System.getProperty("java.vm.name") + " " + System.getProperty("java.version"));
    entries.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    entries.put("processors", Runtime.getRuntime().availableProcessors());
    return entries;
  }
}
