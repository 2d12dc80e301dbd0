package io.recommender.ann.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.MappedByteBuffer;
import java.nio.ShortBuffer;
import java.util.Objects;

/**
 * A section in memory as the file has it: records of equal size, in segments that each hold as many
 * whole records as a mapping allows. The system brings in what is read and may drop it again.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Not verified.</b> Mapping reads nothing, so a damaged byte shows. Whoever wants to know
 * first calls {@link SnapshotReader#verify(String)}, which reads the section once.
 *
 * <p><b>Thread safety.</b> Immutable; any thread may read slices at once.
 *
 * <p><b>Lifetime.</b> Stays readable after its {@link SnapshotReader} is closed, and after the file
 * is replaced by a save or deleted. The mapping ends when the garbage collector finds nobody using
 * it; until then Windows lets nobody replace the file, this process neither.
 */
public final class MappedSection {
  private final long records;
  private final int recordBytes;
  private final int recordsInSegment;
  private final MappedByteBuffer[] segments;

  MappedSection(long records, int recordBytes, int recordsInSegment, MappedByteBuffer[] segments) {
    this.records = records;
    this.recordBytes = recordBytes;
    this.recordsInSegment = recordsInSegment;
    this.segments = segments;
  }

  /** {@return the number of records} */
  public long records() {
    return records;
  }

  /** {@return the size of a record} */
  public int recordBytes() {
    return recordBytes;
  }

  /** {@return the number of records in each segment but the last} */
  public int recordsInSegment() {
    return recordsInSegment;
  }

  /**
   * Returns how many records lie in one segment from a record on, the most that a slice from there
   * can have.
   *
   * @param record the record
   * @return how many, at least 1
   * @throws IndexOutOfBoundsException if there is no such record
   */
  public int contiguous(long record) {
    Objects.checkIndex(record, records);
    return (int) Math.min(recordsInSegment - record % recordsInSegment, records - record);
  }

  /**
   * Returns records as they lie in the file.
   *
   * @param record the first one
   * @param count how many, at least 1
   * @return a read-only buffer in little-endian order with exactly these records
   * @throws IndexOutOfBoundsException if there is no such record
   * @throws IllegalArgumentException if count is less than 1 or more than {@link #contiguous}
   */
  public ByteBuffer bytes(long record, int count) {
    int most = contiguous(record);
    if (count < 1 || count > most) {
      throw new IllegalArgumentException(
          "expected 1 to " + most + " records from record " + record + ", found " + count);
    }
    int from = (int) (record % recordsInSegment) * recordBytes;
    return segments[(int) (record / recordsInSegment)]
        .slice(from, count * recordBytes)
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Returns records of floats.
   *
   * @param record the first one
   * @param count how many, at least 1
   * @return a read-only buffer with exactly these records
   * @throws IndexOutOfBoundsException if there is no such record
   * @throws IllegalArgumentException if {@link #bytes} would throw it, or a record is not of whole
   *     floats
   */
  public FloatBuffer floats(long record, int count) {
    checkElement(Float.BYTES);
    return bytes(record, count).asFloatBuffer();
  }

  /**
   * Returns records of ints.
   *
   * @param record the first one
   * @param count how many, at least 1
   * @return a read-only buffer with exactly these records
   * @throws IndexOutOfBoundsException if there is no such record
   * @throws IllegalArgumentException if {@link #bytes} would throw it, or a record is not of whole
   *     ints
   */
  public IntBuffer ints(long record, int count) {
    checkElement(Integer.BYTES);
    return bytes(record, count).asIntBuffer();
  }

  /**
   * Returns records of shorts.
   *
   * @param record the first one
   * @param count how many, at least 1
   * @return a read-only buffer with exactly these records
   * @throws IndexOutOfBoundsException if there is no such record
   * @throws IllegalArgumentException if {@link #bytes} would throw it, or a record is not of whole
   *     shorts
   */
  public ShortBuffer shorts(long record, int count) {
    checkElement(Short.BYTES);
    return bytes(record, count).asShortBuffer();
  }

  /**
   * Returns records of longs.
   *
   * @param record the first one
   * @param count how many, at least 1
   * @return a read-only buffer with exactly these records
   * @throws IndexOutOfBoundsException if there is no such record
   * @throws IllegalArgumentException if {@link #bytes} would throw it, or a record is not of whole
   *     longs
   */
  public LongBuffer longs(long record, int count) {
    checkElement(Long.BYTES);
    return bytes(record, count).asLongBuffer();
  }

  private void checkElement(int bytes) {
    if (recordBytes % bytes != 0) {
      throw new IllegalArgumentException(
          "expected records of a multiple of " + bytes + " bytes, found " + recordBytes);
    }
  }
}
