package io.recommender.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Walks over the fields of a protobuf message in memory. {@link #next} moves to a field, and one of
 * the others reads its value; a value that is not read is skipped.
 *
 * <p>A damaged message gives an {@link IndexOutOfBoundsException}, {@link
 * java.nio.BufferUnderflowException} or {@link IllegalArgumentException}.
 *
 * <p><b>Confined</b>.
 */
final class ProtobufReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final ByteBuffer bytes;
  private int field;
  private int wireType = -1;
  private boolean pending;

  ProtobufReader(ByteBuffer bytes) {
    this.bytes = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Moves to the next field; false at the end. */
  boolean next() {
    if (pending) {
      skip();
    }
    if (!bytes.hasRemaining()) {
      return false;
    }
    long tag = varint();
    field = (int) (tag >>> 3);
    wireType = (int) (tag & 7);
    pending = true;
    return true;
  }

  /** The number of the field. */
  int field() {
    return field;
  }

  private void skip() {
    switch (wireType) {
      case VARINT -> varint();
      case FIXED64 -> bytes.position(bytes.position() + 8);
      case FIXED32 -> bytes.position(bytes.position() + 4);
      case BYTES -> slice();
      default -> throw new IllegalArgumentException("unknown wire type " + wireType);
    }
  }

  long integer() {
    pending = false;
    return varint();
  }

  float number() {
    pending = false;
    return bytes.getFloat();
  }

  String text() {
    return StandardCharsets.UTF_8.decode(content()).toString();
  }

  ProtobufReader message() {
    return new ProtobufReader(content());
  }

  ByteBuffer content() {
    pending = false;
    return slice();
  }

  /** Adds one integer, or all of a packed field. */
  void integers(List<Long> to) {
    if (wireType != BYTES) {
      to.add(integer());
      return;
    }
    ProtobufReader packed = message();
    while (packed.bytes.hasRemaining()) {
      to.add(packed.varint());
    }
  }

  /** Adds one float, or all of a packed field. */
  void floats(List<Double> to) {
    if (wireType != BYTES) {
      to.add((double) number());
      return;
    }
    ByteBuffer packed = content();
    while (packed.hasRemaining()) {
      to.add((double) packed.getFloat());
    }
  }

  private ByteBuffer slice() {
    long length = varint();
    if (length < 0 || length > bytes.remaining()) {
      throw new IllegalArgumentException("a field of " + length + " bytes");
    }
    ByteBuffer content = bytes.slice(bytes.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(bytes.position() + (int) length);
    return content;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = bytes.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number of more than 64 bits");
  }

  /** Reads the numbers of a TensorProto of floats or doubles. */
  static List<Double> tensor(ProtobufReader tensor) {
    List<Double> values = new ArrayList<>();
    ByteBuffer raw = ByteBuffer.allocate(0);
    long type = 0;
    while (tensor.next()) {
      switch (tensor.field()) {
        case 2 -> type = tensor.integer();
        case 4 -> tensor.floats(values);
        case 9 -> raw = tensor.content();
        case 10 -> {
          ByteBuffer packed = tensor.content();
          while (packed.hasRemaining()) {
            values.add(packed.getDouble());
          }
        }
        default -> {}
      }
    }
    while (raw.hasRemaining()) {
      values.add(type == 11 ? raw.getDouble() : (double) raw.getFloat());
    }
    return values;
  }
}
