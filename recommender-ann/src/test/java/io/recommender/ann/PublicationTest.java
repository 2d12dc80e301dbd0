package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Runs {@link PublicationStress}; its report is kept in the build's folder. */
class PublicationTest {
  private static final Path FOLDER = Path.of("target", "jcstress").toAbsolutePath();

  @Test
  void noForbiddenOutcomeIsSeen() throws IOException, InterruptedException {
    Files.createDirectories(FOLDER);
    Path output = FOLDER.resolve("output.txt");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of("org.openjdk.jcstress.Main", "-t", "PublicationStress"));
    command.addAll(
        List.of("-jvmArgs", "-XX:+UnlockDiagnosticVMOptions -XX:+StressLCM -XX:+StressGCM"));
    command.addAll(List.of("-m", "quick", "-sc", "false", "-af", "NONE", "-c", "2", "-hs", "256"));
    command.addAll(List.of("-f", "1", "-iters", "3", "-time", "500"));
    command.addAll(List.of("-strideSize", "20", "-strideCount", "5"));
    command.addAll(List.of("-r", FOLDER.resolve("report").toString()));
    Process process =
        new ProcessBuilder(command)
            .directory(FOLDER.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    int status = process.waitFor();
    String text = Files.readString(output);
    assertEquals(0, status, text);
    assertTrue(text.contains("Failed tests: No matches."), text);
    assertTrue(text.contains("Error tests: No matches."), text);
    assertTrue(text.contains("All remaining tests: 4 matching test results."), text);
  }
}
