package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Opens a bundle and answers in a JVM of its own where every way to open a socket from Java is
 * replaced by one that fails, and where, on Linux, the process's descriptors are looked at for
 * sockets that native code opened. That the guard works is shown by a run that does open one.
 */
class NoNetworkTest {
  @TempDir Path folder;

  @Test
  void openingAndAnsweringOpensNoSocket() throws Exception {
    Path bundle = Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").seal();
    assertEquals("no socket", run("answer", bundle.toString()));
  }

  @Test
  void openingAnEncoderAndEncodingOpensNoSocket() throws Exception {
    Path bundle = EncoderFixtures.RESOURCES.resolve("bert-mean").toAbsolutePath();
    assertEquals("no socket", run("encode", bundle.toString()));
  }

  @Test
  void theGuardSeesEveryKindOfSocket() throws Exception {
    for (String kind : List.of("socket", "channel", "datagram", "lookup")) {
      String output = run(kind, "");
      assertNotEquals("no socket", output);
      assertTrue(output.contains("network is forbidden"), kind + ": " + output);
    }
  }

  private String run(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(
        "-Djava.nio.channels.spi.SelectorProvider=" + NetworkGuard.Selectors.class.getName());
    command.add("-Djdk.net.hosts.file=" + new File("pom.xml").getAbsolutePath());
    // Nothing was ever extracted to this folder, so that the natives have to come out of the jar.
    command.add("-DENGINE_CACHE_DIR=" + folder.resolve("natives"));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(NetworkGuard.class.getName());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> lines = new ArrayList<>();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      out.lines().forEach(lines::add);
    }
    process.waitFor();
    return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
  }
}
