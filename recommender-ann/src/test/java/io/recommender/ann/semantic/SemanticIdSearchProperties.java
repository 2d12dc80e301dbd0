package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.ItemFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Searches of indexes that are large enough to have a directory, compared with a scan. {@link
 * SemanticIdIndexProperties} has the small ones, after each of many changes.
 */
class SemanticIdSearchProperties {
  private static final List<CodeShape> SHAPES =
      List.of(
          CodeShape.of(2, 16),
          CodeShape.of(3, 40),
          CodeShape.of(4, 256),
          CodeShape.of(new int[] {3, 5, 900}),
          CodeShape.of(1, 70_000),
          CodeShape.upTo(6, 4),
          CodeShape.upTo(3, 300));

  @Property(tries = 60)
  void findsWhatAScanFinds(
      @ForAll long seed,
      @ForAll @IntRange(max = 6) int shapeNumber,
      @ForAll @IntRange(min = 4_097, max = 9_000) int items) {
    Random random = new Random(seed);
    CodeShape shape = SHAPES.get(shapeNumber);
    SemanticIdIndex index = SemanticIdIndex.builder(shape).build();
    CodeModel model = new CodeModel();
    add(index, model, 0, items, random);
    add(index, model, items - 50, items + 100, random);
    for (int i = 0; i < 100; i++) {
      String id = "item-" + random.nextInt(items);
      model.remove(id);
      index.remove(id);
      id = "item-" + random.nextInt(items);
      model.setAvailable(id, false);
      index.setAvailable(id, false);
    }
    Set<String> many =
        random.ints(items / 5, 0, items).mapToObj(i -> "item-" + i).collect(Collectors.toSet());
    List<ItemFilter> filters =
        List.of(
            ItemFilter.all(),
            ItemFilter.allow(many),
            ItemFilter.deny(many),
            ItemFilter.allow(many.stream().limit(items / 100).toList()),
            ItemFilter.deny(many.stream().limit(50).toList()),
            itemId -> itemId.hashCode() % 3 == 0,
            itemId -> itemId.endsWith("77"));
    for (int i = 0; i < 4; i++) {
      float[][] scores = CodeModel.randomScores(shape, random);
      int k = 1 + random.nextInt(100);
      for (ItemFilter filter : filters) {
        assertEquals(model.search(scores, k, filter), index.search(scores, k, filter));
      }
    }
  }

  private static void add(SemanticIdIndex index, CodeModel model, int from, int to, Random random) {
    List<String> ids = new ArrayList<>();
    int[][] codes = new int[to - from][];
    for (int i = 0; i < codes.length; i++) {
      ids.add("item-" + (from + i));
      codes[i] = CodeModel.randomCode(index.shape(), random);
      if (random.nextInt(4) > 0) {
        codes[i] =
            IntStream.range(0, codes[i].length)
                .map(level -> random.nextInt(index.shape().size(level)))
                .toArray();
      }
      model.add(ids.get(i), codes[i]);
    }
    index.addAll(ids, codes);
  }
}
