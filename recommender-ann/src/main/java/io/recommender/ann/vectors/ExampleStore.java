package io.recommender.ann.vectors;

import io.recommender.Feature;
import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Examples that were worked out before, such as what a language model thought of a user and an
 * item, found again by similarity and given to a ranker as vectors: each has a key that is searched
 * and a payload that is read.
 *
 * <pre>{@code
 * ExampleStore examples = new ExampleStore(new FlatIndex(64, Similarity.COSINE), 32);
 * RerankerOptions options =
 *     RerankerOptions.defaults()
 *         .pairTable("examples", (user, item) -> examples.nearest(keyOf(user, item), 4));
 * }</pre>
 *
 * <p>The serving side of Sun et al., "Large Language Models Enhanced Collaborative Filtering"
 * (LLM-CF), CIKM 2024. The examples do not depend on the ranker: several may read one store.
 *
 * <p><b>Thread safety.</b> As that of the index. An example that is being added or removed is found
 * with its payload or not at all; one that is replaced may be found by its old key with its new
 * payload for a moment.
 *
 * <p><b>Lifetime.</b> The index is the caller's, and no one else changes it.
 *
 * <p><b>Cost.</b> A search of the index, and a copy of the payloads.
 */
public final class ExampleStore {
  private final ItemIndex keys;
  private final int payloadSize;
  private final Map<String, float[]> payloads = new ConcurrentHashMap<>();

  /**
   * Creates a store.
   *
   * @param keys an empty index for the keys
   * @param payloadSize the length of every payload, at least 1
   * @throws IllegalArgumentException if the index is not empty or the length is below 1
   */
  public ExampleStore(ItemIndex keys, int payloadSize) {
    this.keys = Objects.requireNonNull(keys, "keys");
    if (keys.size() > 0) {
      throw new IllegalArgumentException("keys: expected an empty index, found " + keys.size());
    }
    if (payloadSize < 1) {
      throw new IllegalArgumentException("payloadSize: expected at least 1, found " + payloadSize);
    }
    this.payloadSize = payloadSize;
  }

  /**
   * Adds an example; the next search finds it.
   *
   * @param id its name, replacing one of the same name
   * @param key what it is found by, of the index's dimension; copied
   * @param payload what a ranker reads, of the length of payloads; copied
   * @throws IllegalArgumentException if a vector has another length or is not finite; the store is
   *     unchanged
   */
  public void add(String id, float[] key, float[] payload) {
    Checks.vector("key", key, keys.dimension());
    Checks.vector("payload", payload, payloadSize);
    payloads.put(id, payload.clone());
    keys.add(id, key);
  }

  /**
   * Removes an example.
   *
   * @param id its name
   * @return whether it was there
   */
  public boolean remove(String id) {
    boolean wasThere = keys.remove(id);
    payloads.remove(id);
    return wasThere;
  }

  /** {@return the number of examples} */
  public int size() {
    return keys.size();
  }

  /**
   * Finds the examples that are most similar to a query.
   *
   * @param query the key to look for
   * @param most how many, at least 1
   * @return their names with the similarities of their keys, the most similar first; fewer if there
   *     are fewer
   * @throws IllegalArgumentException if the query has another length or is not finite, or the
   *     number is below 1
   */
  public List<ScoredItem> find(float[] query, int most) {
    return keys.search(query, most, ItemFilter.all());
  }

  /**
   * Returns the payloads of the examples that are most similar to a query, as a ranker reads them
   * in an input of role {@code VECTOR_LIST}, whose mask tells how many there are.
   *
   * @param query the key to look for
   * @param most how many, at least 1
   * @return a tensor {@code [examples, length of payloads]}, the most similar first; empty if there
   *     are no examples
   * @throws IllegalArgumentException as {@link #find}
   */
  public Optional<Feature> nearest(float[] query, int most) {
    List<float[]> found = new ArrayList<>();
    for (ScoredItem example : find(query, most)) {
      float[] payload = payloads.get(example.itemId());
      if (payload != null) {
        found.add(payload);
      }
    }
    if (found.isEmpty()) {
      return Optional.empty();
    }
    float[] rows = new float[found.size() * payloadSize];
    for (int i = 0; i < found.size(); i++) {
      System.arraycopy(found.get(i), 0, rows, i * payloadSize, payloadSize);
    }
    return Optional.of(Feature.Tensor.of(rows, found.size(), payloadSize));
  }

  @Override
  public String toString() {
    return "ExampleStore[%d examples of %d, %s]".formatted(size(), payloadSize, keys);
  }
}
