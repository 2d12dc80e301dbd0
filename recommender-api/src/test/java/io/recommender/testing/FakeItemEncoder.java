package io.recommender.testing;

import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.Similarity;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/**
 * An encoder for tests that gives each item a vector of its own, always the same for its id, or
 * fails, or waits, and remembers what it encoded. It keeps the rules of {@link ItemEncoder}.
 *
 * <pre>{@code
 * FakeItemEncoder encoder = FakeItemEncoder.of(2).withVector("a", 1, 0).withVector("b", 0, 1);
 * new CatalogImport(encoder, index).run(items);
 * assertEquals(2, encoder.encoded().size());
 * }</pre>
 *
 * <p><b>Thread-safe</b>; each {@code with} method changes this fake and returns it.
 */
public final class FakeItemEncoder implements ItemEncoder {
  private final int dimension;
  private final Similarity similarity;
  private final Map<String, float[]> vectors = new ConcurrentHashMap<>();
  private final List<Item> encoded = new CopyOnWriteArrayList<>();
  private volatile Runnable before = () -> {};
  private volatile boolean closed;

  private FakeItemEncoder(int dimension, Similarity similarity) {
    if (dimension < 1) {
      throw new IllegalArgumentException("dimension: expected at least 1, found " + dimension);
    }
    this.dimension = dimension;
    this.similarity = similarity;
  }

  /**
   * Returns an encoder whose vectors are compared by their angle.
   *
   * @param dimension the length of every vector, at least 1
   * @return the encoder
   * @throws IllegalArgumentException if the dimension is below 1
   */
  public static FakeItemEncoder of(int dimension) {
    return of(dimension, Similarity.COSINE);
  }

  /**
   * Returns an encoder.
   *
   * @param dimension the length of every vector, at least 1
   * @param similarity how vectors are to be compared
   * @return the encoder
   * @throws IllegalArgumentException if the dimension is below 1
   */
  public static FakeItemEncoder of(int dimension, Similarity similarity) {
    return new FakeItemEncoder(dimension, similarity);
  }

  /**
   * Returns an encoder of dimension 1 that always fails.
   *
   * @param failure what it throws, the same in every call
   * @return the encoder
   */
  public static FakeItemEncoder failing(RuntimeException failure) {
    return of(1)
        .withBefore(
            () -> {
              throw failure;
            });
  }

  /**
   * Sets the vector of an item. Any other has one that is made of its id, with components between
   * -1 and 1.
   *
   * @param itemId the item
   * @param vector its vector, copied
   * @return this
   * @throws IllegalArgumentException if the vector has another length than the dimension
   */
  public FakeItemEncoder withVector(String itemId, float... vector) {
    if (vector.length != dimension) {
      throw new IllegalArgumentException(
          "vector of item '%s': length %d, expected %d"
              .formatted(itemId, vector.length, dimension));
    }
    vectors.put(itemId, vector.clone());
    return this;
  }

  /**
   * Lets every call wait. A thread that is interrupted while it waits throws {@link
   * IllegalStateException}.
   *
   * @param latch what calls wait for
   * @return this
   */
  public FakeItemEncoder withLatch(CountDownLatch latch) {
    return withBefore(() -> Latches.await(latch));
  }

  /**
   * Sets what every call does before it answers, after its items are noted.
   *
   * @param before any action; what it throws, the call throws
   * @return this
   */
  public FakeItemEncoder withBefore(Runnable before) {
    this.before = before;
    return this;
  }

  /** {@return the items so far, in the order in which they were to be encoded; unmodifiable} */
  public List<Item> encoded() {
    return List.copyOf(encoded);
  }

  @Override
  public int dimension() {
    return dimension;
  }

  @Override
  public Similarity similarity() {
    return similarity;
  }

  @Override
  public float[][] encode(List<Item> items) {
    if (closed) {
      throw new IllegalStateException("FakeItemEncoder is closed");
    }
    encoded.addAll(items);
    before.run();
    float[][] result = new float[items.size()][];
    for (int i = 0; i < result.length; i++) {
      String itemId = items.get(i).id();
      result[i] = vectors.computeIfAbsent(itemId, this::made).clone();
    }
    return result;
  }

  private float[] made(String itemId) {
    SplittableRandom random = new SplittableRandom(itemId.hashCode());
    float[] vector = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      vector[i] = (float) (2 * random.nextDouble() - 1);
    }
    return vector;
  }

  @Override
  public void close() {
    closed = true;
  }
}
