package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.testing.SequenceRecommenderContract;
import io.recommender.testing.TableRecommender;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;

/** A pipeline keeps the rules of every recommender. */
class PipelineContractTest {
  private static final Catalog CATALOG =
      Catalog.ofIds(List.of("e", "b", "d", "a", "c", "f", "h", "g"));

  private static SequenceRecommender table(int factor) {
    double[][] scores = new double[CATALOG.size()][CATALOG.size()];
    for (int i = 0; i < scores.length; i++) {
      for (int j = 0; j < scores.length; j++) {
        scores[i][j] = (i * 7 + j * factor) % 5;
      }
    }
    return new TableRecommender(CATALOG, scores);
  }

  /** The only source is asked in the calling thread and keeps its scores. */
  @Nested
  class OneSource extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return RecommenderPipeline.named("one").source("table", table(3)).build();
    }

    @Override
    protected Catalog items() {
      return CATALOG;
    }
  }

  @Nested
  class SeveralStages extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return RecommenderPipeline.named("stages")
          .source(CandidateSource.of("first", table(3)).weight(2))
          .source("second", table(4))
          .source("third", table(6))
          .fusion(Fusion.weighted(Fusion.Normalization.NONE))
          .reranker(
              "odd",
              (request, candidates) ->
                  candidates.stream()
                      .sorted(Comparator.comparingInt(item -> item.itemId().charAt(0) % 2))
                      .map(item -> new ScoredItem(item.itemId(), -item.itemId().charAt(0) % 2))
                      .toList())
          .rule(SlotRule.boost("letter", itemId -> itemId.compareTo("d") > 0, 2))
          .rule(SlotRule.atMost("none", 1, itemId -> Optional.empty()))
          .catalog(CATALOG)
          .build();
    }

    @Override
    protected Catalog items() {
      return CATALOG;
    }

    @Override
    protected boolean ordersTiesByOrdinal() {
      return false;
    }
  }

  @Nested
  class WithDeadline extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return RecommenderPipeline.named("deadline")
          .source("first", table(3))
          .source("second", table(4))
          .fusion(Fusion.weighted(Fusion.Normalization.NONE))
          .fallback("popular", table(1))
          .deadline(Duration.ofHours(1))
          .threads(2)
          .build();
    }

    @Override
    protected Catalog items() {
      return CATALOG;
    }

    @Override
    protected boolean ordersTiesByOrdinal() {
      return false;
    }
  }
}
