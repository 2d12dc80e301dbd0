package io.recommender.pipeline;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Names answers by what determines them, in the same way on every Java platform. */
final class Attribution {
  private static final int BYTES = 16;
  private static final int EXPECTED_SIZE = 512;

  private Attribution() {}

  /**
   * Returns the first half of a SHA-256 over the request, but for its filter, and the versions of
   * what answered it.
   */
  static String id(RecommendationRequest request, String versions) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(EXPECTED_SIZE);
    try {
      DataOutputStream data = new DataOutputStream(bytes);
      write(data, versions);
      data.writeLong(request.seed());
      data.writeInt(request.k());
      write(data, request.time());
      write(data, request.context());
      write(data, request.history().userId().orElse(""));
      data.writeInt(request.history().size());
      for (Interaction interaction : request.history().interactions()) {
        write(data, interaction);
      }
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(bytes.toByteArray()), 0, BYTES);
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail to be written", e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void write(DataOutputStream data, String text) throws IOException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    data.writeInt(utf8.length);
    data.write(utf8);
  }

  private static void write(DataOutputStream data, Interaction interaction) throws IOException {
    write(data, interaction.itemId());
    write(data, interaction.time());
    write(data, interaction.behavior().orElse(""));
    write(data, interaction.domain().orElse(""));
    write(data, interaction.context());
  }

  private static void write(DataOutputStream data, Optional<Instant> time) throws IOException {
    data.writeBoolean(time.isPresent());
    if (time.isPresent()) {
      data.writeLong(time.get().getEpochSecond());
      data.writeInt(time.get().getNano());
    }
  }

  private static void write(DataOutputStream data, Map<String, Feature> features)
      throws IOException {
    data.writeInt(features.size());
    if (features.isEmpty()) {
      return;
    }
    for (Map.Entry<String, Feature> entry : new TreeMap<>(features).entrySet()) {
      write(data, entry.getKey());
      Feature feature = entry.getValue();
      write(data, feature.getClass().getSimpleName());
      if (feature instanceof Feature.Text text) {
        write(data, text.value());
      } else if (feature instanceof Feature.Category category) {
        write(data, category.value());
      } else if (feature instanceof Feature.Scalar scalar) {
        data.writeDouble(scalar.value());
      } else if (feature instanceof Feature.Ids ids) {
        data.writeInt(ids.values().size());
        for (String id : ids.values()) {
          write(data, id);
        }
      } else if (feature instanceof Feature.Tensor tensor) {
        data.writeInt(tensor.size());
        for (int i = 0; i < tensor.size(); i++) {
          data.writeFloat(tensor.value(i));
        }
      }
    }
  }
}
