package io.recommender.examples.thesaurus;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads Boolean queries as PubMed and Ovid have them. */
public final class BooleanQuery {
  /** Quoted phrases, field tags in front and behind, brackets and line references, and words. */
  private static final Pattern TOKEN =
      Pattern.compile(
          "\"([^\"]*)\"|\\[[^\\]]*]|\\.[a-z]{2}(?:,[a-z]{2})*\\.|[()]|[^\\s()\\[\\]\"]+");

  private static final Pattern OPERATOR =
      Pattern.compile("(?i)and|or|not|(?:adj|near|within)/?\\d*|#?\\d+");
  private static final Pattern SUFFIX =
      Pattern.compile("[*$?]+\\d*$|\\.[a-z]{2}(?:,[a-z]{2})*\\.$");

  private BooleanQuery() {}

  /**
   * Returns what a query asks for: the phrases between its operators and brackets, without field
   * tags and marks of truncation.
   *
   * @param query the query, such as {@code (heart attack[tiab] OR myocardial*) AND "aspirin"}
   * @return the phrases in lower case, in order, each once
   */
  public static List<String> atoms(String query) {
    Set<String> atoms = new LinkedHashSet<>();
    StringBuilder atom = new StringBuilder();
    Matcher token = TOKEN.matcher(query);
    while (token.find()) {
      String found = token.group();
      String phrase = token.group(1);
      if (phrase != null) {
        end(atom, atoms);
        end(new StringBuilder(phrase.strip()), atoms);
      } else if (OPERATOR.matcher(found).matches() || found.equals("(") || found.equals(")")) {
        end(atom, atoms);
      } else if (found.startsWith("[") || found.startsWith(".")) {
        end(atom, atoms);
      } else {
        String word = SUFFIX.matcher(found).replaceFirst("");
        atom.append(atom.length() > 0 && !word.isEmpty() ? " " : "").append(word);
      }
    }
    end(atom, atoms);
    return List.copyOf(atoms);
  }

  private static void end(StringBuilder atom, Set<String> atoms) {
    if (atom.length() > 0) {
      atoms.add(atom.toString().toLowerCase(Locale.ROOT));
      atom.setLength(0);
    }
  }
}
