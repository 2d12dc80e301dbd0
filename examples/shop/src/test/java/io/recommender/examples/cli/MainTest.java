package io.recommender.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir private Path folder;

  private int run(String... arguments) {
    return Main.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
        .execute(arguments);
  }

  @Test
  void helpListsEveryCommandOnOneLine() {
    assertEquals(0, run("help"));
    for (String command :
        new String[] {
          "demo",
          "recommend",
          "evaluate",
          "cold",
          "parity",
          "rank",
          "bundle",
          "doctor",
          "gpu-check",
          "codes",
          "shop",
          "help"
        }) {
      assertEquals(
          1,
          out.toString().lines().filter(line -> line.startsWith("  " + command + " ")).count(),
          command + " in " + out);
    }
  }

  @Test
  void theDoctorTellsOfTheMachineTheBundleAndTheIndex() {
    assertEquals(0, run("doctor", "--bundle", "bundles/shop-vector", "--hnsw", "--sample", "20"));
    for (String fact :
        new String[] {
          "processors",
          "heap now",
          "memory to expect",
          "runtime",
          "threads a run",
          "kernels",
          "removed ratio",
          "recall of 10"
        }) {
      assertEquals(
          1,
          out.toString().lines().filter(line -> line.strip().startsWith(fact + " ")).count(),
          fact + " in " + out);
    }
    assertEquals(0, run("doctor", "--bundle", "bundles/shop-generative", "--json"));
    assertTrue(out.toString().contains("\"component\": \"BeamDecoder\""), out.toString());
    assertEquals(0, run("doctor", "--bundle", "bundles/shop-ranker", "--json"));
    assertTrue(out.toString().contains("\"component\": \"OnnxReranker\""), out.toString());
    assertEquals(0, run("doctor", "--bundle", "bundles/shop-text", "--json"));
    assertTrue(out.toString().contains("\"component\": \"OnnxItemEncoder\""), out.toString());
    assertEquals(0, run("doctor"));
  }

  @Test
  void aDeviceIsComparedWithTheCpu() {
    assertEquals(
        0, run("gpu-check", "--device", "cpu", "--seconds", "0.01"), () -> out.toString() + err);
    assertEquals(
        4, out.toString().lines().filter(line -> line.contains("yes: ")).count(), out.toString());
    assertEquals(
        20, out.toString().lines().filter(line -> line.contains("batch ")).count(), out.toString());
    assertEquals(2, run("gpu-check", "--device", "gpu"));
    assertEquals(2, run("gpu-check", "--seconds", "0"));
  }

  @Test
  void theCheckOfAGpuSaysWhatIsMissingWhereThereIsNone() {
    int status = run("gpu-check", "--bundle", "bundles/shop", "--seconds", "0.01");
    boolean hasGpu = err.toString().isEmpty();
    assertEquals(hasGpu ? 0 : 1, status, () -> out.toString() + err);
    String said = hasGpu ? out.toString() : err.toString();
    assertTrue(said.contains(hasGpu ? "yes: " : "error: DEVICE_UNAVAILABLE: "), said);
  }

  @Test
  void noCommandIsAUsageError() {
    assertEquals(2, run());
    assertTrue(err.toString().startsWith("expected a command, found none"), err.toString());
  }

  @Test
  void anUnknownOptionIsAUsageError() {
    assertEquals(2, run("demo", "--bundel", "x"));
    assertTrue(err.toString().contains("--bundel"), err.toString());
  }

  @Test
  void wrongNumbersAreUsageErrors() {
    assertEquals(2, run("recommend", "--bundle", "x", "-k", "0"));
    assertEquals(2, run("evaluate", "--data", "x"));
    assertEquals(2, run("evaluate", "--data", "x", "--baselines", "--users", "0"));
    assertEquals(2, run("evaluate", "--data", "x", "--baselines", "--cutoffs", "5,0"));
    assertEquals(2, run("shop", "data", "--out", folder.toString(), "--shoppers", "-1"));
    assertEquals(2, run("shop"));
    assertEquals(2, run("demo", "generativ"));
    assertEquals(2, run("demo", "generative", "--without-model"));
    assertEquals(2, run("codes", "--bundle", "x", "--out", "y", "--levels", "0"));
    assertEquals(2, run("bundle"));
    assertEquals(2, run("shop"));
    assertEquals(2, run("shop", "--serve", "--check"));
    assertEquals(2, run("shop", "--serve", "--port", "70000"));
  }

  @Test
  void anErrorIsOneLineThatNamesWhatWasFound() {
    String missing = folder.resolve("none").toString();
    for (String[] arguments :
        new String[][] {
          {"demo", "--bundle", missing},
          {"demo", "generative", "--bundle", missing},
          {"codes", "--bundle", missing, "--out", "codes.json"},
          {"demo", "ranker", "--bundle", missing},
          {"rank", "--bundle", missing, "--rows", "rows.jsonl"},
          {"recommend", "--bundle", missing},
          {"bundle", "info", missing},
          {"bundle", "seal", missing},
          {"evaluate", "--data", missing, "--baselines"}
        }) {
      err.getBuffer().setLength(0);
      assertEquals(1, run(arguments));
      assertEquals(1, err.toString().lines().count(), err.toString());
      assertTrue(err.toString().startsWith("error: "), err.toString());
      assertTrue(err.toString().contains(missing), err.toString());
    }
  }

  @Test
  void theBundleOfAnEncoderIsShown() {
    assertEquals(0, run("bundle", "info", "bundles/shop-text"));
    assertTrue(out.toString().contains("ITEM_ENCODER"), out.toString());
    assertTrue(out.toString().contains("category, title"), out.toString());
    assertFalse(out.toString().contains("the newest 0 interactions"), out.toString());
  }

  @Test
  void theBundleOfARankerIsShownAndMeasured() throws Exception {
    String pairs = "../../recommender-onnx/src/test/resources/cross/bert";
    assertEquals(0, run("bundle", "info", pairs));
    assertTrue(out.toString().contains("golden candidates scored"), out.toString());
    assertEquals(0, run("doctor", "--bundle", pairs, "--json"));
    assertTrue(out.toString().contains("OnnxCrossEncoder"), out.toString());
    assertEquals(0, run("bundle", "info", "bundles/shop-ranker"));
    assertTrue(out.toString().contains("POINTWISE_RANKER"), out.toString());
    assertTrue(out.toString().contains("click, buy"), out.toString());
    Path rows =
        Files.writeString(
            folder.resolve("rows.jsonl"),
            "{\"history\": [{\"item\": \"sku-00001\", \"behavior\": \"click\"}], \"candidates\": [\"sku-00001\","
                + " \"sku-01000\"], \"labels\": {\"click\": [1, 0], \"buy\": [1, 0]}}\n");
    assertEquals(0, run("rank", "--bundle", "bundles/shop-ranker", "--rows", rows.toString()));
    assertTrue(out.toString().contains("2 of 1 requests"), out.toString());
    assertTrue(
        out.toString().matches("(?s).*click +AUC [01]\\.000000, log loss.*"), out.toString());
    Files.writeString(rows, "{\"candidates\": [\"sku-00001\"], \"labels\": {\"click\": [1]}}\n");
    assertEquals(1, run("rank", "--bundle", "bundles/shop-ranker", "--rows", rows.toString()));
    assertTrue(err.toString().contains("expected a label of task 'buy'"), err.toString());
  }

  @Test
  void aStackTraceIsShownOnRequest() {
    assertEquals(1, run("bundle", "info", "--stacktrace", folder.resolve("none").toString()));
    assertTrue(err.toString().contains("\tat io.recommender"), err.toString());
  }

  @Test
  void theDemoRunsWithoutABundle() {
    assertEquals(0, run("demo", "--without-model", "--users", "60"));
    assertTrue(out.toString().contains("NDCG@10"), out.toString());
    assertTrue(out.toString().contains("RecommenderBundle.open"), out.toString());
  }

  @Test
  void textsFindItemsThatNobodyHasMet() throws Exception {
    assertEquals(0, run("shop", "data", "--out", folder.toString(), "--shoppers", "150"));
    Path json = folder.resolve("reports");
    assertEquals(
        0,
        run(
            "cold",
            "--data",
            folder.toString(),
            "--bundle",
            "bundles/shop-vector",
            "--encoder",
            "bundles/shop-text",
            "--share",
            "0.3",
            "--json",
            json.toString()));
    assertTrue(out.toString().contains("747 of 2,491 items held out"), out.toString());
    double ofIds = hitRate(json.resolve("held-out.json"), "ids");
    double ofTexts = hitRate(json.resolve("held-out.json"), "texts");
    assertEquals(0, ofIds);
    assertTrue(ofTexts > 0, "texts find " + ofTexts);
    assertTrue(Files.isRegularFile(json.resolve("all.json")));
    assertEquals(
        2,
        run("cold", "--data", "x", "--bundle", "x", "--encoder", "x", "--share", "1"),
        err.toString());
  }

  /** The share of cases in which the first twenty items have the one asked for. */
  private static double hitRate(Path report, String recommender) throws Exception {
    for (JsonNode result :
        new ObjectMapper().readTree(Files.readString(report)).get("recommenders")) {
      if (result.get("name").textValue().equals(recommender)) {
        return result.at("/metrics/hitRate/20").doubleValue();
      }
    }
    throw new AssertionError("no " + recommender + " in " + report);
  }

  @Test
  void shopDataWritesWhatEvaluateReads() throws Exception {
    assertEquals(0, run("shop", "data", "--out", folder.toString(), "--shoppers", "300"));
    assertTrue(out.toString().contains("300 shoppers"), out.toString());
    Path json = folder.resolve("report.json");
    Path html = folder.resolve("report.html");
    assertEquals(
        0,
        run(
            "evaluate",
            "--data",
            folder.toString(),
            "--baselines",
            "--users",
            "50",
            "--filter-seen",
            "--json",
            json.toString(),
            "--report",
            html.toString()));
    assertTrue(Files.readString(json).contains("\"item-kNN\""));
    assertTrue(Files.readString(html).contains("item-kNN"));
  }
}
