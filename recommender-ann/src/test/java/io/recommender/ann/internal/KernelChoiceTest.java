package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a JVM says of the kernels it chose: one line if they are not the fast ones. */
@Timeout(120)
class KernelChoiceTest {
  /** Whoever asks gets the same kernels, chosen once. */
  public static void main(String[] args) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Thread thread = new Thread(VectorKernels::best);
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    System.out.println(VectorKernels.best());
  }

  /** Returns the lines that were logged about kernels by a JVM that used the scalar ones. */
  private static List<String> logged(String... flags) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(flags));
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=info");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(KernelChoiceTest.class.getName());
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, child.waitFor(), output);
    List<String> lines = output.lines().toList();
    assertTrue(lines.contains("ScalarVectorKernels"), output);
    return lines.stream().filter(line -> line.contains("VectorKernels - ")).toList();
  }

  private static void assertOneLine(List<String> lines, String level, String text) {
    assertEquals(1, lines.size(), lines::toString);
    assertTrue(lines.get(0).contains(level), lines::toString);
    assertTrue(lines.get(0).contains(text), lines::toString);
  }

  @Test
  void withoutTheModuleTheFlagIsTold() throws IOException, InterruptedException {
    assertOneLine(logged(), "INFO", "--add-modules jdk.incubator.vector");
  }

  @Test
  void withoutTheCompilerThatIsTold() throws IOException, InterruptedException {
    List<String> module = List.of("--add-modules", "jdk.incubator.vector");
    assertOneLine(logged(module.get(0), module.get(1), "-Xint"), "INFO", "compiler is off");
    assertOneLine(
        logged(module.get(0), module.get(1), "-XX:TieredStopAtLevel=1"), "INFO", "compiler is off");
  }

  @Test
  void whatWasAskedForIsNotTold() throws IOException, InterruptedException {
    assertEquals(List.of(), logged("-Drecommender.kernels=scalar"));
    assertEquals(
        List.of(), logged("--add-modules", "jdk.incubator.vector", "-Drecommender.kernels=scalar"));
  }
}
