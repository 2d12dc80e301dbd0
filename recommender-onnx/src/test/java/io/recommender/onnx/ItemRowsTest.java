package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxJavaType;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Rows of two floats, of an input that is not kept, and of one float. */
class ItemRowsTest {
  private static final long[] INPUTS = {8, 0, 4};
  private static final long ROOM = 1 << 16;

  private final TensorBuffer floats = new TensorBuffer(OnnxJavaType.FLOAT);

  ItemRowsTest() {
    floats.ensure(2);
  }

  private static Item item(String id, double price) {
    return new Item(id, Map.of("price", new Feature.Scalar(price)));
  }

  private static RankerCall call(boolean known, Item... items) {
    boolean[] all = new boolean[items.length];
    Arrays.fill(all, known);
    return new RankerCall(
        RecommendationRequest.of(UserHistory.empty()).build(),
        List.of(items),
        new int[items.length],
        all,
        true);
  }

  private static double price(Item item) {
    return ((Feature.Scalar) item.features().get("price")).value();
  }

  /** Asks for the rows of an item, writes them if they are missing, and says which it was. */
  private static boolean copied(ItemRows rows, TensorBuffer buffer, boolean known, Item item) {
    ItemRows.Batch batch = rows.of(call(known, item), 0, 1);
    float price = (float) price(item);
    float[] found = new float[2];
    buffer.put(0, Double.MIN_VALUE);
    boolean first = batch.read(0, 0, buffer, 0, 2);
    if (first) {
      buffer.get(0, found, 2);
      assertEquals(price, found[0]);
      assertEquals(-price, found[1]);
    }
    assertFalse(batch.read(1, 0, buffer, 0, 1));
    boolean second = batch.read(2, 0, buffer, 1, 1);
    assertEquals(first, second);
    if (second) {
      buffer.get(1, found, 1);
      assertEquals(price + 1, found[0]);
    } else {
      buffer.put(0, price);
      buffer.put(1, -price);
      batch.write(0, 0, buffer, 0, 2);
      batch.write(1, 0, buffer, 0, 1);
      buffer.put(1, price + 1);
      batch.write(2, 0, buffer, 1, 1);
      batch.keep();
    }
    return first;
  }

  @Test
  void theSameItemIsCopiedAndAnotherOfItsIdIsNot() {
    ItemRows rows = new ItemRows(INPUTS, ROOM);
    Item cheap = item("a", 1);
    Item dear = item("a", 100);
    assertFalse(copied(rows, floats, false, cheap));
    assertTrue(copied(rows, floats, false, cheap));
    assertFalse(copied(rows, floats, false, dear));
    assertTrue(copied(rows, floats, false, dear));
    assertTrue(copied(rows, floats, false, cheap));
    assertFalse(copied(rows, floats, false, item("a", 1)), "equal, but not the same");
  }

  @Test
  void itemsOfTheBundleAndThoseWithoutFeaturesAreNotKept() {
    ItemRows rows = new ItemRows(INPUTS, ROOM);
    Item item = item("a", 1);
    assertFalse(copied(rows, floats, true, item));
    assertFalse(copied(rows, floats, true, item));
    assertFalse(copied(rows, floats, false, item));
    Item nobody = Item.of("b");
    for (int i = 0; i < 2; i++) {
      ItemRows.Batch batch = rows.of(call(false, nobody), 0, 1);
      assertFalse(batch.read(0, 0, floats, 0, 2));
      batch.keep();
    }
  }

  @Test
  void withoutRoomNothingIsKept() {
    for (ItemRows rows :
        List.of(
            new ItemRows(INPUTS, 0), new ItemRows(INPUTS, 300), new ItemRows(new long[2], ROOM))) {
      Item item = item("a", 1);
      for (int i = 0; i < 2; i++) {
        ItemRows.Batch batch = rows.of(call(false, item), 0, 1);
        assertFalse(batch.read(0, 0, floats, 0, 2));
        batch.write(0, 0, floats, 0, 2);
        batch.keep();
      }
    }
  }

  @Test
  void moreItemsThanRoomPushEachOtherOutAndNeverMixUp() {
    ItemRows rows = new ItemRows(INPUTS, ROOM);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      items.add(item("item-" + i, i));
    }
    SplittableRandom random = new SplittableRandom(3);
    int copied = 0;
    int often = 0;
    for (int i = 0; i < 40_000; i++) {
      copied += copied(rows, floats, false, items.get(random.nextInt(items.size()))) ? 1 : 0;
      often += copied(rows, floats, false, items.get(random.nextInt(20))) ? 1 : 0;
    }
    // There is room for 512 of the 3,000.
    assertTrue(copied > 2000 && copied < 8000, "copied: " + copied);
    assertTrue(often > 36_000, "of those asked for all the time: " + often);
  }

  @Test
  void threadsSeeWholeRows() throws ExecutionException, InterruptedException {
    ItemRows rows = new ItemRows(INPUTS, ROOM);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      items.add(item("item-" + i, i));
    }
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      List<Future<Integer>> all = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        SplittableRandom random = new SplittableRandom(thread);
        all.add(
            pool.submit(
                () -> {
                  TensorBuffer buffer = new TensorBuffer(OnnxJavaType.FLOAT);
                  buffer.ensure(2);
                  int copied = 0;
                  for (int i = 0; i < 20_000; i++) {
                    Item item = items.get(random.nextInt(items.size()));
                    copied += copied(rows, buffer, false, item) ? 1 : 0;
                  }
                  return copied;
                }));
      }
      for (Future<Integer> each : all) {
        assertTrue(each.get() > 0);
      }
    } finally {
      pool.shutdown();
    }
  }
}
