package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.ItemFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Random changes, compared with a map after each. */
class SemanticIdIndexProperties {
  private static final List<CodeShape> SHAPES =
      List.of(
          CodeShape.of(3, 4),
          CodeShape.of(4, 256),
          CodeShape.of(new int[] {2, 300, 5}),
          CodeShape.of(1, 50),
          CodeShape.upTo(5, 3),
          CodeShape.upTo(4, 70_000));

  @Property(tries = 100)
  void answersLikeAMap(
      @ForAll long seed,
      @ForAll @IntRange(max = 5) int shapeNumber,
      @ForAll @IntRange(min = 1, max = 900) int items)
      throws IOException {
    Random random = new Random(seed);
    CodeShape shape = SHAPES.get(shapeNumber);
    SemanticIdIndex index = SemanticIdIndex.builder(shape).build();
    CodeModel model = new CodeModel();
    ItemFilter kept = CodeModel.randomFilter(random, items);
    for (int step = 0; step < 40; step++) {
      index = change(index, model, random, items);
      ItemFilter filter = random.nextBoolean() ? kept : CodeModel.randomFilter(random, items);
      model.assertAnswers(index, random, filter);
    }
  }

  private static SemanticIdIndex change(
      SemanticIdIndex index, CodeModel model, Random random, int items) throws IOException {
    String id = "item-" + random.nextInt(items);
    switch (random.nextInt(20)) {
      case 0, 1, 2, 3, 4, 5 -> {
        int[] code = CodeModel.randomCode(index.shape(), random);
        model.add(id, code);
        index.add(id, code);
      }
      case 6, 7, 8, 9, 10 -> {
        List<String> ids = new ArrayList<>();
        for (int i = random.nextInt(3) == 0 ? items : random.nextInt(20); i > 0; i--) {
          String next = "item-" + random.nextInt(items);
          if (!ids.contains(next)) {
            ids.add(next);
          }
        }
        int[][] codes = new int[ids.size()][];
        for (int i = 0; i < codes.length; i++) {
          codes[i] = CodeModel.randomCode(index.shape(), random);
          model.add(ids.get(i), codes[i]);
        }
        index.addAll(ids, codes);
      }
      case 11, 12, 13, 14 -> {
        int count = random.nextInt(4) == 0 ? items : 1;
        for (int i = 0; i < count; i++) {
          String next = "item-" + random.nextInt(items);
          assertEquals(model.remove(next), index.remove(next));
        }
      }
      case 15, 16, 17, 18 -> {
        boolean available = random.nextBoolean();
        assertEquals(model.setAvailable(id, available), index.setAvailable(id, available));
      }
      default -> {
        Path folder = Files.createTempDirectory("codes");
        Path file = folder.resolve("index");
        index.save(file);
        SemanticIdIndex opened = SemanticIdIndex.open(file);
        assertEquals(index.shape(), opened.shape());
        Files.delete(file);
        Files.deleteIfExists(folder.resolve("index.lock"));
        Files.delete(folder);
        return opened;
      }
    }
    return index;
  }
}
