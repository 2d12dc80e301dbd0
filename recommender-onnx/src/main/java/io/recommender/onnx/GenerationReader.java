package io.recommender.onnx;

import io.recommender.internal.JsonNode;
import io.recommender.internal.JsonObject;
import io.recommender.onnx.Generation.Cache;
import io.recommender.onnx.Generation.CacheKind;
import io.recommender.onnx.Generation.Codes;
import io.recommender.onnx.Generation.Layout;
import io.recommender.onnx.Generation.PaddingSide;
import io.recommender.onnx.Generation.Role;
import io.recommender.onnx.Generation.Step;
import io.recommender.onnx.Generation.Text;
import io.recommender.onnx.Generation.TokenInput;
import io.recommender.spi.GenerativeModel.Normalization;
import io.recommender.spi.PromptLayout;
import io.recommender.spi.PromptLayout.AlignedInput;
import io.recommender.spi.PromptLayout.AlignedValue;
import io.recommender.spi.PromptLayout.SoftInput;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/** Reads the member {@code generation} of a manifest. */
final class GenerationReader {
  private static final String FILE = Manifest.FILE;
  private static final String LAYER = "{layer}";
  private static final int MAX_LAYERS = 1024;
  private static final Set<Role> OF_PROMPTS =
      EnumSet.of(
          Role.TOKEN_IDS,
          Role.ATTENTION_MASK,
          Role.POSITION_IDS,
          Role.ALIGNED,
          Role.SOFT_TOKENS,
          Role.SOFT_MASK);
  private static final Set<Role> OF_STEPS =
      EnumSet.complementOf(EnumSet.of(Role.SOFT_TOKENS, Role.SOFT_MASK));

  private static final Set<Role> OF_TEXT =
      EnumSet.of(
          Role.TOKEN_IDS, Role.ATTENTION_MASK, Role.POSITION_IDS, Role.SOFT_TOKENS, Role.SOFT_MASK);
  private static final Set<Role> OF_TEXT_STEPS =
      EnumSet.complementOf(EnumSet.of(Role.SOFT_TOKENS, Role.SOFT_MASK, Role.ALIGNED));
  private static final Set<Role> REPEATABLE = EnumSet.of(Role.ALIGNED, Role.SOFT_TOKENS);

  private final JsonObject root;
  private final int vocabularySize;

  /** What is said about each aligned input, by name. */
  private final Map<String, AlignedInput> aligned = new LinkedHashMap<>();

  private GenerationReader(JsonObject root) {
    this.root = root;
    vocabularySize = root.integer("vocabularySize", 1);
  }

  /** Reads how a model writes item codes. */
  static Generation ofItems(JsonObject node) {
    try (JsonObject root = node) {
      return new GenerationReader(root).read(false);
    }
  }

  /** Reads how a model writes text. */
  static Generation ofText(JsonObject node) {
    try (JsonObject root = node) {
      return new GenerationReader(root).read(true);
    }
  }

  private Generation read(boolean isText) {
    Layout layout = root.oneOf("layout", Layout.class);
    boolean decoder = layout == Layout.DECODER_ONLY;
    Optional<Codes> codes = isText ? Optional.empty() : Optional.of(codes(root.object("codes")));
    Optional<Text> text = isText ? Optional.of(text(root.object("text"))) : Optional.empty();
    List<TokenInput> inputs = inputs(root, isText ? OF_TEXT : OF_PROMPTS);
    if (isText) {
      checkVectors(inputs);
    }
    Optional<String> logits = decoder ? Optional.of(root.string("logits")) : Optional.empty();
    Optional<Step> step =
        decoder && !root.has("step")
            ? Optional.empty()
            : Optional.of(step(root.object("step"), decoder, isText ? OF_TEXT_STEPS : OF_STEPS));
    List<Cache> caches =
        step.isEmpty() || !root.has("caches")
            ? List.of()
            : root.array("caches", (place, value) -> cache(BundleJson.object(FILE, place, value)));
    check(step, caches);
    PaddingSide side;
    int paddingToken;
    PromptLayout prompt;
    try (JsonObject said = root.object("prompt")) {
      side = said.oneOf("paddingSide", PaddingSide.class);
      paddingToken = token(said, "paddingToken");
      prompt =
          new PromptLayout(
              isText ? 1 : said.integer("maxItems", 1),
              tokens(said, "prefix"),
              tokens(said, "separator"),
              tokens(said, "suffix"),
              said.has("whenEmpty") ? Optional.of(tokens(said, "whenEmpty")) : Optional.empty(),
              List.copyOf(aligned.values()),
              said.has("slot") ? OptionalInt.of(token(said, "slot")) : OptionalInt.empty(),
              inputs.stream()
                  .filter(input -> input.role() == Role.SOFT_TOKENS)
                  .map(input -> new SoftInput(input.name(), input.width()))
                  .toList());
    }
    return new Generation(
        layout,
        vocabularySize,
        codes,
        text,
        prompt,
        side,
        paddingToken,
        isText
            ? Normalization.VOCABULARY
            : root.oneOf("normalization", Normalization.class, Normalization.VOCABULARY),
        root.has("endToken") ? Optional.of(token(root, "endToken")) : Optional.empty(),
        isText ? 0 : root.integer("beams", 1, 0),
        inputs,
        logits,
        step,
        caches);
  }

  /** A text has places for vectors of one kind, and nothing is known of items. */
  private static void checkVectors(List<TokenInput> inputs) {
    List<TokenInput> soft =
        inputs.stream().filter(input -> input.role() == Role.SOFT_TOKENS).toList();
    if (soft.size() > 1 || soft.stream().anyMatch(input -> input.file().isPresent())) {
      throw BundleFailures.invalid(
          FILE,
          "/generation/inputs: expected at most one of role SOFT_TOKENS, without a file, found "
              + soft);
    }
  }

  private int token(JsonObject object, String member) {
    int token = object.integer(member, 0);
    if (token >= vocabularySize) {
      throw outside(object.place() + "/" + member, token);
    }
    return token;
  }

  private int[] tokens(JsonObject object, String member) {
    return checked(object.place() + "/" + member, object.integers(member));
  }

  private int[] checked(String place, List<Integer> tokens) {
    for (int i = 0; i < tokens.size(); i++) {
      if (tokens.get(i) < 0 || tokens.get(i) >= vocabularySize) {
        throw outside(place + "/" + i, tokens.get(i));
      }
    }
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  private RuntimeException outside(String place, int token) {
    return BundleFailures.invalid(
        FILE,
        "%s: expected a token of 0 to %d as vocabularySize says, found %d"
            .formatted(place, vocabularySize - 1, token));
  }

  private Codes codes(JsonObject node) {
    try (JsonObject codes = node) {
      String file = BundleJson.fileName(codes, "file");
      List<Integer> sizes = codes.integers("sizes");
      if (sizes.isEmpty() || sizes.stream().anyMatch(size -> size < 1)) {
        throw BundleFailures.invalid(
            FILE,
            codes.place() + "/sizes: expected a number of codes for each level, found " + sizes);
      }
      int[][] tokens = codes.has("tokens") ? table(codes, sizes) : ranges(codes, sizes);
      return new Codes(file, tokens, codes.bool("unique", false));
    }
  }

  private static Text text(JsonObject node) {
    try (JsonObject text = node) {
      return new Text(
          BundleJson.fileName(text, "tokenizer"),
          text.bool("specialTokens", true),
          text.integer("maxPromptTokens", 1),
          text.integer("maxNewTokens", 1));
    }
  }

  private int[][] ranges(JsonObject codes, List<Integer> sizes) {
    List<Integer> offsets = codes.integers("offsets");
    if (offsets.size() != sizes.size()) {
      throw BundleFailures.invalid(
          FILE,
          "%s/offsets: expected one for each of %d levels, found %d"
              .formatted(codes.place(), sizes.size(), offsets.size()));
    }
    int[][] tokens = new int[sizes.size()][];
    for (int level = 0; level < tokens.length; level++) {
      int first = offsets.get(level);
      long last = (long) first + sizes.get(level) - 1;
      if (first < 0 || last >= vocabularySize) {
        throw BundleFailures.invalid(
            FILE,
            "%s/offsets/%d: expected tokens of 0 to %d as vocabularySize says, found %d to %d"
                .formatted(codes.place(), level, vocabularySize - 1, first, last));
      }
      tokens[level] = IntStream.rangeClosed(first, (int) last).toArray();
    }
    return tokens;
  }

  private int[][] table(JsonObject codes, List<Integer> sizes) {
    List<int[]> rows =
        codes.array(
            "tokens",
            (place, value) -> {
              if (!value.isArray()) {
                throw BundleJson.wrong(FILE, place, "an array of tokens", value);
              }
              List<Integer> row = new ArrayList<>(value.size());
              for (JsonNode token : value) {
                if (!token.isInt()) {
                  throw BundleJson.wrong(FILE, place + "/" + row.size(), "an integer", token);
                }
                row.add(token.intValue());
              }
              return checked(place, row);
            });
    if (!rows.stream().map(row -> row.length).toList().equals(sizes)) {
      throw BundleFailures.invalid(
          FILE,
          "%s/tokens: expected rows of the sizes %s, found %s"
              .formatted(codes.place(), sizes, rows.stream().map(row -> row.length).toList()));
    }
    for (int level = 0; level < rows.size(); level++) {
      BitSet taken = new BitSet(vocabularySize);
      for (int token : rows.get(level)) {
        if (taken.get(token)) {
          throw BundleFailures.invalid(
              FILE, "%s/tokens/%d: token %d occurs twice".formatted(codes.place(), level, token));
        }
        taken.set(token);
      }
    }
    return rows.toArray(int[][]::new);
  }

  private List<TokenInput> inputs(JsonObject graph, Set<Role> allowed) {
    List<TokenInput> inputs =
        graph.array(
            "inputs",
            (place, value) -> input(place, BundleJson.object(FILE, place, value), allowed));
    Set<String> names = new HashSet<>();
    Set<Role> roles = EnumSet.noneOf(Role.class);
    for (int i = 0; i < inputs.size(); i++) {
      TokenInput input = inputs.get(i);
      String place = "%s/inputs/%d".formatted(graph.place(), i);
      if (!names.add(input.name())) {
        throw BundleFailures.invalid(
            FILE, "%s/name: input '%s' occurs twice".formatted(place, input.name()));
      }
      if (!roles.add(input.role()) && !REPEATABLE.contains(input.role())) {
        throw BundleFailures.invalid(
            FILE, "%s/role: role %s occurs twice".formatted(place, input.role()));
      }
    }
    if (!roles.contains(Role.TOKEN_IDS)) {
      throw BundleFailures.invalid(
          FILE, graph.place() + "/inputs: expected an input of role TOKEN_IDS, found none");
    }
    return inputs;
  }

  private TokenInput input(String place, JsonObject node, Set<Role> allowed) {
    try (JsonObject input = node) {
      Role role = input.oneOf("role", Role.class);
      if (!allowed.contains(role)) {
        throw BundleFailures.invalid(
            FILE,
            "%s/role: expected one of %s for this graph, found %s".formatted(place, allowed, role));
      }
      String name = input.string("name");
      int other = 0;
      if (role == Role.ALIGNED) {
        other = input.integer("other", Integer.MIN_VALUE);
        AlignedInput said = new AlignedInput(name, input.oneOf("value", AlignedValue.class), other);
        AlignedInput before = aligned.putIfAbsent(name, said);
        if (before != null && !before.equals(said)) {
          throw BundleFailures.invalid(
              FILE,
              "%s: expected %s as in the other graph, found %s".formatted(place, before, said));
        }
      }
      if (role == Role.SOFT_TOKENS) {
        Optional<String> file =
            input.has("file") ? Optional.of(BundleJson.fileName(input, "file")) : Optional.empty();
        return new TokenInput(role, name, other, input.integer("width", 1), file);
      }
      return new TokenInput(role, name, other, 1, Optional.empty());
    }
  }

  private Step step(JsonObject node, boolean decoder, Set<Role> roles) {
    try (JsonObject step = node) {
      return new Step(
          BundleJson.fileName(step, "model"),
          inputs(step, roles),
          step.string("logits"),
          decoder ? Optional.empty() : Optional.of(token(step, "startToken")));
    }
  }

  private static Cache cache(JsonObject node) {
    try (JsonObject cache = node) {
      CacheKind kind = cache.oneOf("kind", CacheKind.class);
      int layers = cache.integer("layers", 1, 1);
      if (layers > MAX_LAYERS) {
        throw BundleFailures.invalid(
            FILE,
            "%s/layers: expected at most %d, found %d"
                .formatted(cache.place(), MAX_LAYERS, layers));
      }
      List<String> inputs = names(cache, "tensors", layers);
      List<String> outputs = kind == CacheKind.ROWS ? names(cache, "outputs", layers) : inputs;
      if (inputs.size() != outputs.size()) {
        throw BundleFailures.invalid(
            FILE,
            "%s/outputs: expected as many as tensors, %d, found %d"
                .formatted(cache.place(), inputs.size(), outputs.size()));
      }
      boolean fromPrompt = kind == CacheKind.PROMPT || cache.bool("fromPrompt", false);
      return new Cache(
          kind,
          inputs,
          outputs,
          cache.integer("heads", 1, 0),
          cache.integer("size", 1),
          fromPrompt);
    }
  }

  /** The names of a member in every layer. */
  private static List<String> names(JsonObject cache, String member, int layers) {
    List<String> patterns = cache.strings(member);
    Set<String> names = new LinkedHashSet<>();
    for (int layer = 0; layer < layers; layer++) {
      for (String pattern : patterns) {
        if (!names.add(pattern.replace(LAYER, String.valueOf(layer)))) {
          throw BundleFailures.invalid(
              FILE,
              "%s/%s: expected names that differ in each of %d layers by %s, found '%s'"
                  .formatted(cache.place(), member, layers, LAYER, pattern));
        }
      }
    }
    if (names.isEmpty()) {
      throw BundleFailures.invalid(
          FILE, "%s/%s: expected names of tensors, found none".formatted(cache.place(), member));
    }
    return List.copyOf(names);
  }

  private static void check(Optional<Step> step, List<Cache> caches) {
    if (step.isEmpty()) {
      return;
    }
    if (caches.stream().noneMatch(Cache::fromPrompt)) {
      throw BundleFailures.invalid(
          FILE,
          "/generation/caches: expected one of kind PROMPT or one with fromPrompt, since a step knows its prompt by nothing else; found none");
    }
    boolean rows = caches.stream().anyMatch(cache -> cache.kind() == CacheKind.ROWS);
    boolean parents = step.get().inputs().stream().anyMatch(input -> input.role() == Role.PARENTS);
    if (rows != parents) {
      throw BundleFailures.invalid(
          FILE,
          "/generation/step/inputs: expected an input of role PARENTS if and only if there are caches of kind ROWS, found %s and %s"
              .formatted(parents ? "one" : "none", rows ? "such caches" : "no such caches"));
    }
    Set<String> names = new HashSet<>();
    step.get().inputs().forEach(input -> names.add(input.name()));
    for (Cache cache : caches) {
      for (String name : cache.inputs()) {
        if (!names.add(name)) {
          throw BundleFailures.invalid(
              FILE, "/generation/caches: tensor '%s' occurs twice".formatted(name));
        }
      }
    }
  }
}
