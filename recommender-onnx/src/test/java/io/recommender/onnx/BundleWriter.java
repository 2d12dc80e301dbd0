package io.recommender.onnx;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** Writes bundles for tests: a manifest that can be edited, items, a model, and the seal. */
final class BundleWriter {
  final Path folder;
  final ObjectNode manifest = FixtureJson.JSON.createObjectNode();

  BundleWriter(Path folder, String contract) {
    this.folder = folder;
    manifest.put("formatVersion", 1);
    manifest.put("name", "test");
    manifest.put("version", "1");
    manifest.put("contract", contract);
    manifest.put("model", "model.onnx");
    sequence(5, "FIXED", "LEFT");
  }

  BundleWriter sequence(int maxLength, String length, String paddingSide) {
    manifest
        .putObject("sequence")
        .put("maxLength", maxLength)
        .put("length", length)
        .put("paddingSide", paddingSide)
        .put("paddingId", 0)
        .put("idOffset", 1);
    return this;
  }

  ObjectNode sequence() {
    return (ObjectNode) manifest.get("sequence");
  }

  BundleWriter input(String role, String name, Consumer<ObjectNode> more) {
    ArrayNode inputs = manifest.withArray("/inputs");
    ObjectNode input = inputs.addObject().put("role", role).put("name", name);
    more.accept(input);
    return this;
  }

  BundleWriter input(String role, String name) {
    return input(role, name, input -> {});
  }

  BundleWriter scores(String name) {
    manifest.putObject("scores").put("name", name).put("kind", "LOGIT").put("offset", 0);
    return this;
  }

  BundleWriter embedding(String name, int dimension, String similarity) {
    manifest
        .putObject("embedding")
        .put("name", name)
        .put("dimension", dimension)
        .put("similarity", similarity)
        .put("itemVectors", "item_vectors.npy");
    return this;
  }

  BundleWriter items(List<String> ids) {
    manifest.putObject("items").put("file", "items.jsonl").put("count", ids.size());
    StringBuilder lines = new StringBuilder();
    ids.forEach(id -> lines.append("{\"id\":\"").append(id).append("\"}\n"));
    return file("items.jsonl", lines.toString());
  }

  BundleWriter vectors(float[][] vectors) {
    float[] all = new float[vectors.length * vectors[0].length];
    for (int i = 0; i < all.length; i++) {
      all[i] = vectors[i / vectors[0].length][i % vectors[0].length];
    }
    return floats("item_vectors.npy", all, vectors.length, vectors[0].length);
  }

  /** Writes an array of NumPy. */
  BundleWriter floats(String name, float[] numbers, long... shape) {
    ByteBuffer file = array("<f4", numbers.length * Float.BYTES, shape);
    for (float number : numbers) {
      file.putFloat(number);
    }
    return file(name, file.array());
  }

  /** Writes an array of NumPy. */
  BundleWriter longs(String name, long[] numbers, long... shape) {
    ByteBuffer file = array("<i8", numbers.length * Long.BYTES, shape);
    for (long number : numbers) {
      file.putLong(number);
    }
    return file(name, file.array());
  }

  private static ByteBuffer array(String type, int bytes, long... shape) {
    StringBuilder extents = new StringBuilder();
    for (long extent : shape) {
      extents.append(extent).append(extents.isEmpty() && shape.length == 1 ? "," : ", ");
    }
    String header =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }"
            .formatted(type, extents.toString().replaceAll(", $", ""));
    byte[] text =
        (header + " ".repeat(117 - header.length()) + "\n").getBytes(StandardCharsets.US_ASCII);
    ByteBuffer file = ByteBuffer.allocate(10 + text.length + bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
    return file.put((byte) 1).put((byte) 0).putShort((short) text.length).put(text);
  }

  BundleWriter model(byte[] model) {
    return file("model.onnx", model);
  }

  BundleWriter file(String name, String content) {
    return file(name, content.getBytes(StandardCharsets.UTF_8));
  }

  BundleWriter file(String name, byte[] content) {
    try {
      Files.write(folder.resolve(name), content);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes the manifest and the seal. */
  Path seal() {
    file(Manifest.FILE, manifest.toPrettyString());
    RecommenderBundle.seal(folder);
    return folder;
  }
}
