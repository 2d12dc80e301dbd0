package io.recommender.ann.memory;

import io.recommender.ScoredItem;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What is remembered of one user as vectors: an id, a vector and a time for each thing, never its
 * text. Kept by a {@link UserStore} with {@link #codec}.
 *
 * <p>The memory that Huang et al., "MR.Rec: Synergizing Memory and Reasoning for Personalized
 * Recommendation Assistant with LLMs", 2025, search while they reason; what an id stands for is the
 * application's to look up.
 *
 * <p><b>Order.</b> By time of adding, the oldest first.
 *
 * <p><b>Immutable</b>.
 */
public final class UserMemory {
  private final int dimension;
  private final List<Note> notes;

  private UserMemory(int dimension, List<Note> notes) {
    this.dimension = dimension;
    this.notes = notes;
  }

  /**
   * A thing remembered.
   *
   * @param id what it is; 1 to {@link EntityCounts#MAX_ID_LENGTH} chars
   * @param vector its vector; not changed
   * @param time when it was
   */
  private record Note(String id, float[] vector, Instant time) {}

  /**
   * Returns a memory of nothing.
   *
   * @param dimension the length of every vector, at least 1
   * @return the memory
   */
  public static UserMemory empty(int dimension) {
    if (dimension < 1) {
      throw new IllegalArgumentException("dimension: expected at least 1, found " + dimension);
    }
    return new UserMemory(dimension, List.of());
  }

  /**
   * Returns this memory with one more thing, the newest.
   *
   * @param id what it is, replacing what has the same id; an id, no text: at most {@link
   *     EntityCounts#MAX_ID_LENGTH} chars
   * @param vector its vector, copied
   * @param time when it was, kept to the millisecond
   * @return a copy
   * @throws IllegalArgumentException if the id is empty or too long, or the vector has another
   *     length or is not finite
   */
  public UserMemory plus(String id, float[] vector, Instant time) {
    EntityCounts.checkId(id);
    checkVector("vector", vector);
    List<Note> extended = new ArrayList<>(notes.size() + 1);
    notes.stream().filter(note -> !note.id().equals(id)).forEach(extended::add);
    extended.add(new Note(id, vector.clone(), Instant.ofEpochMilli(time.toEpochMilli())));
    return new UserMemory(dimension, extended);
  }

  private void checkVector(String name, float[] vector) {
    if (vector.length != dimension) {
      throw new IllegalArgumentException(
          "%s: length %d, memory dimension %d".formatted(name, vector.length, dimension));
    }
    for (float element : vector) {
      if (!Float.isFinite(element)) {
        throw new IllegalArgumentException(
            "%s: expected finite elements, found %s".formatted(name, element));
      }
    }
  }

  /**
   * Returns what is most like a vector, by inner product.
   *
   * @param query the vector
   * @param k how many things, at least 1
   * @return at most k ids with their products, the greatest first, equal ones by age, oldest first
   * @throws IllegalArgumentException if k is below 1, or the query has another length or is not
   *     finite
   */
  public List<ScoredItem> nearest(float[] query, int k) {
    checkVector("query", query);
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
    return notes.stream()
        .map(note -> new ScoredItem(note.id(), product(query, note.vector())))
        .sorted(Comparator.comparingDouble(ScoredItem::score).reversed())
        .limit(k)
        .toList();
  }

  private static double product(float[] query, float[] vector) {
    return IntStream.range(0, query.length).mapToDouble(i -> (double) query[i] * vector[i]).sum();
  }

  /** {@return the ids, oldest first} */
  public List<String> ids() {
    return notes.stream().map(Note::id).toList();
  }

  /**
   * Returns when something was.
   *
   * @param id what it is
   * @return when it was, if it is remembered
   */
  public Optional<Instant> time(String id) {
    Objects.requireNonNull(id, "id");
    return notes.stream().filter(note -> note.id().equals(id)).map(Note::time).findFirst();
  }

  /** {@return the number of things} */
  public int size() {
    return notes.size();
  }

  /** {@return the length of every vector} */
  public int dimension() {
    return dimension;
  }

  /** Tells the number of things, never what they are. */
  @Override
  public String toString() {
    return "UserMemory[" + notes.size() + " of " + dimension + " dimensions]";
  }

  /**
   * Returns the codec of memories of one dimension. What has no room is dropped, the oldest first.
   *
   * @param dimension the length of every vector, at least 1
   * @return the codec
   */
  public static UserValueCodec<UserMemory> codec(int dimension) {
    UserMemory empty = empty(dimension);
    return new UserValueCodec<>() {
      @Override
      public String form() {
        return "memory-" + dimension;
      }

      @Override
      public byte[] encode(UserMemory value, int maxBytes) {
        if (value.dimension != dimension) {
          throw new IllegalArgumentException(
              "value of a user: expected dimension %d, found %d"
                  .formatted(dimension, value.dimension));
        }
        return UserRecords.encode(
            value.notes,
            note -> UserRecords.idBytes(note.id()) + Long.BYTES + dimension * Float.BYTES,
            maxBytes,
            (bytes, note) -> {
              UserRecords.putId(bytes, note.id());
              bytes.putLong(note.time().toEpochMilli());
              for (float element : note.vector()) {
                bytes.putFloat(element);
              }
            });
      }

      @Override
      public UserMemory decode(byte[] bytes) {
        ByteBuffer in = UserRecords.reading(bytes);
        List<Note> notes = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        while (in.hasRemaining()) {
          String id = UserRecords.getId(in);
          UserRecords.expect(in, Long.BYTES + dimension * Float.BYTES);
          Instant time = Instant.ofEpochMilli(in.getLong());
          float[] vector = new float[dimension];
          in.asFloatBuffer().get(vector);
          in.position(in.position() + dimension * Float.BYTES);
          EntityCounts.checkId(id);
          empty.checkVector("vector", vector);
          if (!ids.add(id)) {
            throw new IllegalArgumentException("expected each id once");
          }
          notes.add(new Note(id, vector, time));
        }
        return new UserMemory(dimension, notes);
      }
    };
  }
}
