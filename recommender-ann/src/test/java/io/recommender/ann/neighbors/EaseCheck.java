package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.evaluation.EvaluationReport;
import io.recommender.evaluation.EvaluationResult;
import io.recommender.evaluation.Evaluator;
import io.recommender.evaluation.InteractionLog;
import io.recommender.evaluation.Metric;
import io.recommender.evaluation.SeenItems;
import io.recommender.evaluation.Split;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures EASE beside the other baselines, leaving out the last item of each user, and how long it
 * takes to fit. Not part of the build: the log is not ours to ship.
 *
 * <p>The first argument is a table of interactions such as MovieLens 100K's {@code ml-100k.inter};
 * the others are values of lambda. Exits with status 1 if EASE ranks no better by NDCG@10 than
 * neighbours of items do, for any of them.
 */
final class EaseCheck {
  private EaseCheck() {}

  public static void main(String[] args) throws IOException {
    if (args.length < 2) {
      System.err.println("expected a table of interactions and values of lambda");
      System.exit(2);
    }
    InteractionLog log = InteractionLog.readTsv(Path.of(args[0]));
    Split split = Split.leaveOneOut(log);
    Catalog catalog = log.catalog();
    List<UserHistory> training = split.training();
    Map<String, SequenceRecommender> recommenders = new LinkedHashMap<>();
    recommenders.put("popularity", PopularityRecommender.fit(catalog, training));
    recommenders.put("trending", TrendingRecommender.fit(catalog, training, Duration.ofDays(30)));
    recommenders.put("markov", MarkovRecommender.fit(catalog, training));
    recommenders.put("item-knn", ItemKnnRecommender.fit(catalog, training));
    recommenders.put("session-knn", SessionKnnRecommender.fit(catalog, training));
    for (int i = 1; i < args.length; i++) {
      EaseOptions options = EaseOptions.of(Double.parseDouble(args[i]));
      long start = System.nanoTime();
      recommenders.put("ease " + args[i], EaseRecommender.fit(catalog, training, options));
      System.out.printf("%s fitted in %.1f s%n", options, (System.nanoTime() - start) / 1e9);
    }
    Evaluator evaluator =
        Evaluator.builder()
            .cutoffs(10)
            .seenItems(SeenItems.FILTER)
            .bootstrapResamples(100)
            .threads(1)
            .build();
    EvaluationReport report = evaluator.run(recommenders, split, catalog);
    System.out.println(report.toText());
    boolean isBetter = true;
    for (EvaluationResult result : report.results()) {
      isBetter &=
          !result.name().startsWith("ease ")
              || result.value(Metric.NDCG, 10) > report.result("item-knn").value(Metric.NDCG, 10);
    }
    System.exit(isBetter ? 0 : 1);
  }
}
