package io.recommender.onnx;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.onnx.CrossEncoder.Order;
import io.recommender.onnx.CrossEncoder.Told;
import io.recommender.text.PromptText;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes requests and items into the templates of a cross-encoder.
 *
 * <p><b>Immutable</b>.
 */
final class PairText {
  private final CrossEncoder.Texts texts;

  PairText(CrossEncoder.Texts texts) {
    this.texts = texts;
  }

  /**
   * Writes a request.
   *
   * @param items finds the items of its history; those without a text are left out
   * @throws IllegalArgumentException if a required feature is absent, or one is no text
   */
  String request(RecommendationRequest request, Function<String, Optional<Item>> items) {
    Map<String, String> values = new HashMap<>();
    for (String variable : texts.request().variables()) {
      if (variable.equals(CrossEncoderReader.HISTORY)) {
        values.put(variable, history(request, items));
        continue;
      }
      String value = value(request.context(), variable, null);
      if (value == null) {
        throw new IllegalArgumentException(
            "request, feature '%s': expected a text, found none".formatted(variable));
      }
      values.put(variable, value);
    }
    return texts.request().write(values);
  }

  private String history(RecommendationRequest request, Function<String, Optional<Item>> items) {
    Told told = texts.history().orElseThrow();
    List<Interaction> interactions = request.history().interactions();
    List<String> newestFirst = new ArrayList<>(told.items());
    for (int i = interactions.size() - 1; i >= 0 && newestFirst.size() < told.items(); i--) {
      items
          .apply(interactions.get(i).itemId())
          .flatMap(item -> write(told.template(), item))
          .ifPresent(newestFirst::add);
    }
    if (newestFirst.isEmpty()) {
      return texts.defaults().getOrDefault(CrossEncoderReader.HISTORY, "");
    }
    Collections.reverse(newestFirst);
    return String.join(told.separator(), newestFirst);
  }

  /**
   * Writes an item.
   *
   * @return the text; empty if a required feature is absent
   * @throws IllegalArgumentException if a feature is no text
   */
  Optional<String> item(Item item) {
    return write(texts.item(), item);
  }

  /** Names what an item without a text lacks. */
  IllegalArgumentException missing(Item item) {
    String absent =
        texts.item().variables().stream()
            .sorted()
            .filter(variable -> value(item.features(), variable, item) == null)
            .findFirst()
            .orElseThrow();
    return new IllegalArgumentException(
        "item '%s', feature '%s': expected a text, found none".formatted(item.id(), absent));
  }

  private Optional<String> write(PromptText template, Item item) {
    Map<String, String> values = new HashMap<>();
    for (String variable : template.variables()) {
      String value = value(item.features(), variable, item);
      if (value == null) {
        return Optional.empty();
      }
      values.put(variable, value);
    }
    return Optional.of(template.write(values));
  }

  private @Nullable String value(
      Map<String, Feature> features, String variable, @Nullable Item owner) {
    Feature feature = features.get(variable);
    return feature == null
        ? texts.defaults().get(variable)
        : ItemText.written(feature, texts.listSeparator(), variable, owner);
  }

  /** Makes the tokens of a pair of those of its texts. */
  TextTokenizer.Tokens tokens(
      TextTokenizer tokenizer, TextTokenizer.Tokens request, TextTokenizer.Tokens item) {
    return texts.order() == Order.REQUEST_FIRST
        ? tokenizer.join(request, item)
        : tokenizer.join(item, request);
  }
}
