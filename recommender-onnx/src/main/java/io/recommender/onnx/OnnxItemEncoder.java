package io.recommender.onnx;

import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.ItemIndex;
import io.recommender.Query;
import io.recommender.RecommenderException;
import io.recommender.Retriever;
import io.recommender.Similarity;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntFunction;

/**
 * Encodes items with an exported model: features become a text, tokens and tensors as the bundle
 * says, the graph runs over them, and what comes out is pooled and scaled.
 *
 * <p><b>Order.</b> The i-th vector belongs to the i-th item. Inside, items of similar length share
 * a run; that changes no vector by more than the rounding of the runtime.
 *
 * <p><b>Limits.</b> A text that has more tokens than the model takes is cut at the end and counted
 * by {@link #truncatedTexts()}.
 *
 * <p><b>Thread safety.</b> Thread-safe; callers do not wait for each other.
 *
 * <p><b>Lifetime.</b> Holds native memory until {@link #close()}, which waits for calls in flight.
 * Later calls throw {@link IllegalStateException}.
 *
 * <p><b>Cost.</b> Tokenizing takes microseconds a text, the graph all else. One thread does both
 * unless {@link BundleOptions#executor} lends more. A call keeps the tokens of all its items at
 * once, so a large catalogue goes through {@link CatalogIndexer}.
 *
 * <p><b>Platforms.</b> Texts need the natives of Hugging Face's tokenizers, which are in the jar
 * for Linux (x86-64, AArch64), macOS (AArch64) and Windows (x86-64). They are extracted once, to
 * {@code .djl.ai} in the home of the user or to where the environment or system property {@code
 * ENGINE_CACHE_DIR} says, and never downloaded.
 *
 * <p>Made by {@link RecommenderBundle#openEncoder(java.nio.file.Path)}.
 */
public final class OnnxItemEncoder implements ItemEncoder, Diagnosable {
  private static final TextTokenizer.Tokens NO_TEXT =
      new TextTokenizer.Tokens(new long[0], new long[0], false);

  /** How many texts a thread tokenizes at once. */
  private static final int GRAIN = 32;

  private final Encoder encoder;
  private final OnnxSession session;
  private final Optional<TextTokenizer> tokenizer;
  private final Optional<ItemText> text;
  private final Optional<AttributeText> attributes;
  private final EncoderModel model;
  private final SharedCall.Helpers helpers;
  private final String modelVersion;
  private final String fingerprint;
  private final LongAdder truncated = new LongAdder();
  private final ModelLease lease;

  OnnxItemEncoder(
      Encoder encoder,
      OnnxSession session,
      Optional<TextTokenizer> tokenizer,
      EncoderModel model,
      SharedCall.Helpers helpers,
      String modelVersion,
      String fingerprint) {
    this.encoder = encoder;
    this.session = session;
    this.tokenizer = tokenizer;
    this.model = model;
    this.helpers = helpers;
    this.modelVersion = modelVersion;
    lease = new ModelLease(modelVersion);
    this.fingerprint = fingerprint;
    text = encoder.text().map(ItemText::new);
    attributes = AttributeText.of(encoder, tokenizer);
  }

  @Override
  public int dimension() {
    return encoder.vector().dimension();
  }

  @Override
  public Similarity similarity() {
    return encoder.vector().similarity();
  }

  /** {@return name, version and the start of the fingerprint: {@code minilm@1+0a1b2c3d4e5f}} */
  public String modelVersion() {
    return modelVersion;
  }

  /** {@return the SHA-256 that seals the bundle, in hexadecimal} */
  public String fingerprint() {
    return fingerprint;
  }

  /** {@return the device the model runs on: {@code cpu} or {@code cuda:0}} */
  public String device() {
    return session.device();
  }

  /** {@return how often the model was run since it was opened} */
  public long modelRuns() {
    return session.runs();
  }

  /** {@return how many texts were cut since the bundle was opened, its golden items included} */
  public long truncatedTexts() {
    return truncated.sum();
  }

  @Override
  public Diagnosis diagnose(int sample) {
    lease.enter();
    try {
      return Diagnosis.of("OnnxItemEncoder")
          .version(modelVersion)
          .fact("features", String.join(", ", features()))
          .fact("dimensions", dimension())
          .fact("similarity", similarity().name())
          .fact("texts cut", truncatedTexts())
          .fact("calls in flight", lease.inside() - 1)
          .part(session.diagnose())
          .build();
    } finally {
      lease.leave();
    }
  }

  /** {@return the names of the features that the encoder reads, in order} */
  public Set<String> features() {
    Set<String> features = new TreeSet<>();
    encoder
        .text()
        .ifPresent(
            layout -> {
              layout.fields().forEach(field -> features.add(field.feature()));
              layout.pairFields().forEach(field -> features.add(field.feature()));
            });
    encoder.inputs().stream()
        .map(Encoder.Input::feature)
        .filter(feature -> !feature.isEmpty())
        .forEach(features::add);
    return features;
  }

  /**
   * Encodes a batch.
   *
   * @throws IllegalArgumentException if an item lacks a required text, or a feature cannot be read
   *     as one; the message names the item and the feature
   * @throws RecommenderException of kind SHAPE_MISMATCH if a required number or tensor is absent,
   *     or has another shape than the model takes; the message names item, feature and input. Or if
   *     the model fails or gives NaN; the encoder stays usable
   */
  @Override
  public float[][] encode(List<Item> items) {
    lease.enter();
    try {
      return model.encode(
          rows(items.size(), i -> new EncoderModel.Row(items.get(i), tokens(items.get(i)))));
    } finally {
      lease.leave();
    }
  }

  private List<EncoderModel.Row> rows(int count, IntFunction<EncoderModel.Row> row) {
    EncoderModel.Row[] rows = new EncoderModel.Row[count];
    helpers.forEach(
        (count + GRAIN - 1) / GRAIN,
        next -> {
          for (int part = next.getAsInt(); part >= 0; part = next.getAsInt()) {
            for (int i = part * GRAIN; i < Math.min(count, (part + 1) * GRAIN); i++) {
              rows[i] = row.apply(i);
            }
          }
        });
    return Arrays.asList(rows);
  }

  private TextTokenizer.Tokens tokens(Item item) {
    if (text.isEmpty()) {
      return NO_TEXT;
    }
    return counted(
        attributes.isPresent()
            ? attributes.get().tokens(List.of(item))
            : text.get().tokens(tokenizer.orElseThrow(), item));
  }

  private TextTokenizer.Tokens counted(TextTokenizer.Tokens tokens) {
    if (tokens.truncated()) {
      truncated.increment();
    }
    return tokens;
  }

  /**
   * Encodes texts that are no items, such as what a shopper typed, into the space of the items.
   * They reach the tokenizer as they are, without the prefixes of fields.
   *
   * @param texts the texts, possibly none
   * @return one vector for each text, in order; a new array that the caller may keep and change
   * @throws UnsupportedOperationException if the encoder reads no text
   * @throws IllegalArgumentException if the encoder needs more features than a text
   * @throws IllegalStateException if closed
   * @throws RecommenderException if the model fails; the encoder stays usable
   */
  public float[][] encodeTexts(List<String> texts) {
    lease.enter();
    try {
      TextTokenizer open =
          tokenizer.orElseThrow(
              () -> new UnsupportedOperationException(modelVersion + " reads no text"));
      return model.encode(
          rows(
              texts.size(),
              i ->
                  new EncoderModel.Row(
                      Item.of("text " + i),
                      counted(
                          attributes.isPresent()
                              ? attributes.get().tokens(texts.get(i))
                              : open.encode(texts.get(i))))));
    } finally {
      lease.leave();
    }
  }

  /**
   * Encodes histories into the space of the items, each as one text of all its items: what
   * Recformer does. Items need not be known to anybody but by their features.
   *
   * <p>Items that have no room are left out whole, the oldest first, which {@link #truncatedTexts}
   * counts; of an empty history the model sees the start token alone.
   *
   * @param histories the items of each history, oldest first; possibly none
   * @return one vector for each history, in order; a new array that the caller may keep and change
   * @throws UnsupportedOperationException if the model does not read items one after the other
   * @throws IllegalArgumentException if an item lacks a required feature, or one cannot be read as
   *     a text; the message names the item and the feature
   * @throws IllegalStateException if closed
   * @throws RecommenderException if the model fails; the encoder stays usable
   */
  public float[][] encodeHistories(List<List<Item>> histories) {
    AttributeText written =
        attributes.orElseThrow(
            () ->
                new UnsupportedOperationException(
                    modelVersion + " reads no histories: it has no input of role ITEM_POSITIONS"));
    lease.enter();
    try {
      return model.encode(
          rows(
              histories.size(),
              i ->
                  new EncoderModel.Row(
                      Item.of("history " + i), counted(written.tokens(histories.get(i))))));
    } finally {
      lease.leave();
    }
  }

  /**
   * Returns what finds items by a text: it is encoded and the index searched with its vector. A
   * {@link Query.Vector} goes to the index as it is.
   *
   * @param index vectors by this encoder; neither it nor the encoder is closed by the retriever
   * @return a thread-safe retriever that throws {@link IllegalArgumentException} for other queries
   * @throws IllegalArgumentException if dimension or similarity of the index differ
   * @throws UnsupportedOperationException if the encoder reads no text
   */
  public Retriever retriever(ItemIndex index) {
    CatalogIndexer.checkFits(this, index);
    if (tokenizer.isEmpty()) {
      throw new UnsupportedOperationException(modelVersion + " reads no text");
    }
    return (query, k, filter) ->
        query instanceof Query.Text typed
            ? index.search(encodeTexts(List.of(typed.text()))[0], k, filter)
            : index.retrieve(query, k, filter);
  }

  /**
   * Closes the model and its tokenizer, after the calls in flight. Closing twice has no effect.
   *
   * @throws RecommenderException if the runtime fails to free the model
   */
  @Override
  public void close() {
    lease.close(model::close, session::close, () -> tokenizer.ifPresent(TextTokenizer::close));
  }

  @Override
  public String toString() {
    return "OnnxItemEncoder[%s, %d dimensions, %s]"
        .formatted(modelVersion, dimension(), session.device());
  }
}
