package io.recommender.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;

/** The CRC-32 of tokens as little-endian integers of 32 bits, each list after its length. */
final class TokenDigest {
  private final CRC32 crc = new CRC32();

  TokenDigest add(long[] tokens) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * (tokens.length + 1)).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(tokens.length);
    for (long token : tokens) {
      bytes.putInt((int) token);
    }
    crc.update(bytes.flip());
    return this;
  }

  long value() {
    return crc.getValue();
  }
}
