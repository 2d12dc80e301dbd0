package io.recommender.examples.benchmarks.index;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is measured and how.
 *
 * @param metric how vectors are compared
 * @param k how many items an answer has
 * @param m the links of a node: m at the higher levels of the graph, 2m at the lowest
 * @param efConstruction how many candidates the search for a node's neighbours keeps
 * @param efConstructionOf the same for engines, by id, that have another
 * @param efs the breadths of the searches, ascending
 * @param filters the filters, as {@link BenchmarkFilter#of} reads them
 * @param filterEfs the breadths of the searches under a filter, ascending
 * @param buildThreads with how many threads to build, one build each; the last index is searched
 * @param rounds how often everything is timed
 * @param windowMillis the CPU time of a measurement, in milliseconds, at least
 * @param warmupMillis the CPU time in which an engine warms up, in milliseconds
 * @param seed the seed of levels and filters
 * @param engines the engines
 * @param processes how processes are started
 */
record BenchmarkSettings(
    Metric metric,
    int k,
    int m,
    int efConstruction,
    Map<String, Integer> efConstructionOf,
    List<Integer> efs,
    List<String> filters,
    List<Integer> filterEfs,
    List<Integer> buildThreads,
    int rounds,
    long windowMillis,
    long warmupMillis,
    long seed,
    List<Engine> engines,
    Processes processes) {

  /**
   * How processes are started.
   *
   * @param javaHome the JDK of the Java engines
   * @param jvmArguments their further arguments
   * @param python the Python interpreter
   */
  record Processes(Path javaHome, List<String> jvmArguments, String python) {}

  int efConstruction(Engine engine) {
    return efConstructionOf.getOrDefault(engine.id(), efConstruction);
  }

  /** Returns what a reader of the report wants to know, by name. */
  Map<String, Object> parameters() {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("metric", metric.name());
    parameters.put("k", k);
    parameters.put("m", m);
    parameters.put("efConstruction", efConstruction);
    if (!efConstructionOf.isEmpty()) {
      parameters.put("efConstructionOf", efConstructionOf);
    }
    parameters.put("ef", efs);
    if (!filters.isEmpty()) {
      parameters.put("filters", filters);
      parameters.put("filterEf", filterEfs);
    }
    parameters.put("buildThreads", buildThreads);
    parameters.put("queryThreads", 1);
    parameters.put("rounds", rounds);
    parameters.put("windowMillis", windowMillis);
    parameters.put("warmupMillis", warmupMillis);
    parameters.put("seed", seed);
    parameters.put("jvmArguments", processes.jvmArguments());
    return parameters;
  }
}
