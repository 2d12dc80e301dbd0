/** The vocabulary of the recommender, the interfaces its backends implement, and the evaluator. */
module io.recommender {
  requires static transitive org.jspecify;

  exports io.recommender;
  exports io.recommender.evaluation;
  exports io.recommender.pipeline;
  exports io.recommender.serving;
  exports io.recommender.spi;
  exports io.recommender.text;
}
