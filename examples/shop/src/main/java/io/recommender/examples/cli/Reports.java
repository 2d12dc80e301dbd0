package io.recommender.examples.cli;

import io.recommender.evaluation.EvaluationReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes reports as files. */
final class Reports {
  private Reports() {}

  /** Writes a page that needs no other file; folders that do not exist are created. */
  static void writeHtml(EvaluationReport report, Path file) throws IOException {
    write(file, report.toHtml(true));
  }

  static void writeJson(EvaluationReport report, Path file) throws IOException {
    write(file, report.toJson(true));
  }

  private static void write(Path file, String content) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Files.writeString(file, content);
  }
}
