package io.recommender.ann.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What stands for a user where the id itself is not needed: the first half of its SHA-256, by which
 * the user is found again but not named.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Immutable</b>.
 *
 * @param high the first 8 bytes
 * @param low the next 8 bytes
 */
public record UserKey(long high, long low) {

  /**
   * Returns what stands for a user.
   *
   * @param userId the user
   * @return the key, the same for equal ids
   */
  public static UserKey of(String userId) {
    try {
      ByteBuffer digest =
          ByteBuffer.wrap(
              MessageDigest.getInstance("SHA-256").digest(userId.getBytes(StandardCharsets.UTF_8)));
      return new UserKey(digest.getLong(), digest.getLong());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
