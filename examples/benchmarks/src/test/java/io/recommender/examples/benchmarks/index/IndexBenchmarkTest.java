package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IndexBenchmarkTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return IndexBenchmark.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
        .execute(arguments);
  }

  /** Short, for what is measured does not matter here. */
  private int runTiny(String... arguments) {
    List<String> all =
        new ArrayList<>(
            List.of("--n", "300", "--dimension", "16", "--query-count", "20", "--rounds", "2"));
    all.addAll(List.of("--window", "1", "--warmup", "1", "--ef", "40,10"));
    all.addAll(List.of(arguments));
    return run(all.toArray(String[]::new));
  }

  @Test
  void enginesAreComparedInProcessesOfTheirOwn() throws IOException {
    int status =
        runTiny(
            "--engines",
            "hnsw,flat",
            "--threads",
            "1,2",
            "--ef-construction-of",
            "hnsw=50",
            "--filter",
            "0.1,cluster:0.05",
            "--out",
            folder.toString());
    assertEquals(0, status, err.toString());

    JsonNode report = new ObjectMapper().readTree(folder.resolve("report.json").toFile());
    assertEquals(1, report.path("version").asInt());
    assertEquals(300, report.at("/data/items").asInt());
    assertEquals(16, report.at("/data/dimension").asInt());
    assertEquals(20, report.at("/data/queries").asInt());
    assertEquals(
        SyntheticVectors.generate(300, 16, 20, 42, SyntheticVectors.Norms.UNIT).sha256(),
        report.at("/data/sha256").asText());
    assertEquals("[10,40]", report.at("/parameters/ef").toString());
    assertEquals("{\"hnsw\":50}", report.at("/parameters/efConstructionOf").toString());
    assertTrue(out.toString().contains("efConstruction 100, of hnsw 50"), out.toString());
    assertTrue(report.path("absent").isEmpty());
    assertEquals(2, report.path("engines").size());
    for (JsonNode engine : report.path("engines")) {
      boolean exact = engine.path("exact").asBoolean();
      assertEquals(exact ? "flat" : "hnsw", engine.path("engine").asText());
      assertEquals(2, engine.path("builds").size());
      assertEquals(2, engine.at("/builds/1/threads").asInt());
      assertTrue(engine.path("notes").isEmpty(), engine.path("notes").toString());
      checkSearches(engine.path("searches"), exact);
      assertEquals(5, engine.path("cpuQpsAtRecall").size());
      assertEquals(2, engine.path("filtered").size());
      assertEquals("random 10 %", engine.at("/filtered/0/filter").asText());
      assertEquals(0.05, engine.at("/filtered/1/selectivity").asDouble());
      engine.path("filtered").forEach(found -> checkSearches(found.path("searches"), exact));
    }

    String page = Files.readString(folder.resolve("report.html"));
    assertTrue(page.startsWith("<!DOCTYPE html>") && page.endsWith("</html>\n"), page);
    assertTrue(page.contains("<svg") && page.contains(report.at("/data/sha256").asText()));
    assertFalse(page.contains("http") || page.contains("NaN"), page);
    assertTrue(out.toString().contains("CPU QPS at recall@10"), out.toString());
  }

  /** With so few items both indexes are exact. */
  private static void checkSearches(JsonNode searches, boolean exact) {
    assertEquals(exact ? 1 : 2, searches.size());
    for (JsonNode search : searches) {
      assertEquals(1, search.path("recall").asDouble());
      assertEquals(0, search.path("shortAnswers").asInt());
      assertEquals(2, search.at("/cpuQps/rounds").size());
      assertTrue(search.at("/cpuQps/min").asDouble() > 0);
      assertTrue(search.at("/qps/median").asDouble() > 0);
      assertTrue(search.path("p50Micros").asDouble() <= search.path("p99Micros").asDouble());
    }
  }

  /** Were the filter kept as it was, answers would have items that are gone, or lack new ones. */
  @Test
  void aFilterMayChangeWhileItIsUsed() throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("--n=400", "--dimension=8", "--query-count=350", "--rounds=1"));
    arguments.addAll(List.of("--window=1", "--warmup=1", "--ef=40", "--engines=hnsw"));
    arguments.addAll(List.of("--filter=live:0.5,live", "--out=" + folder));
    assertEquals(0, run(arguments.toArray(String[]::new)), err.toString());
    JsonNode report = new ObjectMapper().readTree(folder.resolve("report.json").toFile());
    JsonNode engine = report.at("/engines/0");
    assertTrue(engine.path("notes").isEmpty(), engine.path("notes").toString());
    assertEquals("live 50 %", engine.at("/filtered/0/filter").asText());
    assertEquals("live 90 %", engine.at("/filtered/1/filter").asText());
    for (JsonNode filtered : engine.path("filtered")) {
      JsonNode search = filtered.at("/searches/0");
      assertEquals(1, search.path("recall").asDouble());
      assertEquals(0, search.path("shortAnswers").asInt());
    }
    String page = Files.readString(folder.resolve("report.html"));
    assertTrue(page.contains("some of them change every 100 searches"), page);
    assertTrue(out.toString().contains("Filter: live 50 %, 0.5 of the items"), out.toString());
  }

  @Test
  void vectorsAreReadFromFiles() throws IOException {
    BenchmarkData data = SyntheticVectors.generate(100, 4, 10, 1, SyntheticVectors.Norms.LOGNORMAL);
    Path base = folder.resolve("base.npy");
    Path queries = folder.resolve("queries.npy");
    NpyFormat.write(base, data.base());
    NpyFormat.write(queries, data.queries());
    JsonNode read = reported("--base=" + base, "--queries=" + queries);
    assertEquals("base.npy", read.path("description").asText());
    assertEquals(data.sha256(), read.path("sha256").asText());

    JsonNode means = reported("--base=" + base, "--mean-of=3", "--query-count=7", "--seed=5");
    assertEquals("base.npy, queries the mean of 3 items", means.path("description").asText());
    float[][] expected = MeanQueries.of(data.base(), 7, 3, 5);
    assertEquals(new BenchmarkData(data.base(), expected).sha256(), means.path("sha256").asText());
  }

  /** Returns what the report of a short run says of its data. */
  private JsonNode reported(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--engines=flat", "--metric=l2", "--rounds=1", "--window=1", "--warmup=1"));
    all.add("--out=" + folder);
    assertEquals(0, run(all.toArray(String[]::new)), err.toString());
    return new ObjectMapper().readTree(folder.resolve("report.json").toFile()).path("data");
  }

  @Test
  void anEngineThatIsNotThereIsLeftOut() {
    String python = folder.resolve("no-python").toString();
    assertEquals(0, runTiny("--engines=flat,hnswlib", "--python=" + python), err.toString());
    assertTrue(
        err.toString()
            .contains("hnswlib (C++) left out: needs Python with the packages hnswlib and numpy"),
        err.toString());
    assertTrue(out.toString().contains("hnswlib        left out: needs Python"), out.toString());
    assertEquals(1, runTiny("--engines=hnswlib", "--python=" + python));
    assertTrue(err.toString().contains("error: no engine could be started"), err.toString());
  }

  @Test
  void aProcessThatEndsIsAFailure() {
    assertEquals(1, runTiny("--engines=flat", "--jvm-arg=-XX:NoSuchFlag"));
    assertTrue(err.toString().contains("FlatIndex failed: open: the process ended"));
    assertTrue(err.toString().contains("NoSuchFlag"), err.toString());
  }

  @Test
  void wrongOptionsAreExplained() {
    usage(
        "--engines: expected some of hnsw, hnsw-float, hnsw-int1, hnsw-int8, flat, jvector, lucene, hnswlib, found 'faiss'",
        "--engines=hnsw,faiss");
    usage("--base and --queries: expected both or neither", "--base=a.npy");
    usage("--mean-of: expected at least 1, found 0", "--mean-of=0");
    usage("--mean-of and --queries: expected one of them", "--mean-of=3", "--queries=a.npy");
    usage(
        "--data: expected synthetic, found sift; for files use --base and --queries",
        "--data=sift");
    usage("--filter: expected a share above 0 and at most 1", "--filter=2");
    usage("--ef: expected at least 1, found 0", "--ef=0,10");
    usage("--ef-construction-of: expected at least 1, found 0", "--ef-construction-of=hnsw=0");
    usage(
        "--ef-construction-of: expected one of the engines measured, found faiss",
        "--ef-construction-of=faiss=50");
    usage("--m: expected 2 to 256, found 1", "--m=1");
    usage("-k: expected at most the number of items, 5", "--n=5");
    usage("--metric", "--metric=hamming");
  }

  private void usage(String message, String... arguments) {
    err.getBuffer().setLength(0);
    assertEquals(2, run(arguments), message);
    assertTrue(err.toString().contains(message), err.toString());
  }

  @Test
  void missingFilesAreNamed() {
    assertEquals(1, run("--base=no.npy", "--queries=no.npy"));
    assertTrue(err.toString().contains("error: no.npy: no such file"), err.toString());
  }
}
