package io.recommender.examples.benchmarks.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class TextBenchmarkTest {
  @TempDir Path folder;

  private String refusal(String embedding) throws IOException {
    Files.writeString(
        folder.resolve("manifest.json"), "{\"encoder\": {\"embedding\": {" + embedding + "}}}");
    Path texts = Files.writeString(folder.resolve("texts"), "one\n");
    StringWriter err = new StringWriter();
    int status =
        TextBenchmark.commandLine()
            .setErr(new PrintWriter(err, true))
            .execute(folder.toString(), "--file", texts.toString());
    assertEquals(CommandLine.ExitCode.USAGE, status, err::toString);
    return err.toString();
  }

  /** Before anything is opened: the engines compared with would end the process. */
  @Test
  void aBundleWithoutStatesToPoolByTheMeanIsRefused() throws IOException {
    for (String embedding : new String[] {"", "\"pooling\": \"NONE\""}) {
      String refusal = refusal(embedding);
      assertTrue(
          refusal.contains("manifest.json: /encoder/embedding/pooling: expected MEAN"), refusal);
      assertTrue(refusal.contains("--pool-outside), found NONE"), refusal);
    }
    assertTrue(refusal("\"pooling\": \"CLS\"").contains("found CLS"));
  }
}
