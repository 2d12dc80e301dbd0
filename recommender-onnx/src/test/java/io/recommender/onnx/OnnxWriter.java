package io.recommender.onnx;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes small ONNX models for tests, in the protobuf of onnx.proto. The runtime's loader is the
 * checker.
 */
final class OnnxWriter {
  static final int FLOAT = 1;
  static final int INT32 = 6;
  static final int INT64 = 7;
  static final int BOOL = 9;
  static final int FLOAT16 = 10;
  static final int DOUBLE = 11;

  private final Message graph = new Message();
  private final List<Message> outputs = new ArrayList<>();
  private int opset = 17;
  private int nodes;

  OnnxWriter() {
    graph.string(2, "test");
  }

  OnnxWriter opset(int version) {
    opset = version;
    return this;
  }

  /** Declares an input; a dimension is a number or a name. */
  OnnxWriter input(String name, int type, Object... dimensions) {
    graph.message(11, valueInfo(name, type, dimensions));
    return this;
  }

  OnnxWriter output(String name, int type, Object... dimensions) {
    outputs.add(valueInfo(name, type, dimensions));
    return this;
  }

  OnnxWriter floats(String name, float[] values, long... shape) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      raw.putFloat(value);
    }
    return initializer(name, FLOAT, raw.array(), shape);
  }

  OnnxWriter longs(String name, long[] values, long... shape) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      raw.putLong(value);
    }
    return initializer(name, INT64, raw.array(), shape);
  }

  private OnnxWriter initializer(String name, int type, byte[] raw, long... shape) {
    Message tensor = new Message();
    for (long extent : shape) {
      tensor.varint(1, extent);
    }
    graph.message(5, tensor.varint(2, type).string(8, name).bytes(9, raw));
    return this;
  }

  /** Adds a node with one output and integer attributes, given as name and value in turn. */
  OnnxWriter node(String operator, String output, List<String> inputs, Object... attributes) {
    Message node = new Message();
    inputs.forEach(input -> node.string(1, input));
    node.string(2, output).string(3, operator + nodes++).string(4, operator);
    for (int i = 0; i < attributes.length; i += 2) {
      Message attribute = new Message().string(1, (String) attributes[i]);
      if (attributes[i + 1] instanceof Integer value) {
        attribute.varint(3, value).varint(20, 2);
      } else if (attributes[i + 1] instanceof Float value) {
        attribute.fixed32(2, Float.floatToRawIntBits(value)).varint(20, 1);
      }
      node.message(5, attribute);
    }
    graph.message(1, node);
    return this;
  }

  byte[] model() {
    outputs.forEach(output -> graph.message(12, output));
    outputs.clear();
    return new Message()
        .varint(1, 8)
        .string(2, "test")
        .message(7, graph)
        .message(8, new Message().string(1, "").varint(2, opset))
        .toByteArray();
  }

  private static Message valueInfo(String name, int type, Object... dimensions) {
    Message shape = new Message();
    for (Object dimension : dimensions) {
      shape.message(
          1,
          dimension instanceof Integer number
              ? new Message().varint(1, number)
              : new Message().string(2, (String) dimension));
    }
    Message tensor = new Message().varint(1, type).message(2, shape);
    return new Message().string(1, name).message(2, new Message().message(1, tensor));
  }

  /** Protobuf wire format. */
  private static final class Message {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message varint(int field, long value) {
      raw((long) field << 3);
      raw(value);
      return this;
    }

    Message fixed32(int field, int bits) {
      raw((long) field << 3 | 5);
      for (int i = 0; i < 4; i++) {
        out.write(bits >>> 8 * i);
      }
      return this;
    }

    Message bytes(int field, byte[] value) {
      raw((long) field << 3 | 2);
      raw(value.length);
      out.writeBytes(value);
      return this;
    }

    Message string(int field, String value) {
      return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Message message(int field, Message value) {
      return bytes(field, value.toByteArray());
    }

    byte[] toByteArray() {
      return out.toByteArray();
    }

    private void raw(long value) {
      long rest = value;
      while ((rest & ~0x7fL) != 0) {
        out.write((int) (rest & 0x7f | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
    }
  }
}
