package io.recommender.text;

import io.recommender.Catalog;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads what a model wrote: a rating, yes or no, or items. Whatever it wrote, nothing here throws.
 */
public final class TextAnswers {
  private static final Pattern NUMBER = Pattern.compile("(?<![\\w.])[-+]?\\d+(?:[.,]\\d+)?");
  private static final Pattern YES_NO = Pattern.compile("\\b(yes|no)\\b", Pattern.CASE_INSENSITIVE);
  private static final Pattern LIST_MARK =
      Pattern.compile("^\\s*(?:[-*\\u2022]|\\[?\\(?\\d{1,4}[.):\\]]+)?\\s*");
  private static final Pattern QUOTES =
      Pattern.compile("^[\"'\\u201c\\u2018]+|[\"'\\u201d\\u2019.,;]+$");

  private TextAnswers() {}

  /**
   * Reads a rating: the first number, moved into the range that ratings have.
   *
   * @param text what the model wrote
   * @param least the lowest rating
   * @param most the highest rating
   * @return the rating; empty if there is no number
   * @throws IllegalArgumentException if the range is empty
   */
  public static OptionalDouble rating(String text, double least, double most) {
    if (!(least <= most)) {
      throw new IllegalArgumentException(
          "rating: expected a range, found %s to %s".formatted(least, most));
    }
    Matcher number = NUMBER.matcher(text);
    if (!number.find()) {
      return OptionalDouble.empty();
    }
    double rating = Double.parseDouble(number.group().replace(',', '.'));
    return OptionalDouble.of(Math.max(least, Math.min(most, rating)));
  }

  /**
   * Reads yes or no: the first of the two words.
   *
   * @param text what the model wrote
   * @return true for yes; empty if there is neither
   */
  public static Optional<Boolean> yesNo(String text) {
    Matcher word = YES_NO.matcher(text);
    return word.find() ? Optional.of(word.group().equalsIgnoreCase("yes")) : Optional.empty();
  }

  /** Finds items by what a model calls them. <b>Immutable</b>. */
  public static final class ItemNames {
    private final Map<String, List<String>> itemsByName = new HashMap<>();

    /**
     * Collects the names of a catalogue.
     *
     * @param catalog the items
     * @param title the feature that names an item for people
     */
    public ItemNames(Catalog catalog, String title) {
      Objects.requireNonNull(title, "title");
      for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
        String itemId = catalog.id(ordinal);
        add(itemId, itemId);
        catalog.item(ordinal).text(title).ifPresent(name -> add(name, itemId));
      }
    }

    private void add(String name, String itemId) {
      List<String> items = itemsByName.computeIfAbsent(normal(name), key -> new ArrayList<>(1));
      if (!items.contains(itemId)) {
        items.add(itemId);
      }
    }

    private static String normal(String name) {
      return name.strip().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the items of a name: an id, or a title, which several may have.
     *
     * @param name the name; case and spacing do not matter
     * @return the items by ordinal, possibly none
     */
    public List<String> find(String name) {
      return List.copyOf(itemsByName.getOrDefault(normal(name), List.of()));
    }
  }

  /**
   * Items that a model named.
   *
   * @param itemIds the items in the order in which they were named, each once
   * @param unknown the names that no item has
   */
  public record NamedItems(List<String> itemIds, List<String> unknown) {
    /**
     * Copies the lists.
     *
     * @param itemIds the items in the order in which they were named, each once
     * @param unknown the names that no item has
     */
    public NamedItems {
      itemIds = List.copyOf(itemIds);
      unknown = List.copyOf(unknown);
    }
  }

  /**
   * Reads items, one on each line or, if there is but one line, between commas or semicolons.
   * Numbers and marks of a list, quotes and what follows a title in brackets do not matter.
   *
   * @param text what the model wrote
   * @param names the names of the items
   * @return the items that were found, and the names of those that were not
   */
  public static NamedItems items(String text, ItemNames names) {
    List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
    Set<String> found = new LinkedHashSet<>();
    List<String> unknown = new ArrayList<>();
    for (String line : lines) {
      List<String> items = find(line, names);
      if (items.isEmpty() && lines.size() == 1) {
        for (String part : line.split("[,;]")) {
          List<String> ofPart = find(part, names);
          found.addAll(ofPart);
          if (ofPart.isEmpty() && !part.isBlank()) {
            unknown.add(part.strip());
          }
        }
      } else {
        found.addAll(items);
        if (items.isEmpty()) {
          unknown.add(line.strip());
        }
      }
    }
    return new NamedItems(List.copyOf(found), unknown);
  }

  /**
   * Reads lines, such as queries that a model suggests, without the numbers and marks of a list and
   * without quotes around them.
   *
   * @param text what the model wrote
   * @return the lines that are not blank, each once but for case, in order
   */
  public static List<String> lines(String text) {
    Map<String, String> found = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      String bare = LIST_MARK.matcher(line).replaceFirst("").strip();
      String unquoted = QUOTES.matcher(bare).replaceAll("").strip();
      if (!unquoted.isEmpty()) {
        found.putIfAbsent(unquoted.toLowerCase(Locale.ROOT), unquoted);
      }
    }
    return List.copyOf(found.values());
  }

  /** Returns the items of a name as it is, or without what may stand around it. */
  private static List<String> find(String written, ItemNames names) {
    Map<String, Boolean> forms = new LinkedHashMap<>();
    String bare = LIST_MARK.matcher(written).replaceFirst("");
    String unquoted = QUOTES.matcher(bare.strip()).replaceAll("");
    for (String form :
        List.of(written, bare, unquoted, unquoted.replaceFirst("\\s*[(\\[].*$", ""))) {
      forms.putIfAbsent(form, true);
    }
    return forms.keySet().stream()
        .map(names::find)
        .filter(items -> !items.isEmpty())
        .findFirst()
        .orElse(List.of());
  }
}
