package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that ends while threads use a model must not crash, although the runtime frees itself
 * then. {@code -Drecommender.test.exits=200} ends more of them.
 */
class ProcessExitTest {
  private static final List<String> WAYS = List.of("exit", "end", "halt", "close");

  @TempDir Path folder;

  @Test
  void aProcessThatEndsWhileServingDoesNotCrash() throws Exception {
    int exits = Integer.getInteger("recommender.test.exits", 10);
    Path bundle =
        Fixtures.scoresBundle(Files.createDirectory(folder.resolve("bundle")), "DYNAMIC", "LEFT")
            .seal();
    List<String> crashes = new ArrayList<>();
    for (int i = 0; i < exits; i++) {
      String way = WAYS.get(i % WAYS.size());
      int status = run(bundle, way, i);
      if (status != (way.equals("halt") ? ExitingChild.HALTED : 0)) {
        crashes.add("%s, seed %d: exit status %d%n%s".formatted(way, i, status, output()));
      }
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
      assertEquals(0, run(bundle, "open", i), output());
      String expected =
          "found java.lang.IllegalStateException: "
              + bundle
              + ": expected a JVM that goes on, found one that is shutting down";
      assertTrue(output().contains(expected), output());
    }
    assertEquals(List.of(), crashReports());
  }

  private int run(Path bundle, String way, int seed) throws Exception {
    return new ProcessBuilder(
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
        .redirectOutput(folder.resolve("output").toFile())
        .start()
        .waitFor();
  }

  private String output() throws IOException {
    return Files.readString(folder.resolve("output"), StandardCharsets.UTF_8);
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
