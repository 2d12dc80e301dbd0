package io.recommender.ann.internal;

import io.recommender.RecommenderException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/**
 * Reads a section from its beginning, block by block. A block is checked before a byte of it comes
 * out, so that nothing read is ever wrong, and no check has to follow.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Thread safety.</b> Confined. Several readers of one snapshot may be used in turns.
 *
 * <p><b>Lifetime.</b> Ends with its {@link SnapshotReader}; then it throws {@link
 * IllegalStateException}.
 *
 * <p><b>Errors.</b> Every method throws {@link RecommenderException}: SNAPSHOT_INVALID if a block
 * is damaged or the section ends before what was asked for, STORAGE_FAILED if the file cannot be
 * read.
 */
public final class SectionReader {
  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final String name;
  private final long length;
  private final SectionBlocks blocks;
  private ByteBuffer block = EMPTY;
  private int nextBlock;

  /** Bytes of the section in and before the block. */
  private long loaded;

  SectionReader(Path file, SnapshotTable.Entry entry, SectionBlocks blocks) {
    this.file = file;
    name = entry.name();
    length = entry.length();
    this.blocks = blocks;
  }

  /** {@return the number of bytes of the section} */
  public long length() {
    return length;
  }

  /** {@return the number of bytes not read yet} */
  public long remaining() {
    return length - loaded + block.remaining();
  }

  /**
   * Reads one byte.
   *
   * @return the byte
   */
  public byte getByte() {
    expect(1, 1);
    available(1, 1);
    return block.get();
  }

  /**
   * Reads two bytes.
   *
   * @return the number
   */
  public short getShort() {
    expect(1, Short.BYTES);
    return available(1, Short.BYTES) == 0 ? (short) getAcross(Short.BYTES) : block.getShort();
  }

  /**
   * Reads four bytes.
   *
   * @return the number
   */
  public int getInt() {
    expect(1, Integer.BYTES);
    return available(1, Integer.BYTES) == 0 ? (int) getAcross(Integer.BYTES) : block.getInt();
  }

  /**
   * Reads eight bytes.
   *
   * @return the number
   */
  public long getLong() {
    expect(1, Long.BYTES);
    return available(1, Long.BYTES) == 0 ? getAcross(Long.BYTES) : block.getLong();
  }

  /**
   * Reads four bytes.
   *
   * @return the number
   */
  public float getFloat() {
    return Float.intBitsToFloat(getInt());
  }

  /**
   * Reads eight bytes.
   *
   * @return the number
   */
  public double getDouble() {
    return Double.longBitsToDouble(getLong());
  }

  /**
   * Reads how many of something follow in this section, an int: a number that an array may safely
   * be made for.
   *
   * @param bytes the least number of bytes that each of them takes, from 1
   * @return the number, from 0 to what the rest of the section has room for
   */
  public int getCount(int bytes) {
    int count = getInt();
    if (count < 0 || count > remaining() / bytes) {
      throw SnapshotFailures.invalid(
          file,
          name,
          "expected a count of 0 to " + remaining() / bytes + " for what follows, found " + count);
    }
    return count;
  }

  /**
   * Reads a text.
   *
   * @return the text
   */
  public String getString() {
    byte[] bytes = new byte[getCount(1)];
    getBytes(bytes, 0, bytes.length);
    String value = new String(bytes, StandardCharsets.UTF_8);
    // Only a text with a replacement character may stand for bytes that are no text.
    if (value.indexOf('\uFFFD') >= 0
        && !Arrays.equals(bytes, value.getBytes(StandardCharsets.UTF_8))) {
      throw SnapshotFailures.invalid(file, name, "expected UTF-8, found other bytes");
    }
    return value;
  }

  /**
   * Reads bytes.
   *
   * @param values receives them
   * @param from the place of the first one
   * @param count how many
   */
  public void getBytes(byte[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    expect(count, 1);
    for (int done = 0; done < count; ) {
      int run = available(count - done, 1);
      block.get(values, from + done, run);
      done += run;
    }
  }

  /**
   * Reads two bytes for each number.
   *
   * @param values receives them
   * @param from the place of the first one
   * @param count how many
   */
  public void getShorts(short[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    expect(count, Short.BYTES);
    for (int done = 0; done < count; ) {
      int run = available(count - done, Short.BYTES);
      if (run == 0) {
        values[from + done++] = (short) getAcross(Short.BYTES);
      } else {
        block.asShortBuffer().get(values, from + done, run);
        done += advance(run, Short.BYTES);
      }
    }
  }

  /**
   * Reads four bytes for each number.
   *
   * @param values receives them
   * @param from the place of the first one
   * @param count how many
   */
  public void getInts(int[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    expect(count, Integer.BYTES);
    for (int done = 0; done < count; ) {
      int run = available(count - done, Integer.BYTES);
      if (run == 0) {
        values[from + done++] = (int) getAcross(Integer.BYTES);
      } else {
        block.asIntBuffer().get(values, from + done, run);
        done += advance(run, Integer.BYTES);
      }
    }
  }

  /**
   * Reads eight bytes for each number.
   *
   * @param values receives them
   * @param from the place of the first one
   * @param count how many
   */
  public void getLongs(long[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    expect(count, Long.BYTES);
    for (int done = 0; done < count; ) {
      int run = available(count - done, Long.BYTES);
      if (run == 0) {
        values[from + done++] = getAcross(Long.BYTES);
      } else {
        block.asLongBuffer().get(values, from + done, run);
        done += advance(run, Long.BYTES);
      }
    }
  }

  /**
   * Reads four bytes for each number.
   *
   * @param values receives them
   * @param from the place of the first one
   * @param count how many
   */
  public void getFloats(float[] values, int from, int count) {
    Objects.checkFromIndexSize(from, count, values.length);
    expect(count, Float.BYTES);
    for (int done = 0; done < count; ) {
      int run = available(count - done, Float.BYTES);
      if (run == 0) {
        values[from + done++] = Float.intBitsToFloat((int) getAcross(Float.BYTES));
      } else {
        block.asFloatBuffer().get(values, from + done, run);
        done += advance(run, Float.BYTES);
      }
    }
  }

  /** Checks that the whole section was read: what is left over was meant to say something. */
  public void finish() {
    if (remaining() > 0) {
      throw SnapshotFailures.invalid(
          file,
          name,
          "expected to end after "
              + (length - remaining())
              + " bytes, found "
              + remaining()
              + " more");
    }
  }

  private void expect(long count, int bytes) {
    if (count > remaining() / bytes) {
      throw SnapshotFailures.invalid(
          file,
          name,
          "expected " + count * bytes + " more bytes, found " + remaining() + " before its end");
    }
  }

  /** Returns how many of the elements the block has, 0 if the next one lies across its end. */
  private int available(int count, int bytes) {
    if (!block.hasRemaining()) {
      block = blocks.read(nextBlock++);
      loaded += block.remaining();
    }
    return Math.min(count, block.remaining() / bytes);
  }

  private long getAcross(int bytes) {
    long bits = 0;
    for (int i = 0; i < bytes; i++) {
      available(1, 1);
      bits |= (block.get() & 0xffL) << Byte.SIZE * i;
    }
    return bits;
  }

  private int advance(int count, int bytes) {
    block.position(block.position() + count * bytes);
    return count;
  }
}
