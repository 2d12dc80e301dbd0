package io.recommender.examples.shop;

import io.recommender.Feature;
import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderListener;
import io.recommender.RetrieverRecommender;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.Trace;
import io.recommender.Turn;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.HnswIndex;
import io.recommender.ann.memory.CompensatingReranker;
import io.recommender.ann.memory.EntityCounts;
import io.recommender.ann.memory.ErrorMemory;
import io.recommender.ann.memory.UserStore;
import io.recommender.ann.neighbors.SessionKnnRecommender;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.ann.text.KeywordIndex;
import io.recommender.ann.vectors.QueryVector;
import io.recommender.ann.vectors.VectorRecommender;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.pipeline.CatalogOverlay;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.serving.BatchingRecommender;
import io.recommender.serving.SwappableRecommender;
import io.recommender.testing.FakeRecommender;
import io.recommender.text.DialogRecommender;
import io.recommender.text.ItemMentions;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * The program of {@link QuietLogsTest}: every kind of call, with ids that can be told from all
 * else, where things go well and where they do not.
 */
final class QuietLogsChild {
  /** Part of every id that the program makes up. */
  static final String MARK = "marked-7f3a";

  /** What it says when it has come to its end. */
  static final String END = "all was called";

  private static final String USER = "user-" + MARK;
  private static final String ITEM = "item-" + MARK;

  private final Path folder;
  private final UserHistory history = UserHistory.of("sku-00007", ITEM, "sku-00012").forUser(USER);
  private final RecommendationRequest request =
      RecommendationRequest.of(history)
          .k(5)
          .context("query", new Feature.Text("wireless " + MARK))
          .context("id-" + MARK, new Feature.Text("value-" + MARK))
          .dialog(List.of(Turn.user("Something like " + MARK)))
          .filter(ItemFilter.deny(List.of(ITEM)))
          .build();

  private QuietLogsChild(Path folder) {
    this.folder = folder;
  }

  /**
   * Calls.
   *
   * @param arguments a folder to save into
   */
  public static void main(String[] arguments) {
    QuietLogsChild child = new QuietLogsChild(Path.of(arguments[0]));
    child.models();
    child.pipelines();
    child.serving();
    child.stores();
    System.out.println(END);
  }

  private static Path bundle(String name) {
    return Path.of("bundles", name);
  }

  private static IllegalStateException broken() {
    return new IllegalStateException("broken for " + USER + " at " + ITEM);
  }

  private void models() {
    try (OnnxSequenceRecommender model = RecommenderBundle.open(bundle("shop"));
        OnnxSequenceRecommender vectors =
            RecommenderBundle.open(
                bundle("shop-vector"), BundleOptions.defaults().index(FlatIndex::new));
        BeamDecoder beams =
            BeamDecoder.of(
                RecommenderBundle.openGenerative(bundle("shop-generative")),
                options -> options.width(20));
        OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle("shop-text"));
        OnnxReranker ranker = RecommenderBundle.openReranker(bundle("shop-ranker"))) {
      List<SequenceRecommender> all =
          List.of(
              model,
              vectors,
              beams,
              new DialogRecommender(model, new ItemMentions(model.catalog(), "title")),
              request -> model.recommend(request));
      for (SequenceRecommender each : all) {
        each.recommend(request);
        each.recommendAll(List.of(request, request));
        each.recommend(request.toBuilder().history(UserHistory.empty().forUser(USER)).build());
      }
      ranker.rerank(request, model.recommend(request).items());
      float[][] texts = encoder.encodeTexts(List.of("a text with " + MARK, MARK));
      search(texts[0], encoder.encodeTexts(List.of("tent", "lamp", "chair")));
    }
  }

  private void search(float[] query, float[][] vectors) {
    List<String> ids = List.of(ITEM, ITEM + "-2", ITEM + "-3");
    HnswIndex graph = HnswIndex.builder(query.length, Similarity.COSINE).build();
    graph.addAll(ids, vectors);
    VectorRecommender.of("graph", QueryVector.historyMean(graph::vector), graph)
        .recommend(request.toBuilder().filter(ItemFilter.all()).build());
    graph.search(query, 3, ItemFilter.allow(ids));
    graph.remove(ITEM);
    graph.save(folder.resolve("graph"));
    HnswIndex.open(folder.resolve("graph")).search(query, 3, ItemFilter.all());
    KeywordIndex words = KeywordIndex.builder().build();
    words.addTexts(ids, List.of("wireless lamp", MARK, "chair"));
    new RetrieverRecommender("words", words, RetrieverRecommender.text("query")).recommend(request);
    words.save(folder.resolve("words"));
  }

  /** A listener that fails and says whom it failed for. */
  private static RecommenderListener failing() {
    return new RecommenderListener() {
      @Override
      public void requestDone(String recommender, Recommendations answer, long nanoseconds) {
        throw broken();
      }

      @Override
      public void stageDone(String recommender, Trace.Stage stage) {
        throw broken();
      }
    };
  }

  private void pipelines() {
    CatalogOverlay live = new CatalogOverlay();
    live.setStock(ITEM, 0);
    CountDownLatch release = new CountDownLatch(1);
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("home")
            .source("good", FakeRecommender.of(ITEM, ITEM + "-2"))
            .source("broken", FakeRecommender.failing(broken()))
            .source("unlinked", FakeRecommender.failing(new NoClassDefFoundError(ITEM)))
            .source("late", FakeRecommender.of(ITEM).withLatch(release))
            .reranker(
                "broken",
                (asked, candidates) -> {
                  throw broken();
                })
            .overlay(live)
            .fallback("broken too", FakeRecommender.failing(broken()))
            .deadline(Duration.ofMillis(200))
            .listener(failing())
            .build()) {
      pipeline.recommend(request);
      pipeline.explain(request, ITEM + "-2");
      pipeline.explainAbsence(request, ITEM);
      pipeline.observe(Feedback.of(ITEM).forUser(USER).label("click", 1));
      pipeline.forget(USER);
      release.countDown();
    }
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("gone")
            .source("broken", FakeRecommender.failing(broken()))
            .build()) {
      fails(() -> pipeline.recommend(request));
    }
  }

  private void serving() {
    SwappableRecommender models =
        SwappableRecommender.builder("models")
            .keepPrevious()
            .keepRecent(8, asked -> true)
            .listener(failing())
            .open(() -> FakeRecommender.of(ITEM, ITEM + "-2").withModelVersion("1"));
    try (BatchingRecommender home = BatchingRecommender.builder("home", models).build()) {
      home.recommend(request);
      fails(() -> models.swap(() -> FakeRecommender.failing(broken())));
      models.swap(() -> FakeRecommender.of(ITEM + "-3", ITEM + "-4").withModelVersion("2"));
      home.recommend(request);
      models.rollback();
      models.forget(USER);
    }
    fails(() -> models.recommend(request));
  }

  private void stores() {
    UserStore<EntityCounts> entities =
        UserStore.builder(EntityCounts.codec())
            .learning(
                (before, feedback) ->
                    before.orElse(EntityCounts.empty()).plus(feedback.itemId(), Instant.EPOCH))
            .build();
    Shop shop = Shop.standard();
    SessionKnnRecommender sessions = SessionKnnRecommender.fit(shop.catalog(), List.of(history));
    try (OnnxReranker onnx = RecommenderBundle.openReranker(bundle("shop-ranker"))) {
      ErrorMemory errors = ErrorMemory.of(onnx.predicting().hiddenSize(), onnx.tasks());
      CompensatingReranker ranker = CompensatingReranker.of(onnx.predicting(), errors);
      ranker.rerank(request, sessions.recommend(request).items());
      List<FeedbackSink> sinks = new ArrayList<>(List.of(entities, sessions, ranker));
      for (FeedbackSink sink : sinks) {
        sink.observe(Feedback.of(ITEM).forUser(USER).label("click", 1).label("buy", 0));
        sink.observe(Feedback.of("sku-00012").forUser(USER).label("click", 1).consent(false));
      }
      entities.save(folder.resolve("entities"));
      errors.save(folder.resolve("errors"));
      UserStore.builder(EntityCounts.codec()).open(folder.resolve("entities")).get(USER);
      sinks.forEach(sink -> sink.forget(USER));
    }
  }

  private static void fails(Runnable call) {
    Optional<RuntimeException> thrown = Optional.empty();
    try {
      call.run();
    } catch (RuntimeException e) {
      thrown = Optional.of(e);
    }
    if (thrown.isEmpty()) {
      throw new AssertionError("expected a call that fails");
    }
  }
}
