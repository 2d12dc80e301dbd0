package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Direct memory of one tensor, reused from call to call and grown when a call needs more.
 *
 * <p>The buffers are kept, not the tensors: a tensor over a direct buffer costs a fraction of a
 * microsecond, and a closed tensor given to the runtime by mistake would crash the process.
 *
 * <p><b>Confined</b>.
 */
final class TensorBuffer {
  private final OnnxJavaType type;
  private ByteBuffer memory = ByteBuffer.allocateDirect(0);
  private @Nullable FloatBuffer floats;
  private @Nullable ShortBuffer halves;

  TensorBuffer(OnnxJavaType type) {
    this.type = type;
  }

  /** Makes room for a number of elements; what was written before may be lost. */
  void ensure(long elements) {
    long bytes = elements * type.size;
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "tensor of %d elements of %s: expected at most 2 GiB".formatted(elements, type));
    }
    if (memory.capacity() < bytes) {
      try {
        memory = ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.nativeOrder());
      } catch (OutOfMemoryError e) {
        throw new RecommenderException(
            Kind.INFERENCE_FAILED,
            "expected %d bytes of direct memory for a tensor, found none; a smaller maxBatch or a larger -XX:MaxDirectMemorySize helps"
                .formatted(bytes),
            e);
      }
      floats = null;
      halves = null;
    }
  }

  /** {@return the bytes held} */
  int capacity() {
    return memory.capacity();
  }

  /** Writes one element; integers must be exact in a double, which ids and times are. */
  void put(int index, double value) {
    switch (type) {
      case INT64 -> memory.putLong(index << 3, (long) value);
      case INT32 -> memory.putInt(index << 2, (int) value);
      case FLOAT -> memory.putFloat(index << 2, (float) value);
      case FLOAT16 -> memory.putShort(index << 1, narrow((float) value));
      case BOOL -> memory.put(index, (byte) (value != 0 ? 1 : 0));
      default -> throw new AssertionError(type);
    }
  }

  /** Writes zeros over the first elements. */
  void clear(int elements) {
    int bytes = elements * type.size;
    int i = 0;
    for (; i + Long.BYTES <= bytes; i += Long.BYTES) {
      memory.putLong(i, 0);
    }
    for (; i < bytes; i++) {
      memory.put(i, (byte) 0);
    }
  }

  /** Copies elements of another buffer of this type. */
  void copy(int index, TensorBuffer from, int fromIndex, int count) {
    memory.put(index * type.size, from.memory, fromIndex * type.size, count * type.size);
  }

  /** Copies elements in, as they are in memory. */
  void put(int index, byte[] from, int offset, int count) {
    memory.put(index * type.size, from, offset, count * type.size);
  }

  /** Copies elements out, as they are in memory. */
  void get(int index, byte[] to, int offset, int count) {
    memory.get(index * type.size, to, offset, count * type.size);
  }

  /** Copies floats in; for a buffer of floats. */
  void put(int index, float[] from, int count) {
    floats().put(index, from, 0, count);
  }

  private FloatBuffer floats() {
    FloatBuffer view = floats;
    if (view == null) {
      view = memory.asFloatBuffer();
      floats = view;
    }
    return view;
  }

  /** Copies floats out, widening half precision. */
  void get(int index, float[] to, int count) {
    if (type == OnnxJavaType.FLOAT) {
      floats().get(index, to, 0, count);
    } else {
      ShortBuffer source = halves;
      if (source == null) {
        source = memory.asShortBuffer();
        halves = source;
      }
      for (int i = 0; i < count; i++) {
        to[i] = widen(source.get(index + i));
      }
    }
  }

  /** Returns a tensor over the first elements; the caller closes it. */
  OnnxTensor tensor(OrtEnvironment environment, long[] shape) throws OrtException {
    long elements = 1;
    for (long extent : shape) {
      elements *= extent;
    }
    ByteBuffer used = memory.duplicate().order(ByteOrder.nativeOrder());
    used.limit((int) (elements * type.size));
    OnnxTensor tensor =
        switch (type) {
          case INT64 -> OnnxTensor.createTensor(environment, used.asLongBuffer(), shape);
          case INT32 -> OnnxTensor.createTensor(environment, used.asIntBuffer(), shape);
          case FLOAT -> OnnxTensor.createTensor(environment, used.asFloatBuffer(), shape);
          default -> OnnxTensor.createTensor(environment, used, shape, type);
        };
    return NativeHandles.made(tensor);
  }

  /** IEEE 754 binary16 to binary32. */
  static float widen(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = half >>> 10 & 0x1f;
    int mantissa = half & 0x3ff;
    if (exponent == 0x1f) {
      return Float.intBitsToFloat(sign | 0x7f800000 | mantissa << 13);
    }
    if (exponent == 0) {
      float subnormal = mantissa * 0x1p-24f;
      return sign == 0 ? subnormal : -subnormal;
    }
    return Float.intBitsToFloat(sign | exponent + 112 << 23 | mantissa << 13);
  }

  /** IEEE 754 binary32 to binary16, to the nearest and of two to the even one. */
  static short narrow(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude >= 0x47800000) {
      // At least 65,536, infinite or NaN.
      return (short) (sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00));
    }
    int exponent = magnitude >>> 23;
    // Below the smallest normal number, more bits of the significand fall off the end.
    int shift = exponent < 113 ? Math.min(126 - exponent, 31) : 13;
    int significand = exponent < 113 ? magnitude & 0x7fffff | 0x800000 : magnitude - 0x38000000;
    int rounded = significand + (1 << shift - 1) - 1 + (significand >>> shift & 1) >>> shift;
    return (short) (sign | rounded);
  }
}
