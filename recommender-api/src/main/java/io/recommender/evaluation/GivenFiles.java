package io.recommender.evaluation;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Reads training, test and list files without a header, as other evaluators exchange them. */
final class GivenFiles {
  private GivenFiles() {}

  static Split split(Path train, Path test) throws IOException {
    byte[] trainBytes = Files.readAllBytes(train);
    byte[] testBytes = Files.readAllBytes(test);
    Map<String, List<Interaction>> training =
        interactions(InteractionLog.fileName(train), trainBytes);
    Map<String, List<Interaction>> tests = interactions(InteractionLog.fileName(test), testBytes);
    Set<String> userIds = new LinkedHashSet<>(training.keySet());
    userIds.addAll(tests.keySet());
    List<UserHistory> users = new ArrayList<>(userIds.size());
    List<UserHistory> trained = new ArrayList<>(userIds.size());
    List<EvaluationCase> cases = new ArrayList<>(userIds.size());
    for (String userId : userIds) {
      List<Interaction> all = new ArrayList<>(training.getOrDefault(userId, List.of()));
      UserHistory history = UserHistory.of(all).forUser(userId);
      Map<String, Double> ratings = new LinkedHashMap<>();
      for (Interaction interaction : tests.getOrDefault(userId, List.of())) {
        ratings.merge(interaction.itemId(), Ratings.of(interaction), Math::max);
        all.add(interaction);
      }
      users.add(UserHistory.of(all).forUser(userId));
      trained.add(history);
      cases.add(EvaluationCase.of(history, ratings));
    }
    String name = InteractionLog.fileName(train) + " + " + InteractionLog.fileName(test);
    InteractionLog log =
        new InteractionLog(name, users, InteractionLog.hash(trainBytes, testBytes));
    return Split.of("given files", log, trained, cases);
  }

  static RankedLists lists(Path file, Split split, Catalog catalog) throws IOException {
    String name = InteractionLog.fileName(file);
    Map<String, TreeMap<Integer, String>> lists = new HashMap<>();
    for (EvaluationCase each : split.cases()) {
      String userId = each.history().userId().orElse("");
      if (lists.put(userId, new TreeMap<>()) != null) {
        throw new IllegalArgumentException(
            "split: expected one case per user, found two of user '%s'".formatted(userId));
      }
    }
    String[] lines = LogParser.lines(Files.readAllBytes(file));
    for (int i = 0; i < lines.length; i++) {
      if (lines[i].isBlank()) {
        continue;
      }
      String[] fields = atLeast(name, i, lines[i], 3);
      TreeMap<Integer, String> list = lists.get(fields[0]);
      if (list == null) {
        throw LogParser.error(name, i, "expected a user of the split, found '%s'", fields[0]);
      }
      if (!catalog.contains(fields[2])) {
        throw LogParser.error(name, i, "expected an item of the catalogue, found '%s'", fields[2]);
      }
      int rank = (int) LogParser.number(name, i, "rank", fields[1]);
      if (list.put(rank, fields[2]) != null) {
        throw LogParser.error(name, i, "expected each rank of a user once, found %d again", rank);
      }
    }
    List<List<String>> ranked = new ArrayList<>(split.cases().size());
    for (EvaluationCase each : split.cases()) {
      ranked.add(List.copyOf(lists.get(each.history().userId().orElse("")).values()));
    }
    return RankedLists.of(split, catalog, ranked);
  }

  private static Map<String, List<Interaction>> interactions(String file, byte[] content)
      throws IOException {
    Map<String, List<Interaction>> users = new LinkedHashMap<>();
    String[] lines = LogParser.lines(content);
    for (int i = 0; i < lines.length; i++) {
      if (lines[i].isBlank()) {
        continue;
      }
      String[] fields = atLeast(file, i, lines[i], 2);
      LogParser.requirePresent(file, i, "user", fields[0]);
      LogParser.requirePresent(file, i, "item", fields[1]);
      Interaction interaction = Interaction.of(fields[1]);
      if (fields.length > 2) {
        double rating = LogParser.number(file, i, "rating", fields[2]);
        interaction = interaction.withContext(Ratings.FEATURE, new Feature.Scalar(rating));
      }
      users.computeIfAbsent(fields[0], id -> new ArrayList<>()).add(interaction);
    }
    return users;
  }

  private static String[] atLeast(String file, int index, String line, int count)
      throws IOException {
    String[] fields = line.split("\t", -1);
    if (fields.length < count) {
      throw LogParser.error(
          file,
          index,
          "expected at least %d columns separated by tabs, found %d",
          count,
          fields.length);
    }
    return fields;
  }
}
