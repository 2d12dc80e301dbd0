package io.recommender.examples.benchmarks.index;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The process of one engine, seen from outside. Confined. */
final class EngineProcess implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LOG_LINES = 8;
  private static final String SCRIPT = "hnswlib_worker.py";
  private static final String VECTOR_MODULE = "--add-modules=jdk.incubator.vector";

  private final Process process;
  private final Path log;
  private final BufferedReader in;
  private final BufferedWriter out;

  private EngineProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
    in =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    out =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
  }

  /** What an engine says when it cannot do what it is asked to. */
  static final class EngineException extends IOException {
    private static final long serialVersionUID = 1L;

    EngineException(String message) {
      super(message);
    }
  }

  /**
   * Says why an engine cannot be measured here, if it cannot.
   *
   * @throws IOException if the JDK of the Java engines cannot be started
   */
  static Optional<String> absence(Engine engine, BenchmarkSettings.Processes processes)
      throws IOException {
    if (engine.kind() == Engine.Kind.PYTHON) {
      return pythonAbsence(processes.python());
    }
    if (!engine.isBuilt()) {
      return Optional.of(engine.absence());
    }
    int version = javaFeature(processes.javaHome());
    return version < engine.leastJdk()
        ? Optional.of("needs JDK %d or newer, this is %d".formatted(engine.leastJdk(), version))
        : Optional.empty();
  }

  private static Optional<String> pythonAbsence(String python) {
    try {
      Output output = run(List.of(python, "-c", "import hnswlib, numpy"));
      return output.status() == 0
          ? Optional.empty()
          : Optional.of("%s: %s; pip install hnswlib numpy".formatted(python, output.lastLine()));
    } catch (IOException e) {
      return Optional.of("needs Python with the packages hnswlib and numpy: " + e.getMessage());
    }
  }

  /** Returns the version of a JDK as its own launcher tells it, and its name. */
  static String javaVersion(Path javaHome) throws IOException {
    if (javaHome.equals(Path.of(System.getProperty("java.home")))) {
      return System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version");
    }
    return property(javaHome, "java.vm.name") + " " + property(javaHome, "java.vm.version");
  }

  private static int javaFeature(Path javaHome) throws IOException {
    return javaHome.equals(Path.of(System.getProperty("java.home")))
        ? Runtime.version().feature()
        : Integer.parseInt(property(javaHome, "java.specification.version"));
  }

  private static String property(Path javaHome, String name) throws IOException {
    Output output = run(List.of(java(javaHome), "-XshowSettings:properties", "-version"));
    return output
        .text()
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith(name + " = "))
        .map(line -> line.substring(name.length() + 3))
        .findFirst()
        .orElseThrow(
            () -> new IOException("--java-home: expected a JDK, found " + output.lastLine()));
  }

  private record Output(int status, String text) {
    String lastLine() {
      List<String> lines = text.lines().toList();
      return lines.isEmpty() ? "exit status " + status : lines.get(lines.size() - 1);
    }
  }

  private static Output run(List<String> command) throws IOException {
    Process started = new ProcessBuilder(command).redirectErrorStream(true).start();
    started.getOutputStream().close();
    String text;
    try (InputStream output = started.getInputStream()) {
      text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
    }
    return new Output(started.onExit().join().exitValue(), text);
  }

  private static String java(Path javaHome) {
    return javaHome.resolve("bin").resolve("java").toString();
  }

  /**
   * Starts an engine.
   *
   * @param scratch a folder for its log
   */
  static EngineProcess start(Engine engine, BenchmarkSettings.Processes processes, Path scratch)
      throws IOException {
    List<String> command = new ArrayList<>();
    if (engine.kind() == Engine.Kind.PYTHON) {
      Path script = scratch.resolve(SCRIPT);
      try (InputStream source = EngineProcess.class.getResourceAsStream(SCRIPT)) {
        Files.write(script, source.readAllBytes());
      }
      command.addAll(List.of(processes.python(), script.toString()));
    } else {
      command.addAll(List.of(java(processes.javaHome()), VECTOR_MODULE));
      command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseParallelGC"));
      command.addAll(processes.jvmArguments());
      command.addAll(List.of("-cp", System.getProperty("java.class.path")));
      command.add(EngineWorker.class.getName());
    }
    Path log = scratch.resolve(engine.id() + ".log");
    return new EngineProcess(new ProcessBuilder(command).redirectError(log.toFile()).start(), log);
  }

  /**
   * Sends a command and waits for the answer.
   *
   * @throws EngineException if the engine answers with an error or has ended
   */
  JsonNode ask(String command, Map<String, ?> arguments) throws IOException {
    String line;
    try {
      JsonNode request =
          JSON.createObjectNode()
              .put("command", command)
              .setAll((ObjectNode) JSON.valueToTree(arguments));
      out.write(request.toString());
      out.newLine();
      out.flush();
      line = in.readLine();
    } catch (IOException e) {
      line = null;
    }
    if (line == null) {
      List<String> lines = Files.readAllLines(log);
      String tail =
          String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
      throw new EngineException("%s: the process ended%n%s".formatted(command, tail).strip());
    }
    JsonNode answer = JSON.readTree(line);
    if (answer.has("error")) {
      throw new EngineException(command + ": " + answer.path("error").asText());
    }
    return answer;
  }

  /** Ends the process. */
  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      process.destroyForcibly();
    }
    process.onExit().join();
  }
}
