package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** A candidate's scores depend neither on the other candidates nor on how they are split. */
class RankerProperties {
  private static final int MOST = 24;
  private static final Map<Integer, OnnxReranker> BY_CHUNK = new HashMap<>();
  private static Path folder = Path.of("");

  @BeforeContainer
  static void open() throws IOException {
    folder = Files.createTempDirectory("ranker");
    Path bundle = RankerFixtures.bundle(folder).seal();
    for (int chunk = 1; chunk <= MOST; chunk++) {
      BY_CHUNK.put(
          chunk, RecommenderBundle.openReranker(bundle, RerankerOptions.defaults().chunk(chunk)));
    }
  }

  @AfterContainer
  static void close() throws IOException {
    BY_CHUNK.values().forEach(OnnxReranker::close);
    BY_CHUNK.clear();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Property(tries = 200)
  void aBatchIsOneByOneAtEveryChunkSize(
      @ForAll @Size(min = 1, max = MOST) List<@IntRange(max = 99) Integer> numbers,
      @ForAll @Size(max = 6) List<@IntRange(max = 25) Integer> clicks,
      @ForAll @IntRange(min = 1, max = MOST) int chunk,
      @ForAll @IntRange(min = -8, max = 8) int user) {
    List<Item> items = new ArrayList<>();
    for (int number : numbers) {
      items.add(RankerFixtures.item("sku-" + number, number));
    }
    RecommendationRequest request =
        RecommendationRequest.of(
                UserHistory.of(
                    clicks.stream()
                        .map(ordinal -> Interaction.of("sku-" + ordinal).withBehavior("click"))
                        .toList()))
            .context("ur", Feature.Tensor.vector(user, -user, 1))
            .build();
    RankerScores together = BY_CHUNK.get(chunk).score(request, items);
    for (int i = 0; i < items.size(); i++) {
      RankerScores alone = BY_CHUNK.get(1).score(request, List.of(items.get(i)));
      double[] expected =
          RankerFixtures.outputs(
              request, items.get(i), new float[] {user, -user, 1}, new float[RankerFixtures.WIDTH]);
      for (int task = 0; task < 3; task++) {
        String name = RankerFixtures.TASKS.get(task);
        double scale = Math.max(1, Math.abs(expected[task]));
        assertEquals(alone.output(0, name), together.output(i, name), 1e-6 * scale);
        assertEquals(expected[task], together.output(i, name), 1e-5 * scale);
      }
    }
  }
}
