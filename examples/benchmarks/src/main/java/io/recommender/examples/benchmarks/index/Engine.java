package io.recommender.examples.benchmarks.index;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The engines that can be compared. */
enum Engine {
  /** The library's graph index, in the form it chooses. */
  HNSW("HnswIndex", Kind.OWN),
  /** The library's graph index without codes. */
  HNSW_FLOAT("HnswIndex FLOAT", Kind.OWN),
  /** The library's graph index with codes of one bit beside the floats. */
  HNSW_INT1("HnswIndex INT1_FLOAT", Kind.OWN),
  /** The library's graph index without floats. */
  HNSW_INT8("HnswIndex INT8", Kind.OWN),
  /** The library's exact index. */
  FLAT("FlatIndex", Kind.OWN),
  /** JVector, with full-precision vectors on the heap. */
  JVECTOR("JVector", Kind.PEER),
  /** Lucene, one segment in mapped files. */
  LUCENE("Lucene", Kind.PEER),
  /** The C++ original, in a Python process. */
  HNSWLIB("hnswlib (C++)", Kind.PYTHON);

  /** The oldest JDK with which the adapters of the peers are built. */
  private static final int PEERS_JDK = 21;

  /** Where an engine comes from. */
  enum Kind {
    OWN,
    PEER,
    PYTHON
  }

  private final String label;
  private final Kind kind;

  Engine(String label, Kind kind) {
    this.label = label;
    this.kind = kind;
  }

  /** Returns its name on the command line. */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns its name in reports. */
  String label() {
    return label;
  }

  Kind kind() {
    return kind;
  }

  boolean isExact() {
    return this == FLAT;
  }

  /**
   * Makes the adapter of a Java engine. Those of the peers are looked up by name, because a build
   * with an older JDK does not have them.
   *
   * @throws IllegalStateException if the adapter or its library cannot be loaded
   */
  IndexAdapter adapter(IndexAdapter.Parameters parameters) {
    if (kind == Kind.OWN) {
      return new RecommenderAdapter(parameters, this);
    }
    try {
      Constructor<?> constructor =
          Class.forName(adapterClass()).getDeclaredConstructor(IndexAdapter.Parameters.class);
      return (IndexAdapter) constructor.newInstance(parameters);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(label + ": " + e.getCause(), e);
    } catch (ReflectiveOperationException | LinkageError e) {
      throw new IllegalStateException(label + ": " + absence(), e);
    }
  }

  /** Returns the oldest JDK that can run it. */
  int leastJdk() {
    return this == LUCENE ? 21 : 17;
  }

  /** Returns whether the adapter was compiled into this build. */
  boolean isBuilt() {
    String resource = "/" + adapterClass().replace('.', '/') + ".class";
    return kind != Kind.PEER || Engine.class.getResource(resource) != null;
  }

  /** Says what to do about an adapter that is not built. */
  String absence() {
    return "not in this build; build with JDK %d or newer".formatted(PEERS_JDK);
  }

  private String adapterClass() {
    return Engine.class.getPackageName() + "." + label + "Adapter";
  }

  /** Returns all names, separated by commas. */
  static String ids() {
    return Stream.of(values()).map(Engine::id).collect(Collectors.joining(", "));
  }

  /**
   * Returns the engine of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  static Engine of(String id) {
    for (Engine engine : values()) {
      if (engine.id().equals(id.strip().toLowerCase(Locale.ROOT))) {
        return engine;
      }
    }
    throw new IllegalArgumentException(
        "--engines: expected some of %s, found '%s'".formatted(ids(), id));
  }
}
