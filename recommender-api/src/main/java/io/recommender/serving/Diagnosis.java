package io.recommender.serving;

import io.recommender.internal.JsonWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The facts about a component, what gives reason to worry, and the same of its parts.
 *
 * <pre>{@code
 * Diagnosis.of("HnswIndex").fact("items", size()).bytes("memory", bytes).build();
 * }</pre>
 *
 * <p><b>Immutable</b>; the builder is <b>confined</b>.
 *
 * @param component what it is about
 * @param version the version of the model in it; empty if there is none
 * @param facts what is known, in the order to be read
 * @param warnings what gives reason to worry, as sentences that say what to do
 * @param parts what the component is made of
 */
public record Diagnosis(
    String component,
    String version,
    List<Fact> facts,
    List<String> warnings,
    List<Diagnosis> parts) {

  /** What the number of a fact counts. */
  public enum Unit {
    /** Nothing in particular; or the fact is no number. */
    NONE,
    /** Bytes. */
    BYTES,
    /** A ratio, from 0 to 1. */
    RATIO
  }

  /**
   * One thing that is known.
   *
   * @param name its name, the same in every version
   * @param value a {@link String}, {@link Boolean}, {@link Long} or {@link Double}
   * @param unit what a number counts
   */
  public record Fact(String name, Object value, Unit unit) {

    /**
     * Checks the kind of the value.
     *
     * @param name its name
     * @param value a {@link String}, {@link Boolean}, {@link Long} or {@link Double}
     * @param unit what a number counts
     */
    public Fact {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(unit, "unit");
      if (!(value instanceof String
          || value instanceof Boolean
          || value instanceof Long
          || value instanceof Double)) {
        throw new IllegalArgumentException(
            "%s: expected a String, Boolean, Long or Double, found %s".formatted(name, value));
      }
    }
  }

  /**
   * Copies the lists.
   *
   * @param component what it is about
   * @param version the version of the model in it; empty if there is none
   * @param facts what is known
   * @param warnings what gives reason to worry
   * @param parts what the component is made of
   */
  public Diagnosis {
    Objects.requireNonNull(component, "component");
    Objects.requireNonNull(version, "version");
    facts = List.copyOf(facts);
    warnings = List.copyOf(warnings);
    parts = List.copyOf(parts);
  }

  /**
   * Starts a diagnosis.
   *
   * @param component what it is about
   * @return a builder
   */
  public static Builder of(String component) {
    return new Builder(component);
  }

  /**
   * Returns the value of a fact of this component.
   *
   * @param name the name of the fact
   * @return its value, if it is known
   */
  public Optional<Object> fact(String name) {
    return facts.stream().filter(fact -> fact.name().equals(name)).map(Fact::value).findFirst();
  }

  /**
   * Returns the first part of a name, at any depth.
   *
   * @param component the name of the part
   * @return the part, if there is one
   */
  public Optional<Diagnosis> part(String component) {
    return parts.stream()
        .flatMap(
            part ->
                part.component.equals(component) ? Stream.of(part) : part.part(component).stream())
        .findFirst();
  }

  /** {@return the warnings of this component and of its parts, each after what it is about} */
  public List<String> allWarnings() {
    List<String> all = new ArrayList<>();
    warnings.forEach(warning -> all.add(component + ": " + warning));
    parts.forEach(part -> all.addAll(part.allWarnings()));
    return all;
  }

  /** {@return lines for people, the warnings last} */
  public String toText() {
    return DiagnosisText.of(this);
  }

  /** {@return JSON for programs: numbers in their units, parts nested} */
  public String toJson() {
    return JsonWriter.write(entries());
  }

  private Map<String, Object> entries() {
    Map<String, Object> entries = new LinkedHashMap<>();
    entries.put("component", component);
    if (!version.isEmpty()) {
      entries.put("version", version);
    }
    Map<String, Object> values = new LinkedHashMap<>();
    facts.forEach(fact -> values.put(jsonName(fact), fact.value()));
    entries.put("facts", values);
    entries.put("warnings", warnings);
    entries.put("parts", parts.stream().map(Diagnosis::entries).toList());
    return entries;
  }

  /** {@code "heap now"} in bytes becomes {@code heapNowBytes}. */
  private static String jsonName(Fact fact) {
    StringBuilder name = new StringBuilder();
    for (String word : fact.name().split("[^A-Za-z0-9]+")) {
      name.append(
          name.isEmpty()
              ? word.toLowerCase(java.util.Locale.ROOT)
              : Character.toUpperCase(word.charAt(0)) + word.substring(1));
    }
    return fact.unit() == Unit.BYTES ? name.append("Bytes").toString() : name.toString();
  }

  /** Collects facts. */
  public static final class Builder {
    private final String component;
    private String version = "";
    private final List<Fact> facts = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final List<Diagnosis> parts = new ArrayList<>();

    private Builder(String component) {
      this.component = component;
    }

    /**
     * Sets the version of the model.
     *
     * @param version name and version; empty if unknown
     * @return this
     */
    public Builder version(String version) {
      this.version = version;
      return this;
    }

    /**
     * Adds a fact in words.
     *
     * @param name its name
     * @param value what is known
     * @return this
     */
    public Builder fact(String name, String value) {
      return add(name, value, Unit.NONE);
    }

    /**
     * Adds a fact that is a number.
     *
     * @param name its name
     * @param value the number
     * @return this
     */
    public Builder fact(String name, long value) {
      return add(name, value, Unit.NONE);
    }

    /**
     * Adds a fact that holds or does not.
     *
     * @param name its name
     * @param value whether it holds
     * @return this
     */
    public Builder fact(String name, boolean value) {
      return add(name, value, Unit.NONE);
    }

    /**
     * Adds a number of bytes.
     *
     * @param name its name
     * @param bytes how many
     * @return this
     */
    public Builder bytes(String name, long bytes) {
      return add(name, bytes, Unit.BYTES);
    }

    /**
     * Adds a ratio, such as a recall.
     *
     * @param name its name
     * @param ratio from 0 to 1
     * @return this
     */
    public Builder ratio(String name, double ratio) {
      return add(name, ratio, Unit.RATIO);
    }

    private Builder add(String name, Object value, Unit unit) {
      facts.add(new Fact(name, value, unit));
      return this;
    }

    /**
     * Adds a reason to worry.
     *
     * @param warning a sentence that says what to do
     * @return this
     */
    public Builder warning(String warning) {
      warnings.add(warning);
      return this;
    }

    /**
     * Adds a part.
     *
     * @param part what is known of it
     * @return this
     */
    public Builder part(Diagnosis part) {
      parts.add(part);
      return this;
    }

    /**
     * Adds a part, with its facts if it is {@link Diagnosable} and with its name alone if not.
     *
     * @param part the part
     * @param sample as in {@link Diagnosable#diagnose}
     * @return this
     */
    public Builder part(Object part, int sample) {
      if (part instanceof Diagnosable diagnosable) {
        return part(diagnosable.diagnose(sample));
      }
      Class<?> type = part.getClass();
      return part(
          Diagnosis.of(
                  type.isSynthetic() || type.isAnonymousClass() ? "lambda" : type.getSimpleName())
              .build());
    }

    /** {@return the diagnosis} */
    public Diagnosis build() {
      return new Diagnosis(component, version, facts, warnings, parts);
    }
  }
}
