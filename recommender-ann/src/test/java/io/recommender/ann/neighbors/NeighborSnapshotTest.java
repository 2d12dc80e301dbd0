package io.recommender.ann.neighbors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.FeedbackSink;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.internal.SavedFile;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotRevision;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.ann.internal.UserKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Saved baselines. The golden files are what version 1 of the formats wrote and every later release
 * must open.
 */
class NeighborSnapshotTest {
  private static final Catalog CATALOG = Catalog.ofIds(List.of("f", "b", "d", "größe", "c", "e"));
  private static final List<UserHistory> LOG =
      List.of(
          history(0, "größe", "b", "d").forUser("ann"),
          history(1, "b", "d", "c"),
          history(2, "größe", "d", "b", "d").forUser("bob"),
          history(3, "e").forUser("cy"),
          history(4, "c", "e").forUser("ann"));

  @TempDir private Path folder;

  /** A baseline as these tests see it. */
  enum Baseline {
    POPULARITY("popularity-1.snapshot") {
      @Override
      SequenceRecommender fit(Catalog catalog, List<UserHistory> log) {
        return PopularityRecommender.fit(catalog, log);
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, Interaction event) {
        ((PopularityRecommender) recommender).observe(event);
      }

      @Override
      void save(SequenceRecommender recommender, Path file) {
        ((PopularityRecommender) recommender).save(file);
      }

      @Override
      void replace(SequenceRecommender recommender, Path file) {
        ((PopularityRecommender) recommender).replace(file);
      }

      @Override
      SequenceRecommender open(Path file, Catalog catalog) {
        return PopularityRecommender.open(file, catalog);
      }
    },
    TREND("trend-1.snapshot") {
      @Override
      SequenceRecommender fit(Catalog catalog, List<UserHistory> log) {
        return TrendingRecommender.fit(catalog, log, Duration.ofSeconds(2));
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, Interaction event) {
        ((TrendingRecommender) recommender).observe(event);
      }

      @Override
      void save(SequenceRecommender recommender, Path file) {
        ((TrendingRecommender) recommender).save(file);
      }

      @Override
      void replace(SequenceRecommender recommender, Path file) {
        ((TrendingRecommender) recommender).replace(file);
      }

      @Override
      SequenceRecommender open(Path file, Catalog catalog) {
        return TrendingRecommender.open(file, catalog);
      }
    },
    MARKOV("markov-1.snapshot") {
      @Override
      SequenceRecommender fit(Catalog catalog, List<UserHistory> log) {
        return MarkovRecommender.fit(catalog, log, 10_000);
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, Interaction event) {
        ((MarkovRecommender) recommender).observe(userId, event);
      }

      @Override
      void save(SequenceRecommender recommender, Path file) {
        ((MarkovRecommender) recommender).save(file);
      }

      @Override
      void replace(SequenceRecommender recommender, Path file) {
        ((MarkovRecommender) recommender).replace(file);
      }

      @Override
      SequenceRecommender open(Path file, Catalog catalog) {
        return MarkovRecommender.open(file, catalog);
      }
    },
    ITEM_KNN("item-knn-1.snapshot") {
      @Override
      SequenceRecommender fit(Catalog catalog, List<UserHistory> log) {
        return ItemKnnRecommender.fit(catalog, log, 3, 10_000);
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, Interaction event) {
        ((ItemKnnRecommender) recommender).observe(userId, event);
      }

      @Override
      void save(SequenceRecommender recommender, Path file) {
        ((ItemKnnRecommender) recommender).save(file);
      }

      @Override
      void replace(SequenceRecommender recommender, Path file) {
        ((ItemKnnRecommender) recommender).replace(file);
      }

      @Override
      SequenceRecommender open(Path file, Catalog catalog) {
        return ItemKnnRecommender.open(file, catalog);
      }
    },
    EASE("ease-1.snapshot") {
      @Override
      SequenceRecommender fit(Catalog catalog, List<UserHistory> log) {
        return EaseRecommender.fit(catalog, log, EaseOptions.of(0.5).userBytes(10_000));
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, Interaction event) {
        ((EaseRecommender) recommender).observe(userId, event);
        ((EaseRecommender) recommender).refit();
      }

      @Override
      void save(SequenceRecommender recommender, Path file) {
        ((EaseRecommender) recommender).save(file);
      }

      @Override
      void replace(SequenceRecommender recommender, Path file) {
        ((EaseRecommender) recommender).replace(file);
      }

      @Override
      SequenceRecommender open(Path file, Catalog catalog) {
        return EaseRecommender.open(file, catalog);
      }
    },
    SESSION_KNN("session-knn-1.snapshot") {
      @Override
      SequenceRecommender fit(Catalog catalog, List<UserHistory> log) {
        return SessionKnnRecommender.fit(
            catalog,
            log,
            SessionKnnOptions.of(3, 2).sessionLength(5).idf(0.5, 2).sessionBytes(10_000));
      }

      @Override
      void observe(SequenceRecommender recommender, String userId, Interaction event) {
        ((SessionKnnRecommender) recommender).observe(userId, event);
      }

      @Override
      void save(SequenceRecommender recommender, Path file) {
        ((SessionKnnRecommender) recommender).save(file);
      }

      @Override
      void replace(SequenceRecommender recommender, Path file) {
        ((SessionKnnRecommender) recommender).replace(file);
      }

      @Override
      SequenceRecommender open(Path file, Catalog catalog) {
        return SessionKnnRecommender.open(file, catalog);
      }
    };

    private final String golden;

    Baseline(String golden) {
      this.golden = golden;
    }

    abstract SequenceRecommender fit(Catalog catalog, List<UserHistory> log);

    abstract void observe(SequenceRecommender recommender, String userId, Interaction event);

    abstract void save(SequenceRecommender recommender, Path file);

    abstract void replace(SequenceRecommender recommender, Path file);

    abstract SequenceRecommender open(Path file, Catalog catalog);

    boolean keepsUsers() {
      return this != POPULARITY && this != TREND;
    }
  }

  /** Writes the golden files anew: the argument is the folder for them. */
  public static void main(String[] args) {
    for (Baseline each : Baseline.values()) {
      each.save(each.fit(CATALOG, LOG), Path.of(args[0], each.golden));
    }
  }

  private static UserHistory history(int second, String... itemIds) {
    List<Interaction> events = new ArrayList<>();
    for (String itemId : itemIds) {
      events.add(Interaction.of(itemId).withTime(Instant.ofEpochSecond(second)));
    }
    return UserHistory.of(events);
  }

  private static List<Object> answers(SequenceRecommender recommender, Catalog catalog) {
    List<Object> answers = new ArrayList<>(List.of(recommender.toString()));
    if (recommender instanceof SessionKnnRecommender sessions) {
      answers.add(sessions.sessionBytes());
    }
    for (String first : List.of("größe", "b", "x")) {
      for (int last = 0; last < catalog.size(); last++) {
        answers.add(
            SmallLog.ask(recommender, 6, ItemFilter.all(), first, catalog.id(last)).items());
      }
    }
    return answers;
  }

  private Path golden(String name) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(NeighborSnapshotTest.class.getResourceAsStream(name), name)) {
      return Files.write(folder.resolve(name), stream.readAllBytes());
    }
  }

  @ParameterizedTest
  @EnumSource
  void goldenFilesAnswerAsEver(Baseline baseline) throws IOException {
    SequenceRecommender opened = baseline.open(golden(baseline.golden), CATALOG);
    assertEquals(answers(baseline.fit(CATALOG, LOG), CATALOG), answers(opened, CATALOG));
    ScoredItem top = SmallLog.ask(opened, 1, ItemFilter.all(), "größe").items().get(0);
    // By hand: popularity 4 of d; a trend of e 1 + 1/sqrt(2); größe-b 1, größe-d 1 and share 4/5.
    switch (baseline) {
      case POPULARITY -> assertScore("d", 4, top);
      case TREND -> assertScore("e", 1 + Math.sqrt(0.5), top);
      case MARKOV -> assertScore("d", 1 + 4 / 5.0, top);
      default -> assertTrue(top.score() > 0);
    }
  }

  private static void assertScore(String itemId, double score, ScoredItem found) {
    assertEquals(itemId, found.itemId());
    assertEquals(score, found.score(), 1e-12);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsOpenedGoesOnAsWhatWasSaved(Baseline baseline) {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      Path file = folder.resolve("file-" + seed);
      SequenceRecommender kept = baseline.fit(CATALOG, LOG);
      SequenceRecommender opened = baseline.fit(CATALOG, LOG);
      for (int step = 0; step < 12; step++) {
        if (step % 4 == 0) {
          baseline.save(opened, file);
          opened = baseline.open(file, CATALOG);
        }
        String user = "user-" + random.nextInt(6);
        if (random.nextInt(5) == 0) {
          ((FeedbackSink) kept).forget(user);
          ((FeedbackSink) opened).forget(user);
        } else {
          Interaction event = Interaction.of(CATALOG.id(random.nextInt(CATALOG.size())));
          if (random.nextBoolean()) {
            event = event.withTime(Instant.ofEpochSecond(random.nextInt(9)));
          }
          baseline.observe(kept, user, event);
          baseline.observe(opened, user, event);
        }
        assertEquals(answers(kept, CATALOG), answers(opened, CATALOG));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDamagedByteIsFound(Baseline baseline) throws IOException {
    Path file = folder.resolve("file");
    baseline.save(baseline.fit(CATALOG, LOG), file);
    SavedFile.assertDamageIsFound(file, each -> baseline.open(each, CATALOG));
  }

  private static RecommenderException refusal(Runnable action) {
    return assertThrows(RecommenderException.class, action::run);
  }

  @ParameterizedTest
  @EnumSource
  void savesDoNotUndoOthers(Baseline baseline) {
    Path file = folder.resolve("file");
    baseline.save(baseline.fit(CATALOG, LOG), file);
    SequenceRecommender mine = baseline.open(file, CATALOG);
    SequenceRecommender other = baseline.open(file, CATALOG);
    baseline.observe(mine, "dee", Interaction.of("f"));
    baseline.save(mine, file);
    assertEquals(Kind.SNAPSHOT_STALE, refusal(() -> baseline.save(other, file)).kind());
    assertEquals(answers(mine, CATALOG), answers(baseline.open(file, CATALOG), CATALOG));
    baseline.replace(other, file);
    assertEquals(answers(other, CATALOG), answers(baseline.open(file, CATALOG), CATALOG));
  }

  private static boolean hasKey(Path file, String userId) throws IOException {
    UserKey key = UserKey.of(userId);
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(key.high()).putLong(key.low());
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertFalse(text.contains(userId), "the file names a user");
    return text.contains(new String(bytes.array(), StandardCharsets.ISO_8859_1));
  }

  @ParameterizedTest
  @EnumSource
  void afterForgettingAFileHasNothingOfTheUser(Baseline baseline) throws IOException {
    Path file = folder.resolve("file");
    SequenceRecommender recommender = baseline.fit(CATALOG, LOG);
    baseline.save(recommender, file);
    assertEquals(baseline.keepsUsers(), hasKey(file, "ann"));
    SequenceRecommender opened = baseline.open(file, CATALOG);
    ((FeedbackSink) opened).forget("ann");
    baseline.save(opened, file);
    assertFalse(hasKey(file, "ann"));
    assertEquals(baseline.keepsUsers(), hasKey(file, "bob"));
    if (baseline.keepsUsers()) {
      List<UserHistory> others =
          LOG.stream().filter(each -> !each.userId().equals(LOG.get(0).userId())).toList();
      assertEquals(
          answers(baseline.fit(CATALOG, others), CATALOG),
          answers(baseline.open(file, CATALOG), CATALOG));
    }
  }

  /** Items moved, came and went: as if the log had been read with the catalogue of today. */
  @ParameterizedTest
  @EnumSource
  void anotherCatalogueFindsItsItems(Baseline baseline) {
    Path file = folder.resolve("file");
    List<UserHistory> known = LOG.stream().filter(each -> each.userId().isPresent()).toList();
    baseline.save(baseline.fit(CATALOG, known), file);
    Catalog today = Catalog.ofIds(List.of("e", "new", "größe", "c", "b", "f"));
    SequenceRecommender expected = baseline.fit(today, known);
    SequenceRecommender opened = baseline.open(file, today);
    assertEquals(answers(expected, today), answers(opened, today));
    for (SequenceRecommender each : List.of(expected, opened)) {
      ((FeedbackSink) each).forget("bob");
      baseline.observe(each, "ann", Interaction.of("new"));
    }
    assertEquals(answers(expected, today), answers(opened, today));
  }

  private void assertRefused(String message, Baseline baseline, SnapshotWriter.Body body) {
    Path file = folder.resolve("forged");
    String kind = baseline.golden.substring(0, baseline.golden.lastIndexOf('-'));
    SnapshotWriter.write(file, kind, 1, SnapshotRevision.NONE, body);
    RecommenderException refusal = refusal(() -> baseline.open(file, CATALOG));
    assertEquals(Kind.SNAPSHOT_INVALID, refusal.kind());
    assertEquals(file + ": section " + message, refusal.getMessage());
    assertTrue(file.toFile().delete());
  }

  private static void writeTrend(SnapshotWriter out, double halfLife, double sum, int sums) {
    out.section("parameters").putDouble(halfLife).putLong(5).putInt(1);
    out.section("items").putString("b");
    SectionWriter section = out.section("sums");
    for (int i = 0; i < sums; i++) {
      section.putDouble(sum);
    }
  }

  private static void writeMarkov(SnapshotWriter out, int events, int other, int pair, int item) {
    out.section("counts").putLong(1_000).putInt(1).putInt(events).putInt(0);
    out.section("items").putString("b");
    out.section("pairs").putInt(1).putInt(other).putInt(pair);
    out.section("users").putInt(1).putLong(1).putLong(2).putInt(1).putInt(item);
  }

  private static void writeSessions(
      SnapshotWriter out, String weight, long order, int item, int session, int kept) {
    out.section("parameters")
        .putInt(3)
        .putInt(2)
        .putInt(9)
        .putInt(5)
        .putDouble(1)
        .putString(weight)
        .putDouble(0)
        .putDouble(1)
        .putLong(Long.MAX_VALUE)
        .putLong(7)
        .putLong(10)
        .putLong(1)
        .putInt(2)
        .putInt(1);
    out.section("items").putString("b").putString("d");
    out.section("sessions").putByte((byte) 0).putLong(7).putLong(order).putInt(1).putInt(item);
    SectionWriter postings = out.section("postings").putLong(1).putInt(kept);
    for (int i = 0; i < kept; i++) {
      postings.putInt(session);
    }
    postings.putLong(0).putInt(0);
  }

  @Test
  void contentIsChecked() {
    assertRefused(
        "'parameters': expected a half-life of a millisecond or more, found 0.5",
        Baseline.TREND,
        out -> writeTrend(out, 0.5, 1, 1));
    assertRefused(
        "'sums': expected finite numbers, found NaN",
        Baseline.TREND,
        out -> writeTrend(out, 5, Double.NaN, 1));
    assertRefused(
        "'sums': expected 8 bytes, found 16", Baseline.TREND, out -> writeTrend(out, 5, 1, 2));
    assertRefused(
        "'counts': expected counts, found 0 and 0",
        Baseline.MARKOV,
        out -> writeMarkov(out, 0, 0, 1, 0));
    assertRefused(
        "'pairs': expected items in ascending order, found 1",
        Baseline.MARKOV,
        out -> writeMarkov(out, 1, 1, 1, 0));
    assertRefused(
        "'pairs': expected counts of at least 1, found 0",
        Baseline.MARKOV,
        out -> writeMarkov(out, 1, 0, 0, 0));
    assertRefused(
        "'users': expected an item, found 7", Baseline.MARKOV, out -> writeMarkov(out, 1, 0, 1, 7));
    assertRefused(
        "'parameters': expected a match weight, found SQUARE",
        Baseline.SESSION_KNN,
        out -> writeSessions(out, "SQUARE", 0, 0, 0, 1));
    assertRefused(
        "'sessions': expected an order number, found 10",
        Baseline.SESSION_KNN,
        out -> writeSessions(out, "LINEAR", 10, 0, 0, 1));
    assertRefused(
        "'sessions': expected an item, found 2",
        Baseline.SESSION_KNN,
        out -> writeSessions(out, "LINEAR", 0, 2, 0, 1));
    assertRefused(
        "'postings': expected a session, found 1",
        Baseline.SESSION_KNN,
        out -> writeSessions(out, "LINEAR", 0, 0, 1, 1));
    assertRefused(
        "'postings': expected sessions with the item, newest first, found 0",
        Baseline.SESSION_KNN,
        out -> writeSessions(out, "LINEAR", 0, 1, 0, 1));
    assertRefused(
        "'postings': expected at most 3 sessions of an item, found 4",
        Baseline.SESSION_KNN,
        out -> writeSessions(out, "LINEAR", 0, 0, 0, 4));
  }
}
