package io.recommender.text;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.Turn;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A text with variables in braces, such as the personalized prompts of P5 (Geng et al.,
 * "Recommendation as Language Processing", RecSys 2022).
 *
 * <pre>{@code
 * PromptText rating = PromptText.of("What would {user} think of {item}, from 1 to 5?");
 * String prompt = rating.write(Map.of("user", "a reader of poems", "item", "The Waste Land"));
 * }</pre>
 *
 * <p>A name is letters, digits and underscores; {@code {{} and {@code }}} stand for single braces.
 *
 * <p><b>Immutable</b>.
 */
public final class PromptText {
  private static final Pattern PART = Pattern.compile("\\{\\{|}}|\\{(\\w+)}|[{}]");

  /** Texts and names of variables in turn, a text first and last. */
  private final List<String> parts;

  private final Set<String> variables = new TreeSet<>();

  private PromptText(String text) {
    List<String> found = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    Matcher part = PART.matcher(text);
    int end = 0;
    while (part.find()) {
      literal.append(text, end, part.start());
      end = part.end();
      String name = part.group(1);
      if (name != null) {
        found.add(literal.toString());
        found.add(name);
        variables.add(name);
        literal.setLength(0);
      } else if (part.group().length() == 2) {
        literal.append(part.group().charAt(0));
      } else {
        throw new IllegalArgumentException(
            "prompt: expected a variable in braces, or two braces for one, found '%s' at %d"
                .formatted(part.group(), part.start()));
      }
    }
    found.add(literal.append(text, end, text.length()).toString());
    parts = List.copyOf(found);
  }

  /**
   * Reads a prompt.
   *
   * @param text the text
   * @return the prompt
   * @throws IllegalArgumentException if a brace stands alone
   */
  public static PromptText of(String text) {
    return new PromptText(text);
  }

  /** {@return the names of the variables} */
  public Set<String> variables() {
    return Set.copyOf(variables);
  }

  /**
   * Writes the text.
   *
   * @param values a value for each variable; more do no harm
   * @return the text
   * @throws IllegalArgumentException if a variable has no value; the message names it
   */
  public String write(Map<String, String> values) {
    StringBuilder text = new StringBuilder(parts.get(0));
    for (int i = 1; i < parts.size(); i += 2) {
      String value = values.get(parts.get(i));
      if (value == null) {
        throw new IllegalArgumentException(
            "prompt: expected a value of '%s', found values of %s"
                .formatted(parts.get(i), new TreeSet<>(values.keySet())));
      }
      text.append(value).append(parts.get(i + 1));
    }
    return text.toString();
  }

  /**
   * Returns what a prompt may want to know of a request: {@code user}, {@code history} (the titles
   * of the last items, oldest first), {@code last} (that of the last one), {@code dialog} (what was
   * said, a line for each turn) and {@code k}. Features of the request's context that are texts or
   * categories come under their names.
   *
   * @param request the request
   * @param catalog the items
   * @param title the feature that names an item for people; its id does where it has none
   * @param maxItems how many items of the history are told at most
   * @return the values; {@code last} only if there is a history
   */
  public static Map<String, String> valuesOf(
      RecommendationRequest request, Catalog catalog, String title, int maxItems) {
    Map<String, String> values = new HashMap<>();
    request
        .context()
        .forEach(
            (name, feature) -> {
              if (feature instanceof io.recommender.Feature.Text text) {
                values.put(name, text.value());
              } else if (feature instanceof io.recommender.Feature.Category category) {
                values.put(name, category.value());
              }
            });
    values.put("user", request.history().userId().orElse("a stranger"));
    values.put("k", Integer.toString(request.k()));
    List<String> items = request.history().itemIds();
    List<String> told =
        items.subList(Math.max(0, items.size() - maxItems), items.size()).stream()
            .map(itemId -> titleOf(catalog, itemId, title))
            .toList();
    values.put("history", String.join(", ", told));
    values.put(
        "dialog",
        request.dialog().stream()
            .map(
                turn ->
                    (turn.role() == Turn.Role.USER ? "User: " : "Assistant: ")
                        + turn.text().strip().replaceAll("\\s*\\R\\s*", " "))
            .collect(Collectors.joining("\n")));
    if (!told.isEmpty()) {
      values.put("last", told.get(told.size() - 1));
    }
    return values;
  }

  /** Returns the titles of candidates, numbered from 1, one on each line. */
  static String numbered(List<ScoredItem> candidates, Catalog catalog, String title) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < candidates.size(); i++) {
      lines
          .append(i == 0 ? "" : "\n")
          .append(i + 1)
          .append(". ")
          .append(titleOf(catalog, candidates.get(i).itemId(), title));
    }
    return lines.toString();
  }

  static String titleOf(Catalog catalog, String itemId, String title) {
    return catalog.find(itemId).flatMap(item -> item.text(title)).orElse(itemId);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PromptText prompt && parts.equals(prompt.parts);
  }

  @Override
  public int hashCode() {
    return Objects.hash(parts);
  }

  @Override
  public String toString() {
    return "PromptText" + variables;
  }
}
