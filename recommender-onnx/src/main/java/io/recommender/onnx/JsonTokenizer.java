package io.recommender.onnx;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.internal.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A tokenizer out of a {@code tokenizer.json} of Hugging Face. */
final class JsonTokenizer implements TextTokenizer {
  /** A letter of each of some scripts, in case a tokenizer knows but one and drops the others. */
  private static final List<String> LETTERS =
      List.of("a", "1", "中", "あ", "가", "а", "α", "א", "ا", "क", "ก");

  private final String file;
  private final TokenizersLibrary library;
  private final long handle;
  private final boolean specialTokens;
  private final int largestToken;

  /** The texts of tokens that are found in a text before it is split otherwise. */
  private final Map<Integer, String> added;

  private final @Nullable TokenLayout layout;
  private final @Nullable PairTemplate pairs;

  private JsonTokenizer(
      String file,
      TokenizersLibrary library,
      long handle,
      boolean specialTokens,
      int largestToken,
      Map<Integer, String> added,
      @Nullable TokenLayout layout,
      @Nullable PairTemplate pairs) {
    this.file = file;
    this.library = library;
    this.handle = handle;
    this.specialTokens = specialTokens;
    this.largestToken = largestToken;
    this.added = added;
    this.layout = layout;
    this.pairs = pairs;
  }

  /** Reads the file; what it says of padding and truncation gives way to the manifest. */
  static JsonTokenizer open(Path path, TokenLayout layout) {
    JsonTokenizer tokenizer = open(path, layout.specialTokens());
    try {
      @Nullable PairTemplate pairs = layout.pairs() ? tokenizer.learn() : null;
      int added = pairs == null ? tokenizer.encode("").length() : pairs.added();
      if (added >= layout.maxLength()) {
        throw BundleFailures.invalid(
            Manifest.FILE,
            "%s/maxLength: expected more than the %d tokens that %s adds to every text, found %d"
                .formatted(layout.place(), added, tokenizer.file, layout.maxLength()));
      }
      tokenizer.library.setTruncation(
          tokenizer.handle, layout.maxLength(), TokenLayout.Truncation.LONGEST_FIRST.name(), 0);
      return new JsonTokenizer(
          tokenizer.file,
          tokenizer.library,
          tokenizer.handle,
          tokenizer.specialTokens,
          tokenizer.largestToken,
          tokenizer.added,
          layout,
          pairs);
    } catch (RuntimeException | Error e) {
      tokenizer.close();
      throw e;
    }
  }

  /**
   * Reads a file for texts of any length.
   *
   * @param specialTokens whether the special tokens of the tokenizer are added to a text
   */
  static JsonTokenizer open(Path path, boolean specialTokens) {
    String file = path.getFileName().toString();
    JsonNode json = BundleJson.read(path);
    int largest = largestToken(file, json);
    checkTemplates(file, json.get("post_processor"));
    TokenizersLibrary library = TokenizerLibrary.load();
    long handle;
    try {
      handle = library.createTokenizerFromString(json.toString());
    } catch (RuntimeException e) {
      throw BundleFailures.invalid(
          file, "expected a tokenizer, found one that cannot be read: " + e.getMessage(), e);
    }
    JsonTokenizer tokenizer =
        new JsonTokenizer(file, library, handle, specialTokens, largest, added(json), null, null);
    try {
      library.disablePadding(handle);
      library.disableTruncation(handle);
      return tokenizer;
    } catch (RuntimeException | Error e) {
      tokenizer.close();
      throw e;
    }
  }

  /** Finds out where special tokens go around two texts, made of letters that the tokenizer has. */
  private PairTemplate learn() {
    return LETTERS.stream()
        .filter(letter -> part(letter).length() > 0)
        .findFirst()
        .flatMap(
            letter ->
                PairTemplate.of(
                    List.of(
                        example(letter, (letter + " ").repeat(2)),
                        example((letter + " ").repeat(3), letter),
                        example(letter, letter))))
        .orElseThrow(
            () ->
                BundleFailures.invalid(
                    file,
                    "/post_processor: expected a template that has each text of a pair once, the first one first, found another"));
  }

  private PairTemplate.Example example(String first, String second) {
    return new PairTemplate.Example(
        part(first),
        part(second),
        tokens(() -> library.encodeDual(handle, first, second, specialTokens)));
  }

  private static int largestToken(String file, JsonNode json) {
    JsonNode model = json.get("model");
    JsonNode vocabulary = model == null ? null : model.get("vocab");
    long largest = -1;
    if (vocabulary != null && vocabulary.isObject()) {
      for (JsonNode token : vocabulary.members().values()) {
        largest = Math.max(largest, token(file, "/model/vocab", token));
      }
    } else if (vocabulary != null && vocabulary.isArray()) {
      largest = vocabulary.size() - 1L;
    }
    if (largest < 0) {
      throw BundleFailures.invalid(
          file, "/model/vocab: expected an object or an array of tokens, found none");
    }
    for (JsonNode added : elements(json, "added_tokens")) {
      largest = Math.max(largest, token(file, "/added_tokens", added.get("id")));
    }
    return (int) largest;
  }

  private static Map<Integer, String> added(JsonNode json) {
    Map<Integer, String> added = new HashMap<>();
    for (JsonNode token : elements(json, "added_tokens")) {
      JsonNode id = token.get("id");
      JsonNode content = token.get("content");
      if (id != null && id.isInt() && content != null && content.isTextual()) {
        added.put(id.intValue(), content.textValue());
      }
    }
    return added;
  }

  /** Returns the text of an added token: wherever a text has it, it is this token. */
  Optional<String> addedToken(int token) {
    return Optional.ofNullable(added.get(token));
  }

  private static List<JsonNode> elements(JsonNode object, String member) {
    JsonNode value = object.get(member);
    return value == null ? List.of() : value.elements();
  }

  private static int token(String file, String place, @Nullable JsonNode value) {
    if (value == null) {
      throw BundleFailures.invalid(
          file, place + ": expected tokens that are integers of at least 0, found none");
    }
    if (!value.isInt() || value.intValue() < 0) {
      throw BundleJson.wrong(file, place, "tokens that are integers of at least 0", value);
    }
    return value.intValue();
  }

  /**
   * Refuses templates that add a special token they do not define: the native code would bring the
   * process down with the first text.
   */
  private static void checkTemplates(String file, @Nullable JsonNode processor) {
    if (processor == null) {
      return;
    }
    elements(processor, "processors").forEach(inner -> checkTemplates(file, inner));
    JsonNode type = processor.get("type");
    if (type == null || !type.textValue().equals("TemplateProcessing")) {
      return;
    }
    JsonNode defined = processor.get("special_tokens");
    for (String template : new String[] {"single", "pair"}) {
      for (JsonNode piece : elements(processor, template)) {
        JsonNode special = piece.get("SpecialToken");
        JsonNode id = special == null ? null : special.get("id");
        if (id != null && (defined == null || !defined.has(id.textValue()))) {
          throw BundleFailures.invalid(
              file,
              "/post_processor/%s: expected a token of special_tokens, found '%s'"
                  .formatted(template, id.textValue()));
        }
      }
    }
  }

  @Override
  public Tokens encode(String text) {
    String sound = sound(text);
    return tokens(() -> library.encode(handle, sound, specialTokens));
  }

  @Override
  public Tokens part(String text) {
    String sound = sound(text);
    return tokens(() -> library.encode(handle, sound, false));
  }

  @Override
  public Tokens join(Tokens first, Tokens second) {
    if (pairs == null || layout == null) {
      throw new AssertionError(file + " was opened for single texts");
    }
    return pairs.join(first, second, layout.truncation(), layout.maxLength());
  }

  /** Replaces halves of surrogate pairs, which have no UTF-8, by U+FFFD. */
  private static String sound(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return text.codePoints()
            .map(point -> point >= 0xd800 && point <= 0xdfff ? 0xfffd : point)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
      }
    }
    return text;
  }

  private interface NativeEncode {
    long encode();
  }

  private Tokens tokens(NativeEncode call) {
    try {
      long encoding = call.encode();
      try {
        return new Tokens(
            library.getTokenIds(encoding),
            library.getTypeIds(encoding),
            library.getOverflowCount(encoding) > 0);
      } finally {
        library.deleteEncoding(encoding);
      }
    } catch (RuntimeException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED, file + ": the text cannot be tokenized: " + e.getMessage(), e);
    }
  }

  /** Returns the text of tokens, without special ones. */
  String decode(long[] ids) {
    try {
      return ids.length == 0 ? "" : library.decode(handle, ids, true);
    } catch (RuntimeException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED, file + ": the tokens have no text: " + e.getMessage(), e);
    }
  }

  @Override
  public int largestToken() {
    return largestToken;
  }

  @Override
  public void close() {
    library.deleteTokenizer(handle);
  }
}
