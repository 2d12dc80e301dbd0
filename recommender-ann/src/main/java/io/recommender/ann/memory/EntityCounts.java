package io.recommender.ann.memory;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How often one user met which entities, and when last: ids and aggregates, no text. Kept by a
 * {@link UserStore} with {@link #codec}.
 *
 * <p>The store of Baek et al., "Knowledge-Augmented Large Language Models for Personalized
 * Contextual Query Suggestion" (K-LaMP), WWW 2024, in which a user's log becomes counts of the
 * entities of a public graph.
 *
 * <p><b>Order.</b> By count, the greatest first, then by last meeting, the newest first, then by
 * id.
 *
 * <p><b>Immutable</b>.
 */
public final class EntityCounts {
  /** The most chars of an id: entities have ids, not texts. */
  public static final int MAX_ID_LENGTH = 256;

  private static final EntityCounts EMPTY = new EntityCounts(Map.of());
  private static final Comparator<Entity> ORDER =
      Comparator.comparingInt(Entity::count)
          .reversed()
          .thenComparing(Comparator.comparing(Entity::lastSeen).reversed())
          .thenComparing(Entity::id);
  private static final UserValueCodec<EntityCounts> CODEC = new Codec();

  private final Map<String, Entity> entities;

  private EntityCounts(Map<String, Entity> entities) {
    this.entities = entities;
  }

  /**
   * An entity as a user met it.
   *
   * @param id what it is
   * @param count how often, at least 1
   * @param lastSeen when last, to the millisecond
   */
  public record Entity(String id, int count, Instant lastSeen) {

    /**
     * Checks the parts.
     *
     * @param id what it is
     * @param count how often, at least 1
     * @param lastSeen when last
     */
    public Entity {
      checkId(id);
      if (count < 1) {
        throw new IllegalArgumentException("count: expected at least 1, found " + count);
      }
      lastSeen = Instant.ofEpochMilli(lastSeen.toEpochMilli());
    }
  }

  /** {@return the counts of a user who met nothing} */
  public static EntityCounts empty() {
    return EMPTY;
  }

  static void checkId(String id) {
    if (id.isEmpty() || id.length() > MAX_ID_LENGTH) {
      throw new IllegalArgumentException(
          "id: expected 1 to %d chars, found %d".formatted(MAX_ID_LENGTH, id.length()));
    }
    if (!new String(id.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8).equals(id)) {
      throw new IllegalArgumentException("id: expected whole surrogate pairs, found half of one");
    }
  }

  /**
   * Returns these counts with one more meeting.
   *
   * @param id the entity: 1 to {@value #MAX_ID_LENGTH} chars
   * @param time when it was
   * @return a copy
   * @throws IllegalArgumentException if the id is empty or too long
   */
  public EntityCounts plus(String id, Instant time) {
    Entity one = new Entity(id, 1, time);
    Map<String, Entity> extended = new HashMap<>(entities);
    extended.merge(id, one, EntityCounts::sum);
    return new EntityCounts(extended);
  }

  private static Entity sum(Entity a, Entity b) {
    int count = (int) Math.min(Integer.MAX_VALUE, (long) a.count + b.count);
    return new Entity(a.id, count, a.lastSeen.isAfter(b.lastSeen) ? a.lastSeen : b.lastSeen);
  }

  /**
   * Returns an entity as the user met it.
   *
   * @param id the entity
   * @return the entity, if it was met
   */
  public Optional<Entity> find(String id) {
    return Optional.ofNullable(entities.get(id));
  }

  /**
   * Returns what was met most.
   *
   * @param n how many entities, at least 1
   * @return at most n entities, in the order above
   * @throws IllegalArgumentException if n is below 1
   */
  public List<Entity> top(int n) {
    if (n < 1) {
      throw new IllegalArgumentException("n: expected at least 1, found " + n);
    }
    return entities.values().stream().sorted(ORDER).limit(n).toList();
  }

  /** {@return the number of entities} */
  public int size() {
    return entities.size();
  }

  /** Tells the number of entities, never which. */
  @Override
  public String toString() {
    return "EntityCounts[" + entities.size() + " entities]";
  }

  /**
   * Returns the codec of counts. What has no room is dropped, the last in order first.
   *
   * @return the codec
   */
  public static UserValueCodec<EntityCounts> codec() {
    return CODEC;
  }

  private static final class Codec implements UserValueCodec<EntityCounts> {
    @Override
    public String form() {
      return "entity-counts";
    }

    @Override
    public byte[] encode(EntityCounts value, int maxBytes) {
      List<Entity> byImportance = new ArrayList<>(value.entities.values());
      byImportance.sort(ORDER.reversed());
      return UserRecords.encode(
          byImportance,
          entity -> UserRecords.idBytes(entity.id()) + Integer.BYTES + Long.BYTES,
          maxBytes,
          (bytes, entity) -> {
            UserRecords.putId(bytes, entity.id());
            bytes.putInt(entity.count()).putLong(entity.lastSeen().toEpochMilli());
          });
    }

    @Override
    public EntityCounts decode(byte[] bytes) {
      ByteBuffer in = UserRecords.reading(bytes);
      Map<String, Entity> entities = new HashMap<>();
      while (in.hasRemaining()) {
        String id = UserRecords.getId(in);
        UserRecords.expect(in, Integer.BYTES + Long.BYTES);
        Entity entity = new Entity(id, in.getInt(), Instant.ofEpochMilli(in.getLong()));
        if (entities.put(id, entity) != null) {
          throw new IllegalArgumentException("expected each entity once");
        }
      }
      return new EntityCounts(entities);
    }
  }
}
