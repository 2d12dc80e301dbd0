package io.recommender.onnx;

import io.recommender.onnx.TextTokenizer.Tokens;
import io.recommender.onnx.TokenLayout.Truncation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Where a tokenizer puts special tokens around the two texts of a pair, learned from examples, and
 * how a pair that is too long is cut.
 *
 * <p>The native code cuts pairs too, but then makes every pair of what it cut off one text and the
 * other: two texts of 10,000 words took half a minute. Here each text is tokenized alone, and once
 * if several pairs share it.
 *
 * <p><b>Immutable</b>.
 *
 * @param before the tokens before the first text
 * @param between those before the second
 * @param after those after it
 * @param firstType the type of the tokens of the first text
 */
record PairTemplate(Tokens before, Tokens between, Tokens after, long firstType, long secondType) {

  /** A pair as a tokenizer makes it, and the tokens of each of its texts alone. */
  record Example(Tokens first, Tokens second, Tokens pair) {}

  /** Finds the template that explains all examples. */
  static Optional<PairTemplate> of(List<Example> examples) {
    List<PairTemplate> explaining = new ArrayList<>(explanations(examples.get(0)));
    for (Example example : examples.subList(1, examples.size())) {
      List<PairTemplate> others = explanations(example);
      explaining.removeIf(template -> others.stream().noneMatch(template::isSame));
    }
    return explaining.stream().findFirst();
  }

  private static List<PairTemplate> explanations(Example example) {
    Tokens pair = example.pair();
    int first = example.first().length();
    int second = example.second().length();
    List<PairTemplate> explanations = new ArrayList<>();
    if (first == 0 || second == 0) {
      return explanations;
    }
    for (int from = 0; from + first + second <= pair.length(); from++) {
      for (int to = from + first; to + second <= pair.length(); to++) {
        if (holds(pair, from, example.first()) && holds(pair, to, example.second())) {
          explanations.add(
              new PairTemplate(
                  part(pair, 0, from),
                  part(pair, from + first, to),
                  part(pair, to + second, pair.length()),
                  pair.types()[from],
                  pair.types()[to]));
        }
      }
    }
    return explanations;
  }

  /** Whether the tokens of a text begin at a place, all of one type. */
  private static boolean holds(Tokens pair, int from, Tokens text) {
    for (int i = 0; i < text.length(); i++) {
      if (pair.ids()[from + i] != text.ids()[i] || pair.types()[from + i] != pair.types()[from]) {
        return false;
      }
    }
    return true;
  }

  private static Tokens part(Tokens pair, int from, int to) {
    return new Tokens(
        Arrays.copyOfRange(pair.ids(), from, to),
        Arrays.copyOfRange(pair.types(), from, to),
        false);
  }

  private boolean isSame(PairTemplate other) {
    return isSame(before, other.before)
        && isSame(between, other.between)
        && isSame(after, other.after)
        && firstType == other.firstType
        && secondType == other.secondType;
  }

  private static boolean isSame(Tokens one, Tokens other) {
    return Arrays.equals(one.ids(), other.ids()) && Arrays.equals(one.types(), other.types());
  }

  /** How many special tokens a pair has. */
  int added() {
    return before.length() + between.length() + after.length();
  }

  /**
   * Joins two texts, cut as Transformers cuts them.
   *
   * @throws IllegalArgumentException if the text that gives way would have no token left
   */
  Tokens join(Tokens first, Tokens second, Truncation truncation, int maxLength) {
    int most = maxLength - added();
    int ofFirst = first.length();
    int ofSecond = second.length();
    boolean cut = first.truncated() || second.truncated();
    if (ofFirst + ofSecond > most) {
      cut = true;
      switch (truncation) {
        case ONLY_FIRST -> ofFirst = kept("first", ofFirst, ofSecond, most);
        case ONLY_SECOND -> ofSecond = kept("second", ofSecond, ofFirst, most);
        case LONGEST_FIRST -> {
          int half = most / 2;
          if (ofFirst <= ofSecond) {
            ofFirst = Math.min(ofFirst, half);
            ofSecond = most - ofFirst;
          } else {
            ofSecond = Math.min(ofSecond, half);
            ofFirst = most - ofSecond;
          }
        }
      }
    }
    long[] ids = new long[added() + ofFirst + ofSecond];
    long[] types = new long[ids.length];
    int place = put(before, before.length(), ids, types, 0);
    Arrays.fill(types, place, place + ofFirst, firstType);
    System.arraycopy(first.ids(), 0, ids, place, ofFirst);
    place = put(between, between.length(), ids, types, place + ofFirst);
    Arrays.fill(types, place, place + ofSecond, secondType);
    System.arraycopy(second.ids(), 0, ids, place, ofSecond);
    put(after, after.length(), ids, types, place + ofSecond);
    return new Tokens(ids, types, cut);
  }

  private static int kept(String text, int length, int other, int most) {
    if (other >= most) {
      throw new IllegalArgumentException(
          "pair of texts: expected the one that is not cut to have fewer than %d tokens, so that the %s keeps some, found %d beside %d"
              .formatted(most, text, other, length));
    }
    return most - other;
  }

  private static int put(Tokens part, int length, long[] ids, long[] types, int place) {
    System.arraycopy(part.ids(), 0, ids, place, length);
    System.arraycopy(part.types(), 0, types, place, length);
    return place + length;
  }
}
