package io.recommender.onnx;

import io.recommender.ScoreKind;
import io.recommender.Similarity;
import io.recommender.internal.JsonNode;
import io.recommender.internal.JsonObject;
import io.recommender.onnx.Manifest.Contract;
import io.recommender.onnx.Manifest.Embedding;
import io.recommender.onnx.Manifest.Input;
import io.recommender.onnx.Manifest.Items;
import io.recommender.onnx.Manifest.Length;
import io.recommender.onnx.Manifest.PaddingSide;
import io.recommender.onnx.Manifest.Role;
import io.recommender.onnx.Manifest.Scores;
import io.recommender.onnx.Manifest.Sequence;
import io.recommender.onnx.Manifest.TimeUnit;
import io.recommender.onnx.Manifest.UnknownItems;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads {@code manifest.json}, refusing everything that its format does not allow. */
final class ManifestReader {
  private static final String FILE = Manifest.FILE;
  private static final int MAX_LENGTH = 1 << 20;
  private static final Set<Role> REPEATABLE =
      EnumSet.of(Role.ITEM_TABLE, Role.STEP_FEATURE, Role.CONTEXT_FEATURE);

  /** Contracts of what ranks candidates, for which a bundle may have items and no fallback. */
  private static final Set<Contract> RERANKERS =
      EnumSet.of(Contract.POINTWISE_RANKER, Contract.CROSS_ENCODER, Contract.LISTWISE_RERANKER);

  private ManifestReader() {}

  static Manifest read(Path file) {
    return parse(BundleJson.read(file));
  }

  static Manifest parse(JsonNode node) {
    try (JsonObject root = BundleJson.object(FILE, "", node)) {
      int format = root.integer("formatVersion", 1);
      if (format != Manifest.FORMAT_VERSION) {
        throw BundleFailures.invalid(
            FILE,
            "/formatVersion: expected %d, found %d; a newer library may read it"
                .formatted(Manifest.FORMAT_VERSION, format));
      }
      String name = root.string("name");
      if (!name.matches("[A-Za-z0-9._-]+")) {
        throw root.wrong("name", "letters, digits, '.', '_' and '-'", node.get("name"));
      }
      Contract contract = root.oneOf("contract", Contract.class);
      String model = BundleJson.fileName(root, "model");
      Optional<Items> items =
          contract == Contract.ITEM_ENCODER
                  || contract == Contract.TEXT_GENERATION
                  || (RERANKERS.contains(contract) && !root.has("items"))
              ? Optional.empty()
              : Optional.of(items(root.object("items")));
      Optional<Sequence> sequence = Optional.empty();
      List<Input> inputs = List.of();
      Optional<Scores> scores = Optional.empty();
      Optional<Embedding> embedding = Optional.empty();
      Optional<Diffusion> diffusion = Optional.empty();
      List<Ranker.Reasons> reasons = List.of();
      Optional<Generation> generation = Optional.empty();
      Optional<Encoder> encoder = Optional.empty();
      Optional<Ranker> ranker = Optional.empty();
      Optional<CrossEncoder> crossEncoder = Optional.empty();
      Optional<ListRanker> list = Optional.empty();
      if (contract == Contract.ITEM_ENCODER) {
        encoder = Optional.of(EncoderReader.read(root.object("encoder")));
      } else if (contract == Contract.POINTWISE_RANKER) {
        ranker = Optional.of(RankerReader.read(root.object("ranker"), items.isPresent()));
      } else if (contract == Contract.CROSS_ENCODER) {
        crossEncoder = Optional.of(CrossEncoderReader.read(root.object("crossEncoder")));
      } else if (contract == Contract.LISTWISE_RERANKER) {
        list = Optional.of(ListRanker.read(root.object("list"), items.isPresent()));
      } else if (contract == Contract.SEQ_GENERATIVE) {
        generation = Optional.of(GenerationReader.ofItems(root.object("generation")));
      } else if (contract == Contract.TEXT_GENERATION) {
        generation = Optional.of(GenerationReader.ofText(root.object("generation")));
      } else {
        sequence = Optional.of(sequence(root.object("sequence")));
        inputs =
            root.array("inputs", (place, value) -> input(BundleJson.object(FILE, place, value)));
        checkInputs(inputs);
        if (contract == Contract.SEQ_LOGITS) {
          scores = Optional.of(scores(root.object("scores")));
        } else {
          embedding = Optional.of(embedding(root.object("embedding")));
        }
        if (contract == Contract.SEQ_DIFFUSION) {
          diffusion = Optional.of(Diffusion.read(root.object("diffusion")));
        }
        reasons = RankerReader.reasons(root);
      }
      List<String> fallback =
          items.isPresent() && !RERANKERS.contains(contract) ? root.strings("fallback") : List.of();
      for (int place = 0; place < fallback.size(); place++) {
        if (fallback.indexOf(fallback.get(place)) != place) {
          throw BundleFailures.invalid(
              FILE, "/fallback/%d: item '%s' occurs twice".formatted(place, fallback.get(place)));
        }
      }
      UnknownItems unknownItems =
          sequence.isPresent()
              ? root.oneOf("unknownItems", UnknownItems.class, UnknownItems.SKIP)
              : UnknownItems.SKIP;
      if (unknownItems == UnknownItems.UNK && sequence.orElseThrow().unknownId().isEmpty()) {
        throw BundleFailures.invalid(
            FILE, "/sequence/unknownId: expected an id, because unknownItems is UNK; found none");
      }
      return new Manifest(
          name,
          root.string("version"),
          contract,
          model,
          root.optionalInteger("opset", 1),
          root.string("producer", ""),
          items,
          sequence,
          inputs,
          scores,
          embedding,
          diffusion,
          reasons,
          generation,
          encoder,
          ranker,
          crossEncoder,
          list,
          unknownItems,
          fallback,
          root.has("golden") ? Optional.of(BundleJson.fileName(root, "golden")) : Optional.empty());
    }
  }

  private static Sequence sequence(JsonObject node) {
    try (JsonObject sequence = node) {
      int maxLength = sequence.integer("maxLength", 1);
      if (maxLength > MAX_LENGTH) {
        throw BundleFailures.invalid(
            FILE,
            "/sequence/maxLength: expected at most %d, found %d".formatted(MAX_LENGTH, maxLength));
      }
      List<Integer> suffix = sequence.integers("suffix");
      if (suffix.size() >= maxLength) {
        throw BundleFailures.invalid(
            FILE,
            "/sequence/suffix: expected fewer ids than maxLength %d, found %d"
                .formatted(maxLength, suffix.size()));
      }
      return new Sequence(
          maxLength,
          sequence.oneOf("length", Length.class),
          sequence.oneOf("paddingSide", PaddingSide.class),
          sequence.integer("paddingId", Integer.MIN_VALUE),
          sequence.integer("idOffset", 0),
          sequence.optionalInteger("unknownId", 0),
          suffix.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  private static Items items(JsonObject node) {
    try (JsonObject items = node) {
      return new Items(BundleJson.fileName(items, "file"), items.integer("count", 1));
    }
  }

  private static Input input(JsonObject node) {
    try (JsonObject input = node) {
      Role role = input.oneOf("role", Role.class);
      String name = input.string("name");
      TimeUnit unit = TimeUnit.SECONDS;
      Map<String, Integer> vocabulary = Map.of();
      String feature = "";
      double defaultValue = 0;
      double paddingValue = 0;
      switch (role) {
        case TIMESTAMPS, QUERY_TIME -> {
          unit = input.oneOf("unit", TimeUnit.class, TimeUnit.SECONDS);
          defaultValue = input.number("default", 0);
          paddingValue = defaultValue;
        }
        case BEHAVIORS, DOMAINS -> {
          vocabulary = vocabulary(input.object("vocabulary"));
          defaultValue = input.integer("default", Integer.MIN_VALUE);
          paddingValue = input.integer("paddingId", Integer.MIN_VALUE, 0);
        }
        case STEP_FEATURE, CONTEXT_FEATURE -> {
          feature = input.string("feature");
          defaultValue = input.number("default", 0);
        }
        case ITEM_TABLE -> {
          feature = BundleJson.fileName(input, "file");
          defaultValue = input.number("default", Double.NaN);
        }
        case ITEM_IDS, ATTENTION_MASK, PADDING_MASK, LENGTH -> {}
      }
      return new Input(role, name, unit, vocabulary, feature, defaultValue, paddingValue);
    }
  }

  static Map<String, Integer> vocabulary(JsonObject node) {
    try (JsonObject vocabulary = node) {
      Map<String, Integer> ids = new LinkedHashMap<>();
      vocabulary
          .members()
          .forEach(value -> ids.put(value, vocabulary.integer(value, Integer.MIN_VALUE)));
      return Map.copyOf(ids);
    }
  }

  private static void checkInputs(List<Input> inputs) {
    Set<String> names = new HashSet<>();
    Set<Role> roles = EnumSet.noneOf(Role.class);
    for (int i = 0; i < inputs.size(); i++) {
      Input input = inputs.get(i);
      if (!names.add(input.name())) {
        throw BundleFailures.invalid(
            FILE, "/inputs/%d/name: input '%s' occurs twice".formatted(i, input.name()));
      }
      if (!roles.add(input.role()) && !REPEATABLE.contains(input.role())) {
        throw BundleFailures.invalid(
            FILE, "/inputs/%d/role: role %s occurs twice".formatted(i, input.role()));
      }
    }
    if (!roles.contains(Role.ITEM_IDS) && !roles.contains(Role.ITEM_TABLE)) {
      throw BundleFailures.invalid(
          FILE, "/inputs: expected an input of role ITEM_IDS or ITEM_TABLE, found none");
    }
  }

  private static Scores scores(JsonObject node) {
    try (JsonObject scores = node) {
      return new Scores(
          scores.string("name"),
          scores.oneOf("kind", ScoreKind.class, ScoreKind.LOGIT),
          scores.integer("offset", 0, 0));
    }
  }

  private static Embedding embedding(JsonObject node) {
    try (JsonObject embedding = node) {
      return new Embedding(
          embedding.string("name"),
          embedding.integer("dimension", 1),
          embedding.oneOf("similarity", Similarity.class),
          embedding.bool("normalize", false),
          BundleJson.fileName(embedding, "itemVectors"));
    }
  }
}
