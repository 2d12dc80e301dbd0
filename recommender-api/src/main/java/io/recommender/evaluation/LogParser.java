package io.recommender.evaluation;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringTokenizer;

/** Reads interaction logs; every error names the file and the line. */
final class LogParser {
  private static final double FIRST_MILLISECONDS = 1e11;

  private LogParser() {}

  static List<UserHistory> sequences(String file, byte[] content) throws IOException {
    List<UserHistory> users = new ArrayList<>();
    Map<String, Integer> lineOfUser = new HashMap<>();
    Map<String, Interaction> interactions = new HashMap<>();
    String[] lines = lines(content);
    for (int i = 0; i < lines.length; i++) {
      StringTokenizer tokens = new StringTokenizer(lines[i], " \t");
      if (!tokens.hasMoreTokens()) {
        continue;
      }
      String user = tokens.nextToken();
      Integer earlier = lineOfUser.putIfAbsent(user, i + 1);
      if (earlier != null) {
        throw error(file, i, "expected each user once, found '%s' of line %d", user, earlier);
      }
      if (!tokens.hasMoreTokens()) {
        throw error(file, i, "expected a user and its items, found only '%s'", user);
      }
      List<Interaction> sequence = new ArrayList<>(tokens.countTokens());
      while (tokens.hasMoreTokens()) {
        sequence.add(interactions.computeIfAbsent(tokens.nextToken(), Interaction::of));
      }
      users.add(UserHistory.of(sequence).forUser(user));
    }
    return users;
  }

  static List<UserHistory> table(String file, byte[] content) throws IOException {
    String[] lines = lines(content);
    if (lines.length == 0) {
      throw error(file, 0, "expected a header with user, item and timestamp, found nothing");
    }
    List<String> header =
        Arrays.stream(lines[0].split("\t", -1)).map(LogParser::columnName).toList();
    int user = column(file, header, "user");
    int item = column(file, header, "item");
    int time = column(file, header, "timestamp");
    int behavior = header.indexOf("behavior");
    int rating = header.indexOf("rating");
    Map<String, List<Interaction>> users = new LinkedHashMap<>();
    Map<String, String> itemIds = new HashMap<>();
    for (int i = 1; i < lines.length; i++) {
      if (lines[i].isBlank()) {
        continue;
      }
      String[] fields = fields(file, i, lines[i], header.size());
      requirePresent(file, i, "user", fields[user]);
      requirePresent(file, i, "item", fields[item]);
      String itemId = itemIds.computeIfAbsent(fields[item], id -> id);
      Interaction interaction = Interaction.of(itemId).withTime(instant(file, i, fields[time]));
      if (behavior >= 0 && !fields[behavior].isEmpty()) {
        interaction = interaction.withBehavior(fields[behavior]);
      }
      if (rating >= 0 && !fields[rating].isEmpty()) {
        double value = number(file, i, "rating", fields[rating]);
        interaction = interaction.withContext(Ratings.FEATURE, new Feature.Scalar(value));
      }
      users.computeIfAbsent(fields[user], id -> new ArrayList<>()).add(interaction);
    }
    Comparator<Interaction> byTime =
        Comparator.comparing(interaction -> interaction.time().orElseThrow());
    List<UserHistory> histories = new ArrayList<>(users.size());
    users.forEach(
        (userId, interactions) -> {
          interactions.sort(byTime);
          histories.add(UserHistory.of(interactions).forUser(userId));
        });
    return histories;
  }

  static String[] lines(byte[] content) {
    String text = new String(content, StandardCharsets.UTF_8);
    if (text.startsWith("\uFEFF")) {
      text = text.substring(1);
    }
    return text.isEmpty() ? new String[0] : text.split("\r?\n");
  }

  static String[] fields(String file, int index, String line, int count) throws IOException {
    String[] fields = line.split("\t", -1);
    if (fields.length != count) {
      throw error(
          file, index, "expected %d columns separated by tabs, found %d", count, fields.length);
    }
    return fields;
  }

  static void requirePresent(String file, int index, String what, String text) throws IOException {
    if (text.isEmpty()) {
      throw error(file, index, "%s: expected an id, found an empty string", what);
    }
  }

  static double number(String file, int index, String what, String text) throws IOException {
    double value;
    try {
      value = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      value = Double.NaN;
    }
    if (!Double.isFinite(value)) {
      throw error(file, index, "%s: expected a finite number, found '%s'", what, text);
    }
    return value;
  }

  static IOException error(String file, int index, String message, Object... arguments) {
    return new IOException(
        "%s, line %d: %s".formatted(file, index + 1, message.formatted(arguments)));
  }

  private static Instant instant(String file, int index, String text) throws IOException {
    try {
      if (text.indexOf('T') > 0) {
        return Instant.parse(text);
      }
      double value = Double.parseDouble(text);
      if (Math.abs(value) >= FIRST_MILLISECONDS) {
        return Instant.ofEpochMilli(Math.round(value));
      }
      double seconds = Math.floor(value);
      return Instant.ofEpochSecond((long) seconds, Math.round((value - seconds) * 1e9));
    } catch (DateTimeException | NumberFormatException e) {
      throw error(
          file, index, "timestamp: expected seconds since 1970 or an instant, found '%s'", text);
    }
  }

  private static String columnName(String text) {
    int colon = text.indexOf(':');
    String name = (colon < 0 ? text : text.substring(0, colon)).strip();
    return switch (name) {
      case "user_id" -> "user";
      case "item_id" -> "item";
      case "time" -> "timestamp";
      default -> name;
    };
  }

  private static int column(String file, List<String> header, String name) throws IOException {
    int column = header.indexOf(name);
    if (column < 0) {
      throw error(file, 0, "expected a header with user, item and timestamp, found %s", header);
    }
    return column;
  }
}
