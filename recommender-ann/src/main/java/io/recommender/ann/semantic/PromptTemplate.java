package io.recommender.ann.semantic;

import io.recommender.RecommendationRequest;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.spi.NextTokenScorer.SoftTokens;
import io.recommender.spi.PromptLayout;
import io.recommender.spi.PromptLayout.AlignedInput;
import io.recommender.spi.PromptLayout.AlignedValue;
import io.recommender.spi.PromptLayout.SoftInput;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A prompt of tokens: a prefix, the user, the codes of the last items with separators between them,
 * and a suffix.
 *
 * <pre>{@code
 * CodeTokens tokens = CodeTokens.offsets(1, 257, 513, 769);
 * PromptTemplate prompt =
 *     PromptTemplate.builder(index.shape(), tokens).prefix(BEGIN).maxItems(20).build();
 * }</pre>
 *
 * <p><b>Immutable</b>; the builder is <b>confined</b>.
 */
public final class PromptTemplate implements DecoderPrompt {
  private final CodeShape shape;
  private final CodeTokens tokens;
  private final PromptLayout layout;
  private final @Nullable Function<Optional<String>, int[]> user;
  private final Map<String, Function<String, float[]>> vectors;

  private PromptTemplate(Builder builder) {
    shape = builder.shape;
    tokens = builder.tokens;
    layout = builder.layout();
    user = builder.user;
    vectors = Map.copyOf(builder.vectors);
  }

  /**
   * Returns the template of a layout.
   *
   * @param shape what codes look like
   * @param tokens which token stands for which code
   * @param layout how a history is told
   * @param vectors the vector of an item for each soft input of the layout
   * @return the template
   * @throws IllegalArgumentException if a soft input has no vectors
   */
  public static PromptTemplate of(
      CodeShape shape,
      CodeTokens tokens,
      PromptLayout layout,
      Map<String, Function<String, float[]>> vectors) {
    Builder builder =
        builder(shape, tokens)
            .prefix(layout.prefix())
            .separator(layout.separator())
            .suffix(layout.suffix())
            .maxItems(layout.maxItems());
    layout.whenEmpty().ifPresent(builder::whenEmpty);
    layout
        .alignedInputs()
        .forEach(input -> builder.alignedInput(input.name(), input.value(), input.other()));
    layout.slot().ifPresent(builder::slot);
    for (SoftInput input : layout.softInputs()) {
      Function<String, float[]> known = vectors.get(input.name());
      if (known == null) {
        throw new IllegalArgumentException(
            "expected vectors of items for the input '%s', found some for %s"
                .formatted(input.name(), vectors.keySet()));
      }
      builder.softInput(input.name(), input.width(), known);
    }
    return builder.build();
  }

  /**
   * Returns the template of a layout without soft inputs.
   *
   * @param shape what codes look like
   * @param tokens which token stands for which code
   * @param layout how a history is told
   * @return the template
   * @throws IllegalArgumentException if it has soft inputs
   */
  public static PromptTemplate of(CodeShape shape, CodeTokens tokens, PromptLayout layout) {
    return of(shape, tokens, layout, Map.of());
  }

  /**
   * Starts a template of nothing but the codes of a history.
   *
   * @param shape what codes look like
   * @param tokens which token stands for which code
   * @return a builder
   */
  public static Builder builder(CodeShape shape, CodeTokens tokens) {
    return new Builder(shape, tokens);
  }

  @Override
  public Optional<Prompt> write(RecommendationRequest request, List<CodedItem> items) {
    if (items.isEmpty() && layout.whenEmpty().isEmpty()) {
      return Optional.empty();
    }
    Writing writing = new Writing();
    writing.addOther(items.isEmpty() ? layout.whenEmpty().get() : layout.prefix());
    if (user != null) {
      writing.addOther(user.apply(request.history().userId()));
    }
    List<CodedItem> last =
        items.subList(Math.max(0, items.size() - layout.maxItems()), items.size());
    for (int i = 0; i < last.size(); i++) {
      if (i > 0) {
        writing.addOther(layout.separator());
      }
      writing.addItem(last.get(i));
    }
    writing.addOther(layout.suffix());
    return writing.tokens.isEmpty() ? Optional.empty() : Optional.of(writing.prompt());
  }

  /** A prompt in the making, with the level and the item of each token; -1 for what is no code. */
  private final class Writing {
    final IntArrayList tokens = new IntArrayList();
    private final IntArrayList levels = new IntArrayList();
    private final IntArrayList items = new IntArrayList();
    private int itemCount;

    /** The token that each vector belongs to, and the item it is of. */
    private final IntArrayList soft = new IntArrayList();

    private final List<String> softItems = new ArrayList<>();

    void addOther(int[] others) {
      for (int token : others) {
        add(token, -1, -1);
      }
    }

    void addItem(CodedItem item) {
      int[] code = item.codes();
      for (int level = 0; level < code.length; level++) {
        if (layout.slot().isEmpty()) {
          addSoft(item);
        }
        add(PromptTemplate.this.tokens.token(level, code[level]), level, itemCount);
      }
      if (layout.slot().isPresent()) {
        addSoft(item);
        add(layout.slot().getAsInt(), -1, itemCount);
      }
      itemCount++;
    }

    /** Lets the next token stand for the vectors of an item. */
    private void addSoft(CodedItem item) {
      if (!vectors.isEmpty()) {
        soft.add(tokens.size());
        softItems.add(item.itemId());
      }
    }

    private void add(int token, int level, int item) {
      tokens.add(token);
      levels.add(level);
      items.add(item);
    }

    Prompt prompt() {
      if (layout.alignedInputs().isEmpty() && vectors.isEmpty()) {
        return Prompt.of(tokens.toIntArray());
      }
      Map<String, int[]> inputs = new HashMap<>();
      layout.alignedInputs().forEach(input -> inputs.put(input.name(), values(input)));
      Map<String, SoftTokens> softTokens = new HashMap<>();
      layout.softInputs().forEach(input -> softTokens.put(input.name(), softTokens(input)));
      return new Prompt(tokens.toIntArray(), inputs, softTokens);
    }

    private SoftTokens softTokens(SoftInput input) {
      Function<String, float[]> known = Objects.requireNonNull(vectors.get(input.name()));
      float[][] found = new float[soft.size()][];
      for (int i = 0; i < found.length; i++) {
        String itemId = softItems.get(i);
        found[i] =
            i > 0 && itemId.equals(softItems.get(i - 1)) ? found[i - 1] : known.apply(itemId);
        if (found[i].length != input.width()) {
          throw new IllegalArgumentException(
              "vector of item '%s' for the input '%s': expected %d components, found %d"
                  .formatted(itemId, input.name(), input.width(), found[i].length));
        }
      }
      return new SoftTokens(soft.toIntArray(), found);
    }

    /** Returns the values of the prompt, of the codes of one item more and of what may end it. */
    private int[] values(AlignedInput aligned) {
      int length = tokens.size();
      int[] values = new int[length + shape.levels() + 1];
      for (int i = 0; i < values.length; i++) {
        int level = i < length ? levels.getInt(i) : i < values.length - 1 ? i - length : -1;
        int item = i < length ? items.getInt(i) : itemCount;
        values[i] =
            level < 0
                ? aligned.other()
                : switch (aligned.value()) {
                  case CODE_POSITION -> level;
                  case ITEM_INDEX -> item;
                };
      }
      return values;
    }
  }

  /** Collects the parts of a template. <b>Confined</b>. */
  public static final class Builder {
    private final CodeShape shape;
    private final CodeTokens tokens;
    private int[] prefix = {};
    private int[] separator = {};
    private int[] suffix = {};
    private int maxItems = Integer.MAX_VALUE;
    private @Nullable Function<Optional<String>, int[]> user;
    private int @Nullable [] whenEmpty;
    private final List<AlignedInput> alignedInputs = new ArrayList<>();
    private OptionalInt slot = OptionalInt.empty();
    private final List<SoftInput> softInputs = new ArrayList<>();
    private final Map<String, Function<String, float[]>> vectors = new HashMap<>();

    private Builder(CodeShape shape, CodeTokens tokens) {
      this.shape = Objects.requireNonNull(shape, "shape");
      this.tokens = Objects.requireNonNull(tokens, "tokens");
    }

    /**
     * Sets the tokens that come first.
     *
     * @param tokens the tokens; copied
     * @return this
     */
    public Builder prefix(int... tokens) {
      prefix = tokens.clone();
      return this;
    }

    /**
     * Sets the tokens between two items. A model that wants them after each item has them as suffix
     * too.
     *
     * @param tokens the tokens; copied
     * @return this
     */
    public Builder separator(int... tokens) {
      separator = tokens.clone();
      return this;
    }

    /**
     * Sets the tokens that come last, before what the model writes.
     *
     * @param tokens the tokens; copied
     * @return this
     */
    public Builder suffix(int... tokens) {
      suffix = tokens.clone();
      return this;
    }

    /**
     * Sets how many items of a history are told, the last ones.
     *
     * @param maxItems at least 1; all, unless set
     * @return this
     * @throws IllegalArgumentException if it is below 1
     */
    public Builder maxItems(int maxItems) {
      if (maxItems < 1) {
        throw new IllegalArgumentException("maxItems: expected at least 1, found " + maxItems);
      }
      this.maxItems = maxItems;
      return this;
    }

    /**
     * Adds tokens that stand for the user, such as codes of users (ULMRec, 2024), after the prefix.
     *
     * @param user the tokens of a user id, called from any thread; those of a default for nobody
     *     and for users that are not known
     * @return this
     */
    public Builder user(Function<Optional<String>, int[]> user) {
      this.user = Objects.requireNonNull(user, "user");
      return this;
    }

    /**
     * Sets what takes the place of the prefix for a history without a known item. Without this,
     * such a request is for the fallback.
     *
     * @param tokens the tokens; copied
     * @return this
     */
    public Builder whenEmpty(int... tokens) {
      whenEmpty = tokens.clone();
      return this;
    }

    /**
     * Adds an input that has a value for each token.
     *
     * @param name the name of the input
     * @param value the values of codes, also of those that the model writes
     * @param other the value of all other tokens
     * @return this
     */
    public Builder alignedInput(String name, AlignedValue value, int other) {
      alignedInputs.add(new AlignedInput(name, value, other));
      return this;
    }

    /**
     * Sets a token that follows the codes of each item and stands for its vectors. Without one,
     * each token of a code is told the vectors of its item.
     *
     * @param token the token
     * @return this
     */
    public Builder slot(int token) {
      slot = OptionalInt.of(token);
      return this;
    }

    /**
     * Adds an input of vectors of items, which the model reads in the place of tokens or beside
     * them.
     *
     * @param name the name of the input
     * @param width the number of components
     * @param vectors the vector of an item, called from any thread; zeros for one that has none
     * @return this
     * @throws IllegalArgumentException if there are no components
     */
    public Builder softInput(String name, int width, Function<String, float[]> vectors) {
      softInputs.add(new SoftInput(name, width));
      this.vectors.put(name, Objects.requireNonNull(vectors, "vectors"));
      return this;
    }

    private PromptLayout layout() {
      return new PromptLayout(
          maxItems,
          prefix,
          separator,
          suffix,
          Optional.ofNullable(whenEmpty),
          alignedInputs,
          slot,
          softInputs);
    }

    /** {@return the template} */
    public PromptTemplate build() {
      return new PromptTemplate(this);
    }
  }
}
