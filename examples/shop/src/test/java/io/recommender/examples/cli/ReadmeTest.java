package io.recommender.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemEncoder;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.entities.EntityGraph;
import io.recommender.ann.memory.UserStore;
import io.recommender.ann.neighbors.MarkovRecommender;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.ann.text.KeywordIndex;
import io.recommender.ann.vectors.LinearMap;
import io.recommender.evaluation.Evaluator;
import io.recommender.examples.sessions.AppSessions;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.serving.SwappableRecommender;
import io.recommender.spi.NextTokenScorer;
import io.recommender.text.TextGenerator;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README says what is true: its example runs, its figures add up, its names exist. */
class ReadmeTest {
  private static final Path ROOT = Path.of("../..");
  private static final List<String> STATES = List.of("served", "partly", "not yet", "survey");

  /** Each by a class of it. */
  private static final List<String> PACKAGES =
      Stream.of(
              ItemEncoder.class,
              Evaluator.class,
              TextGenerator.class,
              NextTokenScorer.class,
              RecommenderBundle.class,
              FlatIndex.class,
              BeamDecoder.class,
              MarkovRecommender.class,
              UserStore.class,
              KeywordIndex.class,
              AppSessions.class,
              LinearMap.class,
              EntityGraph.class,
              RecommenderPipeline.class,
              SwappableRecommender.class)
          .map(Class::getPackageName)
          .toList();

  @TempDir Path folder;

  private static String readme() throws IOException {
    return Files.readString(ROOT.resolve("README.md"));
  }

  @Test
  void theExampleOfUseCompilesAndRuns() throws Exception {
    Matcher block = Pattern.compile("```java\n(import .*?)```", Pattern.DOTALL).matcher(readme());
    assertTrue(block.find(), "expected a Java example that begins with its imports");
    Path source = Files.writeString(folder.resolve("Shop.java"), block.group(1));
    List<String> lines = run(source);
    List<String> answers = lines.stream().filter(line -> line.contains(" from ")).toList();
    assertEquals(10, answers.size(), () -> String.join("\n", lines));
  }

  @Test
  void theTestOfAnApplicationCompilesAndPasses() throws Exception {
    Matcher block =
        Pattern.compile("```java\n(import static .*?\nclass HomePageTest .*?)```", Pattern.DOTALL)
            .matcher(readme());
    assertTrue(block.find(), "expected a test of an application");
    Path source = Files.writeString(folder.resolve("HomePageTest.java"), block.group(1));
    String classPath = absolute(System.getProperty("java.class.path"));
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-cp", classPath, "-d", folder.toString(), source.toString());
    assertEquals(0, status, "it compiles");
    int tests = 0;
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
      Class<?> type = loader.loadClass("HomePageTest");
      for (Method method : type.getDeclaredMethods()) {
        if (method.isAnnotationPresent(Test.class)) {
          Constructor<?> constructor = type.getDeclaredConstructor();
          constructor.setAccessible(true);
          method.setAccessible(true);
          method.invoke(constructor.newInstance());
          tests++;
        }
      }
    }
    assertEquals(2, tests);
  }

  private static List<String> run(Path source) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(java, source.toString())
            .directory(ROOT.toFile())
            .redirectErrorStream(true);
    // As an argument, one of more than 4,096 characters ends the launcher of source files.
    builder.environment().put("CLASSPATH", absolute(System.getProperty("java.class.path")));
    Process process = builder.start();
    List<String> lines = new ArrayList<>();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      out.lines().forEach(lines::add);
    }
    assertEquals(0, process.waitFor(), () -> String.join("\n", lines));
    return lines;
  }

  private static String absolute(String classPath) {
    return Stream.of(classPath.split(Pattern.quote(java.io.File.pathSeparator)))
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(java.io.File.pathSeparator));
  }

  @Test
  void theCoverageTableHasEverySystemAndCountsItsStates() throws IOException {
    Map<String, Integer> counts = new HashMap<>();
    int next = 1;
    Matcher row =
        Pattern.compile("^\\| (\\d+) \\| (.+?) \\| ([a-z ]+) \\| (.*) \\|$", Pattern.MULTILINE)
            .matcher(readme());
    while (row.find()) {
      assertEquals(next++, Integer.parseInt(row.group(1)));
      assertTrue(STATES.contains(row.group(3)), row.group());
      assertEquals(
          row.group(3).equals("not yet"), row.group(4).isBlank(), "what serves it: " + row.group());
      counts.merge(row.group(3), 1, Integer::sum);
    }
    assertEquals(64, next, "63 systems");
    String said =
        STATES.stream()
            .filter(counts::containsKey)
            .map(
                state ->
                    counts.get(state) + (state.equals("survey") ? " are surveys" : " " + state))
            .collect(Collectors.joining(", "));
    assertTrue(readme().contains("State today: " + said), counts::toString);
  }

  private static boolean isClass(String name) {
    return PACKAGES.stream()
        .anyMatch(
            packageName -> {
              try {
                Class.forName(packageName + "." + name);
                return true;
              } catch (ClassNotFoundException e) {
                return false;
              }
            });
  }

  @Test
  void everyNameInTheCoverageTableExists() throws IOException {
    String schema =
        new String(
            RecommenderBundle.class.getResourceAsStream("manifest.schema.json").readAllBytes(),
            StandardCharsets.UTF_8);
    Matcher row = Pattern.compile("^\\| \\d+ \\|.*$", Pattern.MULTILINE).matcher(readme());
    while (row.find()) {
      Matcher name = Pattern.compile("`([A-Za-z_]+)`").matcher(row.group());
      while (name.find()) {
        String found = name.group(1);
        assertTrue(
            isClass(found) || schema.contains('"' + found + '"'),
            () -> found + " is neither a class nor a word of the manifest");
      }
    }
  }
}
