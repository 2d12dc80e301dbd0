package io.recommender.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InteractionLogTest {
  @TempDir private Path folder;

  private Path file(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  @Test
  void sequencesKeepTheOrderOfUsersAndSortIntegerItemsByValue() throws IOException {
    InteractionLog log = InteractionLog.readSequences(file("toy.txt", "7 10 2 9\r\n\n3\t2 10\n"));
    assertEquals("toy.txt", log.name());
    assertEquals(List.of("7", "3"), log.users().stream().map(u -> u.userId().get()).toList());
    assertEquals(List.of("10", "2", "9"), log.users().get(0).itemIds());
    assertEquals(List.of("2", "9", "10"), log.itemIds());
    assertEquals(5, log.interactions());
    assertEquals(1, log.catalog().ordinal("9"));
  }

  @Test
  void otherItemsAreSortedByCharacters() throws IOException {
    InteractionLog log = InteractionLog.readSequences(file("toy.txt", "u 10 2 b\n"));
    assertEquals(List.of("10", "2", "b"), log.itemIds());
  }

  @Test
  void dataHashIsTheSha256OfTheFile() throws IOException {
    InteractionLog log = InteractionLog.readSequences(file("toy.txt", "u a\n"));
    // printf 'u a\n' | sha256sum
    assertEquals(
        "a4b1f7107de04866e540daf7503a1ef0573efc97c04745f4f2779f93c83246b9", log.dataHash());
  }

  @Test
  void hashOfGivenUsersSeesEveryField() {
    Interaction plain = Interaction.of("a");
    List<Interaction> variants =
        List.of(
            plain,
            Interaction.of("b"),
            plain.withBehavior("buy"),
            plain.withTime(Instant.EPOCH),
            plain.withContext("rating", new Feature.Scalar(2)));
    List<String> hashes =
        variants.stream()
            .map(each -> UserHistory.of(List.of(each)).forUser("u"))
            .map(each -> InteractionLog.of("log", List.of(each)).dataHash())
            .toList();
    assertEquals(variants.size(), hashes.stream().distinct().count());
    assertNotEquals(
        InteractionLog.of("log", List.of(UserHistory.of("a").forUser("v"))).dataHash(),
        hashes.get(0));
  }

  @Test
  void tablesAreSortedByTimeAndEqualTimesKeepTheirOrder() throws IOException {
    InteractionLog log =
        InteractionLog.readTsv(
            file(
                "toy.tsv",
                """
                user\titem\ttimestamp\tbehavior\trating
                u\tlate\t20\tbuy\t4.5
                v\tother\t5\t\t
                u\tfirst\t10\tview\t
                u\tsecond\t10\tview\t1
                """));
    UserHistory user = log.users().get(0);
    assertEquals(List.of("first", "second", "late"), user.itemIds());
    Interaction late = user.interactions().get(2);
    assertEquals(Instant.ofEpochSecond(20), late.time().get());
    assertEquals("buy", late.behavior().get());
    assertEquals(4.5, Ratings.of(late));
    assertEquals(Ratings.IMPLICIT, Ratings.of(user.interactions().get(0)));
    assertTrue(log.users().get(1).interactions().get(0).behavior().isEmpty());
  }

  @Test
  void columnsAreFoundByNameAsInAtomicFiles() throws IOException {
    InteractionLog log =
        InteractionLog.readTsv(
            file(
                "ml.inter",
                """
                user_id:token\titem_id:token\trating:float\ttimestamp:float
                1\t5\t3\t874965758.5
                1\t6\t4\t1997-09-22T22:02:38Z
                1\t7\t4\t874965759000
                """));
    List<Instant> times =
        log.users().get(0).interactions().stream().map(each -> each.time().get()).toList();
    assertEquals("1997-09-22T22:02:38Z", times.get(0).toString());
    assertEquals("1997-09-22T22:02:38.500Z", times.get(1).toString());
    assertEquals("1997-09-22T22:02:39Z", times.get(2).toString());
  }

  @Test
  void errorsNameTheFileAndTheLine() throws IOException {
    Map<String, String> sequences =
        Map.of(
            "u a\nu b\n", "toy.txt, line 2: expected each user once, found 'u' of line 1",
            "u a\nv\n", "toy.txt, line 2: expected a user and its items, found only 'v'");
    for (Map.Entry<String, String> each : sequences.entrySet()) {
      Path path = file("toy.txt", each.getKey());
      IOException error = assertThrows(IOException.class, () -> InteractionLog.readSequences(path));
      assertEquals(each.getValue(), error.getMessage());
    }
    String header = "user\titem\ttimestamp\n";
    Map<String, String> tables =
        Map.of(
            "",
            "toy.txt, line 1: expected a header with user, item and timestamp, found nothing",
            "a\tb\n",
            "toy.txt, line 1: expected a header with user, item and timestamp, found [a, b]",
            header + "u\ta\n",
            "toy.txt, line 2: expected 3 columns separated by tabs, found 2",
            header + "\ta\t1\n",
            "toy.txt, line 2: user: expected an id, found an empty string",
            header + "u\t\t1\n",
            "toy.txt, line 2: item: expected an id, found an empty string",
            header + "u\ta\tnoon\n",
            "toy.txt, line 2: timestamp: expected seconds since 1970 or an instant, found"
                + " 'noon'",
            "user\titem\ttimestamp\trating\nu\ta\t1\tNaN\n",
            "toy.txt, line 2: rating: expected a finite number, found 'NaN'");
    for (Map.Entry<String, String> each : tables.entrySet()) {
      Path path = file("toy.txt", each.getKey());
      IOException error = assertThrows(IOException.class, () -> InteractionLog.readTsv(path));
      assertEquals(each.getValue(), error.getMessage());
    }
  }

  @Test
  void givenUsersNeedIdsAndOrder() {
    assertEquals(
        "user 0: expected a user id, found none",
        assertThrows(
                IllegalArgumentException.class,
                () -> InteractionLog.of("log", List.of(UserHistory.of("a"))))
            .getMessage());
    UserHistory user = UserHistory.of("a").forUser("u");
    assertEquals(
        "user 1: expected each user id once, found 'u' again",
        assertThrows(
                IllegalArgumentException.class, () -> InteractionLog.of("log", List.of(user, user)))
            .getMessage());
    UserHistory backwards =
        UserHistory.of(
                List.of(
                    Interaction.of("a").withTime(Instant.ofEpochSecond(2)),
                    Interaction.of("b").withTime(Instant.ofEpochSecond(1))))
            .forUser("u");
    assertEquals(
        "user 0: expected interactions oldest first, found 1970-01-01T00:00:01Z after"
            + " 1970-01-01T00:00:02Z",
        assertThrows(
                IllegalArgumentException.class, () -> InteractionLog.of("log", List.of(backwards)))
            .getMessage());
  }
}
