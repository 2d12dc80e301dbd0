package io.recommender.pipeline;

import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Names answers by what determines them. */
final class Attribution {
  private static final int BYTES = 16;

  private Attribution() {}

  /**
   * Returns the first half of a SHA-256 over the request, but for its filter, and the versions of
   * what answered it.
   */
  static String id(RecommendationRequest request, String versions) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    update(digest, versions);
    update(digest, request.history().userId().orElse(""));
    for (Interaction interaction : request.history().interactions()) {
      update(digest, interaction.itemId());
    }
    ByteBuffer numbers =
        ByteBuffer.allocate(6 * Long.BYTES)
            .putLong(request.k())
            .putLong(request.seed())
            .putLong(request.history().size())
            .putLong(request.history().hashCode())
            .putLong(request.context().hashCode())
            .putLong(request.time().map(time -> time.toEpochMilli()).orElse(Long.MIN_VALUE));
    digest.update(numbers.flip());
    return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
  }

  private static void update(MessageDigest digest, String text) {
    digest.update(text.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0xFF);
  }
}
