package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that ends while threads use a model must not crash, although the runtime frees itself
 * then. {@code -Drecommender.test.exits=200} ends more of them.
 */
class ProcessExitTest {
  private static final List<String> WAYS =
      List.of("exit", "end", "halt", "close", "terminate", "terminate and close");

  /** The status of a process that SIGTERM ended. */
  private static final int TERMINATED = 128 + 15;

  private static final int AT_ONCE = 2;

  @TempDir Path folder;

  /** A process that has ended. */
  private record Ended(int status, String output) {}

  @Test
  void aProcessThatEndsWhileServingDoesNotCrash() throws Exception {
    int exits = Integer.getInteger("recommender.test.exits", 24);
    Path bundle =
        Fixtures.scoresBundle(Files.createDirectory(folder.resolve("bundle")), "DYNAMIC", "LEFT")
            .seal();
    List<Callable<Optional<String>>> runs = new ArrayList<>();
    for (int i = 0; i < exits; i++) {
      int seed = i;
      String way = WAYS.get(i % WAYS.size());
      runs.add(
          () -> {
            Ended ended = run(bundle, way, seed);
            return ended.status() == expected(way)
                ? Optional.empty()
                : Optional.of("%s, seed %d: %s".formatted(way, seed, ended));
          });
    }
    List<String> crashes = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
    try {
      for (Future<Optional<String>> run : threads.invokeAll(runs)) {
        run.get().ifPresent(crashes::add);
      }
    } finally {
      threads.shutdownNow();
    }
    assertEquals(List.of(), crashes);
    assertEquals(List.of(), crashReports());
  }

  @Test
  void nothingIsOpenedWhileTheProcessEndsAndTheErrorSaysWhy() throws Exception {
    Path bundle =
        Fixtures.scoresBundle(Files.createDirectory(folder.resolve("bundle")), "DYNAMIC", "LEFT")
            .seal();
    for (int i = 0; i < 4; i++) {
      Ended ended = run(bundle, "open", i);
      assertEquals(0, ended.status(), ended::toString);
      String expected =
          "found java.lang.IllegalStateException: "
              + bundle
              + ": expected a JVM that goes on, found one that is shutting down";
      assertTrue(ended.output().contains(expected), ended::toString);
    }
    assertEquals(List.of(), crashReports());
  }

  private static int expected(String way) {
    return switch (way) {
      case "halt" -> ExitingChild.HALTED;
      case "terminate", "terminate and close" -> TERMINATED;
      default -> 0;
    };
  }

  private Ended run(Path bundle, String way, int seed) throws Exception {
    List<String> output = new ArrayList<>();
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-XX:-CreateCoredumpOnCrash",
                "-cp",
                System.getProperty("java.class.path"),
                ExitingChild.class.getName(),
                bundle.toString(),
                way,
                Integer.toString(seed))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader lines = child.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        output.add(line);
        if (line.equals(ExitingChild.READY)) {
          // Not the process itself, which would close its output.
          child.toHandle().destroy();
        }
      }
    }
    return new Ended(child.waitFor(), String.join("\n", output));
  }

  private List<String> crashReports() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("hs_err"))
          .toList();
    }
  }
}
