package io.recommender.onnx;

import io.recommender.Catalog;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Opens what a bundle holds, whose files were verified: loads the graphs, checks every tensor, and
 * replays the golden answers. Nothing stays open if any of this fails.
 *
 * <p><b>Immutable</b>.
 */
final class BundleOpener {
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
          case SEQ_LOGITS, SEQ_EMBEDDING, SEQ_DIFFUSION -> "open";
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
    return new SequenceOpener(this, folder, seal, manifest, catalog, options).open();
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

  OnnxSession openSession(String file, OnnxOptions options) {
    Path model = seal.resolve(folder, file, Manifest.FILE);
    checkOpset(model);
    return OnnxSession.open(model, options);
  }

  /** Closes what was opened before a failure. */
  static void closeAfter(Throwable failure, Runnable close) {
    try {
      close.run();
    } catch (RuntimeException suppressed) {
      failure.addSuppressed(suppressed);
    }
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
}
