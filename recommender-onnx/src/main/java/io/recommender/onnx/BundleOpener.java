package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.ItemIndex;
import io.recommender.ItemIndexFactory;
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
 * Opens what a bundle holds, whose files were verified: loads the graphs, checks every tensor, and
 * replays the golden answers. Nothing stays open if any of this fails.
 *
 * <p><b>Immutable</b>.
 */
final class BundleOpener {
  private static final Logger LOG = LoggerFactory.getLogger(BundleOpener.class);

  private final Path folder;
  private final Seal seal;
  private final Manifest manifest;
  private final Catalog catalog;
  private final String modelVersion;

  BundleOpener(Path folder, Seal seal, Manifest manifest, Catalog catalog, String modelVersion) {
    this.folder = folder;
    this.seal = seal;
    this.manifest = manifest;
    this.catalog = catalog;
    this.modelVersion = modelVersion;
  }

  OnnxReranker reranker(RerankerOptions options) {
    Ranker ranker =
        manifest
            .ranker()
            .orElseThrow(
                () ->
                    BundleFailures.invalid(
                        Manifest.FILE,
                        "/contract: expected POINTWISE_RANKER, found "
                            + manifest.contract()
                            + door()));
    OnnxSession session = openSession(manifest.model(), options.onnx());
    try {
      OnnxReranker opened =
          OnnxReranker.of(ranker, catalog, session, options, modelVersion, seal.fingerprint());
      manifest
          .golden()
          .ifPresent(
              file ->
                  GoldenRankings.read(
                          seal.resolve(folder, file, Manifest.FILE),
                          catalog,
                          opened.tasks(),
                          opened::outputsAsExported)
                      .replay());
      return opened;
    } catch (RuntimeException | Error e) {
      closeAfter(e, session::close);
      throw e;
    }
  }

  /** Tells for whom the bundle is, in a message. */
  private String door() {
    String method =
        switch (manifest.contract()) {
          case SEQ_LOGITS, SEQ_EMBEDDING -> "open";
          case SEQ_GENERATIVE -> "openGenerative";
          case TEXT_GENERATION -> "openTextGenerator";
          case ITEM_ENCODER -> "openEncoder";
          case POINTWISE_RANKER -> "openReranker";
          case CROSS_ENCODER -> "openCrossEncoder";
          case LISTWISE_RERANKER -> "openListReranker";
        };
    return ", which RecommenderBundle." + method + "(folder) opens";
  }

  OnnxCrossEncoder crossEncoder(RerankerOptions options) {
    CrossEncoder described =
        manifest
            .crossEncoder()
            .orElseThrow(
                () ->
                    BundleFailures.invalid(
                        Manifest.FILE,
                        "/contract: expected CROSS_ENCODER, found "
                            + manifest.contract()
                            + door()));
    OnnxSession session = openSession(manifest.model(), options.onnx());
    try {
      TextTokenizer tokenizer = tokenizer(described.graph().tokens().orElseThrow());
      try {
        OnnxCrossEncoder opened =
            OnnxCrossEncoder.of(
                described, catalog, session, tokenizer, options, modelVersion, seal.fingerprint());
        manifest
            .golden()
            .ifPresent(
                file ->
                    GoldenRankings.read(
                            seal.resolve(folder, file, Manifest.FILE),
                            catalog,
                            List.of(described.score().name()),
                            (request, items) -> columns(opened.outputsAsExported(request, items)))
                        .replay());
        return opened;
      } catch (RuntimeException | Error e) {
        closeAfter(e, tokenizer::close);
        throw e;
      }
    } catch (RuntimeException | Error e) {
      closeAfter(e, session::close);
      throw e;
    }
  }

  OnnxListReranker listReranker(RerankerOptions options) {
    ListRanker described =
        manifest
            .list()
            .orElseThrow(
                () ->
                    BundleFailures.invalid(
                        Manifest.FILE,
                        "/contract: expected LISTWISE_RERANKER, found "
                            + manifest.contract()
                            + door()));
    OnnxSession session = openSession(manifest.model(), options.onnx());
    try {
      OnnxListReranker opened =
          OnnxListReranker.of(
              described, catalog, session, options, modelVersion, seal.fingerprint());
      manifest
          .golden()
          .ifPresent(
              file ->
                  GoldenLists.read(seal.resolve(folder, file, Manifest.FILE), catalog)
                      .replay(opened));
      return opened;
    } catch (RuntimeException | Error e) {
      closeAfter(e, session::close);
      throw e;
    }
  }

  private static float[][] columns(float[] numbers) {
    float[][] rows = new float[numbers.length][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new float[] {numbers[i]};
    }
    return rows;
  }

  OnnxItemEncoder encoder(BundleOptions options) {
    Encoder encoder =
        manifest
            .encoder()
            .orElseThrow(
                () ->
                    BundleFailures.invalid(
                        Manifest.FILE,
                        "/contract: expected ITEM_ENCODER, found " + manifest.contract() + door()));
    OnnxSession session = openSession(manifest.model(), options.onnx());
    try {
      Optional<TextTokenizer> tokenizer = encoder.tokens().map(this::tokenizer);
      try {
        EncoderModel model =
            EncoderModel.of(
                session,
                encoder,
                tokenizer,
                options.maxBatch(),
                options.maxTokens(),
                options.helpers());
        OnnxItemEncoder opened =
            new OnnxItemEncoder(
                encoder,
                session,
                tokenizer,
                model,
                options.helpers(),
                modelVersion,
                seal.fingerprint());
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

  OnnxSequenceRecommender recommender(BundleOptions options) {
    if (manifest.ranker().isPresent()
        || manifest.crossEncoder().isPresent()
        || manifest.list().isPresent()) {
      throw BundleFailures.invalid(folder, "the model ranks candidates and finds none" + door());
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

  OnnxGenerativeModel generative(BundleOptions options) {
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
        seal.fingerprint(),
        modelVersion,
        golden);
  }

  private OnnxNextTokenScorer openScorer(Generation generation, BundleOptions options) {
    List<OnnxSession> sessions = new ArrayList<>();
    try {
      sessions.add(openSession(manifest.model(), options.onnx()));
      Optional<OnnxSession> step =
          generation.step().map(graph -> openSession(graph.model(), options.onnx()));
      step.ifPresent(sessions::add);
      return OnnxNextTokenScorer.of(modelVersion, generation, sessions.get(0), step);
    } catch (RuntimeException | Error e) {
      sessions.forEach(session -> closeAfter(e, session::close));
      throw e;
    }
  }

  OnnxTextGenerator textGenerator(BundleOptions options) {
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
            new OnnxTextGenerator(generation, scorer, tokenizer, modelVersion, seal.fingerprint());
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

  private TextTokenizer tokenizer(TokenLayout layout) {
    return JsonTokenizer.open(seal.resolve(folder, layout.tokenizer(), Manifest.FILE), layout);
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
        LOG.info("{}: table {} of {} bytes", manifest.name(), file, table.bytes());
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
    return replayed(assemble(session, model, head, () -> {}, options), 1);
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
      return replayed(
          assemble(session, model, head, index::close, options), options.goldenRecall());
    } catch (RuntimeException | Error e) {
      closeAfter(e, index::close);
      throw e;
    }
  }

  private OnnxSequenceRecommender assemble(
      OnnxSession session,
      SequenceModel model,
      Head head,
      Runnable closeHead,
      BundleOptions options) {
    return new OnnxSequenceRecommender(
        manifest,
        catalog,
        session,
        model,
        head,
        closeHead,
        session::close,
        seal.fingerprint(),
        options.maxBatch());
  }

  private OnnxSequenceRecommender replayed(OnnxSequenceRecommender recommender, double recall) {
    manifest
        .golden()
        .map(file -> GoldenRequests.read(seal.resolve(folder, file, Manifest.FILE)))
        .ifPresent(
            golden -> {
              if (recall < 1) {
                recommender.foundGolden(golden.replay(recommender, recall));
              } else {
                golden.replay(recommender);
                recommender.foundGolden(1);
              }
            });
    return recommender;
  }
}
