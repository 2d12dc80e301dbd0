package io.recommender;

import java.util.Map;
import java.util.Objects;

/** What a {@link Retriever} is asked with. A retriever says which kinds it answers. */
public sealed interface Query {

  /**
   * Items near a vector.
   *
   * @param values the vector; not copied, not changed
   */
  record Vector(float[] values) implements Query {
    /**
     * Checks that the vector is not null.
     *
     * @param values the vector; not copied, not changed
     */
    public Vector {
      Objects.requireNonNull(values, "values");
    }
  }

  /**
   * Items that fit a text.
   *
   * @param text the text
   */
  record Text(String text) implements Query {
    /**
     * Checks that the text is not null.
     *
     * @param text the text
     */
    public Text {
      Objects.requireNonNull(text, "text");
    }
  }

  /**
   * Items that fit weighted keywords.
   *
   * @param weights the keywords and their weights, each above 0
   */
  record Keywords(Map<String, Double> weights) implements Query {
    /**
     * Checks the weights and copies them.
     *
     * @param weights the keywords and their weights, each above 0
     */
    public Keywords {
      weights = Map.copyOf(weights);
      weights.forEach(
          (keyword, weight) -> {
            if (!(weight > 0) || weight.isInfinite()) {
              throw new IllegalArgumentException(
                  "weight of keyword '%s': expected a finite number above 0, found %s"
                      .formatted(keyword, weight));
            }
          });
    }
  }
}
