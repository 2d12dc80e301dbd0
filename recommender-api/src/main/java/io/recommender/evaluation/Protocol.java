package io.recommender.evaluation;

import io.recommender.Catalog;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;

/** What has to be the same for two reports to be comparable, by name and in order. Immutable. */
final class Protocol {
  private static final String POM = "/META-INF/maven/io.recommender/recommender-api/pom.properties";

  private final Map<String, Object> entries = new LinkedHashMap<>();

  Protocol(
      RankedLists lists, int[] cutoffs, MetricOptions options, SeenItems seenItems, long seed) {
    Split split = lists.split();
    Catalog catalog = lists.catalog();
    InteractionLog log = split.log();
    entries.put("dataset", log.name());
    entries.put("dataHash", "sha256:" + log.dataHash());
    entries.put("users", log.users().size());
    entries.put("items", log.itemIds().size());
    entries.put("interactions", log.interactions());
    entries.put("catalogItems", catalog.size());
    entries.put("split", split.name());
    entries.put(
        "trainingInteractions", split.training().stream().mapToLong(user -> user.size()).sum());
    entries.put("cases", split.cases().size());
    entries.put("usersWithoutCase", split.usersWithoutCase());
    count(split.cases(), catalog, options.relevanceThreshold());
    entries.put("candidates", "all items");
    entries.put("seenItems", seenItems == SeenItems.FILTER ? "filtered" : "kept");
    entries.put("ties", "in the order of the answer");
    entries.put("cutoffs", cutoffs);
    entries.put("relevanceThreshold", options.relevanceThreshold());
    entries.put("shortHeadShare", options.shortHeadShare());
    entries.put("tailRatio", options.tailRatio());
    entries.put("countsPadding", options.countsPadding());
    entries.put("seed", seed);
    entries.put("libraryVersion", libraryVersion());
  }

  void put(String name, Object value) {
    entries.put(name, value);
  }

  Map<String, Object> entries() {
    return entries;
  }

  private void count(List<EvaluationCase> cases, Catalog catalog, double threshold) {
    int emptyHistories = 0;
    int withoutRelevant = 0;
    int outside = 0;
    int inHistory = 0;
    for (EvaluationCase each : cases) {
      emptyHistories += each.history().isEmpty() ? 1 : 0;
      Set<String> history = new HashSet<>(each.history().itemIds());
      int relevant = 0;
      for (Map.Entry<String, Double> rated : each.ratings().entrySet()) {
        if (rated.getValue() >= threshold) {
          relevant++;
          outside += catalog.contains(rated.getKey()) ? 0 : 1;
          inHistory += history.contains(rated.getKey()) ? 1 : 0;
        }
      }
      withoutRelevant += relevant == 0 ? 1 : 0;
    }
    entries.put("casesWithEmptyHistory", emptyHistories);
    entries.put("casesWithoutRelevantItem", withoutRelevant);
    entries.put("relevantItemsOutsideCatalog", outside);
    entries.put("relevantItemsInHistory", inHistory);
  }

  private static String libraryVersion() {
    try (InputStream stream = Protocol.class.getResourceAsStream(POM)) {
      if (stream == null) {
        return "unpackaged";
      }
      Properties properties = new Properties();
      properties.load(stream);
      return properties.getProperty("version", "unknown");
    } catch (IOException e) {
      throw new UncheckedIOException(POM, e);
    }
  }
}
