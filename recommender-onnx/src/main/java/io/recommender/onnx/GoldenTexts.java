package io.recommender.onnx;

import io.recommender.internal.JsonObject;
import io.recommender.text.TextGenerator;
import java.nio.file.Path;
import java.util.List;

/**
 * Prompts with the texts of the training framework, generated before a generator is handed out: a
 * warm-up and a proof of parity in one.
 */
final class GoldenTexts {
  private record Golden(String prompt, String text) {}

  private final String file;
  private final List<Golden> goldens;

  private GoldenTexts(String file, List<Golden> goldens) {
    this.file = file;
    this.goldens = goldens;
  }

  static GoldenTexts read(Path path) {
    String file = path.getFileName().toString();
    try (JsonObject root = BundleJson.object(file, "", BundleJson.read(path))) {
      List<Golden> goldens =
          root.array(
              "texts",
              (place, value) -> {
                try (JsonObject golden = BundleJson.object(file, place, value)) {
                  return new Golden(golden.string("prompt"), golden.string("text", ""));
                }
              });
      if (goldens.isEmpty()) {
        throw BundleFailures.invalid(file, "/texts: expected at least one, found none");
      }
      return new GoldenTexts(file, goldens);
    }
  }

  void replay(TextGenerator generator) {
    for (int i = 0; i < goldens.size(); i++) {
      String found = generator.generate(goldens.get(i).prompt());
      if (!found.equals(goldens.get(i).text())) {
        throw BundleFailures.invalid(
            file,
            "text %d of %d: expected '%s' as in training, found '%s'; check the tokenizer, prefix, suffix and endToken"
                .formatted(i + 1, goldens.size(), goldens.get(i).text(), found));
      }
    }
  }
}
