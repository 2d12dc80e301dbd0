/**
 * Measures vector indexes side by side: the library's own beside JVector, Lucene and hnswlib.
 *
 * <p>{@link io.recommender.examples.benchmarks.index.IndexBenchmark} starts one process for each
 * engine ({@link io.recommender.examples.benchmarks.index.EngineWorker}, or a Python script), lets
 * them build one after another and search in turns, and compares their answers with exact ones.
 */
package io.recommender.examples.benchmarks.index;
