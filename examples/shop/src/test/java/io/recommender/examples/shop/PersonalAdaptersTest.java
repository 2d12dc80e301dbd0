package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.ann.memory.UserStore;
import io.recommender.ann.memory.UserValueCodec;
import io.recommender.onnx.OnnxCrossEncoder;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.onnx.RerankerOptions;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A cross-encoder with adapters, and a store that keeps the gate of each user within bytes. */
class PersonalAdaptersTest {
  private static final Path BUNDLE =
      Path.of("../../recommender-onnx/src/test/resources/cross/bert-gated");
  private static final int MAX_BYTES = 600;

  /** Gates that had to leave the store. */
  private static final class Disk implements UserStore.Source<float[]> {
    private final Map<String, float[]> gates = new HashMap<>();

    @Override
    public Optional<float[]> load(String userId) {
      return Optional.ofNullable(gates.get(userId));
    }

    @Override
    public void save(String userId, float[] gate) {
      gates.put(userId, gate);
    }

    @Override
    public void forget(String userId) {
      gates.remove(userId);
    }
  }

  private static RecommendationRequest of(UserHistory history) {
    return RecommendationRequest.of(history)
        .context("query", new Feature.Text("a warm jacket"))
        .build();
  }

  @Test
  void theGateOfAUserComesFromAStoreThatForgets() {
    Catalog catalog = RecommenderBundle.read(BUNDLE).catalog();
    List<Item> items = IntStream.range(0, catalog.size()).mapToObj(catalog::item).toList();
    Disk disk = new Disk();
    UserStore<float[]> gates =
        UserStore.builder(UserValueCodec.floats(2)).maxBytes(MAX_BYTES).source(disk).build();
    gates.put("ann", new float[] {1, 0});
    gates.put("bob", new float[] {0, 1});
    RerankerOptions options =
        RerankerOptions.defaults()
            .userTable("lora_gate", userId -> gates.get(userId).map(Feature.Tensor::vector));
    UserHistory history = UserHistory.of("sku-1", "sku-3");
    try (OnnxCrossEncoder personal = RecommenderBundle.openCrossEncoder(BUNDLE, options)) {
      double[] base = personal.score(of(history), items);
      double[] ann = personal.score(of(history.forUser("ann")), items);
      double[] bob = personal.score(of(history.forUser("bob")), items);
      for (int i = 0; i < items.size(); i++) {
        assertNotEquals(ann[i], bob[i], 1e-6);
        assertNotEquals(base[i], ann[i], 1e-6);
      }
      assertArrayEquals(base, personal.score(of(history.forUser("a stranger")), items));

      for (int i = 0; i < 100; i++) {
        gates.put("user-" + i, new float[] {i, -i});
        assertTrue(gates.sizeInBytes() <= MAX_BYTES);
      }
      assertTrue(disk.gates.containsKey("ann"), "evicted");
      assertArrayEquals(ann, personal.score(of(history.forUser("ann")), items), "and loaded again");

      gates.forget("ann");
      assertArrayEquals(base, personal.score(of(history.forUser("ann")), items));
      assertEquals(Optional.empty(), disk.load("ann"));
    }
  }
}
