package io.recommender.ann.text;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Splits a text into words.
 *
 * <p>A word is a run of letters, digits and the marks on them, in compatibility form (NFKC) and
 * with simple case folding, which knows no language. Ideographs and hiragana, which are written
 * without spaces, are words of one character each. Nothing is stemmed.
 *
 * <pre>{@code
 * new WordAnalyzer().apply("Café, 2ⁿᵈ edition"); // café, 2nd, edition
 * }</pre>
 *
 * <p><b>Immutable</b>.
 */
public final class WordAnalyzer implements Function<String, List<String>> {
  private static final int MARKS =
      1 << Character.NON_SPACING_MARK
          | 1 << Character.COMBINING_SPACING_MARK
          | 1 << Character.ENCLOSING_MARK;

  private final Set<String> stopWords;

  /** Creates an analyzer that keeps every word. */
  public WordAnalyzer() {
    this(Set.of());
  }

  private WordAnalyzer(Set<String> stopWords) {
    this.stopWords = stopWords;
  }

  /**
   * Returns an analyzer that leaves words out.
   *
   * @param stopWords the words, in any case; a text of several words stands for each of them
   * @return a copy with these words instead of others
   */
  public WordAnalyzer withoutWords(Collection<String> stopWords) {
    WordAnalyzer all = new WordAnalyzer();
    Set<String> words = new HashSet<>();
    stopWords.forEach(word -> words.addAll(all.apply(word)));
    return new WordAnalyzer(words);
  }

  /**
   * Returns the words of a text.
   *
   * @param text the text
   * @return its words in order, as often as they come
   */
  @Override
  public List<String> apply(String text) {
    String normal = Normalizer.normalize(text, Normalizer.Form.NFKC);
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < normal.length(); ) {
      int character = normal.codePointAt(i);
      i += Character.charCount(character);
      if (standsAlone(character)) {
        end(word, words);
        word.appendCodePoint(character);
        end(word, words);
      } else if (Character.isLetterOrDigit(character)
          || (word.length() > 0 && (MARKS >>> Character.getType(character) & 1) != 0)) {
        word.appendCodePoint(Character.toLowerCase(Character.toUpperCase(character)));
      } else {
        end(word, words);
      }
    }
    end(word, words);
    return words;
  }

  private static boolean standsAlone(int character) {
    return character >= 0x2e80
        && (Character.isIdeographic(character)
            || Character.UnicodeScript.of(character) == Character.UnicodeScript.HIRAGANA);
  }

  private void end(StringBuilder word, List<String> words) {
    if (word.length() > 0) {
      String found = word.toString();
      if (!stopWords.contains(found)) {
        words.add(found);
      }
      word.setLength(0);
    }
  }

  @Override
  public String toString() {
    return "WordAnalyzer[" + stopWords.size() + " stop words]";
  }
}
