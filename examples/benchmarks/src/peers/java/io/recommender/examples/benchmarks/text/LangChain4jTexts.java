package io.recommender.examples.benchmarks.text;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.onnx.AbstractInProcessEmbeddingModel;
import dev.langchain4j.model.embedding.onnx.OnnxBertBiEncoder;
import dev.langchain4j.model.embedding.onnx.PoolingMode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The in-process embedding of LangChain4j: a run for each text, its executor having the threads.
 * Its session is given one thread, since its own choice, one for each core in each run, has twice
 * as many threads as cores.
 */
final class LangChain4jTexts implements TextEngine {
  private final ExecutorService executor;
  private final OrtSession.SessionOptions options;
  private final OrtSession session;
  private final Model model;

  private static final class Model extends AbstractInProcessEmbeddingModel {
    private final OnnxBertBiEncoder encoder;

    Model(OnnxBertBiEncoder encoder, ExecutorService executor) {
      super(executor);
      this.encoder = encoder;
    }

    @Override
    protected OnnxBertBiEncoder model() {
      return encoder;
    }
  }

  /**
   * Opens a model.
   *
   * @param bundle a folder with {@code model.onnx}, which gives the states of tokens, and {@code
   *     tokenizer.json}
   */
  LangChain4jTexts(Path bundle, int threads) throws IOException, OrtException {
    executor = Executors.newFixedThreadPool(threads);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(1);
    session = environment.createSession(bundle.resolve("model.onnx").toString(), options);
    try (InputStream tokenizer = Files.newInputStream(bundle.resolve("tokenizer.json"))) {
      model =
          new Model(
              new OnnxBertBiEncoder(environment, session, tokenizer, PoolingMode.MEAN), executor);
    }
  }

  @Override
  public String name() {
    return "LangChain4j";
  }

  @Override
  public float[][] encode(List<String> texts) {
    return model.embedAll(texts.stream().map(TextSegment::from).toList()).content().stream()
        .map(Embedding::vector)
        .toArray(float[][]::new);
  }

  @Override
  public void close() {
    executor.shutdown();
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
    options.close();
  }
}
