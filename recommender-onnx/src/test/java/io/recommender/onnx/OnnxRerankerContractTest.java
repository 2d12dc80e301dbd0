package io.recommender.onnx;

import io.recommender.Reranker;
import io.recommender.testing.RerankerContract;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;

class OnnxRerankerContractTest extends RerankerContract {
  @TempDir static Path folder;

  @Override
  protected Reranker create() {
    return RecommenderBundle.openReranker(RankerFixtures.bundle(folder).seal());
  }

  @Override
  protected List<String> itemIds() {
    return IntStream.range(0, RankerFixtures.ITEMS).mapToObj(RankerFixtures::id).toList();
  }
}
