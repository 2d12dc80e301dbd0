package io.recommender.ann.entities;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.objects.Object2IntLinkedOpenHashMap;
import it.unimi.dsi.fastutil.objects.Object2IntMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * Which entities are related: an undirected graph in which neighbours of neighbours are looked up.
 *
 * <pre>{@code
 * EntityGraph graph = EntityGraph.builder().relate("aspirin", "pain").relate("pain", "fever").build();
 * graph.neighbors(List.of("aspirin"), 2);     // [pain, fever]
 * }</pre>
 *
 * <p><b>Order.</b> Nearer entities first; at one distance in the order in which they are reached,
 * those of a nearer entity before those of a later one, and the neighbours of one entity in the
 * order in which their relations were added.
 *
 * <p><b>Thread safety.</b> Immutable; the builder is <b>confined</b>.
 *
 * <p><b>Cost.</b> 8 bytes a relation, besides the names. A lookup visits the relations of all
 * entities it finds but the last.
 */
public final class EntityGraph {
  private final Object2IntMap<String> ordinals;
  private final String[] names;

  /** The neighbours of entity e are at starts[e] to starts[e + 1] - 1. */
  private final int[] starts;

  private final int[] neighbors;

  private EntityGraph(Builder builder) {
    ordinals = builder.ordinals;
    names = ordinals.keySet().toArray(String[]::new);
    starts = new int[names.length + 1];
    for (int i = 0; i < builder.ends.size(); i++) {
      starts[builder.ends.getInt(i) + 1]++;
    }
    for (int entity = 0; entity < names.length; entity++) {
      starts[entity + 1] += starts[entity];
    }
    neighbors = new int[builder.ends.size()];
    int[] next = starts.clone();
    for (int i = 0; i < builder.ends.size(); i++) {
      neighbors[next[builder.ends.getInt(i)]++] = builder.ends.getInt(i ^ 1);
    }
  }

  /** {@return a builder of a graph without entities} */
  public static Builder builder() {
    return new Builder();
  }

  /** {@return the number of entities} */
  public int size() {
    return names.length;
  }

  /**
   * Returns whether an entity has a relation.
   *
   * @param entity the entity
   * @return whether it has
   */
  public boolean contains(String entity) {
    return ordinals.containsKey(entity);
  }

  /**
   * Returns all entities within a distance of given ones.
   *
   * @param entities where to begin; unknown ones are skipped
   * @param hops how many relations away an entity may be, at least 0
   * @return the entities, without the given ones
   * @throws IllegalArgumentException if the number of hops is negative
   */
  public List<String> neighbors(Collection<String> entities, int hops) {
    return neighbors(entities, hops, Integer.MAX_VALUE, 0);
  }

  /**
   * Returns entities within a distance of given ones, following no more than some relations of each
   * entity. Which ones is drawn by the seed and the entity, so that an entity leads to the same
   * neighbours wherever it is met.
   *
   * @param entities where to begin; unknown ones are skipped
   * @param hops how many relations away an entity may be, at least 0
   * @param perEntity how many relations of an entity are followed at most, at least 1
   * @param seed the seed of the draw; the same seed gives the same entities
   * @return the entities, without the given ones
   * @throws IllegalArgumentException if the number of hops is negative or the other below 1
   */
  public List<String> neighbors(Collection<String> entities, int hops, int perEntity, long seed) {
    if (hops < 0) {
      throw new IllegalArgumentException("hops: expected at least 0, found " + hops);
    }
    if (perEntity < 1) {
      throw new IllegalArgumentException("perEntity: expected at least 1, found " + perEntity);
    }
    IntArrayList reached = new IntArrayList();
    IntOpenHashSet seen = new IntOpenHashSet();
    for (String entity : entities) {
      int ordinal = ordinals.getInt(entity);
      if (ordinal >= 0 && seen.add(ordinal)) {
        reached.add(ordinal);
      }
    }
    int given = reached.size();
    int from = 0;
    for (int hop = 0; hop < hops; hop++) {
      int to = reached.size();
      for (; from < to; from++) {
        for (int neighbor : followed(reached.getInt(from), perEntity, seed)) {
          if (seen.add(neighbor)) {
            reached.add(neighbor);
          }
        }
      }
    }
    List<String> found = new ArrayList<>(reached.size() - given);
    for (int i = given; i < reached.size(); i++) {
      found.add(names[reached.getInt(i)]);
    }
    return List.copyOf(found);
  }

  /** Returns the neighbours of an entity, of too many a sample in the same order. */
  private int[] followed(int entity, int most, long seed) {
    int degree = starts[entity + 1] - starts[entity];
    int[] places = new int[degree];
    Arrays.setAll(places, i -> starts[entity] + i);
    if (degree > most) {
      SplittableRandom random = new SplittableRandom(31 * seed + entity);
      for (int i = 0; i < most; i++) {
        int other = i + random.nextInt(degree - i);
        int swapped = places[i];
        places[i] = places[other];
        places[other] = swapped;
      }
      places = Arrays.copyOf(places, most);
      Arrays.sort(places);
    }
    return Arrays.stream(places).map(place -> neighbors[place]).toArray();
  }

  @Override
  public String toString() {
    return "EntityGraph[%d entities, %d relations]".formatted(size(), neighbors.length / 2);
  }

  /** Collects relations. */
  public static final class Builder {
    private final Object2IntLinkedOpenHashMap<String> ordinals =
        new Object2IntLinkedOpenHashMap<>();

    /** The two ends of each relation, one after the other. */
    private final IntArrayList ends = new IntArrayList();

    private Builder() {
      ordinals.defaultReturnValue(-1);
    }

    /**
     * Adds a relation between two entities. Given twice, it is followed twice as likely where
     * relations are drawn.
     *
     * @param one the one, not empty
     * @param other the other, not empty
     * @return this
     * @throws IllegalArgumentException if a name is empty or both are the same
     */
    public Builder relate(String one, String other) {
      if (one.isEmpty() || other.isEmpty()) {
        throw new IllegalArgumentException("entity: expected a non-empty string");
      }
      if (one.equals(other)) {
        throw new IllegalArgumentException(
            "relation: expected two entities, found '%s' twice".formatted(one));
      }
      ends.add(ordinal(one));
      ends.add(ordinal(other));
      return this;
    }

    private int ordinal(String entity) {
      int known = ordinals.getInt(Objects.requireNonNull(entity, "entity"));
      if (known >= 0) {
        return known;
      }
      ordinals.put(entity, ordinals.size());
      return ordinals.size() - 1;
    }

    /**
     * Returns the graph. The builder must not be used any more.
     *
     * @return the graph
     */
    public EntityGraph build() {
      return new EntityGraph(this);
    }
  }
}
