package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One thread changes items so that their places are taken again and again, while others read. Every
 * vector is that of one item and one change only, so an id with the score of another's vector, or
 * of one that it had before, shows.
 */
class HnswReuseTest {
  private static final int DIMENSION = 34;
  private static final int ITEMS = 160;
  private static final int ROUNDS = 6;
  private static final int CHANGES_OF_A_ROUND = 100;
  private static final int CHANGES = ROUNDS * CHANGES_OF_A_ROUND;
  private static final int READERS = 2;
  private static final int GROUP = 8;
  private static final int GROUPS_OF_A_ROUND = 10;
  private static final SearchOptions EXACT = SearchOptions.defaults().targetRecall(1);

  private volatile boolean running = true;

  /** Counts the readers that have read something since it was made. */
  private volatile CountDownLatch latest = new CountDownLatch(0);

  private static HnswIndex index(Quantization form, Similarity similarity) {
    return HnswIndex.builder(DIMENSION, similarity)
        .m(6)
        .efConstruction(20)
        .ef(16)
        .quantization(form)
        .exactBelow(0)
        .trainedFrom(16)
        .build();
  }

  /** Returns the vector that an item was given by a change. */
  private static float[] vector(int item, int change) {
    return TestVectors.gaussian(DIMENSION, new Random(item * 1_000_003L + change));
  }

  private static int item(String itemId) {
    return Integer.parseInt(itemId.substring(itemId.lastIndexOf('-') + 1));
  }

  private static double allowed(Quantization form, Similarity similarity, float[] a, float[] b) {
    return (form == Quantization.INT8 ? 1e-2 : 1e-6) * TestVectors.magnitude(similarity, a, b);
  }

  /** What one reader does over and over. */
  private interface Reading {
    void run(Random random);
  }

  /** Lets others read until a writer has come to its end or one of them has failed. */
  private void whileReading(Reading reading, IntConsumer writing) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(READERS);
    try {
      List<Future<?>> readers = new ArrayList<>();
      for (int reader = 0; reader < READERS; reader++) {
        Random random = new Random(reader);
        readers.add(threads.submit(() -> read(reading, random)));
      }
      for (int round = 0; round < ROUNDS && running; round++) {
        // Each has read something to its end, so that places that were left can be taken again.
        CountDownLatch turn = new CountDownLatch(READERS);
        latest = turn;
        if (running) {
          turn.await();
          writing.accept(round);
        }
      }
      running = false;
      for (Future<?> reader : readers) {
        reader.get();
      }
    } finally {
      running = false;
      threads.shutdownNow();
    }
  }

  private void read(Reading reading, Random random) {
    // A turn may begin before this thread does.
    @Nullable CountDownLatch counted = null;
    try {
      while (running) {
        reading.run(random);
        CountDownLatch turn = latest;
        if (turn != counted) {
          turn.countDown();
          counted = turn;
        }
      }
    } finally {
      running = false;
      latest.countDown();
    }
  }

  /** What was changed when: each change is that of one item. */
  private static final class Changes {
    private final int[] items = new Random(7).ints(CHANGES, 0, ITEMS).toArray();

    /** The last change of each item that was begun, and that was done; 0 is its first vector. */
    private final AtomicIntegerArray begun = new AtomicIntegerArray(ITEMS);

    private final AtomicIntegerArray done = new AtomicIntegerArray(ITEMS);

    void change(int change, Runnable action) {
      int item = items[change - 1];
      begun.set(item, change);
      action.run();
      done.set(item, change);
    }

    int item(int change) {
      return items[change - 1];
    }

    int[] done() {
      int[] all = new int[ITEMS];
      Arrays.setAll(all, done::get);
      return all;
    }

    boolean isUnchangedSince(int[] before, int item) {
      return begun.get(item) == before[item];
    }

    /** Returns the vectors that an item may have had since some changes were done. */
    List<float[]> vectorsSince(int[] before, int item) {
      List<float[]> vectors = new ArrayList<>();
      int last = begun.get(item);
      for (int change = before[item]; change <= last; change++) {
        if (change == before[item] || items[change - 1] == item) {
          vectors.add(vector(item, change));
        }
      }
      return vectors;
    }
  }

  /** An index under change, with what is known of it. */
  private record Subject(
      HnswIndex index, Quantization form, boolean isRemoved, ItemFilter category, Changes changes) {
    private static final ItemFilter EVEN = itemId -> item(itemId) % 2 == 0;

    void read(Random random) {
      Similarity similarity = index.similarity();
      float[] query = vector(random.nextInt(ITEMS), random.nextInt(CHANGES));
      SearchHits hits = new SearchHits();
      int[] before = changes.done();
      index.search(query, 20, SearchOptions.defaults(), hits);
      check(hits, query, before);
      before = changes.done();
      index.search(query, ITEMS, EXACT, hits);
      check(hits, query, before);
      // At any version at most one item is out.
      assertTrue(hits.size() >= ITEMS - (isRemoved ? 1 : 0), "found only " + hits.size());
      for (ItemFilter filter : List.of(EVEN, category)) {
        before = changes.done();
        index.search(query, 20, SearchOptions.defaults().filter(filter), hits);
        check(hits, query, before);
        for (int rank = 0; rank < hits.size(); rank++) {
          assertTrue(filter.accepts(hits.itemId(rank)), hits::toString);
        }
      }
      before = changes.done();
      double least = similarity == Similarity.L2 ? -2 * DIMENSION : 0;
      index.searchRange(query, least, ITEMS, SearchOptions.defaults(), hits);
      check(hits, query, before);
      lookUp(random.nextInt(ITEMS), query);
    }

    /** Each item and each place once, and scores of vectors that the items had at the time. */
    private void check(SearchHits hits, float[] query, int[] before) {
      Set<String> ids = new HashSet<>();
      Set<Integer> places = new HashSet<>();
      for (int rank = 0; rank < hits.size(); rank++) {
        String itemId = hits.itemId(rank);
        assertTrue(ids.add(itemId), () -> itemId + " was found twice");
        assertTrue(places.add(hits.ordinal(rank)), () -> itemId + " shares a place");
        double score = hits.score(rank);
        assertTrue(
            changes.vectorsSince(before, item(itemId)).stream()
                .anyMatch(vector -> isScoreOf(vector, query, score)),
            () -> itemId + " has a score of none of its vectors: " + score);
      }
    }

    private boolean isScoreOf(float[] vector, float[] query, double score) {
      double expected = TestVectors.score(index.similarity(), query, vector);
      return Math.abs(expected - score) <= allowed(form, index.similarity(), query, vector);
    }

    private void lookUp(int item, float[] query) {
      String itemId = TestVectors.id(item);
      int[] before = changes.done();
      float[] found = index.vector(itemId).orElse(null);
      boolean isContained = index.contains(itemId);
      List<ScoredItem> alone = index.search(query, 3, ItemFilter.allow(Set.of(itemId)));
      List<float[]> vectors = changes.vectorsSince(before, item);
      if (!isRemoved || changes.isUnchangedSince(before, item)) {
        assertTrue(found != null && isContained, () -> itemId + " is not there");
        assertEquals(1, alone.size(), () -> itemId + " is not found");
      }
      if (found != null) {
        assertTrue(
            vectors.stream().anyMatch(vector -> isNear(vector, found)),
            () -> itemId + " has a vector that it was not given: " + Arrays.toString(found));
      }
      for (ScoredItem one : alone) {
        assertEquals(itemId, one.itemId());
        assertTrue(
            vectors.stream().anyMatch(vector -> isScoreOf(vector, query, one.score())),
            () -> one + " has a score of none of its vectors");
      }
    }

    private boolean isNear(float[] expected, float[] found) {
      double off = -TestVectors.score(Similarity.L2, expected, found);
      double most = form == Quantization.INT8 ? 0.05 : 1e-6;
      return Math.sqrt(off) <= most * TestVectors.norm(expected);
    }
  }

  private void change(Quantization form, Similarity similarity, boolean isRemoved)
      throws Exception {
    HnswIndex index = index(form, similarity);
    float[][] vectors = new float[ITEMS][];
    Arrays.setAll(vectors, item -> vector(item, 0));
    index.addAll(TestVectors.ids(ITEMS), vectors);
    Changes changes = new Changes();
    // Remembered once it has come twice.
    ItemFilter category = ItemFilter.allow(TestVectors.ids(ITEMS - 10));
    Subject subject = new Subject(index, form, isRemoved, category, changes);
    whileReading(
        subject::read,
        round -> {
          for (int i = 1; i <= CHANGES_OF_A_ROUND; i++) {
            int change = round * CHANGES_OF_A_ROUND + i;
            int item = changes.item(change);
            float[] vector = vector(item, change);
            changes.change(
                change,
                () -> {
                  if (isRemoved) {
                    assertTrue(index.remove(TestVectors.id(item)));
                  }
                  index.add(TestVectors.id(item), vector);
                });
          }
        });
    subject.read(new Random(9));
    SearchHits hits = new SearchHits();
    index.search(vector(0, 0), ITEMS, EXACT, hits);
    assertEquals(ITEMS, hits.size());
    int last = 0;
    for (int rank = 0; rank < ITEMS; rank++) {
      last = Math.max(last, hits.ordinal(rank));
    }
    // Had none been taken again, there would be one for every item and every change.
    assertTrue(last < ITEMS + CHANGES * 3 / 4, "places are not taken again: there is one " + last);
  }

  @ParameterizedTest
  @CsvSource({"FLOAT, COSINE", "INT4_FLOAT, L2", "INT8, DOT", "INT1_FLOAT, L2"})
  void whatComesBackHasTheVectorItWasGiven(Quantization form, Similarity similarity)
      throws Exception {
    change(form, similarity, true);
  }

  @ParameterizedTest
  @CsvSource({"FLOAT, DOT", "INT4_FLOAT, COSINE", "INT8, L2"})
  void whatIsReplacedIsAlwaysThere(Quantization form, Similarity similarity) throws Exception {
    change(form, similarity, false);
  }

  /**
   * Groups come and are replaced as a whole, and go item by item from the last one on. Each is
   * called by a number of its own, and its vectors by how often it was replaced.
   */
  @ParameterizedTest
  @CsvSource({"FLOAT, L2", "INT4_FLOAT, DOT"})
  void whatIsAddedTogetherIsSeenTogether(Quantization form, Similarity similarity)
      throws Exception {
    HnswIndex index = index(form, similarity);
    for (int item = 0; item < ITEMS; item++) {
      index.add("other-" + item, vector(item, 0));
    }
    AtomicInteger replacing = new AtomicInteger(-1);
    AtomicInteger removing = new AtomicInteger(-1);
    Reading reading =
        random -> {
          float[] query = vector(random.nextInt(ITEMS), 1);
          SearchHits hits = new SearchHits();
          for (SearchOptions options :
              List.of(EXACT, EXACT.filter(itemId -> itemId.startsWith("group-")))) {
            index.search(query, ITEMS + 2 * GROUP, options, hits);
            int begun = replacing.get();
            int ending = removing.get();
            checkGroups(hits, query, similarity, begun, ending);
          }
        };
    whileReading(
        reading,
        round -> {
          for (int i = 0; i < GROUPS_OF_A_ROUND; i++) {
            int group = round * GROUPS_OF_A_ROUND + i;
            index.addAll(members(group), vectors(group, 0));
            replacing.set(group);
            index.addAll(members(group), vectors(group, 1));
            removing.set(group);
            for (int member = GROUP - 1; member >= 0; member--) {
              assertTrue(index.remove(members(group).get(member)));
            }
          }
        });
    assertEquals(ITEMS, index.size());
  }

  private static List<String> members(int group) {
    return TestVectors.ids(GROUP).stream().map(id -> "group-" + group + "-" + id).toList();
  }

  private static float[][] vectors(int group, int version) {
    float[][] vectors = new float[GROUP][];
    Arrays.setAll(vectors, i -> vector(1_000 + group * GROUP + i, version));
    return vectors;
  }

  private static void checkGroups(
      SearchHits hits, float[] query, Similarity similarity, int begun, int ending) {
    double[] scores = new double[GROUP];
    boolean[] isFound = new boolean[GROUP];
    int group = -1;
    int count = 0;
    for (int rank = 0; rank < hits.size(); rank++) {
      String[] parts = hits.itemId(rank).split("-");
      if (parts[0].equals("group")) {
        int number = Integer.parseInt(parts[1]);
        assertTrue(group < 0 || group == number, "groups " + group + " and " + number);
        group = number;
        int member = Integer.parseInt(parts[3]);
        assertFalse(isFound[member], hits::toString);
        isFound[member] = true;
        scores[member] = hits.score(rank);
        count++;
      }
    }
    if (count == 0) {
      return;
    }
    for (int i = 0; i < GROUP; i++) {
      assertEquals(i < count, isFound[i], () -> "not the first members of one group: " + hits);
    }
    assertTrue(count == GROUP || ending >= group, "half of a group that is whole");
    int version = isVersion(0, group, scores, count, query, similarity) ? 0 : 1;
    assertTrue(isVersion(version, group, scores, count, query, similarity), hits::toString);
    assertTrue(version == 0 ? count == GROUP : begun >= group, "a version that is not there");
  }

  private static boolean isVersion(
      int version, int group, double[] scores, int count, float[] query, Similarity similarity) {
    float[][] vectors = vectors(group, version);
    for (int i = 0; i < count; i++) {
      double expected = TestVectors.score(similarity, query, vectors[i]);
      double most = allowed(Quantization.FLOAT, similarity, query, vectors[i]);
      if (Math.abs(expected - scores[i]) > most) {
        return false;
      }
    }
    return true;
  }
}
