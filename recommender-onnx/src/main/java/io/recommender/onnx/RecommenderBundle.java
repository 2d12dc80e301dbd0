package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.RecommenderException;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that holds everything one recommender needs: the exported graph, the items it knows, how
 * a history becomes tensors, and requests with the answers of the training framework. {@code
 * BUNDLE.md} of this module describes the format.
 *
 * <pre>{@code
 * try (OnnxSequenceRecommender recommender = RecommenderBundle.open(Path.of("bundles/shop"))) {
 *   Recommendations top = recommender.recommend(UserHistory.of("sku-1", "sku-7"));
 * }
 * }</pre>
 *
 * <p>While the JVM shuts down nothing can be opened: the runtime frees itself then, and every
 * method that opens throws {@link IllegalStateException}.
 *
 * <p>An instance is what the folder says, read and verified without loading the graph.
 * <b>Immutable</b>.
 */
public final class RecommenderBundle implements Diagnosable {
  private static final Logger LOG = LoggerFactory.getLogger(RecommenderBundle.class);

  private static final String ENDING =
      "%s: expected a JVM that goes on, found one that is shutting down and frees the runtime";

  private final Path folder;
  private final Seal seal;
  private final Manifest manifest;
  private final Catalog catalog;

  private RecommenderBundle(Path folder, Seal seal, Manifest manifest, Catalog catalog) {
    this.folder = folder;
    this.seal = seal;
    this.manifest = manifest;
    this.catalog = catalog;
  }

  /**
   * Opens a sequential recommender on the CPU.
   *
   * @param folder the bundle
   * @return a recommender, to be closed by the caller
   * @throws RecommenderException if anything about the bundle is not as it has to be; the message
   *     names the file, what was expected and what was found
   */
  public static OnnxSequenceRecommender open(Path folder) {
    return open(folder, BundleOptions.defaults());
  }

  /**
   * Opens a sequential recommender.
   *
   * <p>Verifies the seal, reads the manifest and the items, loads the graph, checks every tensor,
   * and replays the golden requests one by one and as a batch. Nothing stays open if any of this
   * fails.
   *
   * @param folder the bundle
   * @param options device, threads, index and largest batch
   * @return a recommender, to be closed by the caller
   * @throws RecommenderException if anything about the bundle or the device is not as it has to be;
   *     the message names the file, what was expected and what was found
   */
  public static OnnxSequenceRecommender open(Path folder, BundleOptions options) {
    return opened(
        folder,
        options.onnx(),
        opener -> opener.recommender(options),
        OnnxSequenceRecommender::device);
  }

  /**
   * Opens a model that writes item codes, on the CPU.
   *
   * @param folder the bundle
   * @return the model, to be closed by the caller
   * @throws RecommenderException if anything about the bundle is not as it has to be; the message
   *     names the file, what was expected and what was found
   */
  public static OnnxGenerativeModel openGenerative(Path folder) {
    return openGenerative(folder, BundleOptions.defaults());
  }

  /**
   * Opens a model that writes item codes.
   *
   * <p>Verifies the seal, reads the manifest, the items and their codes, loads the graphs, checks
   * every tensor, and decodes a few tokens. Nothing stays open if any of this fails. The golden
   * requests wait for the decoder: {@link OnnxGenerativeModel#replay}.
   *
   * @param folder the bundle
   * @param options device and threads
   * @return the model, to be closed by the caller
   * @throws RecommenderException if anything about the bundle or the device is not as it has to be;
   *     the message names the file, what was expected and what was found
   */
  public static OnnxGenerativeModel openGenerative(Path folder, BundleOptions options) {
    return opened(
        folder, options.onnx(), opener -> opener.generative(options), OnnxGenerativeModel::device);
  }

  /**
   * Opens an encoder of items, on the CPU.
   *
   * @param folder the bundle
   * @return the encoder, to be closed by the caller
   * @throws RecommenderException if anything about the bundle is not as it has to be; the message
   *     names the file, what was expected and what was found
   */
  public static OnnxItemEncoder openEncoder(Path folder) {
    return openEncoder(folder, BundleOptions.defaults());
  }

  /**
   * Opens an encoder of items.
   *
   * <p>Verifies the seal, reads the manifest and the tokenizer, loads the graph, checks every
   * tensor, and encodes the golden items one by one and as a batch. Nothing stays open if any of
   * this fails.
   *
   * @param folder the bundle
   * @param options device, threads and largest batch
   * @return the encoder, to be closed by the caller
   * @throws RecommenderException if anything about the bundle or the device is not as it has to be;
   *     the message names the file, what was expected and what was found
   */
  public static OnnxItemEncoder openEncoder(Path folder, BundleOptions options) {
    return opened(
        folder, options.onnx(), opener -> opener.encoder(options), OnnxItemEncoder::device);
  }

  /**
   * Opens a ranker, on the CPU.
   *
   * @param folder the bundle
   * @return the ranker, to be closed by the caller
   * @throws RecommenderException if anything about the bundle is not as it has to be; the message
   *     names the file, what was expected and what was found
   */
  public static OnnxReranker openReranker(Path folder) {
    return openReranker(folder, RerankerOptions.defaults());
  }

  /**
   * Opens a ranker.
   *
   * <p>Verifies the seal, reads the manifest and the items, loads the graph, checks every tensor,
   * makes the rows of the items, and scores the golden candidates together and one by one. Nothing
   * stays open if any of this fails.
   *
   * @param folder the bundle
   * @param options device, threads, tables, policy and largest batch
   * @return the ranker, to be closed by the caller
   * @throws IllegalArgumentException if the options name a task or a table that the model does not
   *     have
   * @throws RecommenderException if anything about the bundle or the device is not as it has to be;
   *     the message names the file, what was expected and what was found
   */
  public static OnnxReranker openReranker(Path folder, RerankerOptions options) {
    return opened(folder, options.onnx(), opener -> opener.reranker(options), OnnxReranker::device);
  }

  /**
   * Opens a cross-encoder, on the CPU.
   *
   * @param folder the bundle
   * @return the cross-encoder, to be closed by the caller
   * @throws RecommenderException if anything about the bundle is not as it has to be; the message
   *     names the file, what was expected and what was found
   */
  public static OnnxCrossEncoder openCrossEncoder(Path folder) {
    return openCrossEncoder(folder, RerankerOptions.defaults());
  }

  /**
   * Opens a cross-encoder.
   *
   * <p>Verifies the seal, reads the manifest, the items and the tokenizer, loads the graph, checks
   * every tensor, and scores the golden candidates together and one by one. Nothing stays open if
   * any of this fails.
   *
   * @param folder the bundle
   * @param options device, threads, items, tables by user and largest run
   * @return the cross-encoder, to be closed by the caller
   * @throws IllegalArgumentException if the options have a policy, or a table that no input of the
   *     request reads
   * @throws RecommenderException if anything about the bundle or the device is not as it has to be;
   *     the message names the file, what was expected and what was found
   */
  public static OnnxCrossEncoder openCrossEncoder(Path folder, RerankerOptions options) {
    return opened(
        folder, options.onnx(), opener -> opener.crossEncoder(options), OnnxCrossEncoder::device);
  }

  /**
   * Opens a model that picks a list, on the CPU.
   *
   * @param folder the bundle
   * @return the reranker, to be closed by the caller
   * @throws RecommenderException if anything about the bundle is not as it has to be; the message
   *     names the file, what was expected and what was found
   */
  public static OnnxListReranker openListReranker(Path folder) {
    return openListReranker(folder, RerankerOptions.defaults());
  }

  /**
   * Opens a model that picks a list.
   *
   * <p>Verifies the seal, reads the manifest and the items, loads the graph, checks every tensor,
   * and picks the golden lists. Nothing stays open if any of this fails.
   *
   * @param folder the bundle
   * @param options device, threads, items and tables
   * @return the reranker, to be closed by the caller
   * @throws IllegalArgumentException if the options have a policy, or a table that no input reads
   * @throws RecommenderException if anything about the bundle or the device is not as it has to be;
   *     the message names the file, what was expected and what was found
   */
  public static OnnxListReranker openListReranker(Path folder, RerankerOptions options) {
    return opened(
        folder, options.onnx(), opener -> opener.listReranker(options), OnnxListReranker::device);
  }

  /**
   * Opens a model that continues texts, on the CPU.
   *
   * @param folder the bundle
   * @return the generator, to be closed by the caller
   * @throws RecommenderException if anything about the bundle is not as it has to be; the message
   *     names the file, what was expected and what was found
   */
  public static OnnxTextGenerator openTextGenerator(Path folder) {
    return openTextGenerator(folder, BundleOptions.defaults());
  }

  /**
   * Opens a model that continues texts.
   *
   * <p>Verifies the seal, reads the manifest and the tokenizer, loads the graphs, checks every
   * tensor, and generates the golden texts. Nothing stays open if any of this fails.
   *
   * @param folder the bundle
   * @param options device and threads
   * @return the generator, to be closed by the caller
   * @throws RecommenderException if anything about the bundle or the device is not as it has to be;
   *     the message names the file, what was expected and what was found
   */
  public static OnnxTextGenerator openTextGenerator(Path folder, BundleOptions options) {
    return opened(
        folder, options.onnx(), opener -> opener.textGenerator(options), OnnxTextGenerator::device);
  }

  private static <T> T opened(
      Path folder,
      OnnxOptions options,
      Function<BundleOpener, T> open,
      Function<T, String> device) {
    long start = System.nanoTime();
    if (OnnxDevices.isEnding()) {
      throw new IllegalStateException(ENDING.formatted(folder));
    }
    RecommenderBundle bundle = read(folder);
    T opened;
    try {
      opened =
          open.apply(
              new BundleOpener(
                  folder, bundle.seal, bundle.manifest, bundle.catalog, bundle.modelVersion()));
    } catch (RecommenderException e) {
      if (OnnxDevices.isEnding()) {
        throw new IllegalStateException(ENDING.formatted(folder), e);
      }
      throw e;
    }
    LOG.info(
        "opened {}: {}, {} items, {}, {} thread(s) a call, {} ms",
        bundle.modelVersion(),
        bundle.contract(),
        bundle.catalog.size(),
        device.apply(opened),
        options.intraOpThreads(),
        (System.nanoTime() - start) / 1_000_000);
    return opened;
  }

  /**
   * Reads a bundle and verifies its seal, without loading the graph.
   *
   * @param folder the bundle
   * @return what the bundle says
   * @throws RecommenderException if a file is missing, damaged or inconsistent with another
   */
  public static RecommenderBundle read(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw BundleFailures.invalid(folder, "expected the folder of a bundle, found no such folder");
    }
    Path manifestFile = folder.resolve(Manifest.FILE);
    if (!Files.isRegularFile(manifestFile)) {
      throw BundleFailures.invalid(
          Manifest.FILE, "expected the manifest of a bundle, found no such file in " + folder);
    }
    Seal seal = Seal.verify(folder);
    Manifest manifest =
        ManifestReader.read(seal.resolve(folder, Manifest.FILE, "the format of a bundle"));
    Catalog catalog =
        manifest
            .items()
            .map(
                items ->
                    ItemsFile.read(
                        seal.resolve(folder, items.file(), Manifest.FILE), items.count()))
            .orElseGet(() -> Catalog.of(List.of()));
    for (String itemId : manifest.fallback()) {
      if (!catalog.contains(itemId)) {
        throw BundleFailures.invalid(
            Manifest.FILE,
            "/fallback: expected items of %s, found '%s'"
                .formatted(manifest.items().orElseThrow().file(), itemId));
      }
    }
    return new RecommenderBundle(folder, seal, manifest, catalog);
  }

  /**
   * Writes the seal of a bundle, {@code SHA256SUMS}, over every file in its folder. The file is
   * replaced in one step.
   *
   * @param folder the bundle
   * @throws UncheckedIOException if a file cannot be read or the seal cannot be written
   */
  public static void seal(Path folder) {
    Seal.write(folder);
  }

  /** {@return the name of the model} */
  public String name() {
    return manifest.name();
  }

  /** {@return the version of the model} */
  public String version() {
    return manifest.version();
  }

  /**
   * {@return the contract of the graph: {@code SEQ_LOGITS}, {@code SEQ_EMBEDDING}, {@code
   * SEQ_DIFFUSION}, {@code SEQ_GENERATIVE}, {@code TEXT_GENERATION}, {@code ITEM_ENCODER}, {@code
   * POINTWISE_RANKER}, {@code CROSS_ENCODER} or {@code LISTWISE_RERANKER}}
   */
  public String contract() {
    return manifest.contract().name();
  }

  /** {@return whether {@link BundleOptions#index} is needed to open the bundle} */
  public boolean needsIndex() {
    return manifest.embedding().isPresent();
  }

  /** {@return framework and exporter, for people; possibly empty} */
  public String producer() {
    return manifest.producer();
  }

  /** {@return the SHA-256 that seals the bundle, in hexadecimal} */
  public String fingerprint() {
    return seal.fingerprint();
  }

  /** {@return the items, in the order of the model; none in the bundle of an encoder} */
  public Catalog catalog() {
    return catalog;
  }

  /** {@return how many of the newest interactions the model sees; 0 for what reads no history} */
  public int maxLength() {
    return manifest
        .generation()
        .filter(generation -> generation.codes().isPresent())
        .map(generation -> generation.prompt().maxItems())
        .orElseGet(() -> manifest.window().map(Manifest.Sequence::maxItems).orElse(0));
  }

  /**
   * Estimates what the bundle takes when it is open, before it is: the weights, which the runtime
   * keeps in a second form too; vectors and codes of items; tokenizers; and the items with their
   * features. What is taken is between half of that and a fifth more: weights that are looked up,
   * as those of embeddings are, are kept but once. The runtime itself takes some 40 MB more, once,
   * and the working memory of a run depends on its size.
   *
   * @return the bytes, native memory and heap together
   */
  public long estimatedBytes() {
    double files =
        seal.files().stream()
            .mapToDouble(
                file -> folder.resolve(file).toFile().length() * MemoryEstimate.weight(file))
            .sum();
    return Math.round(files) + MemoryEstimate.items(catalog);
  }

  /** {@inheritDoc} Nothing is opened, so that this tells what to expect before. */
  @Override
  public Diagnosis diagnose(int sample) {
    Diagnosis.Builder diagnosis =
        Diagnosis.of("bundle")
            .version(modelVersion())
            .fact("contract", contract())
            .fact("producer", producer().isEmpty() ? "not told" : producer())
            .fact("items", catalog.size());
    long bytes = 0;
    for (String file : seal.files()) {
      bytes += folder.resolve(file).toFile().length();
    }
    diagnosis.bytes("files", bytes).bytes("memory to expect", estimatedBytes());
    return diagnosis.build();
  }

  /** Name, version and the start of the fingerprint. */
  private String modelVersion() {
    return "%s@%s+%s".formatted(name(), version(), fingerprint().substring(0, 12));
  }
}
