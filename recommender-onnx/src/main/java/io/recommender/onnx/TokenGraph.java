package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import io.recommender.onnx.Generation.Cache;
import io.recommender.onnx.Generation.Role;
import io.recommender.onnx.Generation.TokenInput;
import io.recommender.onnx.OnnxSession.TensorSpec;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One of the graphs of a model that writes tokens, and which of its tensors is which, checked
 * against the manifest.
 *
 * <p><b>Immutable</b> but for the session.
 */
final class TokenGraph {
  private static final Set<OnnxJavaType> INTEGERS =
      EnumSet.of(OnnxJavaType.INT64, OnnxJavaType.INT32);
  private static final Set<OnnxJavaType> MASKS =
      EnumSet.of(OnnxJavaType.INT64, OnnxJavaType.INT32, OnnxJavaType.FLOAT, OnnxJavaType.BOOL);
  private static final Set<OnnxJavaType> NUMBERS =
      EnumSet.of(OnnxJavaType.FLOAT, OnnxJavaType.FLOAT16);

  private final OnnxSession session;
  private final List<TokenInput> inputs;
  private final Map<String, OnnxJavaType> types;
  private final @Nullable String logits;
  private final boolean logitsOfEveryToken;
  private final Set<String> kept;

  private TokenGraph(
      OnnxSession session,
      List<TokenInput> inputs,
      Map<String, OnnxJavaType> types,
      @Nullable String logits,
      boolean logitsOfEveryToken,
      Set<String> kept) {
    this.session = session;
    this.inputs = inputs;
    this.types = types;
    this.logits = logits;
    this.logitsOfEveryToken = logitsOfEveryToken;
    this.kept = kept;
  }

  /**
   * Checks a graph.
   *
   * @param read caches that are inputs
   * @param written caches that are outputs
   */
  static TokenGraph of(
      OnnxSession session,
      List<TokenInput> inputs,
      Optional<String> logits,
      int vocabularySize,
      List<Cache> read,
      List<Cache> written) {
    String model = session.name();
    Map<String, TensorSpec> remaining = new HashMap<>(session.inputs());
    Map<String, OnnxJavaType> types = new LinkedHashMap<>();
    for (TokenInput input : inputs) {
      TensorSpec spec = remaining.remove(input.name());
      if (spec == null) {
        throw BundleFailures.mismatch(
            model,
            "expected an input '%s' of role %s as %s says, found inputs %s"
                .formatted(input.name(), input.role(), Manifest.FILE, session.inputs()));
      }
      check(model, input, spec);
      types.put(input.name(), spec.type());
    }
    for (Cache cache : read) {
      for (String name : cache.inputs()) {
        TensorSpec spec = remaining.remove(name);
        check(model, "input", name, cache, spec, session.inputs());
        types.put(name, spec == null ? OnnxJavaType.UNKNOWN : spec.type());
      }
    }
    if (!remaining.isEmpty()) {
      throw BundleFailures.mismatch(
          model,
          "expected a role or a cache in %s for every input, found none for %s"
              .formatted(Manifest.FILE, remaining));
    }
    Set<String> kept = new LinkedHashSet<>();
    for (Cache cache : written) {
      for (String name : cache.outputs()) {
        TensorSpec spec = session.outputs().get(name);
        check(model, "output", name, cache, spec, session.outputs());
        types.put(name, spec == null ? OnnxJavaType.UNKNOWN : spec.type());
        kept.add(name);
      }
    }
    boolean everyToken = false;
    if (logits.isPresent()) {
      TensorSpec spec = session.outputs().get(logits.get());
      everyToken = checkLogits(session, logits.get(), vocabularySize, spec);
      types.put(logits.get(), spec == null ? OnnxJavaType.UNKNOWN : spec.type());
    }
    return new TokenGraph(
        session, List.copyOf(inputs), types, logits.orElse(null), everyToken, kept);
  }

  private static void check(String model, TokenInput input, TensorSpec spec) {
    if (input.role() == Role.SOFT_TOKENS) {
      checkSoft(model, input, spec);
      return;
    }
    boolean mask =
        input.role() == Role.ATTENTION_MASK
            || input.role() == Role.PROMPT_MASK
            || input.role() == Role.SOFT_MASK;
    boolean vector = input.role() == Role.PARENTS;
    Set<OnnxJavaType> allowed = mask ? MASKS : INTEGERS;
    boolean fixed = spec.shape().length > 0 && spec.shape()[0] >= 0;
    if (!allowed.contains(spec.type()) || spec.shape().length != (vector ? 1 : 2) || fixed) {
      throw BundleFailures.mismatch(
          model,
          "input '%s' of role %s: expected %s %s, both dynamic, found %s"
              .formatted(
                  input.name(),
                  input.role(),
                  names(allowed),
                  vector ? "[rows]" : "[rows, length]",
                  spec));
    }
  }

  private static void checkSoft(String model, TokenInput input, TensorSpec spec) {
    long[] shape = spec.shape();
    if (spec.type() != OnnxJavaType.FLOAT
        || shape.length != 3
        || shape[0] >= 0
        || shape[1] >= 0
        || (shape[2] >= 0 && shape[2] != input.width())) {
      throw BundleFailures.mismatch(
          model,
          "input '%s' of role %s: expected float [rows, length, %d], the width in %s, found %s"
              .formatted(input.name(), input.role(), input.width(), Manifest.FILE, spec));
    }
  }

  private static void check(
      String model,
      String what,
      String name,
      Cache cache,
      @Nullable TensorSpec spec,
      Map<String, TensorSpec> all) {
    String expected =
        cache.heads() == 0
            ? "[rows, length, %d]".formatted(cache.size())
            : "[rows, %d, length, %d]".formatted(cache.heads(), cache.size());
    if (spec == null) {
      throw BundleFailures.mismatch(
          model,
          "expected an %s '%s', a cache of kind %s %s as %s says, found %ss %s"
              .formatted(what, name, cache.kind(), expected, Manifest.FILE, what, all));
    }
    long[] shape = spec.shape();
    int axes = cache.heads() == 0 ? 3 : 4;
    if (!NUMBERS.contains(spec.type())
        || shape.length != axes
        || (shape[axes - 1] >= 0 && shape[axes - 1] != cache.size())
        || (axes == 4 && shape[1] >= 0 && shape[1] != cache.heads())
        || shape[0] >= 0
        || shape[axes - 2] >= 0) {
      throw BundleFailures.mismatch(
          model,
          "%s '%s': expected %s %s as %s says, found %s"
              .formatted(what, name, names(NUMBERS), expected, Manifest.FILE, spec));
    }
  }

  /** Returns whether the output has a place for every token of the input. */
  private static boolean checkLogits(
      OnnxSession session, String name, int vocabularySize, @Nullable TensorSpec spec) {
    if (spec == null) {
      throw BundleFailures.mismatch(
          session.name(),
          "expected an output '%s' as %s says, found outputs %s"
              .formatted(name, Manifest.FILE, session.outputs()));
    }
    int axes = spec.shape().length;
    long last = axes == 0 ? 0 : spec.shape()[axes - 1];
    if (!NUMBERS.contains(spec.type())
        || (axes != 2 && axes != 3)
        || (last >= 0 && last != vocabularySize)) {
      throw BundleFailures.mismatch(
          session.name(),
          "output '%s': expected %s [rows, %d] or [rows, length, %d], the vocabularySize in %s, found %s"
              .formatted(
                  name, names(NUMBERS), vocabularySize, vocabularySize, Manifest.FILE, spec));
    }
    return axes == 3;
  }

  private static String names(Set<OnnxJavaType> types) {
    return types.stream()
        .map(type -> type.name().toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(" or "));
  }

  OnnxSession session() {
    return session;
  }

  /** The inputs that are written anew for every run. */
  List<TokenInput> inputs() {
    return inputs;
  }

  /** The element type of an input or output. */
  OnnxJavaType type(String name) {
    return types.getOrDefault(name, OnnxJavaType.UNKNOWN);
  }

  /** The output of logits, or null. */
  @Nullable String logits() {
    return logits;
  }

  /** Whether there are logits after every token of a row, not of the last alone. */
  boolean logitsOfEveryToken() {
    return logitsOfEveryToken;
  }

  /** The outputs that live on after a run. */
  Set<String> kept() {
    return kept;
  }
}
