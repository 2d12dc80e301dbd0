package io.recommender.evaluation;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * What all users of a data set did, which a {@link Split} cuts into training and test.
 *
 * <p><b>Order.</b> Users in the order of the file, the interactions of each oldest first, items
 * numerically if every item id is an integer and else by their characters.
 *
 * <p><b>Immutable</b>. Holds every interaction in memory, about 100 bytes each.
 */
public final class InteractionLog {
  private final String name;
  private final List<UserHistory> users;
  private final List<String> itemIds;
  private final long interactions;
  private final String dataHash;

  InteractionLog(String name, List<UserHistory> users, String dataHash) {
    this.name = Objects.requireNonNull(name, "name");
    this.users = List.copyOf(users);
    this.dataHash = dataHash;
    Set<String> userIds = new HashSet<>();
    Set<String> items = new HashSet<>();
    long count = 0;
    for (int i = 0; i < this.users.size(); i++) {
      UserHistory user = this.users.get(i);
      int index = i;
      String userId =
          user.userId()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "user %d: expected a user id, found none".formatted(index)));
      if (!userIds.add(userId)) {
        throw new IllegalArgumentException(
            "user %d: expected each user id once, found '%s' again".formatted(i, userId));
      }
      requireOldestFirst(i, user);
      for (Interaction interaction : user.interactions()) {
        items.add(interaction.itemId());
        count++;
      }
    }
    this.itemIds = ordered(items);
    this.interactions = count;
  }

  /**
   * Returns a log of given users.
   *
   * @param name what a report calls the data set
   * @param users the users, each with a user id of its own; interactions oldest first
   * @return the log
   * @throws IllegalArgumentException if a user has no id, an id occurs twice, or an interaction is
   *     earlier than the one before it
   */
  public static InteractionLog of(String name, List<UserHistory> users) {
    MessageDigest digest = sha256();
    for (UserHistory user : users) {
      digest.update(user.userId().orElse("").getBytes(StandardCharsets.UTF_8));
      for (Interaction interaction : user.interactions()) {
        String line =
            "\t%s\t%s\t%s\t%s"
                .formatted(
                    interaction.itemId(),
                    interaction.time().map(Object::toString).orElse(""),
                    interaction.behavior().orElse(""),
                    Double.doubleToLongBits(Ratings.of(interaction)));
        digest.update(line.getBytes(StandardCharsets.UTF_8));
      }
      digest.update((byte) '\n');
    }
    return new InteractionLog(name, users, HexFormat.of().formatHex(digest.digest()));
  }

  /**
   * Reads the sequence text of S3-Rec and its descendants: one user per line, {@code user item item
   * ...}, separated by blanks or tabs, oldest first. Empty lines are skipped.
   *
   * @param file a UTF-8 text
   * @return the log, named like the file
   * @throws IOException if the file cannot be read, or a line is no sequence; the message names the
   *     file and the line
   */
  public static InteractionLog readSequences(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    return new InteractionLog(
        fileName(file), LogParser.sequences(fileName(file), bytes), hash(bytes));
  }

  /**
   * Reads a table separated by tabs, one interaction per line. The first line names the columns:
   * {@code user}, {@code item} and {@code timestamp}, and possibly {@code behavior} and {@code
   * rating}, in any order. The names {@code user_id}, {@code item_id} and {@code time} are
   * understood too, as are type suffixes such as {@code :token}; other columns are skipped.
   *
   * <p>A timestamp is a number of seconds since 1970 (from 10<sup>11</sup> on: milliseconds) or an
   * ISO-8601 instant. The interactions of a user are sorted by it; equal ones keep the order of the
   * file. A rating becomes the feature {@code rating} of the interaction's context.
   *
   * @param file a UTF-8 text
   * @return the log, named like the file
   * @throws IOException if the file cannot be read, or a line has not the columns of the header;
   *     the message names the file and the line
   */
  public static InteractionLog readTsv(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    return new InteractionLog(fileName(file), LogParser.table(fileName(file), bytes), hash(bytes));
  }

  /** {@return what a report calls the data set} */
  public String name() {
    return name;
  }

  /** {@return the users, each with a user id; unmodifiable} */
  public List<UserHistory> users() {
    return users;
  }

  /** {@return every item that occurs, once, in catalogue order; unmodifiable} */
  public List<String> itemIds() {
    return itemIds;
  }

  /** {@return a catalogue of {@link #itemIds()}} */
  public Catalog catalog() {
    return Catalog.ofIds(itemIds);
  }

  /** {@return the number of interactions of all users} */
  public long interactions() {
    return interactions;
  }

  /**
   * Returns the SHA-256 of the bytes of the file, or of the users given to {@link #of}.
   *
   * @return 64 lower-case hexadecimal digits
   */
  public String dataHash() {
    return dataHash;
  }

  @Override
  public String toString() {
    return "InteractionLog[%s, %d users, %d items, %d interactions]"
        .formatted(name, users.size(), itemIds.size(), interactions);
  }

  private static void requireOldestFirst(int index, UserHistory user) {
    Instant last = Instant.MIN;
    for (Interaction interaction : user.interactions()) {
      Instant time = interaction.time().orElse(last);
      if (time.isBefore(last)) {
        throw new IllegalArgumentException(
            "user %d: expected interactions oldest first, found %s after %s"
                .formatted(index, time, last));
      }
      last = time;
    }
  }

  static List<String> ordered(Set<String> itemIds) {
    boolean integers = itemIds.stream().allMatch(id -> id.matches("-?\\d{1,18}"));
    Comparator<String> order = Comparator.naturalOrder();
    return itemIds.stream()
        .sorted(
            integers
                ? Comparator.<String>comparingLong(Long::parseLong).thenComparing(order)
                : order)
        .toList();
  }

  static String hash(byte[]... contents) {
    MessageDigest digest = sha256();
    for (byte[] content : contents) {
      digest.update(content);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static String fileName(Path file) {
    Path last = file.getFileName();
    return last == null ? file.toString() : last.toString();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
