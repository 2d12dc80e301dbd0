/** Runs exported ONNX models on CPU or GPU, from sealed bundles. */
module io.recommender.onnx {
  requires transitive io.recommender;
  requires ai.djl.tokenizers;
  requires com.microsoft.onnxruntime;
  requires org.slf4j;
  requires static org.jspecify;

  exports io.recommender.onnx;
}
