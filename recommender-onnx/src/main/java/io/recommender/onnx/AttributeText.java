package io.recommender.onnx;

import io.recommender.Item;
import io.recommender.RecommenderException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Writes items one after the other as names and values of attributes, in tokens that tell which of
 * both they are and which item they belong to: the text of a whole history.
 *
 * <p>Li et al., "Text Is All You Need: Learning Language Representations for Sequential
 * Recommendation" (Recformer, KDD 2023).
 *
 * <p><b>Order.</b> The newest item first or last, as the manifest says; positions count from 1 in
 * the order in which items are written. Items that have no room are left out whole, the oldest
 * first; the newest one alone is cut at its end.
 *
 * <p><b>Thread-safe</b>.
 */
final class AttributeText {
  private static final long NAME = 1;
  private static final long VALUE = 2;

  private final Encoder.Text text;
  private final Encoder.Items layout;
  private final ItemText values;
  private final TextTokenizer tokenizer;

  /** The most tokens of items together. */
  private final int room;

  /** The tokens of the names of attributes, by field. */
  private final List<long[]> names = new ArrayList<>();

  private AttributeText(
      Encoder.Text text, int maxLength, Encoder.Items layout, TextTokenizer tokenizer) {
    this.text = text;
    this.layout = layout;
    this.tokenizer = tokenizer;
    values = new ItemText(text);
    room = maxLength - (layout.startToken().isPresent() ? 1 : 0);
    for (Encoder.Field field : text.fields()) {
      names.add(
          tokenizer.encode(field.prefix().isEmpty() ? field.feature() : field.prefix()).ids());
    }
  }

  /**
   * Returns what writes items so; none if the encoder does not read them so.
   *
   * @throws RecommenderException BUNDLE_INVALID if the text is to have what this does not write
   */
  static Optional<AttributeText> of(Encoder encoder, Optional<TextTokenizer> tokenizer) {
    if (encoder.items().isEmpty()) {
      return Optional.empty();
    }
    Encoder.Text text = encoder.text().orElseThrow();
    TokenLayout tokens = encoder.tokens().orElseThrow();
    if (tokens.specialTokens() || !text.pairFields().isEmpty()) {
      throw BundleFailures.invalid(
          Manifest.FILE,
          "/encoder/text: expected specialTokens false and no pairFields with role ITEM_POSITIONS,"
              + " found others");
    }
    return Optional.of(
        new AttributeText(
            text, tokens.maxLength(), encoder.items().get(), tokenizer.orElseThrow()));
  }

  /** Tokens in the making. */
  private static final class Line {
    final LongStream.Builder ids = LongStream.builder();
    final LongStream.Builder types = LongStream.builder();
    final LongStream.Builder items = LongStream.builder();

    void add(long[] tokens, int count, long type, long item) {
      for (int i = 0; i < count; i++) {
        ids.add(tokens[i]);
        types.add(type);
        items.add(item);
      }
    }

    TextTokenizer.Tokens tokens(boolean truncated) {
      return new TextTokenizer.Tokens(
          ids.build().toArray(), types.build().toArray(), items.build().toArray(), truncated);
    }
  }

  /** The tokens of an item, names and values in turn. */
  private record Written(List<long[]> pieces, int length, boolean isCut) {}

  /**
   * Writes a history.
   *
   * @param items the items, oldest first
   */
  TextTokenizer.Tokens tokens(List<Item> items) {
    int left = room;
    List<Written> kept = new ArrayList<>();
    boolean truncated = items.size() > layout.maxItems();
    for (int i = items.size() - 1; i >= 0 && kept.size() < layout.maxItems(); i--) {
      Written written = written(items.get(i));
      truncated |= written.isCut();
      if (written.length() > left && !kept.isEmpty()) {
        truncated = true;
        break;
      }
      kept.add(written);
      left -= Math.min(left, written.length());
    }
    Line line = new Line();
    layout.startToken().ifPresent(token -> line.add(new long[] {token}, 1, 0, 0));
    for (int place = 0; place < kept.size(); place++) {
      int from = layout.newestFirst() ? place : kept.size() - 1 - place;
      truncated |= write(line, kept.get(from), place + 1);
    }
    return line.tokens(truncated);
  }

  /** Writes a text that is no item, as if it were the value of the only attribute of one. */
  TextTokenizer.Tokens tokens(String value) {
    long[] tokens = tokenizer.encode(value).ids();
    Line line = new Line();
    layout.startToken().ifPresent(token -> line.add(new long[] {token}, 1, 0, 0));
    line.add(tokens, Math.min(room, tokens.length), VALUE, 1);
    return line.tokens(tokens.length > room);
  }

  private Written written(Item item) {
    List<long[]> pieces = new ArrayList<>();
    int length = 0;
    boolean isCut = false;
    for (int i = 0; i < names.size(); i++) {
      Encoder.Field field = text.fields().get(i);
      String value =
          values.write(item, List.of(new Encoder.Field(field.feature(), "", field.otherwise())));
      if (!value.isEmpty()) {
        TextTokenizer.Tokens tokens = tokenizer.encode(value);
        long[] ids = tokens.ids();
        isCut |= tokens.truncated() || ids.length > layout.maxValueTokens();
        ids = LongStream.of(ids).limit(layout.maxValueTokens()).toArray();
        pieces.add(names.get(i));
        pieces.add(ids);
        length += names.get(i).length + ids.length;
      }
    }
    return new Written(pieces, length, isCut);
  }

  /**
   * Writes an item, as much of it as the longest text has room for, and tells whether it was cut.
   */
  private boolean write(Line line, Written item, int position) {
    int left = room;
    for (int i = 0; i < item.pieces().size(); i++) {
      long[] piece = item.pieces().get(i);
      int count = Math.min(left, piece.length);
      line.add(piece, count, i % 2 == 0 ? NAME : VALUE, position);
      left -= count;
    }
    return item.length() > room;
  }
}
