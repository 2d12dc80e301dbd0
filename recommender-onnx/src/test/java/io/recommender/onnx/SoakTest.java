package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
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
    int swaps = Integer.getInteger("recommender.test.swaps", 150);
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
    long calls = Long.getLong("recommender.test.calls", 200_000);
    Map<String, Long> told = run("calls", Long.toString(calls), bundle("1").toString());
    assertEquals(calls, told.get("calls"), told::toString);
    assertEquals(0, told.get("failures"), told::toString);
    assertEquals(0, told.get("openTensors"), told::toString);
    assertEquals(1, told.get("sessionsDuring"), told::toString);
    assertEquals(0, told.get("sessionsAfter"), told::toString);
    assertTrue(told.get("endBytes") < GROWTH * told.get("settledBytes"), told::toString);
  }

  private Map<String, Long> run(String... arguments) throws Exception {
    return MeasuredChild.run(folder, 128, SoakChild.class, List.of(arguments));
  }
}
