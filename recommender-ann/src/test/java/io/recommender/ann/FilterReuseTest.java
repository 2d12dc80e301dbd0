package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Filters that come again, alone and as parts of others, among many that do not. */
class FilterReuseTest {
  private static final int COUNT = 10_000;
  private static final int DIMENSION = 36;
  private static final int CLUSTERS = 20;
  private static final int K = 5;
  private static final float[][] QUERIES = TestVectors.clustered(40, DIMENSION, CLUSTERS, 0.7, 2);
  private static final FlatIndex EXACT = new FlatIndex(DIMENSION, Similarity.L2);

  @TempDir private static Path folder;

  /** Opened for each test, so that they remember nothing yet. */
  private HnswIndex floats = HnswIndex.builder(DIMENSION, Similarity.L2).build();

  private HnswIndex codes = floats;
  private final SearchHits hits = new SearchHits();
  private int searches;

  private static HnswIndex index(Quantization form) {
    return HnswIndex.builder(DIMENSION, Similarity.L2)
        .quantization(form)
        .m(8)
        .efConstruction(40)
        .ef(48)
        .threads(2)
        .trainedFrom(1_000)
        .build();
  }

  @BeforeAll
  static void fill() {
    float[][] vectors = TestVectors.clustered(COUNT, DIMENSION, CLUSTERS, 0.7, 1);
    EXACT.addAll(TestVectors.ids(COUNT), vectors);
    for (Quantization form : List.of(Quantization.FLOAT, Quantization.INT4_FLOAT)) {
      HnswIndex index = index(form);
      index.addAll(TestVectors.ids(COUNT), vectors);
      index.save(folder.resolve(form.name()));
    }
  }

  @BeforeEach
  void open() {
    floats = HnswIndex.open(folder.resolve(Quantization.FLOAT.name()));
    codes = HnswIndex.open(folder.resolve(Quantization.INT4_FLOAT.name()));
  }

  /** A filter that always answers the same, and counts how often it is asked. */
  private static final class Category implements ItemFilter {
    private final IntPredicate numbers;
    private final AtomicInteger asked = new AtomicInteger();

    Category(IntPredicate numbers) {
      this.numbers = numbers;
    }

    /** One item of every hundred. */
    static Category hundredth(int number) {
      return new Category(item -> item % 100 == number);
    }

    @Override
    public boolean accepts(String itemId) {
      asked.incrementAndGet();
      return numbers.test(number(itemId));
    }

    @Override
    public boolean isConstant() {
      return true;
    }
  }

  private static int number(String itemId) {
    return Integer.parseInt(itemId.substring("item-".length()));
  }

  private static ItemFilter unseen(int user) {
    return ItemFilter.unseen(
        UserHistory.ofItems(
            new Random(user).ints(30, 0, COUNT).mapToObj(TestVectors::id).toList()));
  }

  private float[] query() {
    return QUERIES[searches++ % QUERIES.length];
  }

  private void search(HnswIndex index, ItemFilter filter) {
    index.search(query(), K, SearchOptions.defaults().filter(filter), hits);
  }

  private static List<ScoredItem> items(SearchHits hits) {
    List<ScoredItem> items = new ArrayList<>();
    for (int rank = 0; rank < hits.size(); rank++) {
      items.add(new ScoredItem(hits.itemId(rank), hits.score(rank)));
    }
    return items;
  }

  /** Searches, and asserts that what is remembered was compared and nothing else was. */
  private void assertSetIsUsed(ItemFilter filter, int members) {
    float[] query = query();
    floats.search(query, K, SearchOptions.defaults().filter(filter), hits);
    assertEquals(0, hits.visited());
    assertEquals(members, hits.scored());
    assertTrue(hits.isExact());
    assertEquals(EXACT.search(query, K, filter), items(hits));
  }

  private void assertSetIsUsed(Category filter) {
    int before = filter.asked.get();
    floats.search(query(), K, SearchOptions.defaults().filter(filter), hits);
    assertEquals(before, filter.asked.get(), "a set that is there is not asked for");
    assertSetIsUsed(filter, COUNT / 100);
  }

  @Test
  void asManyAsThereIsRoomForAreAllRemembered() {
    List<Category> filters = new ArrayList<>();
    for (int i = 0; i < FilterTable.MOST - 8; i++) {
      filters.add(Category.hundredth(i));
    }
    for (int round = 0; round < 2; round++) {
      filters.forEach(filter -> search(floats, filter));
    }
    filters.forEach(this::assertSetIsUsed);
  }

  @Test
  void whatEachRequestHasOfItsOwnForgetsNothing() {
    Category category = Category.hundredth(7);
    search(floats, category);
    for (int user = 0; user < 1_000; user++) {
      search(floats, unseen(user));
    }
    search(floats, category);
    for (int user = 0; user < 1_000; user++) {
      ItemFilter own = unseen(user);
      search(floats, own);
      search(floats, own);
      search(floats, ItemFilter.allow(List.of(TestVectors.id(user))));
    }
    assertSetIsUsed(category);
  }

  /** A shop has hundreds of categories, and all are used alike. */
  @Test
  void moreThanThereIsRoomForDoNotDriveOutEachOther() {
    List<Category> filters = new ArrayList<>();
    for (int i = 0; i < 3 * FilterTable.MOST; i++) {
      filters.add(Category.hundredth(i % 100));
    }
    int remembered = 0;
    for (int round = 0; round < 12; round++) {
      remembered = 0;
      int made = 0;
      for (Category filter : filters) {
        int before = filter.asked.get();
        search(floats, filter);
        remembered += hits.isExact() && hits.scored() == COUNT / 100 ? 1 : 0;
        made += filter.asked.get() - before >= COUNT ? 1 : 0;
      }
      assertTrue(round < 3 || made < 8, "sets that were made anew: " + made);
    }
    assertTrue(remembered >= FilterTable.MOST - 8, "remembered: " + remembered);
  }

  @Test
  void aCategoryIsRememberedWhateverItComesWith() {
    Category category = Category.hundredth(3);
    search(floats, category.and(unseen(0)));
    search(floats, unseen(1).and(category));
    for (int user = 2; user < 100; user++) {
      assertSetIsUsed(category.and(unseen(user)), COUNT / 100);
      ItemFilter odd = itemId -> number(itemId) % 200 == 103;
      assertSetIsUsed(odd.and(category).and(unseen(user)), COUNT / 100);
    }
    int asked = category.asked.get();
    for (int user = 0; user < 100; user++) {
      search(floats, category.and(unseen(user)));
    }
    assertEquals(asked, category.asked.get());
  }

  @Test
  void ofTwoThatAreRememberedTheSmallerIsCompared() {
    Category category = Category.hundredth(4);
    Category cheap = new Category(item -> item % 200 != 4);
    for (int i = 0; i < 2; i++) {
      search(floats, category);
      search(floats, cheap);
    }
    for (int i = 0; i < 5; i++) {
      float[] query = query();
      int asked = category.asked.get() + cheap.asked.get();
      // Made anew each time, so that it is not remembered itself.
      floats.search(query, K, SearchOptions.defaults().filter(cheap.and(category)), hits);
      assertEquals(asked, category.asked.get() + cheap.asked.get());
      assertEquals(COUNT / 100, hits.scored());
      assertEquals(EXACT.search(query, K, itemId -> number(itemId) % 200 == 104), items(hits));
    }
  }

  @Test
  void aLongAllowListIsNotComparedWhereAPartOfItIsShorter() {
    Category category = Category.hundredth(5);
    search(floats, category);
    search(floats, category);
    ItemFilter half = ItemFilter.allow(TestVectors.ids(COUNT / 2));
    assertSetIsUsed(category.and(half), COUNT / 100);
    ItemFilter few = ItemFilter.allow(List.of("item-5", "item-6", "item-105", "item-none"));
    assertSetIsUsed(category.and(few), 2);
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 200, 2_500, 5_000, 9_000})
  void whatIsSoldOutIsNotFoundInTheNextCall(int members) {
    Category category = new Category(item -> item * 7919L % COUNT < members);
    BitSet inStock = new BitSet();
    AtomicInteger asked = new AtomicInteger();
    ItemFilter live =
        itemId -> {
          asked.incrementAndGet();
          return inStock.get(number(itemId));
        };
    ItemFilter both = category.and(live);
    inStock.set(0, COUNT);
    for (HnswIndex index : List.of(floats, codes)) {
      search(index, category);
      search(index, both);
    }
    Random random = new Random(members);
    for (double part : new double[] {1, 0.7, 0.3, 0.03, 0.003, 0}) {
      inStock.clear();
      IntStream.range(0, COUNT).filter(item -> random.nextDouble() < part).forEach(inStock::set);
      for (HnswIndex index : List.of(floats, codes)) {
        int found = 0;
        int wanted = 0;
        for (int i = 0; i < 20; i++) {
          float[] query = query();
          List<ScoredItem> truth = EXACT.search(query, K, both);
          int categoryAsked = category.asked.get();
          asked.set(0);
          index.search(query, K, SearchOptions.defaults().filter(both), hits);
          assertEquals(categoryAsked, category.asked.get());
          if (part > 0.5 && hits.visited() == 0) {
            // As many as one scan keeps at most, and not the category.
            assertTrue(asked.get() <= 3 * (3 * K + 64), () -> "asked " + asked);
          }
          assertEquals(truth.size(), hits.size());
          Set<String> best = TestVectors.itemIds(truth);
          for (ScoredItem item : items(hits)) {
            assertTrue(inStock.get(number(item.itemId())), item::itemId);
            assertTrue(category.numbers.test(number(item.itemId())), item::itemId);
            found += best.contains(item.itemId()) ? 1 : 0;
          }
          wanted += truth.size();
          if (!truth.isEmpty()) {
            String gone = hits.itemId(0);
            inStock.clear(number(gone));
            index.search(query, K, SearchOptions.defaults().filter(both), hits);
            assertFalse(TestVectors.itemIds(items(hits)).contains(gone));
            inStock.set(number(gone));
          }
        }
        String what = "%s, %s in stock: %d of %d".formatted(index, part, found, wanted);
        assertTrue(found >= 0.95 * wanted, what);
      }
    }
  }

  /** Walks where most is accepted: the deny list is asked about what is met. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void aLargeCategoryAndWhatIsUnseenIsWalked(Similarity similarity) {
    HnswIndex index = HnswIndex.builder(DIMENSION, similarity).m(8).ef(48).threads(2).build();
    FlatIndex exact = new FlatIndex(DIMENSION, similarity);
    float[][] vectors = TestVectors.clustered(COUNT, DIMENSION, CLUSTERS, 0.7, 1);
    index.addAll(TestVectors.ids(COUNT), vectors);
    exact.addAll(TestVectors.ids(COUNT), vectors);
    Category category = new Category(item -> item % 10 < 9);
    search(index, category.and(unseen(0)));
    int found = 0;
    int walks = 0;
    for (int user = 1; user <= 60; user++) {
      float[] query = query();
      // What the user has seen is what would be found.
      List<String> best =
          exact.search(query, 20, category).stream().map(ScoredItem::itemId).toList();
      ItemFilter both = category.and(ItemFilter.deny(best));
      List<ScoredItem> truth = exact.search(query, K, both);
      int asked = category.asked.get();
      index.search(query, K, SearchOptions.defaults().filter(both), hits);
      assertTrue(user == 1 || asked == category.asked.get());
      assertEquals(K, hits.size());
      walks += hits.visited() > 0 ? 1 : 0;
      Set<String> ids = TestVectors.itemIds(items(hits));
      best.forEach(itemId -> assertFalse(ids.contains(itemId), itemId));
      ids.retainAll(TestVectors.itemIds(truth));
      found += ids.size();
    }
    int all = found;
    assertTrue(all >= 0.95 * 60 * K, () -> "found " + all);
    assertTrue(walks > 50, "walks: " + walks);
  }

  /** Copies of the codes of half of the items would take all the room there is. */
  @Test
  void onlyWhatIsScannedIsCopied() {
    Category half = new Category(item -> item % 2 == 0);
    Category tenth = new Category(item -> item % 10 == 0);
    GraphInspection inspection = new GraphInspection(codes);
    SearchOptions narrow = SearchOptions.defaults().ef(10);
    for (int i = 0; i < 5; i++) {
      codes.search(query(), K, narrow.filter(half), hits);
    }
    assertTrue(hits.visited() > 0, "half of the items were scanned");
    assertEquals(0, inspection.packedNodes());
    for (int i = 0; i < 5; i++) {
      codes.search(query(), K, narrow.filter(tenth), hits);
    }
    assertEquals(0, hits.visited());
    assertEquals(COUNT / 10, inspection.packedNodes());
    assertEquals(EXACT.search(QUERIES[(searches - 1) % QUERIES.length], K, tenth), items(hits));
  }

  /** While items change and others search. */
  @Test
  void setsAreSharedByThreads() throws InterruptedException, ExecutionException {
    HnswIndex index = HnswIndex.builder(DIMENSION, Similarity.L2).m(8).build();
    float[][] vectors = TestVectors.clustered(4_000, DIMENSION, CLUSTERS, 0.7, 1);
    index.addAll(TestVectors.ids(4_000), vectors);
    List<Category> filters = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      filters.add(Category.hundredth(i));
    }
    List<Callable<Integer>> tasks = new ArrayList<>();
    for (int task = 0; task < 4; task++) {
      int seed = task;
      tasks.add(
          () -> {
            Random random = new Random(seed);
            SearchHits own = new SearchHits();
            for (int i = 0; i < 2_000; i++) {
              int number = random.nextInt(100);
              Category category = filters.get(number);
              ItemFilter filter = random.nextBoolean() ? category : category.and(unseen(i));
              SearchOptions options = SearchOptions.defaults().filter(filter);
              index.search(QUERIES[i % QUERIES.length], K, options, own);
              assertEquals(K, own.size());
              for (ScoredItem item : items(own)) {
                assertTrue(filter.accepts(item.itemId()), item::itemId);
              }
              if (seed == 0 && i % 10 == 0) {
                index.add(TestVectors.id(random.nextInt(5_000)), vectors[random.nextInt(4_000)]);
              }
            }
            return 1;
          });
    }
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      Set<Integer> results = new HashSet<>();
      for (Future<Integer> one : threads.invokeAll(tasks)) {
        results.add(one.get());
      }
      assertEquals(Set.of(1), results);
    } finally {
      threads.shutdown();
    }
  }
}
