package io.recommender.examples.benchmarks.text;

import ai.djl.ModelException;
import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * DJL on ONNX Runtime: batches of texts in their order, each padded to its longest, a predictor for
 * each thread. Its translator for embeddings needs a second engine to pool, so the pooling is here.
 */
final class DjlTexts implements TextEngine {
  private final int batch;
  private final ExecutorService executor;
  private final HuggingFaceTokenizer tokenizer;
  private final ZooModel<List<String>, float[][]> model;
  private final List<Predictor<List<String>, float[][]>> predictors = new ArrayList<>();

  /**
   * Opens a model.
   *
   * @param bundle a folder with {@code model.onnx}, which gives the states of tokens, and {@code
   *     tokenizer.json}
   * @param batch texts of a run
   */
  DjlTexts(Path bundle, int threads, int batch) throws IOException, ModelException {
    this.batch = batch;
    executor = Executors.newFixedThreadPool(threads);
    tokenizer =
        HuggingFaceTokenizer.newInstance(
            bundle.resolve("tokenizer.json"),
            Map.of("padding", "true", "truncation", "true", "maxLength", "256"));
    @SuppressWarnings("unchecked")
    Class<List<String>> texts = (Class<List<String>>) (Class<?>) List.class;
    model =
        Criteria.builder()
            .setTypes(texts, float[][].class)
            .optModelPath(bundle)
            .optModelName("model")
            .optEngine("OnnxRuntime")
            .optOption("intraOpNumThreads", "1")
            .optTranslator(new Pooling(tokenizer))
            .build()
            .loadModel();
    for (int i = 0; i < threads; i++) {
      predictors.add(model.newPredictor());
    }
  }

  private record Pooling(HuggingFaceTokenizer tokenizer)
      implements NoBatchifyTranslator<List<String>, float[][]> {
    private static final String MASK = "mask";

    @Override
    public NDList processInput(TranslatorContext context, List<String> input) {
      Encoding[] encodings = tokenizer.batchEncode(input);
      long[][] ids = new long[encodings.length][];
      long[][] mask = new long[encodings.length][];
      long[][] types = new long[encodings.length][];
      for (int i = 0; i < encodings.length; i++) {
        ids[i] = encodings[i].getIds();
        mask[i] = encodings[i].getAttentionMask();
        types[i] = encodings[i].getTypeIds();
      }
      context.setAttachment(MASK, mask);
      NDManager manager = context.getNDManager();
      return new NDList(manager.create(ids), manager.create(mask), manager.create(types));
    }

    @Override
    public float[][] processOutput(TranslatorContext context, NDList list) {
      long[][] mask = (long[][]) context.getAttachment(MASK);
      float[] states = list.get(0).toFloatArray();
      int size = Math.toIntExact(list.get(0).getShape().get(2));
      float[][] vectors = new float[mask.length][size];
      for (int row = 0; row < mask.length; row++) {
        float[] vector = vectors[row];
        for (int token = 0; token < mask[row].length; token++) {
          int state = (row * mask[row].length + token) * size;
          for (int i = 0; i < size && mask[row][token] == 1; i++) {
            vector[i] += states[state + i];
          }
        }
        double squares = 0;
        for (float component : vector) {
          squares += component * component;
        }
        float scale = (float) (1 / Math.sqrt(squares));
        for (int i = 0; i < size; i++) {
          vector[i] *= scale;
        }
      }
      return vectors;
    }
  }

  @Override
  public String name() {
    return "DJL, batches of " + batch;
  }

  @Override
  public float[][] encode(List<String> texts) {
    float[][] vectors = new float[texts.size()][];
    List<Future<?>> all = new ArrayList<>();
    int step = batch * predictors.size();
    for (int thread = 0; thread < predictors.size(); thread++) {
      int first = thread * batch;
      Predictor<List<String>, float[][]> predictor = predictors.get(thread);
      all.add(
          executor.submit(
              () -> {
                for (int from = first; from < texts.size(); from += step) {
                  List<String> part = texts.subList(from, Math.min(from + batch, texts.size()));
                  float[][] made = predictor.predict(part);
                  System.arraycopy(made, 0, vectors, from, made.length);
                }
                return null;
              }));
    }
    for (Future<?> each : all) {
      try {
        each.get();
      } catch (InterruptedException | ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
    return vectors;
  }

  @Override
  public void close() {
    executor.shutdown();
    predictors.forEach(Predictor::close);
    model.close();
    tokenizer.close();
  }
}
