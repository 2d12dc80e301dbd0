package io.recommender.text;

import io.recommender.Catalog;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds the items that a text names by their titles: whole words, in any case and with any marks
 * between them. Of titles that begin at the same word the longest counts, and a title that several
 * items have stands for all of them.
 *
 * <p><b>Order.</b> By first mention, items of one title by ordinal.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * <p><b>Cost.</b> One look-up for each word, and for each word of a title that begins like the
 * text.
 */
public final class ItemMentions {
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");

  private final Node root = new Node();
  private final int titles;

  /** What follows the first words of titles. */
  private static final class Node {
    private final Map<String, Node> next = new HashMap<>(2);
    private final List<String> itemIds = new ArrayList<>(1);
  }

  /**
   * Collects the titles of a catalogue. One without any letter or digit is never found.
   *
   * @param catalog the items
   * @param title the feature that names an item for people
   */
  public ItemMentions(Catalog catalog, String title) {
    Objects.requireNonNull(title, "title");
    int count = 0;
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      String name = catalog.item(ordinal).text(title).orElse("");
      List<String> words = words(name);
      if (!words.isEmpty()) {
        Node node = root;
        for (String word : words) {
          node = node.next.computeIfAbsent(word, key -> new Node());
        }
        node.itemIds.add(catalog.id(ordinal));
        count++;
      }
    }
    titles = count;
  }

  private static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(text);
    while (word.find()) {
      words.add(word.group().toLowerCase(Locale.ROOT));
    }
    return words;
  }

  /**
   * Finds the items that a text names.
   *
   * @param text the text
   * @return their ids, each once; possibly none
   */
  public List<String> find(String text) {
    List<String> words = words(text);
    Set<String> found = new LinkedHashSet<>();
    int at = 0;
    while (at < words.size()) {
      Node named = null;
      int end = at + 1;
      @Nullable Node node = root;
      for (int i = at; i < words.size(); i++) {
        node = node.next.get(words.get(i));
        if (node == null) {
          break;
        }
        if (!node.itemIds.isEmpty()) {
          named = node;
          end = i + 1;
        }
      }
      if (named != null) {
        found.addAll(named.itemIds);
      }
      at = end;
    }
    return List.copyOf(found);
  }

  @Override
  public String toString() {
    return "ItemMentions[" + titles + " titles]";
  }
}
