package io.recommender.onnx;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Reads the opset of a graph out of the protobuf of an ONNX file, without reading the graph.
 *
 * <p>{@code ModelProto.opset_import} is field 8, repeated; {@code OperatorSetIdProto} has {@code
 * domain} as field 1 and {@code version} as field 2. Everything else is skipped.
 */
final class OnnxFile {
  private static final int OPSET_IMPORT = 8;
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private OnnxFile() {}

  /** Returns the version of the {@code ai.onnx} opset that the file imports. */
  static OptionalLong opset(Path file) {
    String name = file.getFileName().toString();
    OptionalLong opset = OptionalLong.empty();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      for (int next = in.read(); next >= 0; next = in.read()) {
        long tag = varint(in, next);
        switch ((int) (tag & 7)) {
          case VARINT -> varint(in, in.read());
          case FIXED64 -> in.skipNBytes(8);
          case FIXED32 -> in.skipNBytes(4);
          case BYTES -> {
            long length = varint(in, in.read());
            if (length < 0) {
              throw new EOFException("negative length");
            }
            if (tag >>> 3 == OPSET_IMPORT) {
              OptionalLong version = opsetId(in.readNBytes((int) Math.min(length, 1 << 16)));
              opset = version.isPresent() ? version : opset;
            } else {
              in.skipNBytes(length);
            }
          }
          default -> throw new EOFException("unknown wire type");
        }
      }
      return opset;
    } catch (IOException e) {
      throw BundleFailures.invalid(
          name, "expected an ONNX model, found a truncated or damaged file", e);
    }
  }

  /** Returns the version if the message is about the default domain. */
  private static OptionalLong opsetId(byte[] message) throws IOException {
    String domain = "";
    long version = 0;
    InputStream in = new java.io.ByteArrayInputStream(message);
    for (int next = in.read(); next >= 0; next = in.read()) {
      long tag = varint(in, next);
      if (tag == (1 << 3 | BYTES)) {
        domain =
            new String(in.readNBytes((int) varint(in, in.read()) & 0xffff), StandardCharsets.UTF_8);
      } else if (tag == (2 << 3 | VARINT)) {
        version = varint(in, in.read());
      } else {
        throw new EOFException("unknown field");
      }
    }
    return domain.isEmpty() || domain.equals("ai.onnx")
        ? OptionalLong.of(version)
        : OptionalLong.empty();
  }

  private static long varint(InputStream in, int first) throws IOException {
    long value = 0;
    int next = first;
    for (int shift = 0; shift < 64; shift += 7) {
      if (next < 0) {
        throw new EOFException("end of file in a number");
      }
      value |= (long) (next & 0x7f) << shift;
      if (next < 0x80) {
        return value;
      }
      next = in.read();
    }
    throw new EOFException("number too long");
  }
}
