package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.ItemIndex;
import io.recommender.ItemIndexFactory;
import io.recommender.RecommenderException;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
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
 * <p>An instance is what the folder says, read and verified without loading the graph.
 * <b>Immutable</b>.
 */
public final class RecommenderBundle implements Diagnosable {
  private static final Logger LOG = LoggerFactory.getLogger(RecommenderBundle.class);

  /** A hash of an id, the id, and its place, on a JVM with compressed references. */
  private static final int ITEM_BYTES = 160;

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
    long start = System.nanoTime();
    RecommenderBundle bundle = read(folder);
    OnnxSequenceRecommender recommender = bundle.load(options);
    LOG.info(
        "opened {}: {} items, {}, {} thread(s) a call, {} ms",
        recommender.modelVersion(),
        bundle.catalog.size(),
        recommender.device(),
        options.onnx().intraOpThreads(),
        (System.nanoTime() - start) / 1_000_000);
    return recommender;
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
    long start = System.nanoTime();
    RecommenderBundle bundle = read(folder);
    OnnxGenerativeModel model = bundle.loadGenerative(options);
    LOG.info(
        "opened {}: {} items, {}, {} thread(s) a call, {} ms",
        model.modelVersion(),
        bundle.catalog.size(),
        model.device(),
        options.onnx().intraOpThreads(),
        (System.nanoTime() - start) / 1_000_000);
    return model;
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
    long start = System.nanoTime();
    RecommenderBundle bundle = read(folder);
    OnnxItemEncoder encoder = bundle.loadEncoder(options);
    LOG.info(
        "opened {}: {} dimensions, {}, {} thread(s) a call, {} ms",
        encoder.modelVersion(),
        encoder.dimension(),
        encoder.device(),
        options.onnx().intraOpThreads(),
        (System.nanoTime() - start) / 1_000_000);
    return encoder;
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
    long start = System.nanoTime();
    RecommenderBundle bundle = read(folder);
    OnnxReranker ranker = bundle.loadReranker(options);
    LOG.info(
        "opened {}: tasks {}, {}, {} thread(s) a call, {} ms",
        ranker.modelVersion(),
        ranker.tasks(),
        ranker.device(),
        options.onnx().intraOpThreads(),
        (System.nanoTime() - start) / 1_000_000);
    return ranker;
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
    long start = System.nanoTime();
    OnnxTextGenerator generator = read(folder).loadTextGenerator(options);
    LOG.info(
        "opened {}: text, {}, {} thread(s) a call, {} ms",
        generator.modelVersion(),
        generator.device(),
        options.onnx().intraOpThreads(),
        (System.nanoTime() - start) / 1_000_000);
    return generator;
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
   * SEQ_GENERATIVE}, {@code TEXT_GENERATION}, {@code ITEM_ENCODER} or {@code POINTWISE_RANKER}}
   */
  public String contract() {
    return manifest.contract().name();
  }

  /** {@return whether {@link BundleOptions#index} is needed to open the bundle} */
  public boolean needsIndex() {
    return manifest.contract() == Manifest.Contract.SEQ_EMBEDDING;
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

  private OnnxReranker loadReranker(RerankerOptions options) {
    Ranker ranker =
        manifest
            .ranker()
            .orElseThrow(
                () ->
                    BundleFailures.invalid(
                        Manifest.FILE,
                        "/contract: expected POINTWISE_RANKER, found " + manifest.contract()));
    OnnxSession session = openSession(manifest.model(), options.onnx());
    try {
      OnnxReranker opened =
          OnnxReranker.of(ranker, catalog, session, options, modelVersion(), seal.fingerprint());
      manifest
          .golden()
          .ifPresent(
              file ->
                  GoldenRankings.read(seal.resolve(folder, file, Manifest.FILE), opened)
                      .replay(opened));
      return opened;
    } catch (RuntimeException | Error e) {
      closeAfter(e, session::close);
      throw e;
    }
  }

  /**
   * Estimates what the bundle takes when it is open, before it is: the weights, which the runtime
   * keeps in a second form too; vectors and codes of items; and the items. The runtime itself takes
   * some 40 MB more, once.
   *
   * @return the bytes, native memory and heap together
   */
  public long estimatedBytes() {
    long files =
        seal.files().stream()
            .mapToLong(file -> folder.resolve(file).toFile().length() * weight(file))
            .sum();
    return files + (long) catalog.size() * ITEM_BYTES;
  }

  private static int weight(String file) {
    if (file.endsWith(".onnx") || file.endsWith(".data")) {
      return 2;
    }
    return file.endsWith(".npy") ? 2 : 0;
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

  private OnnxItemEncoder loadEncoder(BundleOptions options) {
    Encoder encoder =
        manifest
            .encoder()
            .orElseThrow(
                () ->
                    BundleFailures.invalid(
                        Manifest.FILE,
                        "/contract: expected ITEM_ENCODER, found " + manifest.contract()));
    OnnxSession session = openSession(manifest.model(), options.onnx());
    try {
      Optional<TextTokenizer> tokenizer =
          encoder
              .text()
              .map(
                  text ->
                      JsonTokenizer.open(
                          seal.resolve(folder, text.tokenizer(), Manifest.FILE), text));
      try {
        EncoderModel model = EncoderModel.of(session, encoder, tokenizer, options);
        OnnxItemEncoder opened =
            new OnnxItemEncoder(
                encoder, session, tokenizer, model, modelVersion(), seal.fingerprint());
        manifest
            .golden()
            .ifPresent(
                file ->
                    GoldenVectors.read(
                            seal.resolve(folder, file, Manifest.FILE), encoder.vector().dimension())
                        .replay(opened));
        return opened;
      } catch (RuntimeException | Error e) {
        tokenizer.ifPresent(open -> closeAfter(e, open::close));
        throw e;
      }
    } catch (RuntimeException | Error e) {
      closeAfter(e, session::close);
      throw e;
    }
  }

  /** Name, version and the start of the fingerprint. */
  private String modelVersion() {
    return "%s@%s+%s".formatted(name(), version(), fingerprint().substring(0, 12));
  }

  private OnnxSequenceRecommender load(BundleOptions options) {
    if (manifest.ranker().isPresent()) {
      throw BundleFailures.invalid(
          folder,
          "the model ranks candidates and finds none: RecommenderBundle.openReranker(folder) opens"
              + " it");
    }
    if (manifest.encoder().isPresent()) {
      throw BundleFailures.invalid(
          folder,
          "the model encodes items and recommends none: RecommenderBundle.openEncoder(folder) opens"
              + " it");
    }
    if (manifest.contract() == Manifest.Contract.TEXT_GENERATION) {
      throw BundleFailures.invalid(
          folder,
          "the model writes text and recommends nothing:"
              + " RecommenderBundle.openTextGenerator(folder) opens it");
    }
    if (manifest.generation().isPresent()) {
      throw BundleFailures.invalid(
          folder,
          "the model writes item codes, so a decoder has to answer:"
              + " RecommenderBundle.openGenerative(folder) opens the model for one");
    }
    OnnxSession session = openSession(manifest.model(), options.onnx());
    try {
      return manifest.contract() == Manifest.Contract.SEQ_LOGITS
          ? loadScores(session, options)
          : loadVectors(session, options);
    } catch (RuntimeException | Error e) {
      closeAfter(e, session::close);
      throw e;
    }
  }

  private OnnxGenerativeModel loadGenerative(BundleOptions options) {
    Generation generation =
        manifest
            .generation()
            .filter(said -> said.codes().isPresent())
            .orElseThrow(
                () ->
                    BundleFailures.invalid(
                        Manifest.FILE,
                        "/contract: expected SEQ_GENERATIVE, found %s, which"
                                .formatted(manifest.contract())
                            + " RecommenderBundle.open(folder) opens"));
    Generation.Codes described = generation.codes().orElseThrow();
    int[][] codes =
        CodesFile.read(seal.resolve(folder, described.file(), Manifest.FILE), catalog, described);
    Map<String, float[][]> vectors = new HashMap<>();
    for (Generation.TokenInput input : generation.inputs()) {
      input
          .file()
          .ifPresent(
              file ->
                  vectors.put(
                      input.name(),
                      NpyFile.readMatrix(
                          seal.resolve(folder, file, Manifest.FILE),
                          catalog.size(),
                          input.width())));
    }
    Optional<GoldenRequests> golden =
        manifest
            .golden()
            .map(file -> GoldenRequests.read(seal.resolve(folder, file, Manifest.FILE)));
    return new OnnxGenerativeModel(
        manifest,
        catalog,
        codes,
        vectors,
        openScorer(generation, options),
        fingerprint(),
        modelVersion(),
        golden);
  }

  private OnnxNextTokenScorer openScorer(Generation generation, BundleOptions options) {
    List<OnnxSession> sessions = new ArrayList<>();
    try {
      sessions.add(openSession(manifest.model(), options.onnx()));
      Optional<OnnxSession> step =
          generation.step().map(graph -> openSession(graph.model(), options.onnx()));
      step.ifPresent(sessions::add);
      return OnnxNextTokenScorer.of(modelVersion(), generation, sessions.get(0), step);
    } catch (RuntimeException | Error e) {
      sessions.forEach(session -> closeAfter(e, session::close));
      throw e;
    }
  }

  private OnnxTextGenerator loadTextGenerator(BundleOptions options) {
    if (manifest.contract() != Manifest.Contract.TEXT_GENERATION) {
      throw BundleFailures.invalid(
          Manifest.FILE, "/contract: expected TEXT_GENERATION, found " + manifest.contract());
    }
    Generation generation = manifest.generation().orElseThrow();
    Generation.Text text = generation.text().orElseThrow();
    JsonTokenizer tokenizer =
        JsonTokenizer.open(
            seal.resolve(folder, text.tokenizer(), Manifest.FILE), text.specialTokens());
    try {
      OnnxNextTokenScorer scorer = openScorer(generation, options);
      try {
        OnnxTextGenerator generator =
            new OnnxTextGenerator(generation, scorer, tokenizer, modelVersion(), fingerprint());
        manifest
            .golden()
            .ifPresent(
                file ->
                    GoldenTexts.read(seal.resolve(folder, file, Manifest.FILE)).replay(generator));
        return generator;
      } catch (RuntimeException | Error e) {
        closeAfter(e, scorer::close);
        throw e;
      }
    } catch (RuntimeException | Error e) {
      closeAfter(e, tokenizer::close);
      throw e;
    }
  }

  private OnnxSession openSession(String file, OnnxOptions options) {
    Path model = seal.resolve(folder, file, Manifest.FILE);
    checkOpset(model);
    return OnnxSession.open(model, options);
  }

  private static void closeAfter(Throwable failure, Runnable close) {
    try {
      close.run();
    } catch (RuntimeException suppressed) {
      failure.addSuppressed(suppressed);
    }
  }

  private int requiredColumns(Manifest.Scores scores) {
    long columns = (long) catalog.size() + scores.offset();
    if (columns > Integer.MAX_VALUE) {
      throw BundleFailures.invalid(
          Manifest.FILE, "/scores/offset: expected a column number, found " + scores.offset());
    }
    return (int) columns;
  }

  private void checkOpset(Path model) {
    OptionalLong found = OnnxFile.opset(model);
    if (found.isEmpty()) {
      throw BundleFailures.invalid(
          model.getFileName(), "expected an ONNX model that imports an opset, found none");
    }
    if (manifest.opset().isPresent() && manifest.opset().get() != found.getAsLong()) {
      throw BundleFailures.invalid(
          model.getFileName(),
          "expected opset %d as %s says, found %d"
              .formatted(manifest.opset().get(), Manifest.FILE, found.getAsLong()));
    }
  }

  /** Reads the tables of items that inputs need, each once. */
  private Map<String, ItemTable> itemTables() {
    Map<String, ItemTable> tables = new HashMap<>();
    for (Manifest.Input input : manifest.inputs()) {
      String file = input.feature();
      if (input.role() == Manifest.Role.ITEM_TABLE && !tables.containsKey(file)) {
        ItemTable table =
            NpyFile.readTable(seal.resolve(folder, file, Manifest.FILE), catalog.size());
        table.complete(file, catalog, input.defaultValue());
        LOG.info("{}: table {} of {} bytes", name(), file, table.bytes());
        tables.put(file, table);
      }
    }
    return tables;
  }

  private OnnxSequenceRecommender loadScores(OnnxSession session, BundleOptions options) {
    Manifest.Scores scores = manifest.scores().orElseThrow();
    SequenceModel model =
        SequenceModel.of(manifest, session, catalog, itemTables(), requiredColumns(scores), false);
    Head head = new ScoreHead(session.name(), scores, catalog, manifest.name(), model.columns());
    return replayed(recommender(session, model, head, () -> {}, options));
  }

  private OnnxSequenceRecommender loadVectors(OnnxSession session, BundleOptions options) {
    Manifest.Embedding embedding = manifest.embedding().orElseThrow();
    ItemIndexFactory factory =
        options
            .index()
            .orElseThrow(
                () ->
                    BundleFailures.invalid(
                        folder,
                        "the model ends in a user vector, so an index has to be given:"
                            + " RecommenderBundle.open(folder,"
                            + " BundleOptions.defaults().index(FlatIndex::new))"));
    SequenceModel model =
        SequenceModel.of(manifest, session, catalog, itemTables(), embedding.dimension(), true);
    float[][] vectors =
        NpyFile.readMatrix(
            seal.resolve(folder, embedding.itemVectors(), Manifest.FILE),
            catalog.size(),
            embedding.dimension());
    ItemIndex index = factory.create(embedding.dimension(), embedding.similarity(), catalog.size());
    try {
      List<String> ids = new ArrayList<>(catalog.size());
      for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
        ids.add(catalog.id(ordinal));
      }
      index.addAll(ids, vectors);
      Head head = new VectorHead(session.name(), embedding, index, manifest.name());
      return replayed(recommender(session, model, head, index::close, options));
    } catch (RuntimeException | Error e) {
      closeAfter(e, index::close);
      throw e;
    }
  }

  private OnnxSequenceRecommender recommender(
      OnnxSession session,
      SequenceModel model,
      Head head,
      Runnable closeHead,
      BundleOptions options) {
    return new OnnxSequenceRecommender(
        manifest, catalog, session, model, head, closeHead, seal.fingerprint(), options.maxBatch());
  }

  private OnnxSequenceRecommender replayed(OnnxSequenceRecommender recommender) {
    manifest
        .golden()
        .ifPresent(
            golden ->
                GoldenRequests.read(seal.resolve(folder, golden, Manifest.FILE))
                    .replay(recommender));
    return recommender;
  }
}
