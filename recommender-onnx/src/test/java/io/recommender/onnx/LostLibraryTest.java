package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process whose native library is not there, or is none. */
class LostLibraryTest {
  @TempDir Path folder;

  private List<String> run(Path libraries) throws Exception {
    Path bundle =
        Fixtures.scoresBundle(Files.createDirectory(folder.resolve("bundle")), "DYNAMIC", "LEFT")
            .seal();
    Path output = folder.resolve("output");
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-XX:-CreateCoredumpOnCrash",
                "-Donnxruntime.native.path=" + libraries,
                "-cp",
                System.getProperty("java.class.path"),
                LostLibraryChild.class.getName(),
                bundle.toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    int status = child.waitFor();
    String said = Files.readString(output);
    assertEquals(0, status, said);
    return said.lines().toList();
  }

  private static List<String> told(List<String> lines, String what) {
    return lines.stream().filter(line -> line.startsWith(what + " ")).toList();
  }

  private static void assertFallsBack(List<String> lines) {
    List<String> refused = told(lines, "refused");
    assertEquals(2, refused.size(), lines::toString);
    for (String each : refused) {
      assertTrue(
          each.startsWith(
              "refused "
                  + RecommenderException.Kind.DEVICE_UNAVAILABLE
                  + " expected the native library of ONNX Runtime for "),
          each);
      assertTrue(each.contains("-Donnxruntime.native.path names a folder"), each);
    }
    assertEquals(List.of("answer [a, b]"), told(lines, "answer"));
    List<String> notices = told(lines, "notice");
    assertEquals(
        List.of(
            "notice STAGE_FAILED source:model failed with RecommenderException; the answer goes on"
                + " without it",
            "notice STAGE_FAILED source:runtime failed with NoClassDefFoundError; the answer goes"
                + " on without it",
            "notice FALLBACK_USED fallback 'popular' filled 2 of 2 places"),
        notices);
  }

  @Test
  void whereTheLibraryIsNotThereOpeningSaysSoAndThePipelineFallsBack() throws Exception {
    assertFallsBack(run(Files.createDirectory(folder.resolve("empty"))));
  }

  @Test
  void whereTheLibraryIsDamagedOpeningSaysSoAndThePipelineFallsBack() throws Exception {
    Path libraries = Files.createDirectory(folder.resolve("damaged"));
    for (String name : List.of("onnxruntime", "onnxruntime4j_jni")) {
      Files.writeString(libraries.resolve(System.mapLibraryName(name)), "not a library");
    }
    assertFallsBack(run(libraries));
  }
}
