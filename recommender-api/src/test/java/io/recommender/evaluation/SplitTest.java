package io.recommender.evaluation;

import static io.recommender.evaluation.Fixtures.user;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SplitTest {
  private static InteractionLog log(UserHistory... users) {
    return InteractionLog.of("log", List.of(users));
  }

  private static List<String> letters(List<UserHistory> users) {
    return users.stream().map(user -> String.join("", user.itemIds())).toList();
  }

  @Test
  void leaveOneOutTestsTheLastAndShowsAllButTheLast() {
    Split split = Split.leaveOneOut(log(user("u", "abcde"), user("v", "ab"), user("w", "abc")));
    assertEquals(List.of("abc", "ab", "a"), letters(split.training()));
    assertEquals(
        List.of("abcd", "ab"), letters(split.cases().stream().map(c -> c.history()).toList()));
    assertEquals(Map.of("e", 1.0), split.cases().get(0).ratings());
    assertEquals(List.of("a", "b", "c"), split.cases().get(0).training().itemIds());
    assertEquals("u", split.cases().get(0).history().userId().get());
    assertEquals(1, split.usersWithoutCase());
  }

  @Test
  void validationTestsTheSecondLastWithTheSameTraining() {
    Split split = Split.leaveOneOutValidation(log(user("u", "abcde"), user("v", "ab")));
    assertEquals(List.of("abc", "ab"), letters(split.training()));
    assertEquals(List.of("a", "b", "c"), split.cases().get(0).history().itemIds());
    assertEquals(Map.of("d", 1.0), split.cases().get(0).ratings());
  }

  @Test
  void timeSplitCutsAtTheMoment() {
    UserHistory both = timed("u", 1, 2, 3, 3);
    UserHistory before = timed("v", 1, 1);
    UserHistory after = timed("w", 4);
    Split split = Split.byTime(log(both, before, after), Instant.ofEpochSecond(3));
    assertEquals(List.of("i0i1", "i0i1"), letters(split.training()));
    assertEquals(2, split.cases().size());
    assertEquals(List.of("i2", "i3"), List.copyOf(split.cases().get(0).ratings().keySet()));
    assertTrue(split.cases().get(1).history().isEmpty());
    assertEquals(Instant.ofEpochSecond(3), split.cases().get(0).time().get());
    assertEquals(1, split.usersWithoutCase());
  }

  @Test
  void timeSplitNeedsTimes() {
    assertEquals(
        "user 0: expected a time on every interaction, found none",
        assertThrows(
                IllegalArgumentException.class,
                () -> Split.byTime(log(user("u", "abc")), Instant.EPOCH))
            .getMessage());
  }

  @Property(seed = "4")
  void noTestIsEarlierThanTheTrainingOfItsUser(
      @ForAll @Size(max = 8) List<@Size(max = 12) List<@IntRange(max = 20) Integer>> times,
      @ForAll @IntRange(max = 20) int cutoff) {
    List<UserHistory> users = new ArrayList<>();
    for (List<Integer> each : times) {
      int[] sorted = each.stream().mapToInt(Integer::intValue).sorted().toArray();
      users.add(timed("u" + users.size(), sorted));
    }
    InteractionLog log = InteractionLog.of("log", users);
    for (Split split :
        List.of(
            Split.leaveOneOut(log),
            Split.leaveOneOutValidation(log),
            Split.byTime(log, Instant.ofEpochSecond(cutoff)))) {
      assertEquals(log.users().size(), split.cases().size() + split.usersWithoutCase());
      for (EvaluationCase each : split.cases()) {
        Instant newestTraining =
            each.training().interactions().stream()
                .map(i -> i.time().get())
                .reduce(Instant.EPOCH, (a, b) -> a.isAfter(b) ? a : b);
        String userId = each.history().userId().get();
        UserHistory all =
            users.stream().filter(u -> u.userId().get().equals(userId)).findFirst().get();
        for (Interaction interaction : all.interactions()) {
          if (each.ratings().containsKey(interaction.itemId())) {
            assertTrue(!interaction.time().get().isBefore(newestTraining));
          }
        }
        assertTrue(all.itemIds().containsAll(each.history().itemIds()));
      }
    }
  }

  /** A user whose items are all different, so that an item tells its interaction. */
  private static UserHistory timed(String id, int... seconds) {
    List<Interaction> interactions = new ArrayList<>();
    for (int second : seconds) {
      interactions.add(
          Interaction.of("i" + interactions.size()).withTime(Instant.ofEpochSecond(second)));
    }
    return UserHistory.of(interactions).forUser(id);
  }

  @Test
  void givenFilesBecomeASplitAndLists(@TempDir Path folder) throws IOException {
    Path train = Files.writeString(folder.resolve("train.tsv"), "1\t10\t4\n1\t9\t3\n2\t9\t5\n");
    Path test = Files.writeString(folder.resolve("test.tsv"), "2\t10\t2\n3\t8\n");
    Path recs =
        Files.writeString(folder.resolve("recs.tsv"), "2\t2\t8\t0.5\n2\t1\t10\t0.7\n1\t1\t8\n");
    Split split = Split.read(train, test);
    assertEquals(List.of("109", "9"), letters(split.training()).subList(0, 2));
    assertEquals(Map.of("10", 2.0), split.cases().get(1).ratings());
    assertEquals(Map.of("8", 1.0), split.cases().get(2).ratings());
    Catalog catalog = split.log().catalog();
    RankedLists lists = RankedLists.read(recs, split, catalog);
    assertEquals(3, lists.size());
    assertEquals("10", catalog.id(lists.list(1)[0]));
    assertEquals("8", catalog.id(lists.list(1)[1]));
    assertEquals(0, lists.list(2).length);
    // User 1 has nothing to find; user 2 is hit at rank 1; user 3 has an empty list.
    assertEquals(0.5, Metric.MRR.compute(lists, 10, MetricOptions.defaults()));
  }

  @Test
  void givenListsAreRefusedByLine(@TempDir Path folder) throws IOException {
    Path train = Files.writeString(folder.resolve("train.tsv"), "1\t10\n");
    Split split = Split.read(train, train);
    Map<String, String> wrong =
        Map.of(
            "2\t1\t10\n", "recs.tsv, line 1: expected a user of the split, found '2'",
            "1\t1\t11\n", "recs.tsv, line 1: expected an item of the catalogue, found '11'",
            "1\t1\t10\n1\t1\t10\n",
                "recs.tsv, line 2: expected each rank of a user once, found 1 again",
            "1\t1\n", "recs.tsv, line 1: expected at least 3 columns separated by tabs, found 2");
    for (Map.Entry<String, String> each : wrong.entrySet()) {
      Path recs = Files.writeString(folder.resolve("recs.tsv"), each.getKey());
      IOException error =
          assertThrows(
              IOException.class, () -> RankedLists.read(recs, split, split.log().catalog()));
      assertEquals(each.getValue(), error.getMessage());
    }
  }

  @Test
  void severalCasesOfAUserAreNotUsersWithoutCase() {
    InteractionLog log = log(user("u", "abc"), user("v", "ab"));
    EvaluationCase one = EvaluationCase.of(user("u", "a"), Map.of("b", 1.0));
    EvaluationCase two = EvaluationCase.of(user("u", "ab"), Map.of("c", 1.0));
    Split split = Split.of("sliding", log, List.of(), List.of(one, two));
    assertEquals(1, split.usersWithoutCase());
    assertEquals(
        "split: expected one case per user, found two of user 'u'",
        assertThrows(
                IllegalArgumentException.class,
                () -> RankedLists.read(Path.of("unread.tsv"), split, log.catalog()))
            .getMessage());
  }

  @Test
  void ratingsOfCasesMustBeFinite() {
    assertEquals(
        "rating of item 'b': expected a finite number, found NaN",
        assertThrows(
                IllegalArgumentException.class,
                () -> EvaluationCase.of(user("u", "a"), Map.of("b", Double.NaN)))
            .getMessage());
  }
}
