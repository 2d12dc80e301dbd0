package io.recommender.examples.page;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderListener;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.neighbors.PopularityRecommender;
import io.recommender.ann.neighbors.SessionKnnRecommender;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.examples.metrics.MicrometerListener;
import io.recommender.examples.shop.Shop;
import io.recommender.examples.shop.Shopper;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.CatalogIndexer;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.pipeline.CatalogOverlay;
import io.recommender.pipeline.PipelineFile;
import io.recommender.pipeline.PipelineParts;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.serving.SwapReport;
import io.recommender.serving.SwappableRecommender;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * What the page shows: the products, what a model recommends for what was looked at, stock and
 * prices that can be changed, and the model, which can be swapped for another.
 *
 * <p>Nothing is kept of a visitor; each call brings its history. Model, stock and prices are those
 * of the shop and the same for everybody.
 *
 * <p><b>Thread safety.</b> Thread-safe.
 */
final class PageShop implements AutoCloseable {
  /** Steps of the diversity slider. */
  static final int DIVERSITY_STEPS = 10;

  private static final String PIPELINE = "shop-pipeline.json";
  private static final int BEAMS = 100;
  private static final int WARM_UP = 8;
  private static final String FIRST = "SASRec";

  private final Catalog catalog;
  private final Map<String, Supplier<SequenceRecommender>> models = new LinkedHashMap<>();
  private final Map<String, Double> prices = new ConcurrentHashMap<>();
  private final Map<Integer, RecommenderPipeline> pipelines = new ConcurrentHashMap<>();
  private final CatalogOverlay live = new CatalogOverlay();
  private final PrometheusMeterRegistry meters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final RecommenderListener listener = new MicrometerListener(meters);
  private final SwappableRecommender serving;
  private final SequenceRecommender neighbours;
  private final SequenceRecommender popularity;
  private final OnnxItemEncoder encoder;
  private final FlatIndex texts;
  private final List<Shopper> shoppers;
  private final long seed;

  private PageShop(Path bundles, long seed, int shopperCount) {
    this.seed = seed;
    shoppers = Shop.generate(Shop.SEED, shopperCount).shoppers();
    List<UserHistory> histories = shoppers.stream().map(Shopper::history).toList();
    OnnxSequenceRecommender first = open(bundles.resolve("shop"));
    catalog = first.catalog();
    neighbours = SessionKnnRecommender.fit(catalog, histories);
    popularity = PopularityRecommender.fit(catalog, histories);
    models.put(FIRST, () -> open(bundles.resolve("shop")));
    models.put("SASRec, user vector", () -> open(bundles.resolve("shop-vector")));
    models.put(
        "Generative codes",
        () ->
            BeamDecoder.of(
                RecommenderBundle.openGenerative(bundles.resolve("shop-generative")),
                options -> options.width(BEAMS)));
    // Closing these two frees nothing, so that they may go and come back.
    models.put("Session neighbours", () -> neighbours);
    models.put("Popularity", () -> popularity);
    serving =
        SwappableRecommender.builder("shop-model")
            .keepPrevious()
            .warmUp(
                histories.stream()
                    .limit(WARM_UP)
                    .map(history -> RecommendationRequest.of(history).k(WARM_UP).build())
                    .toList())
            .listener(listener)
            .open(() -> new NamedModel(FIRST, first));
    encoder = RecommenderBundle.openEncoder(bundles.resolve("shop-text"));
    texts = new FlatIndex(encoder.dimension(), encoder.similarity(), catalog.size());
    CatalogIndexer.of(encoder, texts)
        .index(IntStream.range(0, catalog.size()).mapToObj(catalog::item).iterator());
    for (int i = 0; i < catalog.size(); i++) {
      prices.put(catalog.id(i), number(catalog.item(i), "price"));
    }
    reset();
    warmUp();
  }

  /** Asks some times, so that the first visitor does not wait for the compiler. */
  private void warmUp() {
    UserHistory history = UserHistory.of(catalog.id(0), catalog.id(1));
    for (int i = 0; i < WARM_UP; i++) {
      recommend(new Wish(history, List.of(), i % 2, Double.POSITIVE_INFINITY, WARM_UP));
    }
  }

  /**
   * Opens the models of the examples.
   *
   * @param bundles the folder of the bundles
   * @param seed decides which products are on the first shelf and everything else that is drawn
   * @param shopperCount how many shoppers the neighbours are looked for among
   * @return the shop
   */
  static PageShop open(Path bundles, long seed, int shopperCount) {
    return new PageShop(bundles, seed, shopperCount);
  }

  private static OnnxSequenceRecommender open(Path folder) {
    return RecommenderBundle.open(folder, BundleOptions.defaults().index(FlatIndex::new));
  }

  /** What a visitor asks for. */
  record Wish(UserHistory history, List<String> shown, int diversity, double budget, int k) {}

  /**
   * Opens a model and lets it answer everybody from then on.
   *
   * @param name one of {@link #models}
   */
  SwapReport swap(String name) {
    Supplier<SequenceRecommender> opening = models.get(name);
    if (opening == null) {
      throw new IllegalArgumentException(
          "model: expected one of %s, found '%s'".formatted(models.keySet(), name));
    }
    return serving.swap(() -> new NamedModel(name, opening.get()));
  }

  /** Goes back to the model before the last swap, which is still open. */
  SwapReport rollback() {
    return serving.rollback();
  }

  /** {@return the version of the model that answers} */
  String serving() {
    return serving.modelVersion();
  }

  /** {@return the version of the model that a rollback brings back, or nothing} */
  String previous() {
    return serving.previousVersion().orElse("");
  }

  /** {@return the names of the models} */
  List<String> models() {
    return List.copyOf(models.keySet());
  }

  Catalog catalog() {
    return catalog;
  }

  /** Returns some products, the same ones for the same seed. */
  List<Item> shelf(int count) {
    List<Integer> ordinals = new ArrayList<>(IntStream.range(0, catalog.size()).boxed().toList());
    Collections.shuffle(ordinals, new Random(seed));
    return ordinals.stream().limit(count).map(catalog::item).toList();
  }

  /** Returns histories of shoppers to begin with. */
  List<List<String>> visitors(int count) {
    List<Shopper> drawn = new ArrayList<>(shoppers);
    Collections.shuffle(drawn, new Random(seed));
    return drawn.stream()
        .map(shopper -> shopper.history().itemIds())
        .filter(history -> history.size() >= 4)
        .map(history -> history.subList(history.size() - 4, history.size()))
        .limit(count)
        .toList();
  }

  Recommendations recommend(Wish wish) {
    return pipeline(wish).recommend(request(wish));
  }

  /** Tells why an item is in an answer, or why it is not. */
  String explain(Wish wish, String itemId) {
    RecommenderPipeline pipeline = pipeline(wish);
    RecommendationRequest request = request(wish);
    return pipeline
        .explain(request, itemId)
        .map(explanation -> explanation.message())
        .or(() -> pipeline.explainAbsence(request, itemId).map(absence -> absence.message()))
        .orElse("");
  }

  private RecommendationRequest request(Wish wish) {
    ItemFilter filter = ItemFilter.unseen(wish.history()).and(affordable(wish.budget()));
    if (!wish.shown().isEmpty()) {
      filter = filter.and(ItemFilter.deny(wish.shown()));
    }
    return RecommendationRequest.of(wish.history()).k(wish.k()).filter(filter).seed(seed).build();
  }

  private ItemFilter affordable(double budget) {
    return Double.isFinite(budget) ? itemId -> price(itemId) <= budget : ItemFilter.all();
  }

  /** Returns the items whose texts are like a text, as far as they are to be had. */
  List<ScoredItem> search(String text, int k, double budget) {
    return texts.search(
        encoder.encodeTexts(List.of(text))[0], k, live.filter().and(affordable(budget)));
  }

  /** {@return what was counted and timed so far, as Prometheus reads it} */
  String metrics() {
    return meters.scrape();
  }

  void setStock(String itemId, long stock) {
    live.setStock(known(itemId), stock);
  }

  void setPrice(String itemId, double price) {
    live.setPrice(known(itemId), price);
  }

  /** Goes back to the stock and the prices of the catalogue. */
  void reset() {
    for (int i = 0; i < catalog.size(); i++) {
      live.clear(catalog.id(i));
      live.setStock(catalog.id(i), (long) number(catalog.item(i), "stock"));
    }
  }

  private String known(String itemId) {
    if (!catalog.contains(itemId)) {
      throw new IllegalArgumentException(
          "id: expected an item of the shop, found '%s'".formatted(itemId));
    }
    return itemId;
  }

  double price(String itemId) {
    return live.price(itemId).orElse(prices.getOrDefault(itemId, 0.0));
  }

  long stock(String itemId) {
    return live.stock(itemId).orElse(0);
  }

  private static double number(Item item, String feature) {
    return item.features().get(feature) instanceof Feature.Scalar scalar ? scalar.value() : 0;
  }

  private RecommenderPipeline pipeline(Wish wish) {
    return pipelines.computeIfAbsent(
        wish.diversity(),
        diversity -> {
          PipelineParts parts =
              new PipelineParts()
                  .recommender("model", serving)
                  .recommender("session-knn", neighbours)
                  .recommender("popularity", popularity)
                  .vectors("texts", texts::vector)
                  .catalog("shop", catalog)
                  .overlay("live", live);
          return declared(diversity).builder(parts).listener(listener).build();
        });
  }

  /** The file of the pipeline, with the diversity that was asked for. */
  private static PipelineFile declared(int diversity) {
    try (InputStream in =
        Objects.requireNonNull(PageShop.class.getResourceAsStream(PIPELINE), PIPELINE)) {
      ObjectMapper json = new ObjectMapper();
      ObjectNode root =
          (ObjectNode) json.readTree(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      ObjectNode mmr = (ObjectNode) root.get("diversity");
      mmr.put("lambda", 1 - diversity / (2.0 * DIVERSITY_STEPS));
      return PipelineFile.parse(PIPELINE, json.writeValueAsString(root));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    pipelines.values().forEach(RecommenderPipeline::close);
    serving.close();
    encoder.close();
    meters.close();
  }
}
