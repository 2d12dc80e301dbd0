package io.recommender.evaluation;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Users who mostly walk from an item to the next, and two recommenders that count. */
final class Synthetic {
  private Synthetic() {}

  static InteractionLog log(int users, int items, long seed) {
    Random random = new Random(seed);
    List<UserHistory> histories = new ArrayList<>();
    for (int u = 0; u < users; u++) {
      int length = 2 + random.nextInt(9);
      int item = (int) (items * Math.pow(random.nextDouble(), 3));
      List<String> sequence = new ArrayList<>();
      for (int i = 0; i < length; i++) {
        sequence.add(Integer.toString(item + 1));
        boolean walks = random.nextInt(10) < 6;
        item = walks ? (item + 1) % items : (int) (items * Math.pow(random.nextDouble(), 3));
      }
      histories.add(UserHistory.ofItems(sequence).forUser("user-" + u));
    }
    return InteractionLog.of("synthetic", histories);
  }

  static SequenceRecommender popularity(List<UserHistory> training, Catalog catalog) {
    double[] counts = new double[catalog.size()];
    for (UserHistory user : training) {
      user.itemIds().forEach(itemId -> counts[catalog.ordinal(itemId)]++);
    }
    return request -> top(request, catalog, counts);
  }

  static SequenceRecommender markov(List<UserHistory> training, Catalog catalog) {
    int size = catalog.size();
    double[] popularity = new double[size];
    double[][] next = new double[size][size];
    double total = 1;
    for (UserHistory user : training) {
      int previous = Catalog.UNKNOWN;
      for (String itemId : user.itemIds()) {
        int ordinal = catalog.ordinal(itemId);
        popularity[ordinal]++;
        total++;
        if (previous != Catalog.UNKNOWN) {
          next[previous][ordinal]++;
        }
        previous = ordinal;
      }
    }
    double all = total;
    return request -> {
      List<String> history = request.history().itemIds();
      double[] scores = new double[size];
      int last =
          history.isEmpty() ? Catalog.UNKNOWN : catalog.ordinal(history.get(history.size() - 1));
      for (int i = 0; i < size; i++) {
        scores[i] = popularity[i] / all + (last == Catalog.UNKNOWN ? 0 : next[last][i]);
      }
      return top(request, catalog, scores);
    };
  }

  private static Recommendations top(
      RecommendationRequest request, Catalog catalog, double[] scores) {
    List<ScoredItem> items =
        IntStream.range(0, scores.length)
            .filter(i -> request.filter().accepts(catalog.id(i)))
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]).thenComparing(i -> i))
            .limit(request.k())
            .map(i -> new ScoredItem(catalog.id(i), scores[i]))
            .toList();
    return Recommendations.of(request.k(), items).build();
  }
}
