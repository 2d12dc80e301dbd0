package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.Reranker;
import io.recommender.pipeline.CriteriaReranker.Scale;
import io.recommender.testing.RerankerContract;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

class CriteriaRerankerContractTest extends RerankerContract {
  private static final List<String> IDS = List.of("a", "b", "c", "d", "e", "f");
  private static final Catalog CATALOG =
      Catalog.of(
          IntStream.range(0, IDS.size())
              .mapToObj(i -> new Item(IDS.get(i), Map.of("price", new Feature.Scalar(i * i % 5))))
              .toList());

  @Override
  protected Reranker create() {
    return CriteriaReranker.over(CATALOG::find).minimize("price", 1, Scale.MIN_MAX).build();
  }

  @Override
  protected List<String> itemIds() {
    return IDS;
  }
}
