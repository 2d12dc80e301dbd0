package io.recommender.ann.semantic;

import io.recommender.RecommendationRequest;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.spi.PromptLayout;
import io.recommender.spi.PromptLayout.AlignedInput;
import io.recommender.spi.PromptLayout.AlignedValue;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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

  private PromptTemplate(Builder builder) {
    shape = builder.shape;
    tokens = builder.tokens;
    layout = builder.layout();
    user = builder.user;
  }

  /**
   * Returns the template of a layout.
   *
   * @param shape what codes look like
   * @param tokens which token stands for which code
   * @param layout how a history is told
   * @return the template
   */
  public static PromptTemplate of(CodeShape shape, CodeTokens tokens, PromptLayout layout) {
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
    return builder.build();
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
  public Optional<Prompt> write(RecommendationRequest request, List<int[]> codes) {
    if (codes.isEmpty() && layout.whenEmpty().isEmpty()) {
      return Optional.empty();
    }
    Writing writing = new Writing();
    writing.addOther(codes.isEmpty() ? layout.whenEmpty().get() : layout.prefix());
    if (user != null) {
      writing.addOther(user.apply(request.history().userId()));
    }
    List<int[]> last = codes.subList(Math.max(0, codes.size() - layout.maxItems()), codes.size());
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

    void addOther(int[] others) {
      for (int token : others) {
        add(token, -1, -1);
      }
    }

    void addItem(int[] code) {
      for (int level = 0; level < code.length; level++) {
        add(PromptTemplate.this.tokens.token(level, code[level]), level, itemCount);
      }
      itemCount++;
    }

    private void add(int token, int level, int item) {
      tokens.add(token);
      levels.add(level);
      items.add(item);
    }

    Prompt prompt() {
      if (layout.alignedInputs().isEmpty()) {
        return Prompt.of(tokens.toIntArray());
      }
      Map<String, int[]> inputs = new HashMap<>();
      layout.alignedInputs().forEach(input -> inputs.put(input.name(), values(input)));
      return new Prompt(tokens.toIntArray(), inputs);
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

    private PromptLayout layout() {
      return new PromptLayout(
          maxItems, prefix, separator, suffix, Optional.ofNullable(whenEmpty), alignedInputs);
    }

    /** {@return the template} */
    public PromptTemplate build() {
      return new PromptTemplate(this);
    }
  }
}
