package io.recommender.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession.Result;
import io.recommender.onnx.Generation.Cache;
import io.recommender.onnx.Generation.CacheKind;
import io.recommender.onnx.Generation.Layout;
import io.recommender.onnx.Generation.PaddingSide;
import io.recommender.onnx.Generation.TokenInput;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.spi.NextTokenScorer.SoftTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Rows of an {@link OnnxNextTokenScorer}.
 *
 * <p>Rows stand in {@linkplain RowSlots slots} of the batch. Keys and values never leave the
 * runtime: what a run leaves behind is an input of the next one, in which the graph itself chooses
 * by {@code parents} what each slot continues.
 *
 * <p><b>Confined</b>.
 */
final class OnnxDecoding implements Decoding {
  private static final int[] NOTHING = {};

  private final OnnxNextTokenScorer scorer;
  private final Generation generation;
  private final OnnxNextTokenScorer.Lanes lanes;
  private final List<Prompt> prompts;
  private final boolean leftPadding;

  private final RowSlots slots;

  /** What each row wrote, if the graphs read it again. */
  private int[][] written;

  /** Tokens that each row wrote, without the one it started with. */
  private int steps;

  /** The place of the logits of each slot, if there are some after every token. */
  private int[] places = NOTHING;

  /** The longest prompt. */
  private int longest;

  private boolean promptMaskWritten;
  private @Nullable Result promptRun;
  private @Nullable Result stepRun;
  private boolean broken;
  private boolean closed;

  OnnxDecoding(OnnxNextTokenScorer scorer, OnnxNextTokenScorer.Lanes lanes, List<Prompt> prompts) {
    this.scorer = scorer;
    this.lanes = lanes;
    this.prompts = prompts;
    generation = scorer.generation();
    leftPadding = generation.paddingSide() == PaddingSide.LEFT;
    slots = new RowSlots(prompts.size(), generation.isGrid());
    written = new int[prompts.size()][];
    Arrays.fill(written, NOTHING);
    for (Prompt prompt : prompts) {
      longest = Math.max(longest, prompt.tokens().length);
    }
  }

  /** Runs the prompts. */
  void start() {
    promptRun = runPrompts();
    if (generation.layout() == Layout.ENCODER_DECODER) {
      runStep(RowSlots.identity(prompts.size()), NOTHING);
    }
  }

  @Override
  public int rows() {
    return slots.rows();
  }

  @Override
  public void logits(int row, float[] logits) {
    Objects.checkIndex(row, slots.rows());
    checkOpen();
    int slot = slots.slotOf(row);
    int place = places.length == 0 ? 0 : places[slot];
    if (steps == 0 && generation.layout() == Layout.DECODER_ONLY || lanes.step() == null) {
      lanes.prompt().logits(slot, place, logits);
    } else {
      lanes.step().logits(slot, place, logits);
    }
  }

  private void checkOpen() {
    if (closed || broken) {
      throw new IllegalStateException(
          closed ? "the decoding is closed" : "the decoding failed and can only be closed");
    }
  }

  @Override
  public void advance(int[] parents, int[] tokens, int count) {
    checkOpen();
    broken = true;
    if (count < 1 || count > parents.length || count > tokens.length) {
      throw new IllegalArgumentException(
          "count: expected 1 to %d, found %d"
              .formatted(Math.min(parents.length, tokens.length), count));
    }
    int rows = slots.rows();
    for (int i = 0; i < count; i++) {
      if (parents[i] < 0 || parents[i] >= rows) {
        throw new IllegalArgumentException(
            "parent %d: expected a row of 0 to %d, found %d".formatted(i, rows - 1, parents[i]));
      }
      scorer.checkToken(tokens[i], "token " + i);
    }
    scorer.leased(
        () -> {
          grow(parents, tokens, count);
          return null;
        });
    broken = false;
  }

  private void grow(int[] parents, int[] tokens, int count) {
    if (!generation.isIncremental()) {
      int[][] longer = new int[count][];
      for (int i = 0; i < count; i++) {
        longer[i] = Arrays.copyOf(written[parents[i]], steps + 1);
        longer[i][steps] = tokens[i];
      }
      written = longer;
    }
    int[] slotParents = slots.advance(parents, count);
    steps++;
    if (lanes.step() == null) {
      Result run = runPrompts();
      run.close();
      return;
    }
    int[] slotTokens = new int[slotParents.length];
    Arrays.fill(slotTokens, generation.paddingToken());
    for (int i = 0; i < count; i++) {
      slotTokens[slots.slotOf(i)] = tokens[i];
    }
    runStep(slotParents, slotTokens);
  }

  /** Runs the prompts of all rows with what they wrote. */
  private Result runPrompts() {
    List<TokenInput> inputs = scorer.prompt().inputs();
    int length = longest + steps;
    TokenLane lane = lanes.prompt();
    int rows = slots.rows();
    int[] used = new int[rows];
    for (int row = 0; row < rows; row++) {
      used[row] = prompts.get(slots.promptOf(row)).tokens().length + steps;
    }
    for (int i = 0; i < inputs.size(); i++) {
      TokenInput input = inputs.get(i);
      if (input.role() == Generation.Role.SOFT_TOKENS) {
        writeSoft(lane.zeros(i, rows, length, input.width()), input, used, length);
        continue;
      }
      TensorBuffer buffer = lane.matrix(i, rows, length);
      if (input.role() == Generation.Role.SOFT_MASK) {
        buffer.clear(rows * length);
        markSoft(buffer, used, length);
        continue;
      }
      for (int row = 0; row < rows; row++) {
        Prompt prompt = prompts.get(slots.promptOf(row));
        int start = start(used[row], length);
        int base = row * length;
        int[] aligned =
            input.role() == Generation.Role.ALIGNED
                ? OnnxNextTokenScorer.aligned(prompt, input, used[row])
                : NOTHING;
        for (int place = 0; place < length; place++) {
          int token = place - start;
          boolean padding = token < 0 || token >= used[row];
          buffer.put(
              base + place,
              switch (input.role()) {
                case TOKEN_IDS ->
                    padding ? generation.paddingToken() : token(prompt, written[row], token);
                case ATTENTION_MASK -> padding ? 0 : 1;
                case POSITION_IDS -> padding ? 0 : token;
                case ALIGNED -> padding ? input.other() : aligned[token];
                default -> throw new AssertionError(input.role());
              });
        }
      }
    }
    places = scorer.prompt().logitsOfEveryToken() ? lastPlaces(used, length) : NOTHING;
    return lane.run(rows, length, Map.of());
  }

  private int start(int used, int length) {
    return leftPadding ? length - used : 0;
  }

  private void writeSoft(TensorBuffer buffer, TokenInput input, int[] used, int length) {
    for (int row = 0; row < used.length; row++) {
      SoftTokens soft = scorer.soft(prompts.get(slots.promptOf(row)), input);
      int first = row * length + start(used[row], length);
      for (int i = 0; i < soft.places().length; i++) {
        float[] vector = soft.vectors()[i];
        int to = (first + soft.places()[i]) * vector.length;
        for (int d = 0; d < vector.length; d++) {
          buffer.put(to + d, vector[d]);
        }
      }
    }
  }

  /** Writes 1 where any input has a vector for a token. */
  private void markSoft(TensorBuffer buffer, int[] used, int length) {
    for (int row = 0; row < used.length; row++) {
      int first = row * length + start(used[row], length);
      for (SoftTokens soft : prompts.get(slots.promptOf(row)).softTokens().values()) {
        for (int place : soft.places()) {
          buffer.put(first + place, 1);
        }
      }
    }
  }

  private int[] lastPlaces(int[] used, int length) {
    int[] last = new int[used.length];
    for (int row = 0; row < last.length; row++) {
      last[row] = (leftPadding ? length : used[row]) - 1;
    }
    return last;
  }

  private static int token(Prompt prompt, int[] written, int place) {
    int length = prompt.tokens().length;
    return place < length ? prompt.tokens()[place] : written[place - length];
  }

  /**
   * Runs the step.
   *
   * @param parents the old slot of each slot
   * @param tokens what each slot writes; nothing in the first step of an encoder-decoder
   */
  private void runStep(int[] parents, int[] tokens) {
    TokenLane lane = Objects.requireNonNull(lanes.step());
    TokenGraph graph = Objects.requireNonNull(scorer.step());
    boolean whole = !generation.isIncremental();
    int started = generation.layout() == Layout.ENCODER_DECODER ? 1 : 0;
    int length = whole ? steps + started : 1;
    int[] rowOf = slots.rowsOfSlots(parents.length);
    for (int i = 0; i < graph.inputs().size(); i++) {
      write(lane, i, graph.inputs().get(i), parents, tokens, rowOf, length);
    }
    places = NOTHING;
    if (graph.logitsOfEveryToken()) {
      places = new int[parents.length];
      Arrays.fill(places, length - 1);
    }
    List<OnnxTensor> empty = new ArrayList<>();
    try {
      Result next = lane.run(parents.length, length, caches(lane, empty));
      if (stepRun != null) {
        stepRun.close();
      }
      stepRun = next;
      if (promptRun != null && !readsPromptAgain()) {
        promptRun.close();
        promptRun = null;
      }
    } finally {
      empty.forEach(OnnxTensor::close);
    }
  }

  /** Whether later steps need what the graph of prompts left. */
  private boolean readsPromptAgain() {
    for (Cache cache : generation.caches()) {
      if (cache.kind() == CacheKind.PROMPT) {
        return true;
      }
    }
    return false;
  }

  private void write(
      TokenLane lane,
      int number,
      TokenInput input,
      int[] parents,
      int[] tokens,
      int[] rowOf,
      int length) {
    int count = parents.length;
    switch (input.role()) {
      case PARENTS -> {
        TensorBuffer buffer = lane.vector(number, count);
        for (int slot = 0; slot < count; slot++) {
          buffer.put(slot, parents[slot]);
        }
      }
      case PROMPT_MASK -> {
        if (!promptMaskWritten) {
          TensorBuffer buffer = lane.matrix(number, prompts.size(), longest);
          for (int prompt = 0; prompt < prompts.size(); prompt++) {
            writeMask(buffer, prompt * longest, prompt, 0);
          }
          promptMaskWritten = true;
        }
      }
      case ATTENTION_MASK -> writeOwnMask(lane, number, rowOf);
      default -> {
        TensorBuffer buffer = lane.matrix(number, count, length);
        for (int slot = 0; slot < count; slot++) {
          for (int place = 0; place < length; place++) {
            int back = length - 1 - place;
            buffer.put(
                slot * length + place, value(input, slot, rowOf[slot], tokens, steps - back));
          }
        }
      }
    }
  }

  /** The mask of all places that a slot has keys for. */
  private void writeOwnMask(TokenLane lane, int number, int[] rowOf) {
    boolean withPrompt = false;
    for (Cache cache : generation.caches()) {
      withPrompt |= cache.kind() == CacheKind.ROWS && cache.fromPrompt();
    }
    int own = steps + (generation.layout() == Layout.ENCODER_DECODER ? 1 : 0);
    int from = withPrompt ? longest : 0;
    TensorBuffer buffer = lane.matrix(number, rowOf.length, from + own);
    for (int slot = 0; slot < rowOf.length; slot++) {
      int base = slot * (from + own);
      if (withPrompt) {
        writeMask(buffer, base, slots.promptOfSlot(slot, rowOf[slot]), own);
      } else {
        for (int i = 0; i < own; i++) {
          buffer.put(base + i, 1);
        }
      }
    }
  }

  /** Writes the mask of a prompt and of so many tokens after it. */
  private void writeMask(TensorBuffer buffer, int base, int prompt, int own) {
    int used = prompts.get(prompt).tokens().length;
    int start = leftPadding ? longest - used : 0;
    for (int place = 0; place < longest; place++) {
      buffer.put(base + place, place >= start && place < start + used ? 1 : 0);
    }
    for (int i = 0; i < own; i++) {
      buffer.put(base + longest + i, 1);
    }
  }

  /**
   * What an input says of a token of a slot.
   *
   * @param number the number of the token among those that the row wrote, from 1; 0 is what it
   *     started with
   */
  private double value(TokenInput input, int slot, int row, int[] tokens, int number) {
    Prompt prompt = prompts.get(slots.promptOfSlot(slot, row));
    boolean decoder = generation.layout() == Layout.DECODER_ONLY;
    return switch (input.role()) {
      case TOKEN_IDS -> {
        if (number == 0) {
          yield generation.step().orElseThrow().startToken().orElseThrow();
        }
        if (number == steps) {
          yield tokens[slot];
        }
        yield row < 0 ? generation.paddingToken() : written[row][number - 1];
      }
      case POSITION_IDS -> decoder ? prompt.tokens().length + number - 1 : number;
      case ALIGNED -> {
        if (number == 0 || row < 0) {
          yield input.other();
        }
        int place = prompt.tokens().length + number - 1;
        yield OnnxNextTokenScorer.aligned(prompt, input, place + 1)[place];
      }
      default -> throw new AssertionError(input.role());
    };
  }

  /** The tensors that earlier runs left; those of empty caches are added to a list. */
  private Map<String, OnnxTensor> caches(TokenLane lane, List<OnnxTensor> empty) {
    Map<String, OnnxTensor> tensors = new HashMap<>();
    for (Cache cache : generation.caches()) {
      boolean ofRows = cache.kind() == CacheKind.ROWS;
      Result from = ofRows && stepRun != null ? stepRun : promptRun;
      if (ofRows && stepRun == null && !cache.fromPrompt()) {
        int size = prompts.size();
        long[] shape =
            cache.heads() == 0
                ? new long[] {size, 0, cache.size()}
                : new long[] {size, cache.heads(), 0, cache.size()};
        for (String name : cache.inputs()) {
          OnnxTensor tensor = lane.empty(name, shape);
          empty.add(tensor);
          tensors.put(name, tensor);
        }
        continue;
      }
      for (int i = 0; i < cache.inputs().size(); i++) {
        tensors.put(
            cache.inputs().get(i),
            (OnnxTensor) Objects.requireNonNull(from).get(cache.outputs().get(i)).orElseThrow());
      }
    }
    return tensors;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (stepRun != null) {
      stepRun.close();
    }
    if (promptRun != null) {
      promptRun.close();
    }
    scorer.release(lanes);
  }
}
