package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.ItemIndex;
import io.recommender.ItemIndexFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Puts other items under the graph of a recommender that knows items by tables alone. */
final class OtherCatalog {
  private OtherCatalog() {}

  /** What the recommender is made of. */
  record Source(
      Manifest manifest,
      OnnxSession session,
      String modelVersion,
      String fingerprint,
      int maxBatch,
      SequenceModel model) {}

  static OnnxSequenceRecommender open(
      Source source,
      Catalog catalog,
      Map<String, float[][]> tables,
      float[][] itemVectors,
      ItemIndexFactory factory) {
    Manifest manifest = source.manifest().withoutFallback();
    Manifest.Embedding embedding = manifest.embedding().orElseThrow();
    if (catalog.size() == 0) {
      throw new IllegalArgumentException("catalogue: expected at least one item, found none");
    }
    Map<String, ItemTable> read = tables(source, catalog, tables);
    check("itemVectors", itemVectors, catalog.size(), embedding.dimension());
    SequenceModel model =
        SequenceModel.of(
            manifest,
            source.session(),
            catalog,
            read,
            source.model().columns(),
            true,
            source.model().denoiser());
    ItemIndex index = factory.create(embedding.dimension(), embedding.similarity(), catalog.size());
    try {
      List<String> ids = new ArrayList<>(catalog.size());
      for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
        ids.add(catalog.id(ordinal));
      }
      index.addAll(ids, itemVectors);
      return new OnnxSequenceRecommender(
          manifest,
          catalog,
          source.session(),
          model,
          new VectorHead(
              source.model().denoiser().map(Denoiser::session).orElse(source.session()).name(),
              embedding,
              index,
              manifest.name()),
          index::close,
          () -> {},
          source.fingerprint(),
          source.maxBatch());
    } catch (RuntimeException | Error e) {
      try {
        index.close();
      } catch (RuntimeException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  private static Map<String, ItemTable> tables(
      Source source, Catalog catalog, Map<String, float[][]> tables) {
    Map<String, ItemTable> read = new HashMap<>();
    for (int i = 0; i < source.manifest().inputs().size(); i++) {
      Manifest.Input input = source.manifest().inputs().get(i);
      if (input.role() == Manifest.Role.ITEM_IDS) {
        throw new IllegalStateException(
            "%s: expected a model that reads items by tables alone, found input '%s' of role ITEM_IDS"
                .formatted(source.modelVersion(), input.name()));
      }
      if (input.role() == Manifest.Role.ITEM_TABLE && !read.containsKey(input.feature())) {
        ItemTable before = source.model().tables().get(i).orElseThrow();
        if (before.isInteger()) {
          throw new IllegalStateException(
              "%s: expected tables of floats, found one of integers in '%s'"
                  .formatted(source.modelVersion(), input.feature()));
        }
        float[][] rows = tables.get(input.feature());
        if (rows == null) {
          throw new IllegalArgumentException(
              "tables: expected '%s', found %s"
                  .formatted(input.feature(), new TreeSet<>(tables.keySet())));
        }
        check("table '" + input.feature() + "'", rows, catalog.size(), before.width());
        ItemTable table = table(rows, before);
        table.complete(input.feature(), catalog, input.defaultValue());
        read.put(input.feature(), table);
      }
    }
    if (!read.keySet().equals(tables.keySet())) {
      throw new IllegalArgumentException(
          "tables: expected %s, found %s"
              .formatted(new TreeSet<>(read.keySet()), new TreeSet<>(tables.keySet())));
    }
    return read;
  }

  private static ItemTable table(float[][] rows, ItemTable before) {
    long[] rowShape = before.rowShape();
    long[] shape = new long[rowShape.length + 1];
    shape[0] = rows.length;
    System.arraycopy(rowShape, 0, shape, 1, rowShape.length);
    ByteBuffer memory = ItemTable.allocate((long) rows.length * before.width());
    for (float[] row : rows) {
      for (float number : row) {
        memory.putFloat(number);
      }
    }
    memory.flip();
    return ItemTable.ofFloats(shape, memory.asFloatBuffer());
  }

  private static void check(String name, float[][] rows, int count, int width) {
    int[] widths = Arrays.stream(rows).mapToInt(row -> row.length).distinct().toArray();
    if (rows.length != count || widths.length != 1 || widths[0] != width) {
      throw new IllegalArgumentException(
          "%s: expected %d rows of %d numbers, found %d of %s"
              .formatted(name, count, width, rows.length, Arrays.toString(widths)));
    }
  }
}
