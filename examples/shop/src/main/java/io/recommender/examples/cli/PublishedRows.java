package io.recommender.examples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.recommender.evaluation.Metric;
import io.recommender.evaluation.ReferenceRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Published values to print beside measured ones: {@code {"SASRec (published)": {"HR@10":
 * 0.0605}}}.
 */
final class PublishedRows {
  private PublishedRows() {}

  static List<ReferenceRow> read(Path file) throws IOException {
    JsonNode root = new ObjectMapper().readTree(file.toFile());
    List<ReferenceRow> rows = new ArrayList<>();
    for (Map.Entry<String, JsonNode> row : root.properties()) {
      ReferenceRow reference = ReferenceRow.of(row.getKey());
      for (Map.Entry<String, JsonNode> value : row.getValue().properties()) {
        String[] name = value.getKey().split("@", 2);
        if (name.length != 2 || !name[1].matches("[1-9][0-9]*") || !value.getValue().isNumber()) {
          throw new IllegalArgumentException(
              "%s, '%s': expected a value such as \"HR@10\": 0.06, found \"%s\": %s"
                  .formatted(file, row.getKey(), value.getKey(), value.getValue()));
        }
        reference =
            reference.with(
                metric(file, name[0]), Integer.parseInt(name[1]), value.getValue().doubleValue());
      }
      rows.add(reference);
    }
    return rows;
  }

  private static Metric metric(Path file, String label) {
    for (Metric metric : Metric.values()) {
      if (metric.label().equals(label)) {
        return metric;
      }
    }
    throw new IllegalArgumentException(
        "%s: expected a metric among %s, found '%s'"
            .formatted(
                file,
                Arrays.stream(Metric.values()).map(Metric::label).collect(Collectors.joining(", ")),
                label));
  }
}
