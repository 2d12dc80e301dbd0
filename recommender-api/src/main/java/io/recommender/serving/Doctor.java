package io.recommender.serving;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Examines what serves recommendations: the process it runs in and everything it is made of.
 *
 * <pre>{@code
 * Diagnosis diagnosis = Doctor.examine(32, home, index);
 * System.out.print(diagnosis.toText());
 * }</pre>
 */
public final class Doctor {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final List<Path> LIMITS =
      List.of(
          Path.of("/sys/fs/cgroup/memory.max"),
          Path.of("/sys/fs/cgroup/memory/memory.limit_in_bytes"));

  /** A part of the memory limit above which there is a warning. */
  private static final double CLOSE = 0.9;

  private Doctor() {}

  /**
   * Examines the process and some components.
   *
   * @param sample how many questions a component may ask itself to measure how well it answers; 0
   *     measures nothing and is quick
   * @param components recommenders, indexes and whatever else is in use; those that are {@link
   *     Diagnosable} tell their facts
   * @return what is known
   */
  public static Diagnosis examine(int sample, Object... components) {
    Diagnosis.Builder all = Diagnosis.of("doctor").part(process());
    for (Object component : components) {
      all.part(component, sample);
    }
    return all.build();
  }

  /**
   * Examines the process: the JDK, the processors, the vector module, and the memory.
   *
   * @return what is known
   */
  public static Diagnosis process() {
    Runtime machine = Runtime.getRuntime();
    boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    long heap = machine.totalMemory() - machine.freeMemory();
    Diagnosis.Builder process =
        Diagnosis.of("process")
            .fact(
                "java",
                System.getProperty("java.version") + ", " + System.getProperty("java.vm.name"))
            .fact("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"))
            .fact("processors", machine.availableProcessors())
            .fact("vector module", vectors)
            .bytes("heap now", heap)
            .bytes("heap at most", machine.maxMemory());
    OptionalLong resident = residentBytes();
    OptionalLong limit = limitBytes();
    resident.ifPresent(bytes -> process.bytes("resident memory", bytes));
    limit.ifPresent(bytes -> process.bytes("memory limit", bytes));
    if (!vectors) {
      process.warning(
          "vectors are compared without SIMD instructions; start with"
              + " --add-modules jdk.incubator.vector");
    }
    if (resident.isPresent()
        && limit.isPresent()
        && resident.getAsLong() > CLOSE * limit.getAsLong()) {
      process.warning("the process is close to its memory limit, at which it is killed");
    }
    if (limit.isPresent() && machine.maxMemory() > CLOSE * limit.getAsLong()) {
      process.warning(
          "the heap may grow to the memory limit and leave native memory no room; lower -Xmx");
    }
    return process.build();
  }

  /**
   * Tells the memory of this process that is resident, native memory included.
   *
   * @return the bytes, where the system tells them as Linux does
   */
  public static OptionalLong residentBytes() {
    try (Stream<String> lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
          .findFirst();
    } catch (IOException | UncheckedIOException e) {
      return OptionalLong.empty();
    }
  }

  private static OptionalLong limitBytes() {
    for (Path file : LIMITS) {
      try {
        String limit = Files.readString(file).trim();
        // Without a limit the older interface tells a number near the largest.
        if (!limit.equals("max") && limit.length() < 16) {
          return OptionalLong.of(Long.parseLong(limit));
        }
      } catch (IOException | NumberFormatException e) {
        continue;
      }
    }
    return OptionalLong.empty();
  }
}
