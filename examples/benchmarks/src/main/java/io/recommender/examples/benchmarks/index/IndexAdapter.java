package io.recommender.examples.benchmarks.index;

import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;

/**
 * One index under test, behind the same few calls as the others. A process builds one or more, one
 * after another, and searches the last one from one thread.
 */
interface IndexAdapter extends AutoCloseable {
  /**
   * What an index is built with.
   *
   * @param metric how vectors are compared
   * @param m the links of a node: m at the higher levels of the graph, 2m at the lowest
   * @param efConstruction how many candidates the search for a node's neighbours keeps
   * @param seed the seed of the levels, where an engine takes one
   * @param scratch a folder for files of an index
   */
  record Parameters(Metric metric, int m, int efConstruction, long seed, Path scratch) {}

  /** Returns the version of the engine, and what it computes with. */
  String description();

  /**
   * Builds the index.
   *
   * @param base the vectors; the index may keep them
   * @param threads how many threads may work
   */
  void build(float[][] base, int threads) throws IOException;

  /** Sets what later searches may answer: the rows whose bit is set. */
  void filter(BitSet allowed) throws IOException;

  /**
   * Sets what later searches may answer, soon to be called again: what an engine does to follow a
   * filter that changes, and is timed.
   *
   * @param allowed the rows, most of which are those of the call before; not changed later
   */
  default void follow(BitSet allowed) throws IOException {
    filter(allowed);
  }

  /** Takes the filter away. */
  void clearFilter();

  /**
   * Searches.
   *
   * @param ef the breadth of the search; the larger of ef and k is used
   * @param rows receives the answered rows, best first; has room for k
   * @return how many were answered
   */
  int search(float[] query, int k, int ef, int[] rows) throws IOException;

  /** Returns the size of what the index holds outside the heap, or 0. */
  long offHeapBytes() throws IOException;

  @Override
  void close() throws IOException;
}
