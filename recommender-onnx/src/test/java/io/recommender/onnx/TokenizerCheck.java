package io.recommender.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares the tokens of real texts with those of Transformers. Not part of the build: neither the
 * texts nor the tokenizers are ours to ship.
 *
 * <p>The arguments are a {@code tokenizer.json}, an {@code items.jsonl} and what {@code
 * recommender_export.token_digests} wrote of the two. Prints how many texts are in blocks with
 * other tokens, and the time. Exits with status 1 if there is one.
 */
final class TokenizerCheck {
  private TokenizerCheck() {}

  public static void main(String[] args) throws IOException {
    if (args.length != 3) {
      System.err.println("expected three arguments: tokenizer.json, items.jsonl and digests.json");
      System.exit(2);
    }
    JsonNode golden = FixtureJson.read(Path.of(args[2]));
    String feature = golden.get("feature").textValue();
    List<String> texts = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(args[1]))) {
      JsonNode value = FixtureJson.JSON.readTree(line).path(feature);
      if (value.isTextual() && texts.size() < golden.get("count").intValue()) {
        texts.add(value.textValue());
      }
    }
    int block = golden.get("block").intValue();
    int different = 0;
    long start = System.nanoTime();
    try (JsonTokenizer tokenizer = JsonTokenizer.open(Path.of(args[0]), true)) {
      for (int from = 0; from < texts.size(); from += block) {
        List<String> some = texts.subList(from, Math.min(texts.size(), from + block));
        TokenDigest found = new TokenDigest();
        some.forEach(text -> found.add(tokenizer.encode(text).ids()));
        if (found.value() != golden.get("digests").get(from / block).longValue()) {
          different += some.size();
          System.out.println("other tokens in one of " + some);
        }
      }
    }
    System.out.printf(
        "%d texts, %d in blocks with other tokens, %.1f microseconds a text%n",
        texts.size(), different, (System.nanoTime() - start) / 1e3 / texts.size());
    System.exit(different == 0 ? 0 : 1);
  }
}
