package io.recommender.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Item;
import io.recommender.ItemEncoder;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The rules every {@link ItemEncoder} keeps. Extend it and supply the encoder and items it can
 * encode, at least three.
 */
public abstract class ItemEncoderContract {
  private ItemEncoder encoder;

  /**
   * Makes the encoder under test.
   *
   * @return a new one, closed by the test
   */
  protected abstract ItemEncoder create();

  /**
   * Gives items.
   *
   * @return items it can encode, at least three
   */
  protected abstract List<Item> items();

  /**
   * How much a vector may depend on the other items of its batch.
   *
   * @return the allowed difference of components
   */
  protected float batchTolerance() {
    return 1e-5f;
  }

  @BeforeEach
  void open() {
    encoder = create();
  }

  @AfterEach
  void close() {
    encoder.close();
  }

  @Test
  void everyVectorHasTheDimensionAndIsFinite() {
    float[][] vectors = encoder.encode(items());
    assertEquals(items().size(), vectors.length);
    for (float[] vector : vectors) {
      assertEquals(encoder.dimension(), vector.length);
      for (float component : vector) {
        assertTrue(Float.isFinite(component));
      }
    }
  }

  @Test
  void aBatchEqualsSingleCalls() {
    float[][] vectors = encoder.encode(items());
    for (int i = 0; i < vectors.length; i++) {
      float[] alone = encoder.encode(List.of(items().get(i)))[0];
      assertArrayEquals(alone, vectors[i], batchTolerance());
    }
  }

  @Test
  void noItemsGiveNoVectors() {
    assertEquals(0, encoder.encode(List.of()).length);
  }

  @Test
  void theCallerOwnsTheVectors() {
    float[][] first = encoder.encode(items());
    float[] kept = first[0].clone();
    first[0][0] += 1;
    float[][] second = encoder.encode(items());
    assertNotSame(first[0], second[0]);
    assertArrayEquals(kept, second[0]);
  }

  @Test
  void closingTwiceHasNoEffect() {
    encoder.close();
    assertDoesNotThrow(encoder::close);
  }
}
