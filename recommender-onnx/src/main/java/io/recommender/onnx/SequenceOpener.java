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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens models that read windows: the graph, what follows it, and what ranks by it. Nothing stays
 * open if any of this fails.
 *
 * <p><b>Immutable</b>.
 */
final class SequenceOpener {
  private static final Logger LOG = LoggerFactory.getLogger(SequenceOpener.class);

  private final BundleOpener bundle;
  private final Path folder;
  private final Seal seal;
  private final Manifest manifest;
  private final Catalog catalog;
  private final BundleOptions options;

  SequenceOpener(
      BundleOpener bundle,
      Path folder,
      Seal seal,
      Manifest manifest,
      Catalog catalog,
      BundleOptions options) {
    this.bundle = bundle;
    this.folder = folder;
    this.seal = seal;
    this.manifest = manifest;
    this.catalog = catalog;
    this.options = options;
  }

  OnnxSequenceRecommender open() {
    OnnxSession session = bundle.openSession(manifest.model(), options.onnx());
    try {
      if (manifest.scores().isPresent()) {
        return loadScores(session, manifest.scores().get());
      }
      return manifest.diffusion().isPresent()
          ? loadDiffusion(session, manifest.diffusion().get())
          : loadVectors(session, Optional.empty());
    } catch (RuntimeException | Error e) {
      BundleOpener.closeAfter(e, session::close);
      throw e;
    }
  }

  private OnnxSequenceRecommender loadScores(OnnxSession session, Manifest.Scores scores) {
    SequenceModel model =
        SequenceModel.of(
            manifest,
            session,
            catalog,
            itemTables(),
            requiredColumns(scores),
            false,
            Optional.empty());
    Head head = new ScoreHead(session.name(), scores, catalog, manifest.name(), model.columns());
    return replayed(assemble(session, model, head, () -> {}), 1);
  }

  private OnnxSequenceRecommender loadDiffusion(OnnxSession session, Diffusion diffusion) {
    OnnxSession denoising = bundle.openSession(diffusion.model(), options.onnx());
    try {
      Denoiser denoiser = Denoiser.of(manifest, session, denoising);
      OnnxSequenceRecommender opened = loadVectors(session, Optional.of(denoiser));
      try {
        options.sampling().ifPresent(denoiser::sampling);
        return opened;
      } catch (RuntimeException | Error e) {
        BundleOpener.closeAfter(e, opened::close);
        throw e;
      }
    } catch (RuntimeException | Error e) {
      BundleOpener.closeAfter(e, denoising::close);
      throw e;
    }
  }

  private OnnxSequenceRecommender loadVectors(OnnxSession session, Optional<Denoiser> denoiser) {
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
    int width =
        manifest.diffusion().map(told -> told.condition().size()).orElse(embedding.dimension());
    SequenceModel model =
        SequenceModel.of(manifest, session, catalog, itemTables(), width, true, denoiser);
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
      String last = denoiser.map(Denoiser::session).orElse(session).name();
      Head head = new VectorHead(last, embedding, index, manifest.name());
      return replayed(assemble(session, model, head, index::close), options.goldenRecall());
    } catch (RuntimeException | Error e) {
      BundleOpener.closeAfter(e, index::close);
      throw e;
    }
  }

  private OnnxSequenceRecommender assemble(
      OnnxSession session, SequenceModel model, Head head, Runnable closeHead) {
    return new OnnxSequenceRecommender(
        manifest,
        catalog,
        session,
        model,
        head,
        closeHead,
        () -> {
          try {
            model.denoiser().ifPresent(denoiser -> denoiser.session().close());
          } finally {
            session.close();
          }
        },
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

  private int requiredColumns(Manifest.Scores scores) {
    long columns = (long) catalog.size() + scores.offset();
    if (columns > Integer.MAX_VALUE) {
      throw BundleFailures.invalid(
          Manifest.FILE, "/scores/offset: expected a column number, found " + scores.offset());
    }
    return (int) columns;
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
}
