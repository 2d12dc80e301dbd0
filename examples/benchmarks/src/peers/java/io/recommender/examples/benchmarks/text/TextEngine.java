package io.recommender.examples.benchmarks.text;

import java.util.List;

/** Something that turns texts into vectors of length 1 with an exported model, on CPU threads. */
interface TextEngine extends AutoCloseable {

  /** The first column of a report. */
  String name();

  /** Returns one vector for each text, in order. */
  float[][] encode(List<String> texts);

  @Override
  void close();
}
