package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A class path may be so long that reading it deepens the stack of the runtime. */
class LongCommandLineTest {
  @TempDir Path folder;

  @Test
  void aProcessWithALongCommandLineOpensABundle() throws IOException, InterruptedException {
    for (int length : new int[] {1000, 100_000}) {
      Path output = folder.resolve("output-" + length);
      Process child =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx128m",
                  "-XX:TieredStopAtLevel=1",
                  "-XX:-CreateCoredumpOnCrash",
                  "-Dlong=" + "a".repeat(length),
                  "-cp",
                  System.getProperty("java.class.path"),
                  OpeningChild.class.getName(),
                  EncoderFixtures.RESOURCES.resolve("two-modalities").toAbsolutePath().toString())
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      int status = child.waitFor();
      String said = Files.readString(output);
      assertEquals(0, status, () -> length + " characters: " + said);
    }
  }
}
