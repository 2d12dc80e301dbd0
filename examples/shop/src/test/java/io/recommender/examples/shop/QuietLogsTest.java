package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Logs name no user, no item and nothing that was asked, except at TRACE: everything that all
 * modules log from DEBUG on is read, of a process of its own.
 */
class QuietLogsTest {
  @TempDir private Path folder;

  private List<String> logged() throws Exception {
    Path settings =
        Files.writeString(
            folder.resolve("logging.properties"),
            """
            handlers = java.util.logging.ConsoleHandler
            java.util.logging.ConsoleHandler.level = FINE
            .level = FINE
            """);
    Path output = folder.resolve("output");
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=debug",
                "-Djava.util.logging.config.file=" + settings,
                "-DENGINE_CACHE_DIR=" + System.getProperty("ENGINE_CACHE_DIR"),
                "-cp",
                System.getProperty("java.class.path"),
                QuietLogsChild.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    int status = child.waitFor();
    List<String> lines = Files.readAllLines(output);
    assertEquals(0, status, () -> String.join("\n", lines));
    assertTrue(lines.contains(QuietLogsChild.END), () -> String.join("\n", lines));
    return lines;
  }

  @Test
  void noLogNamesWhoAskedOrForWhat() throws Exception {
    List<String> lines = logged();
    String all = String.join("\n", lines);
    assertTrue(all.contains("opened shop"), all);
    assertTrue(all.contains("a listener of type"), all);
    assertEquals(
        List.of(),
        lines.stream()
            .filter(line -> line.contains(QuietLogsChild.MARK) || line.contains("sku-"))
            .toList());
  }
}
