package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that learns and saves is killed; what it saved last, or just saved, is there. */
class MemoryKillTest {
  private static final String TASK = "click";
  private static final ErrorMemoryOptions OPTIONS =
      ErrorMemoryOptions.defaults().neighbors(1).strength(1).capacity(1 << 20);

  @TempDir private Path folder;

  /** Observes key after key and saves after each, for ever; prints a byte for each save. */
  public static void main(String[] args) {
    Path file = Path.of(args[0]);
    ErrorMemory memory =
        Files.exists(file) ? ErrorMemory.open(file) : ErrorMemory.of(1, List.of(TASK), OPTIONS);
    while (true) {
      int number = memory.size(TASK);
      memory.observe(TASK, new float[] {number}, 0.5f, number % 2);
      memory.save(file);
      System.out.write('s');
      System.out.flush();
    }
  }

  private Process start(Path file) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            MemoryKillTest.class.getName(),
            file.toString())
        .redirectError(folder.resolve("errors").toFile())
        .start();
  }

  @Test
  void whatWasSavedBeforeTheKillIsThereWhole() throws Exception {
    Path file = folder.resolve("memory");
    Random random = new Random(7);
    int saved = 0;
    for (int kill = 0; kill < 5; kill++) {
      Process child = start(file);
      try {
        InputStream said = child.getInputStream();
        int wanted = 1 + random.nextInt(40);
        for (int i = 0; i < wanted; i++) {
          assertEquals('s', said.read(), "a save");
          saved++;
        }
      } finally {
        child.destroyForcibly().waitFor();
      }
      ErrorMemory memory = ErrorMemory.open(file);
      int size = memory.size(TASK);
      int told = saved;
      assertTrue(size >= told, () -> "told of " + told + ", found " + size);
      for (int number = 0; number < size; number++) {
        assertEquals(number % 2, memory.compensate(TASK, new float[] {number}, 0.5f));
      }
      saved = size;
      assertEquals("", Files.readString(folder.resolve("errors")));
    }
  }
}
