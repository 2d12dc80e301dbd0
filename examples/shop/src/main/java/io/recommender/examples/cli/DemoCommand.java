package io.recommender.examples.cli;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.evaluation.EvaluationReport;
import io.recommender.evaluation.Evaluator;
import io.recommender.evaluation.InteractionLog;
import io.recommender.evaluation.Split;
import io.recommender.examples.shop.Demo;
import io.recommender.examples.shop.GenerativeDemo;
import io.recommender.examples.shop.Quality;
import io.recommender.examples.shop.RankerDemo;
import io.recommender.examples.shop.Shop;
import io.recommender.examples.shop.Shopper;
import io.recommender.examples.shop.Terminal;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.onnx.RerankerOptions;
import io.recommender.pipeline.CandidateSource;
import io.recommender.pipeline.RecommenderPipeline;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code demo}: the library in ten seconds. */
@Command(
    name = "demo",
    description = "Shows a trained model in a made-up shop, and how good it is.")
final class DemoCommand implements Callable<Integer> {
  private static final String GENERATIVE = "generative";
  private static final String RANKER = "ranker";
  private static final String MODEL_FREE = "Markov chain";
  private static final int RESAMPLES = 400;
  private static final int MOST_ITEMS = 20;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "TOUR",
      description = {
        "generative: a model that writes the codes of items.",
        "ranker: a model that ranks what another one proposes."
      })
  private String tour;

  @Option(
      names = "--bundle",
      paramLabel = "DIR",
      description =
          "The bundle (default: examples/shop/bundles/shop, shop-generative or shop-ranker).")
  private Path bundle;

  @Option(names = "--without-model", description = "Let a Markov chain answer instead of a bundle.")
  private boolean withoutModel;

  @Option(
      names = "--users",
      defaultValue = "1500",
      description = "How many shoppers the quality report asks about (default: ${DEFAULT-VALUE}).")
  private int users;

  @Override
  public Integer call() throws IOException {
    Terminal terminal = Terminal.on(spec.commandLine().getOut());
    CompletableFuture<Shop> generating = CompletableFuture.supplyAsync(Shop::standard);
    if (tour != null && !tour.equals(GENERATIVE) && !tour.equals(RANKER)) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "expected 'demo', 'demo %s' or 'demo %s', found 'demo %s'"
              .formatted(GENERATIVE, RANKER, tour));
    }
    if (tour != null && withoutModel) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--without-model: expected no tour beside it, found " + tour);
    }
    if (RANKER.equals(tour)) {
      showRanker(terminal, generating.join());
      return CommandLine.ExitCode.OK;
    }
    if (bundle == null) {
      bundle = tour != null ? Bundles.generativeShop() : Bundles.shop();
    }
    if (withoutModel) {
      Shop shop = generating.join();
      Split split = split(shop);
      SequenceRecommender chain =
          Quality.baselines(shop.catalog(), split.training()).get(MODEL_FREE);
      greet(terminal, MODEL_FREE, shop, "fitted on the shoppers below, no bundle opened");
      show(terminal, new Subject(MODEL_FREE, chain, shop.catalog()), shop, split);
      return CommandLine.ExitCode.OK;
    }
    long start = System.nanoTime();
    try (OpenBundle model = Bundles.open(bundle, MOST_ITEMS)) {
      long milliseconds = (System.nanoTime() - start) / 1_000_000;
      Shop shop = generating.join();
      requireSameItems(model.catalog(), shop.catalog());
      greet(
          terminal,
          model.modelVersion(),
          shop,
          "opened in %d ms on %s: sealed files checked, golden requests replayed"
              .formatted(milliseconds, model.device()));
      String name = model.modelVersion().replaceAll("@.*", "");
      show(terminal, new Subject(name, model.recommender(), model.catalog()), shop, split(shop));
    }
    return CommandLine.ExitCode.OK;
  }

  private record Subject(String name, SequenceRecommender recommender, Catalog catalog) {}

  private static void greet(Terminal terminal, String model, Shop shop, String how) {
    terminal.line();
    terminal.line(
        "  %s", terminal.bold("A recommender inside your Java process: no server, no Python."));
    terminal.line();
    terminal.line("  model     %s", terminal.green(model));
    terminal.line("            %s", how);
    terminal.line(
        "  shop      %s",
        String.format(
            Locale.ROOT,
            "%,d items, %,d made-up shoppers, %,d interactions in half a year",
            shop.catalog().size(),
            shop.shoppers().size(),
            shop.interactionCount()));
  }

  private void show(Terminal terminal, Subject subject, Shop shop, Split split) throws IOException {
    if (tour != null) {
      showGenerative(terminal, subject, shop, split);
      return;
    }
    new Demo(terminal, subject.recommender(), subject.catalog(), shop).run();
    showQuality(terminal, "6", subject, split, Map.of());
    showCode(
        terminal,
        "try (var recommender = RecommenderBundle.open(Path.of(\"bundles/shop\"))) {",
        "  var request = RecommendationRequest.of(history).k(10).filter(inStock).build();",
        "  recommender.recommend(request).forEach(item -> show(item.itemId(), item.score()));",
        "}");
  }

  private void showGenerative(Terminal terminal, Subject subject, Shop shop, Split split)
      throws IOException {
    if (!(subject.recommender() instanceof BeamDecoder decoder)) {
      throw new IllegalArgumentException(
          bundle + ": expected a bundle of contract SEQ_GENERATIVE, found another");
    }
    new GenerativeDemo(terminal, decoder, subject.catalog(), shop).run();
    try (OpenBundle scores = Bundles.open(Bundles.shop(), MOST_ITEMS)) {
      String name = scores.name().replaceAll("@.*", "");
      showQuality(terminal, "5", subject, split, Map.of(name, scores.recommender()));
    }
    showCode(
        terminal,
        "try (var model = RecommenderBundle.openGenerative(Path.of(\"bundles/shop-generative\"));",
        "    var recommender = BeamDecoder.of(model)) {",
        "  recommender.recommend(request).forEach(item -> show(item.itemId(), item.score()));",
        "}");
  }

  private void showRanker(Terminal terminal, Shop shop) throws IOException {
    Path folder = bundle == null ? Bundles.rankerShop() : bundle;
    AtomicReference<Map<String, Double>> prices = new AtomicReference<>(Map.of());
    RerankerOptions options =
        RerankerOptions.defaults()
            .itemTable(
                "price", id -> Optional.ofNullable(prices.get().get(id)).map(Feature.Scalar::new));
    long start = System.nanoTime();
    try (OnnxReranker ranker = RecommenderBundle.openReranker(folder, options);
        OpenBundle model = Bundles.open(Bundles.shop(), RankerDemo.PROPOSED)) {
      long milliseconds = (System.nanoTime() - start) / 1_000_000;
      requireSameItems(ranker.catalog(), shop.catalog());
      greet(
          terminal,
          ranker.modelVersion() + " after " + model.modelVersion(),
          shop,
          "opened in %d ms on %s: sealed files checked, golden requests replayed"
              .formatted(milliseconds, ranker.device()));
      new RankerDemo(terminal, model.recommender(), ranker, prices, shop).run();
      RecommenderPipeline pipeline =
          RecommenderPipeline.named("ranked")
              .source(CandidateSource.of("model", model.recommender()).depth(RankerDemo.PROPOSED))
              .reranker("ranker", ranker)
              .build();
      String name = ranker.modelVersion().replaceAll("@.*", "");
      showQuality(
          terminal,
          "4",
          new Subject(name, pipeline, model.catalog()),
          split(shop),
          Map.of(model.name().replaceAll("@.*", ""), model.recommender()));
    }
    showCode(
        terminal,
        "try (var ranker = RecommenderBundle.openReranker(Path.of(\"bundles/shop-ranker\"))) {",
        "  for (ScoredItem item : ranker.rerank(request, recommender.recommend(request).items())) {",
        "    show(item.itemId(), item.taskScores().get(\"buy\"));",
        "  }",
        "}");
  }

  private void showQuality(
      Terminal terminal,
      String number,
      Subject subject,
      Split split,
      Map<String, SequenceRecommender> others)
      throws IOException {
    terminal.heading(number + "  Is it any good?");
    Split sample = Quality.sample(split, users);
    terminal.line(
        "  %s",
        terminal.dim(
            String.format(
                Locale.ROOT,
                "The last interaction of %,d shoppers, hidden. All %,d items are candidates, seen or not.",
                sample.cases().size(),
                subject.catalog().size())));
    terminal.line();
    Map<String, SequenceRecommender> recommenders = new LinkedHashMap<>();
    recommenders.put(subject.name(), subject.recommender());
    recommenders.putAll(others);
    Quality.baselines(subject.catalog(), split.training()).forEach(recommenders::putIfAbsent);
    EvaluationReport report =
        Progress.showing(
            Evaluator.builder().cutoffs(5, 10, 20).bootstrapResamples(RESAMPLES),
            recommenders,
            sample,
            subject.catalog());
    Quality.show(terminal, report, subject.name());
    Path html = Bundles.target().resolve("demo-report.html");
    Reports.writeHtml(report, html);
    terminal.line("  The whole report, with charts: %s", html);
  }

  private static void showCode(Terminal terminal, String... lines) {
    terminal.heading("All of that is a few lines of Java");
    for (String line : lines) {
      terminal.line("    %s", terminal.cyan(line));
    }
    terminal.line();
  }

  private static Split split(Shop shop) {
    List<UserHistory> histories = shop.shoppers().stream().map(Shopper::history).toList();
    return Split.leaveOneOut(InteractionLog.of("shop", histories));
  }

  private void requireSameItems(Catalog found, Catalog expected) {
    if (found.size() != expected.size()) {
      throw new IllegalArgumentException(
          "%s: expected the %d items of the made-up shop, found %d"
              .formatted(bundle, expected.size(), found.size()));
    }
    for (int ordinal = 0; ordinal < found.size(); ordinal++) {
      if (!found.item(ordinal).equals(expected.item(ordinal))) {
        throw new IllegalArgumentException(
            "%s: expected item %s of the made-up shop at ordinal %d, found %s"
                .formatted(bundle, expected.item(ordinal), ordinal, found.item(ordinal)));
      }
    }
  }
}
