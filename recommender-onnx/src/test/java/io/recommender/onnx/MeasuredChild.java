package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs a main class in a process of its own, whose memory a test measures. */
final class MeasuredChild {
  private MeasuredChild() {}

  /**
   * Runs it to its end, with a heap that is whole from the beginning.
   *
   * @return the numbers that it tells, in lines as {@code name=number}
   */
  static Map<String, Long> run(
      Path folder, int heapMegabytes, Class<?> main, List<String> arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms" + heapMegabytes + "m",
                "-Xmx" + heapMegabytes + "m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                // The second compiler would go on growing its code for minutes.
                "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    command.addAll(arguments);
    Process child =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    Map<String, Long> told = new HashMap<>();
    List<String> other = new ArrayList<>();
    try (BufferedReader lines = child.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.matches("[a-zA-Z]+=-?\\d+")) {
          told.put(line.replaceAll("=.*", ""), Long.valueOf(line.replaceAll(".*=", "")));
        } else {
          other.add(line);
        }
      }
    }
    assertEquals(0, child.waitFor(), () -> String.join("\n", other));
    System.getLogger(main.getName()).log(System.Logger.Level.INFO, told.toString());
    return told;
  }
}
