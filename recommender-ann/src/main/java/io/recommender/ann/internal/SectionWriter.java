package io.recommender.ann.internal;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * Takes the bytes of a section, little-endian and without gaps. What it takes is to be read by the
 * same sequence of calls of {@link SectionReader}; one array may be read in several pieces.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Thread safety.</b> Confined to the {@link SnapshotWriter.Body} that it was made in.
 *
 * <p><b>Errors.</b> Every method throws {@link UncheckedIOException} if the bytes cannot be
 * written, and {@link IllegalStateException} after the section has ended.
 */
public final class SectionWriter {
  private static final int[] NONE = {};

  private final SnapshotWriter owner;
  private final String name;
  private final long offset;
  private final ByteBuffer block;
  private int[] checksums = NONE;
  private int blocks;
  private boolean hasEnded;

  SectionWriter(SnapshotWriter owner, String name, long offset, ByteBuffer block) {
    this.owner = owner;
    this.name = name;
    this.offset = offset;
    this.block = block.clear();
  }

  static boolean isWellFormed(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (Character.isSurrogate(value.charAt(i))) {
        if (i + 1 == value.length()
            || !Character.isSurrogatePair(value.charAt(i), value.charAt(i + 1))) {
          return false;
        }
        i++;
      }
    }
    return true;
  }

  /**
   * Writes one byte.
   *
   * @param value the byte
   * @return this
   */
  public SectionWriter putByte(byte value) {
    room(1, 1);
    block.put(value);
    return this;
  }

  /**
   * Writes two bytes.
   *
   * @param value the number
   * @return this
   */
  public SectionWriter putShort(short value) {
    if (room(1, Short.BYTES) == 0) {
      return putAcross(value, Short.BYTES);
    }
    block.putShort(value);
    return this;
  }

  /**
   * Writes four bytes.
   *
   * @param value the number
   * @return this
   */
  public SectionWriter putInt(int value) {
    if (room(1, Integer.BYTES) == 0) {
      return putAcross(value, Integer.BYTES);
    }
    block.putInt(value);
    return this;
  }

  /**
   * Writes eight bytes.
   *
   * @param value the number
   * @return this
   */
  public SectionWriter putLong(long value) {
    if (room(1, Long.BYTES) == 0) {
      return putAcross(value, Long.BYTES);
    }
    block.putLong(value);
    return this;
  }

  /**
   * Writes four bytes.
   *
   * @param value the number, every NaN as it is
   * @return this
   */
  public SectionWriter putFloat(float value) {
    return putInt(Float.floatToRawIntBits(value));
  }

  /**
   * Writes eight bytes.
   *
   * @param value the number, every NaN as it is
   * @return this
   */
  public SectionWriter putDouble(double value) {
    return putLong(Double.doubleToRawLongBits(value));
  }

  /**
   * Writes a text as the number of its bytes, an int, and then itself as UTF-8.
   *
   * @param value the text
   * @return this
   * @throws IllegalArgumentException if half of a surrogate pair is missing, which UTF-8 cannot say
   */
  public SectionWriter putString(String value) {
    if (!isWellFormed(value)) {
      throw new IllegalArgumentException(
          "section '" + name + "': expected whole surrogate pairs, found half of one: " + value);
    }
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    return putInt(bytes.length).putBytes(bytes, 0, bytes.length);
  }

  /**
   * Writes bytes.
   *
   * @param values holds them
   * @param from the place of the first one
   * @param count how many
   * @return this
   */
  public SectionWriter putBytes(byte[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    for (int done = 0; done < count; ) {
      int run = room(count - done, 1);
      block.put(values, from + done, run);
      done += run;
    }
    return this;
  }

  /**
   * Writes two bytes for each number.
   *
   * @param values holds them
   * @param from the place of the first one
   * @param count how many
   * @return this
   */
  public SectionWriter putShorts(short[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    for (int done = 0; done < count; ) {
      int run = room(count - done, Short.BYTES);
      if (run == 0) {
        putAcross(values[from + done++], Short.BYTES);
      } else {
        block.asShortBuffer().put(values, from + done, run);
        done += advance(run, Short.BYTES);
      }
    }
    return this;
  }

  /**
   * Writes four bytes for each number.
   *
   * @param values holds them
   * @param from the place of the first one
   * @param count how many
   * @return this
   */
  public SectionWriter putInts(int[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    for (int done = 0; done < count; ) {
      int run = room(count - done, Integer.BYTES);
      if (run == 0) {
        putAcross(values[from + done++], Integer.BYTES);
      } else {
        block.asIntBuffer().put(values, from + done, run);
        done += advance(run, Integer.BYTES);
      }
    }
    return this;
  }

  /**
   * Writes eight bytes for each number.
   *
   * @param values holds them
   * @param from the place of the first one
   * @param count how many
   * @return this
   */
  public SectionWriter putLongs(long[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    for (int done = 0; done < count; ) {
      int run = room(count - done, Long.BYTES);
      if (run == 0) {
        putAcross(values[from + done++], Long.BYTES);
      } else {
        block.asLongBuffer().put(values, from + done, run);
        done += advance(run, Long.BYTES);
      }
    }
    return this;
  }

  /**
   * Writes four bytes for each number.
   *
   * @param values holds them, every NaN as it is
   * @param from the place of the first one
   * @param count how many
   * @return this
   */
  public SectionWriter putFloats(float[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    for (int done = 0; done < count; ) {
      int run = room(count - done, Float.BYTES);
      if (run == 0) {
        putAcross(Float.floatToRawIntBits(values[from + done++]), Float.BYTES);
      } else {
        block.asFloatBuffer().put(values, from + done, run);
        done += advance(run, Float.BYTES);
      }
    }
    return this;
  }

  /** Returns how many of the elements fit into the block, 0 if the next one lies across its end. */
  private int room(int count, int bytes) {
    if (hasEnded) {
      throw new IllegalStateException(
          "section '" + name + "': expected a section that has not ended");
    }
    if (!block.hasRemaining()) {
      flush();
    }
    return Math.min(count, block.remaining() / bytes);
  }

  private SectionWriter putAcross(long bits, int bytes) {
    for (int i = 0; i < bytes; i++) {
      putByte((byte) (bits >>> Byte.SIZE * i));
    }
    return this;
  }

  private int advance(int count, int bytes) {
    block.position(block.position() + count * bytes);
    return count;
  }

  private void flush() {
    if (blocks == checksums.length) {
      checksums = Arrays.copyOf(checksums, Math.max(4, blocks + (blocks >> 1)));
    }
    checksums[blocks] = owner.writeBlock();
    blocks++;
  }

  /** Ends the section and fills it up with zeros. */
  SnapshotTable.Entry complete() {
    long length = (long) blocks * block.capacity() + block.position();
    while (block.position() % SnapshotHeader.ALIGNMENT != 0) {
      block.put((byte) 0);
    }
    if (block.position() > 0) {
      flush();
    }
    end();
    return new SnapshotTable.Entry(name, offset, length, Arrays.copyOf(checksums, blocks));
  }

  /** Ends the section as it is. */
  void end() {
    hasEnded = true;
  }
}
