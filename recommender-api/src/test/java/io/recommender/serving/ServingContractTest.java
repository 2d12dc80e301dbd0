package io.recommender.serving;

import io.recommender.Catalog;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.testing.RerankerContract;
import io.recommender.testing.SequenceRecommenderContract;
import io.recommender.testing.TableRecommender;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** What serves a model keeps the promises of the model. */
class ServingContractTest {
  private static final Catalog CATALOG = Catalog.ofIds(List.of("e", "b", "d", "a", "c", "f"));
  private static final Duration LONG = Duration.ofMinutes(5);

  private static TableRecommender table() {
    double[][] scores = new double[CATALOG.size()][CATALOG.size()];
    for (int i = 0; i < scores.length; i++) {
      for (int j = 0; j < scores.length; j++) {
        scores[i][j] = (i * 7 + j * 3) % 4;
      }
    }
    return new TableRecommender(CATALOG, scores);
  }

  abstract static class Served extends SequenceRecommenderContract {
    @Override
    protected Catalog items() {
      return CATALOG;
    }
  }

  @Nested
  class Swappable extends Served {
    @Override
    protected SequenceRecommender create() {
      return SwappableRecommender.builder("home")
          .keepRecent(8, request -> true)
          .open(ServingContractTest::table);
    }
  }

  @Nested
  class Swapped extends Served {
    @Override
    protected SequenceRecommender create() {
      SwappableRecommender recommender =
          SwappableRecommender.builder("home").keepPrevious().open(ServingContractTest::table);
      recommender.swap(ServingContractTest::table);
      return recommender;
    }
  }

  @Nested
  class SwappedReranker extends RerankerContract {
    @Override
    protected List<String> itemIds() {
      return List.of("e", "b", "d", "a", "c", "f");
    }

    @Override
    protected Reranker create() {
      SwappableReranker reranker =
          SwappableReranker.builder("ranking")
              .keepPrevious()
              .open(() -> (request, candidates) -> candidates);
      reranker.swap(() -> (request, candidates) -> List.copyOf(candidates));
      return reranker;
    }
  }

  @Nested
  class OneRunAtATime extends Served {
    @Override
    protected SequenceRecommender create() {
      return BatchingRecommender.builder("home", table()).concurrentRuns(1).maxBatch(3).build();
    }
  }

  @Nested
  class BatchesByLength extends Served {
    @Override
    protected SequenceRecommender create() {
      return BatchingRecommender.builder("home", table())
          .concurrentRuns(2)
          .paddedLength(request -> Math.max(1, request.history().size()))
          .deadline(LONG)
          .build();
    }
  }

  @Nested
  class Guarded extends Served {
    @Override
    protected SequenceRecommender create() {
      Bulkhead bulkhead = new Bulkhead("models", 2, 100, LONG);
      SequenceRecommender guarded = bulkhead.guard(table());
      return new SequenceRecommender() {
        @Override
        public io.recommender.Recommendations recommend(
            io.recommender.RecommendationRequest request) {
          return guarded.recommend(request);
        }

        @Override
        public void close() {
          bulkhead.close();
        }
      };
    }
  }

  @Nested
  class GuardedReranker extends RerankerContract {
    @Override
    protected Reranker create() {
      return new Bulkhead("models", 2, 100, LONG)
          .guard(
              (Reranker)
                  (request, candidates) ->
                      candidates.stream()
                          .sorted(Comparator.comparing(ScoredItem::itemId))
                          .limit(3)
                          .toList());
    }

    @Override
    protected List<String> itemIds() {
      return List.of("c", "a", "e", "b", "d");
    }
  }
}
