package io.recommender;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * One named property of an item, of an interaction or of a request.
 *
 * <p>Every feature is <b>immutable</b>, {@link Tensor} by copying.
 */
public sealed interface Feature {

  /**
   * Free text, such as a title.
   *
   * @param value the text, possibly empty
   */
  record Text(String value) implements Feature {
    /**
     * Checks that the text is not null.
     *
     * @param value the text, possibly empty
     */
    public Text {
      Objects.requireNonNull(value, "value");
    }
  }

  /**
   * One number. Its unit is the model's and is stated in the bundle that reads it.
   *
   * @param value a finite number
   */
  record Scalar(double value) implements Feature {
    /**
     * Checks that the number is finite.
     *
     * @param value a finite number
     */
    public Scalar {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("scalar: expected a finite number, found " + value);
      }
    }
  }

  /**
   * One value out of a closed vocabulary, such as a brand.
   *
   * @param value the value; one outside the vocabulary of a model takes the model's default
   */
  record Category(String value) implements Feature {
    /**
     * Checks that the value is not null.
     *
     * @param value the value; one outside the vocabulary of a model takes the model's default
     */
    public Category {
      Objects.requireNonNull(value, "value");
    }
  }

  /**
   * Ordered identifiers, such as tags or the tracks of a playlist.
   *
   * @param values the identifiers, possibly none
   */
  record Ids(List<String> values) implements Feature {
    /**
     * Copies the list.
     *
     * @param values the identifiers, possibly none
     */
    public Ids {
      values = List.copyOf(values);
    }
  }

  /**
   * A dense array of numbers in row-major order: a vector {@code [D]}, an image {@code [3, H, W]}.
   */
  final class Tensor implements Feature {
    private final float[] values;
    private final int[] shape;

    private Tensor(float[] values, int[] shape) {
      this.values = values;
      this.shape = shape;
    }

    /**
     * Returns a tensor over a copy of the values.
     *
     * @param values the values, row-major
     * @param shape the extents; their product is the number of values
     * @return the tensor
     * @throws IllegalArgumentException if the product of the extents is not the number of values,
     *     or a value is not finite
     */
    public static Tensor of(float[] values, int... shape) {
      long product = 1;
      for (int extent : shape) {
        product *= extent;
      }
      if (product != values.length) {
        throw new IllegalArgumentException(
            "tensor: shape %s holds %d values, found %d"
                .formatted(Arrays.toString(shape), product, values.length));
      }
      for (int i = 0; i < values.length; i++) {
        if (!Float.isFinite(values[i])) {
          throw new IllegalArgumentException(
              "tensor: value %d is %s, expected a finite number".formatted(i, values[i]));
        }
      }
      return new Tensor(values.clone(), shape.clone());
    }

    /**
     * Returns a vector: a tensor of one axis.
     *
     * @param values the values, copied
     * @return the tensor
     */
    public static Tensor vector(float... values) {
      return of(values, values.length);
    }

    /** {@return a copy of the values, row-major} */
    public float[] values() {
      return values.clone();
    }

    /** {@return a copy of the extents} */
    public int[] shape() {
      return shape.clone();
    }

    /** {@return the number of values} */
    public int size() {
      return values.length;
    }

    /**
     * Returns one value.
     *
     * @param index position in row-major order
     * @return the value
     */
    public float value(int index) {
      return values[index];
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Tensor that
          && Arrays.equals(shape, that.shape)
          && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
      return 31 * Arrays.hashCode(shape) + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
      return "Tensor" + Arrays.toString(shape);
    }
  }
}
