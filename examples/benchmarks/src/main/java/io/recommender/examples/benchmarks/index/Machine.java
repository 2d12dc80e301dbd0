package io.recommender.examples.benchmarks.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where a run took place.
 *
 * @param cpu the model of the processor
 * @param processors how many the JVM may use
 * @param system the operating system
 * @param jdk the JDK of the Java engines
 */
record Machine(String cpu, int processors, String system, String jdk) {
  private static final Path CPU_FILE = Path.of("/proc/cpuinfo");

  static Machine of(String jdk) {
    return new Machine(
        cpuModel(),
        Runtime.getRuntime().availableProcessors(),
        "%s %s %s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")),
        jdk);
  }

  private static String cpuModel() {
    if (Files.isReadable(CPU_FILE)) {
      List<String> lines;
      try {
        lines = Files.readAllLines(CPU_FILE);
      } catch (IOException e) {
        lines = List.of();
      }
      for (String line : lines) {
        if (line.startsWith("model name")) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    }
    return System.getProperty("os.arch");
  }
}
