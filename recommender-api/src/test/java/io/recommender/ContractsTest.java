package io.recommender;

import io.recommender.spi.NextTokenScorer;
import io.recommender.testing.BigramScorer;
import io.recommender.testing.ItemEncoderContract;
import io.recommender.testing.NextTokenScorerContract;
import io.recommender.testing.RerankerContract;
import io.recommender.testing.SequenceRecommenderContract;
import io.recommender.testing.TableRecommender;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** The contracts hold for the fakes, so that a backend that fails them is at fault. */
class ContractsTest {
  private static final Catalog CATALOG = Catalog.ofIds(List.of("e", "b", "d", "a", "c", "f"));

  @Nested
  class Table extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      double[][] scores = new double[CATALOG.size()][CATALOG.size()];
      for (int i = 0; i < scores.length; i++) {
        for (int j = 0; j < scores.length; j++) {
          scores[i][j] = (i * 7 + j * 3) % 4;
        }
      }
      return new TableRecommender(CATALOG, scores);
    }

    @Override
    protected Catalog items() {
      return CATALOG;
    }
  }

  @Nested
  class Lambda extends RerankerContract {
    @Override
    protected Reranker create() {
      return (request, candidates) ->
          candidates.stream().sorted(Comparator.comparing(ScoredItem::itemId)).limit(3).toList();
    }

    @Override
    protected List<String> itemIds() {
      return List.of("c", "a", "e", "b", "d");
    }
  }

  @Nested
  class Lengths extends ItemEncoderContract {
    @Override
    protected ItemEncoder create() {
      return ItemEncoder.of(
          2, Similarity.DOT, item -> new float[] {item.id().length(), item.features().size()});
    }

    @Override
    protected List<Item> items() {
      return List.of(Item.of("a"), Item.of("bb"), Item.of("ccc"));
    }
  }

  @Nested
  class Bigrams extends NextTokenScorerContract {
    @Override
    protected NextTokenScorer create() {
      return new BigramScorer(new float[][] {{1, 2, 3}, {-1, 0, 4}, {0.5f, 0.25f, -2}});
    }
  }
}
