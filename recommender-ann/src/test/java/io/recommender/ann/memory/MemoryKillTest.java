package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.MarkovRecommender;
import io.recommender.ann.neighbors.SessionKnnOptions;
import io.recommender.ann.neighbors.SessionKnnRecommender;
import io.recommender.ann.neighbors.TrendingRecommender;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A process that learns and saves is killed; what it saved last, or just saved, is there. */
class MemoryKillTest {
  private static final int KILLS = 4;
  private static final String TASK = "click";
  private static final ErrorMemoryOptions OPTIONS =
      ErrorMemoryOptions.defaults().neighbors(1).strength(1).capacity(1 << 20);
  private static final int ITEMS = 5_000;
  private static final Catalog CATALOG =
      Catalog.ofIds(IntStream.range(0, ITEMS).mapToObj(MemoryKillTest::item).toList());
  private static final String HUB = item(0);

  @TempDir private Path folder;

  private static String item(int number) {
    return "item-" + number;
  }

  private static List<ScoredItem> ask(SequenceRecommender recommender, String itemId) {
    return recommender
        .recommend(RecommendationRequest.of(UserHistory.of(itemId)).k(ITEMS).build())
        .items();
  }

  /** What learns number after number and is saved after each. */
  private interface Learner {
    /** Returns how many numbers have been learned, after asserting that all below are there. */
    int whole();

    void learn(int number);

    void save(Path file);
  }

  enum Store {
    ERROR_MEMORY {
      @Override
      Learner open(Path file) {
        ErrorMemory memory =
            Files.exists(file) ? ErrorMemory.open(file) : ErrorMemory.of(1, List.of(TASK), OPTIONS);
        return new Learner() {
          @Override
          public int whole() {
            int size = memory.size(TASK);
            for (int number = 0; number < size; number++) {
              assertEquals(number % 2, memory.compensate(TASK, new float[] {number}, 0.5f));
            }
            return size;
          }

          @Override
          public void learn(int number) {
            memory.observe(TASK, new float[] {number}, 0.5f, number % 2);
          }

          @Override
          public void save(Path to) {
            memory.save(to);
          }
        };
      }
    },

    USER_STORE {
      @Override
      Learner open(Path file) {
        UserStore.Builder<float[]> builder = UserStore.builder(UserValueCodec.floats(2));
        UserStore<float[]> store = Files.exists(file) ? builder.open(file) : builder.build();
        return new Learner() {
          @Override
          public int whole() {
            int size = store.size();
            for (int number = 0; number < size; number++) {
              assertEquals(number, store.get("user-" + number).orElseThrow()[1]);
            }
            return size;
          }

          @Override
          public void learn(int number) {
            store.put("user-" + number, new float[] {-number, number});
          }

          @Override
          public void save(Path to) {
            store.save(to);
          }
        };
      }
    },

    SESSIONS {
      @Override
      Learner open(Path file) {
        SessionKnnRecommender sessions =
            Files.exists(file)
                ? SessionKnnRecommender.open(file, CATALOG)
                : SessionKnnRecommender.fit(
                    CATALOG, List.of(), SessionKnnOptions.of(ITEMS, ITEMS).idf(1, 0));
        return new Learner() {
          @Override
          public int whole() {
            List<String> found =
                ask(sessions, HUB).stream()
                    .filter(item -> item.source().equals(SessionKnnRecommender.SOURCE))
                    .map(ScoredItem::itemId)
                    .filter(itemId -> !itemId.equals(HUB))
                    .toList();
            for (int number = 0; number < found.size(); number++) {
              assertTrue(found.contains(item(number + 1)));
            }
            return found.size();
          }

          @Override
          public void learn(int number) {
            sessions.observe(
                "session-" + number,
                List.of(Interaction.of(HUB), Interaction.of(item(number + 1))));
          }

          @Override
          public void save(Path to) {
            sessions.save(to);
          }
        };
      }
    },

    TREND {
      @Override
      Learner open(Path file) {
        TrendingRecommender trend =
            Files.exists(file)
                ? TrendingRecommender.open(file, CATALOG)
                : TrendingRecommender.fit(CATALOG, List.of(), Duration.ofHours(1));
        return new Learner() {
          @Override
          public int whole() {
            List<ScoredItem> found =
                ask(trend, HUB).stream().filter(item -> item.score() > 0).toList();
            for (int number = 0; number < found.size(); number++) {
              assertEquals(item(number), found.get(number).itemId());
              assertEquals(1, found.get(number).score());
            }
            return found.size();
          }

          @Override
          public void learn(int number) {
            trend.observe(Interaction.of(item(number)).withTime(Instant.EPOCH));
          }

          @Override
          public void save(Path to) {
            trend.save(to);
          }
        };
      }
    },

    COUNTS {
      @Override
      Learner open(Path file) {
        MarkovRecommender chain =
            Files.exists(file)
                ? MarkovRecommender.open(file, CATALOG)
                : MarkovRecommender.fit(CATALOG, List.of());
        return new Learner() {
          @Override
          public int whole() {
            int size = (int) ask(chain, HUB).stream().filter(item -> item.score() > 0).count();
            for (int number = 0; number + 1 < size; number++) {
              assertEquals(item(number + 1), ask(chain, item(number)).get(0).itemId());
            }
            assertEquals(size == 0 ? 0 : 160 + 4L * size, chain.userBytes());
            return size;
          }

          @Override
          public void learn(int number) {
            chain.observe("ann", Interaction.of(item(number)));
          }

          @Override
          public void save(Path to) {
            chain.save(to);
          }
        };
      }
    };

    abstract Learner open(Path file);
  }

  /** Learns number after number and saves after each, for ever; prints a byte for each save. */
  public static void main(String[] args) {
    Path file = Path.of(args[0]);
    Learner learner = Store.valueOf(args[1]).open(file);
    for (int number = learner.whole(); ; number++) {
      learner.learn(number);
      learner.save(file);
      System.out.write('s');
      System.out.flush();
    }
  }

  private Process start(Path file, Store store) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx128m",
            // Without what is said of kernels, so that only errors are left.
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
            System.getProperty("java.class.path"),
            MemoryKillTest.class.getName(),
            file.toString(),
            store.name())
        .redirectError(folder.resolve("errors").toFile())
        .start();
  }

  @ParameterizedTest
  @EnumSource
  void whatWasSavedBeforeTheKillIsThereWhole(Store store) throws Exception {
    Path file = folder.resolve("memory");
    Random random = new Random(7);
    int saved = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Process child = start(file, store);
      try {
        InputStream said = child.getInputStream();
        int wanted = 1 + random.nextInt(40);
        for (int i = 0; i < wanted; i++) {
          assertEquals('s', said.read(), () -> "a save: " + errors());
          saved++;
        }
      } finally {
        child.destroyForcibly().waitFor();
      }
      int size = store.open(file).whole();
      int told = saved;
      assertTrue(size >= told, () -> "told of " + told + ", found " + size);
      saved = size;
      assertEquals("", errors());
    }
  }

  private String errors() {
    try {
      return Files.readString(folder.resolve("errors"));
    } catch (IOException e) {
      return e.toString();
    }
  }
}
