package io.recommender.examples.benchmarks;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.onnx.OnnxCrossEncoder;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.onnx.RerankerOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What adapters cost that are mixed for each user, and what is saved where pairs of similar length
 * share a run: calls in turn on one machine, which slows all of them down alike, and the ratios of
 * those that came one after the other.
 *
 * <p>The arguments are a bundle of {@code recommender_export.cross_encoder}, one of the same model
 * with adapters, and how many it has. A request has a search and two items, and 20 candidates.
 */
final class CrossEncoderBenchmark {
  private static final int CANDIDATES = 20;
  private static final int ROUNDS = 60;
  private static final int WARM_UP = 5;

  private CrossEncoderBenchmark() {}

  public static void main(String[] args) {
    if (args.length != 3) {
      System.err.println("expected two folders of bundles and the number of adapters");
      System.exit(2);
    }
    float[] gate = new float[Integer.parseInt(args[2])];
    Arrays.fill(gate, 0.5f);
    RerankerOptions defaults = RerankerOptions.defaults();
    try (OnnxCrossEncoder base = RecommenderBundle.openCrossEncoder(Path.of(args[0]), defaults);
        OnnxCrossEncoder oneRun =
            RecommenderBundle.openCrossEncoder(Path.of(args[0]), defaults.maxTokens(1 << 20));
        OnnxCrossEncoder personal =
            RecommenderBundle.openCrossEncoder(
                Path.of(args[1]),
                defaults.userTable(
                    "lora_gate", user -> Optional.of(Feature.Tensor.vector(gate))))) {
      List<OnnxCrossEncoder> turns = List.of(base, personal, oneRun);
      double[][] milliseconds = new double[turns.size()][ROUNDS];
      SplittableRandom random = new SplittableRandom(9);
      for (int round = -WARM_UP; round < ROUNDS; round++) {
        RecommendationRequest request = request(base.catalog(), random);
        List<ScoredItem> candidates = candidates(base.catalog(), random);
        for (int turn = 0; turn < turns.size(); turn++) {
          int which = Math.floorMod(turn + round, turns.size());
          long start = System.nanoTime();
          turns.get(which).rerank(request, candidates);
          if (round >= 0) {
            milliseconds[which][round] = (System.nanoTime() - start) / 1e6;
          }
        }
      }
      System.out.printf(
          "%d pairs: median %.1f ms%n", CANDIDATES, quantile(milliseconds[0].clone(), 0.5));
      print("with adapters", milliseconds[1], milliseconds[0]);
      print("all in one run", milliseconds[2], milliseconds[0]);
    }
  }

  private static RecommendationRequest request(Catalog catalog, SplittableRandom random) {
    return RecommendationRequest.of(
            UserHistory.of(id(catalog, random), id(catalog, random)).forUser("ann"))
        .context("query", new Feature.Text("a present for the summer"))
        .build();
  }

  private static List<ScoredItem> candidates(Catalog catalog, SplittableRandom random) {
    Set<String> ids = new LinkedHashSet<>();
    while (ids.size() < CANDIDATES) {
      ids.add(id(catalog, random));
    }
    List<ScoredItem> candidates = new ArrayList<>();
    ids.forEach(id -> candidates.add(new ScoredItem(id, 0)));
    return candidates;
  }

  private static String id(Catalog catalog, SplittableRandom random) {
    return catalog.id(random.nextInt(catalog.size()));
  }

  private static void print(String what, double[] times, double[] than) {
    double[] ratios = new double[times.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = times[i] / than[i];
    }
    System.out.printf(
        "%s: %.3f times that, median of %d (quartiles %.3f and %.3f)%n",
        what, quantile(ratios, 0.5), ratios.length, quantile(ratios, 0.25), quantile(ratios, 0.75));
  }

  private static double quantile(double[] values, double share) {
    Arrays.sort(values);
    return values[(int) (share * (values.length - 1))];
  }
}
