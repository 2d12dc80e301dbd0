package io.recommender.onnx;

import io.recommender.Feature;
import io.recommender.Item;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes features of an item one after the other: the text that an encoder reads.
 *
 * <p><b>Immutable</b>.
 */
final class ItemText {
  private final Encoder.Text text;

  ItemText(Encoder.Text text) {
    this.text = text;
  }

  TextTokenizer.Tokens tokens(TextTokenizer tokenizer, Item item) {
    String first = write(item, text.fields());
    return text.pairFields().isEmpty()
        ? tokenizer.encode(first)
        : tokenizer.encode(first, write(item, text.pairFields()));
  }

  /**
   * Joins the fields; one whose value is empty is left out with its prefix and its separator.
   *
   * @throws IllegalArgumentException if a required feature is absent, or one is no text
   */
  String write(Item item, List<Encoder.Field> fields) {
    StringBuilder joined = new StringBuilder();
    for (Encoder.Field field : fields) {
      String value = value(item, field);
      if (!value.isEmpty()) {
        joined
            .append(joined.isEmpty() ? "" : text.separator())
            .append(field.prefix())
            .append(value);
      }
    }
    return joined.toString();
  }

  /**
   * Writes the value of a feature.
   *
   * @param owner the item, none if the request has it
   * @throws IllegalArgumentException if the feature is no text
   */
  static String written(Feature feature, String listSeparator, String name, @Nullable Item owner) {
    if (feature instanceof Feature.Text value) {
      return value.value();
    }
    if (feature instanceof Feature.Category category) {
      return category.value();
    }
    if (feature instanceof Feature.Ids ids) {
      return String.join(listSeparator, ids.values());
    }
    if (feature instanceof Feature.Scalar scalar) {
      BigDecimal number = BigDecimal.valueOf(scalar.value());
      return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    }
    throw new IllegalArgumentException(
        "%s, feature '%s': expected a text, category, list of ids or number, found a %s"
            .formatted(FeatureWriter.named(owner), name, feature.getClass().getSimpleName()));
  }

  private String value(Item item, Encoder.Field field) {
    @Nullable Feature feature = item.features().get(field.feature());
    if (feature == null) {
      return field
          .otherwise()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "item '%s', feature '%s': expected a text, found none"
                          .formatted(item.id(), field.feature())));
    }
    return written(feature, text.listSeparator(), field.feature(), item);
  }
}
