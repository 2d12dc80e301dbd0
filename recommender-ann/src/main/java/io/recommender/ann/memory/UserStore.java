package io.recommender.ann.memory;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.RecommenderException;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One value for each user within a number of bytes: adapters of a model, {@link UserMemory
 * memories} or {@link EntityCounts counts}. When there is no room, the values that were used
 * longest ago go.
 *
 * <pre>{@code
 * UserStore<float[]> adapters =
 *     UserStore.builder(UserValueCodec.floats(64)).maxBytes(1L << 28).build();
 * adapters.put("ann", weights);
 * float[] gate = adapters.get("ann").orElse(none);
 * }</pre>
 *
 * <p>A value is kept as its bytes, which are counted, so the limit is kept exactly. It is reached
 * by the id of its user alone; there is no way from one user to another, and none to list them.
 *
 * <p><b>Thread safety.</b> Thread-safe; calls take turns.
 *
 * <p><b>Lifetime.</b> Holds memory of the Java heap only. Without a {@link Source} a value that
 * goes is lost.
 *
 * <p><b>Cost.</b> Encoding or decoding one value, and what the source does.
 *
 * @param <V> the type of the values
 */
public final class UserStore<V> implements FeedbackSink {
  /** How many bytes of a value are counted besides its own and two for each char of the id. */
  public static final int ENTRY_BYTES = 128;

  private final UserValueCodec<V> codec;
  private final long maxBytes;
  private final int maxBytesPerUser;
  private final @Nullable Source<V> source;
  private final @Nullable BiFunction<? super Optional<V>, ? super Feedback, ? extends V> learning;
  private final SavedFiles files = new SavedFiles(UserStoreSnapshot.KIND, UserStoreSnapshot.FORMAT);
  private final Object lock = new Object();

  /** By last use, the oldest first. Guarded by lock, as is what follows. */
  private final LinkedHashMap<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

  private long bytes;
  private long evictions;

  private UserStore(Builder<V> builder) {
    codec = builder.codec;
    maxBytes = builder.maxBytes;
    maxBytesPerUser = builder.maxBytesPerUser;
    source = builder.source;
    learning = builder.learning;
  }

  /** A value, and whether the source does not have it as it is. */
  private record Entry(byte[] value, boolean isChanged) {}

  /**
   * Where values come from that are not in the store, and where those go that were changed and have
   * no room.
   *
   * <p>Called by one thread at a time, while the store waits: be quick, and do not call the store.
   * What it throws reaches the caller; a value that it could not save is lost.
   *
   * @param <V> the type of the values
   */
  public interface Source<V> extends FeedbackSink {

    /**
     * Returns a user's value.
     *
     * @param userId the user
     * @return the value, if there is one
     */
    Optional<V> load(String userId);

    /**
     * Takes a user's value. Does nothing by default.
     *
     * @param userId the user
     * @param value the value
     */
    default void save(String userId, V value) {}
  }

  /**
   * Starts a store.
   *
   * @param <V> the type of the values
   * @param codec turns values into bytes and back
   * @return a builder
   */
  public static <V> Builder<V> builder(UserValueCodec<V> codec) {
    return new Builder<>(codec);
  }

  /**
   * Returns a user's value.
   *
   * @param userId the user
   * @return the value; empty if there is none
   */
  public Optional<V> get(String userId) {
    Objects.requireNonNull(userId, "userId");
    synchronized (lock) {
      return find(userId);
    }
  }

  private Optional<V> find(String userId) {
    Entry entry = entries.get(userId);
    if (entry != null) {
      return Optional.of(codec.decode(entry.value()));
    }
    Optional<V> loaded = source == null ? Optional.empty() : source.load(userId);
    if (loaded.isEmpty()) {
      return loaded;
    }
    byte[] value = codec.encode(loaded.get(), maxBytesPerUser);
    if (sizeInBytes(userId, value) <= maxBytes) {
      keep(userId, value, false);
    }
    return Optional.of(codec.decode(value));
  }

  /**
   * Sets a user's value.
   *
   * @param userId the user
   * @param value the value, copied; cut by the codec if it is too large
   * @throws IllegalArgumentException if the value cannot be kept; the store is unchanged
   */
  public void put(String userId, V value) {
    Objects.requireNonNull(userId, "userId");
    byte[] encoded = codec.encode(value, maxBytesPerUser);
    synchronized (lock) {
      keep(userId, encoded, true);
    }
  }

  /**
   * Changes a user's value in one step.
   *
   * @param userId the user
   * @param initial what is changed if there is no value
   * @param change makes the new value of the old one; must not call the store
   * @throws IllegalArgumentException if the new value cannot be kept; the store is unchanged
   */
  public void update(String userId, V initial, UnaryOperator<V> change) {
    Objects.requireNonNull(userId, "userId");
    Objects.requireNonNull(initial, "initial");
    synchronized (lock) {
      V changed = change.apply(find(userId).orElse(initial));
      keep(userId, codec.encode(changed, maxBytesPerUser), true);
    }
  }

  private void keep(String userId, byte[] value, boolean isChanged) {
    long size = sizeInBytes(userId, value);
    if (size > maxBytes) {
      throw new IllegalArgumentException(
          "value of a user: expected at most %d bytes with its id, found %d"
              .formatted(maxBytes, size));
    }
    Entry before = entries.put(userId, new Entry(value, isChanged));
    bytes += size - (before == null ? 0 : sizeInBytes(userId, before.value()));
    RuntimeException failure = null;
    Iterator<Map.Entry<String, Entry>> oldest = entries.entrySet().iterator();
    while (bytes > maxBytes) {
      Map.Entry<String, Entry> evicted = oldest.next();
      String evictedId = evicted.getKey();
      Entry entry = evicted.getValue();
      oldest.remove();
      bytes -= sizeInBytes(evictedId, entry.value());
      evictions++;
      try {
        if (source != null && entry.isChanged()) {
          source.save(evictedId, codec.decode(entry.value()));
        }
      } catch (RuntimeException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static long sizeInBytes(String userId, byte[] value) {
    return ENTRY_BYTES + 2L * userId.length() + value.length;
  }

  /** Changes the value of the feedback's user as the builder said, with consent. */
  @Override
  public void observe(Feedback feedback) {
    if (learning == null || !feedback.hasConsent() || feedback.userId().isEmpty()) {
      return;
    }
    String userId = feedback.userId().get();
    synchronized (lock) {
      V changed = learning.apply(find(userId), feedback);
      keep(userId, codec.encode(changed, maxBytesPerUser), true);
    }
  }

  /** Removes a user's value here and in the source. */
  @Override
  public void forget(String userId) {
    Objects.requireNonNull(userId, "userId");
    synchronized (lock) {
      Entry entry = entries.remove(userId);
      if (entry != null) {
        bytes -= sizeInBytes(userId, entry.value());
      }
      if (source != null) {
        source.forget(userId);
      }
    }
  }

  /** {@return how many users have a value here, not counting the source} */
  public int size() {
    synchronized (lock) {
      return entries.size();
    }
  }

  /** {@return how many bytes the values and their keys take, at most the limit} */
  public long sizeInBytes() {
    synchronized (lock) {
      return bytes;
    }
  }

  /** {@return how many values had to go so far} */
  public long evictions() {
    synchronized (lock) {
      return evictions;
    }
  }

  /**
   * Saves the values that are here. The file is replaced as a whole or not at all.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException SNAPSHOT_STALE if the file is there and is not what this store was
   *     opened from or last saved to; SNAPSHOT_INVALID if it is something else; STORAGE_FAILED if
   *     it cannot be written. The file is then as it was
   */
  public void save(Path file) {
    Map<String, byte[]> values = values();
    files.save(file, out -> UserStoreSnapshot.write(out, codec.form(), values));
  }

  /**
   * Saves the values over whatever store of users the file has.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    Map<String, byte[]> values = values();
    files.replace(file, out -> UserStoreSnapshot.write(out, codec.form(), values));
  }

  private Map<String, byte[]> values() {
    Map<String, byte[]> values = new LinkedHashMap<>();
    synchronized (lock) {
      entries.forEach((userId, entry) -> values.put(userId, entry.value()));
    }
    return values;
  }

  /** Tells sizes, never users. */
  @Override
  public String toString() {
    synchronized (lock) {
      return "UserStore[%s, %d users, %d of %d bytes]"
          .formatted(codec.form(), entries.size(), bytes, maxBytes);
    }
  }

  /**
   * Collects the parts of a store. <b>Confined</b>.
   *
   * @param <V> the type of the values
   */
  public static final class Builder<V> {
    /** The limit of all values together unless set. */
    public static final long DEFAULT_MAX_BYTES = 64L << 20;

    /** The limit of each value unless set. */
    public static final int DEFAULT_MAX_BYTES_PER_USER = 64 << 10;

    private final UserValueCodec<V> codec;
    private long maxBytes = DEFAULT_MAX_BYTES;
    private int maxBytesPerUser = DEFAULT_MAX_BYTES_PER_USER;
    private @Nullable Source<V> source;
    private @Nullable BiFunction<? super Optional<V>, ? super Feedback, ? extends V> learning;

    private Builder(UserValueCodec<V> codec) {
      this.codec = Objects.requireNonNull(codec, "codec");
    }

    /**
     * Sets how many bytes all values may take, with their keys.
     *
     * @param maxBytes at least 1; 64 MiB if never set
     * @return this
     * @throws IllegalArgumentException if it is below 1
     */
    public Builder<V> maxBytes(long maxBytes) {
      if (maxBytes < 1) {
        throw new IllegalArgumentException("maxBytes: expected at least 1, found " + maxBytes);
      }
      this.maxBytes = maxBytes;
      return this;
    }

    /**
     * Sets how many bytes each value may take.
     *
     * @param maxBytesPerUser at least 1; 64 KiB if never set
     * @return this
     * @throws IllegalArgumentException if it is below 1
     */
    public Builder<V> maxBytesPerUser(int maxBytesPerUser) {
      if (maxBytesPerUser < 1) {
        throw new IllegalArgumentException(
            "maxBytesPerUser: expected at least 1, found " + maxBytesPerUser);
      }
      this.maxBytesPerUser = maxBytesPerUser;
      return this;
    }

    /**
     * Sets where values come from that are not in the store.
     *
     * @param source the source
     * @return this
     */
    public Builder<V> source(Source<V> source) {
      this.source = Objects.requireNonNull(source, "source");
      return this;
    }

    /**
     * Sets how feedback changes the value of its user. Unless set, feedback changes nothing.
     *
     * @param learning makes the new value of the old one, if there is one, and the feedback; must
     *     not call the store
     * @return this
     */
    public Builder<V> learning(
        BiFunction<? super Optional<V>, ? super Feedback, ? extends V> learning) {
      this.learning = Objects.requireNonNull(learning, "learning");
      return this;
    }

    /** {@return an empty store} */
    public UserStore<V> build() {
      return new UserStore<>(this);
    }

    /**
     * Opens a saved store.
     *
     * @param file what {@link UserStore#save} wrote
     * @return the store, without what has no room, in the order of use
     * @throws RecommenderException SNAPSHOT_INVALID if it is damaged, of another codec or something
     *     else, naming the section; STORAGE_FAILED if it cannot be read
     */
    public UserStore<V> open(Path file) {
      UserStore<V> store = build();
      try (SnapshotReader in = store.files.open(file)) {
        synchronized (store.lock) {
          UserStoreSnapshot.read(in, codec, maxBytesPerUser)
              .forEach((userId, value) -> store.keep(userId, value, true));
          store.evictions = 0;
        }
        store.files.opened(in);
        return store;
      }
    }
  }
}
