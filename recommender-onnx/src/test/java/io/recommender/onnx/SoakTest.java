package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nothing leaks, however often models are swapped and called. {@code -Drecommender.test.swaps=1000}
 * and {@code -Drecommender.test.calls=1000000} do it for longer.
 */
class SoakTest {
  /** How much the resident memory may grow once it has settled. */
  private static final double GROWTH = 1.05;

  @TempDir Path folder;

  private Path bundle(String version) throws Exception {
    BundleWriter writer =
        Fixtures.scoresBundle(Files.createDirectory(folder.resolve(version)), "DYNAMIC", "LEFT");
    writer.manifest.put("version", version);
    List<String> items = new ArrayList<>(Fixtures.IDS);
    if (version.equals("2")) {
      Collections.reverse(items);
    }
    return writer.items(items).seal();
  }

  @Test
  void swapsUnderLoadFailNoCallMixNoAnswerAndLeakNothing() throws Exception {
    int swaps = Integer.getInteger("recommender.test.swaps", 60);
    Map<String, Long> told =
        run("swaps", Integer.toString(swaps), bundle("1").toString(), bundle("2").toString());
    assertEquals(swaps, told.get("swaps"), told::toString);
    assertEquals(0, told.get("failures"), told::toString);
    assertEquals(0, told.get("mixed"), told::toString);
    assertEquals(1, told.get("sessionsDuring"), told::toString);
    assertEquals(0, told.get("sessionsAfter"), told::toString);
    assertTrue(told.get("calls") > swaps, told::toString);
    assertTrue(told.get("endBytes") < GROWTH * told.get("settledBytes"), told::toString);
  }

  @Test
  void callsLeaveNothingOpen() throws Exception {
    long calls = Long.getLong("recommender.test.calls", 20_000);
    Map<String, Long> told = run("calls", Long.toString(calls), bundle("1").toString());
    assertEquals(calls, told.get("calls"), told::toString);
    assertEquals(0, told.get("failures"), told::toString);
    assertEquals(0, told.get("openTensors"), told::toString);
    assertEquals(1, told.get("sessionsDuring"), told::toString);
    assertEquals(0, told.get("sessionsAfter"), told::toString);
    assertTrue(told.get("endBytes") < GROWTH * told.get("settledBytes"), told::toString);
  }

  private Map<String, Long> run(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms128m",
                "-Xmx128m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                // The second compiler would go on growing its code for minutes.
                "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                System.getProperty("java.class.path"),
                SoakChild.class.getName()));
    command.addAll(Arrays.asList(arguments));
    Process child =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    Map<String, Long> told = new HashMap<>();
    List<String> other = new ArrayList<>();
    try (BufferedReader lines = child.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.matches("[a-zA-Z]+=\\d+")) {
          told.put(line.replaceAll("=.*", ""), Long.valueOf(line.replaceAll(".*=", "")));
        } else {
          other.add(line);
        }
      }
    }
    assertEquals(0, child.waitFor(), () -> String.join("\n", other));
    System.getLogger(SoakTest.class.getName()).log(System.Logger.Level.INFO, told.toString());
    return told;
  }
}
