/** The vocabulary of the recommender, the interfaces its backends implement, and the evaluator. */
@SuppressWarnings("module") // the module that internals are shared with is built after this one
module io.recommender {
  requires static transitive org.jspecify;

  exports io.recommender;
  exports io.recommender.evaluation;
  exports io.recommender.internal to
      io.recommender.onnx;
  exports io.recommender.pipeline;
  exports io.recommender.serving;
  exports io.recommender.spi;
  exports io.recommender.text;
}
