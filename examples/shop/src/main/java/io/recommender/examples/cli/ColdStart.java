package io.recommender.examples.cli;

import io.recommender.Catalog;
import io.recommender.HistoryTransform;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.RecommendationRequest;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.neighbors.PopularityRecommender;
import io.recommender.ann.vectors.LinearMap;
import io.recommender.ann.vectors.QueryVector;
import io.recommender.ann.vectors.VectorRecommender;
import io.recommender.evaluation.EvaluationCase;
import io.recommender.evaluation.Split;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.CatalogIndexer;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.pipeline.RecommenderPipeline;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Items that are held out, as if nobody had met them, and what recommends them nevertheless.
 *
 * <p>Held-out items are taken out of the training, out of the histories that a model of ids reads,
 * and out of what it can answer. The texts of all items are known. A ridge regression carries them
 * among the item vectors of the model, around their mean and spread out as they are.
 */
final class ColdStart implements AutoCloseable {
  private final Model ids;
  private final Model both;
  private final Set<String> heldOut;
  private final HistoryTransform known;

  /** A model and the vectors of its items. */
  private record Model(OnnxSequenceRecommender recommender, ItemIndex vectors) {
    static Model open(Path bundle) {
      AtomicReference<ItemIndex> made = new AtomicReference<>();
      BundleOptions options =
          BundleOptions.defaults()
              .index(
                  (dimension, similarity, expectedSize) -> {
                    made.set(new FlatIndex(dimension, similarity, expectedSize));
                    return made.get();
                  });
      OnnxSequenceRecommender model = RecommenderBundle.open(bundle, options);
      if (made.get() == null) {
        model.close();
        throw new IllegalArgumentException(
            bundle + ": expected a bundle with item vectors, found one without");
      }
      return new Model(model, made.get());
    }
  }

  private ColdStart(Model ids, Model both, Set<String> heldOut) {
    this.ids = ids;
    this.both = both;
    this.heldOut = heldOut;
    known = HistoryTransform.where(interaction -> !heldOut.contains(interaction.itemId()));
  }

  /** Opens a bundle and draws the items that are held out. */
  static ColdStart of(Path bundle, double share, long seed) {
    Model ids = Model.open(bundle);
    Model both = Model.open(bundle);
    Catalog catalog = ids.recommender().catalog();
    List<String> shuffled = new ArrayList<>();
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      shuffled.add(catalog.id(ordinal));
    }
    Collections.shuffle(shuffled, new Random(seed));
    int count = Math.max(1, (int) Math.round(share * shuffled.size()));
    return new ColdStart(ids, both, new LinkedHashSet<>(shuffled.subList(0, count)));
  }

  Catalog catalog() {
    return ids.recommender().catalog();
  }

  Set<String> heldOut() {
    return heldOut;
  }

  /**
   * Encodes the texts, fits the map to the items that are not held out, places the others by it,
   * and returns what is compared, by name.
   */
  Map<String, SequenceRecommender> recommenders(
      ItemEncoder encoder, List<Item> items, double lambda, double decay, Split split) {
    ItemIndex texts = new FlatIndex(encoder.dimension(), encoder.similarity(), items.size());
    CatalogIndexer.of(encoder, "cold", texts).index(items.iterator());
    List<float[]> source = new ArrayList<>();
    List<float[]> target = new ArrayList<>();
    for (Item item : items) {
      if (!heldOut.contains(item.id())) {
        source.add(texts.vector(item.id()).orElseThrow());
        target.add(ids.vectors().vector(item.id()).orElseThrow());
      }
    }
    float[] center = sum(1.0f / target.size(), target.toArray(float[][]::new));
    target.replaceAll(vector -> plus(vector, -1, center));
    LinearMap map =
        LinearMap.ridge(source.toArray(float[][]::new), target.toArray(float[][]::new), lambda);
    ItemIndex mapped = new FlatIndex(map.targetDimension(), Similarity.COSINE, items.size());
    for (Item item : items) {
      mapped.add(item.id(), map.apply(texts.vector(item.id()).orElseThrow()));
    }
    double spread =
        Math.sqrt(squares(target) / squares(List.of(map.applyAll(source.toArray(float[][]::new)))));
    for (String itemId : heldOut) {
      ids.vectors().remove(itemId);
      both.vectors().add(itemId, plus(center, spread, mapped.vector(itemId).orElseThrow()));
    }
    return compared(texts, mapped, decay, PopularityRecommender.fit(catalog(), training(split)));
  }

  private static float[] sum(float weight, float[]... vectors) {
    float[] sum = new float[vectors[0].length];
    for (float[] vector : vectors) {
      sum = plus(sum, weight, vector);
    }
    return sum;
  }

  private static float[] plus(float[] vector, double weight, float[] other) {
    float[] sum = vector.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += (float) (weight * other[i]);
    }
    return sum;
  }

  private static double squares(List<float[]> vectors) {
    double sum = 0;
    for (float[] vector : vectors) {
      for (float element : vector) {
        sum += (double) element * element;
      }
    }
    return sum;
  }

  private List<UserHistory> training(Split split) {
    return split.training().stream().map(known::apply).toList();
  }

  Split all(Split split) {
    return Split.of(split.name() + ", all items", split.log(), training(split), split.cases());
  }

  /** The cases that ask for an item that was held out. */
  Split heldOutTargets(Split split) {
    List<EvaluationCase> cases =
        split.cases().stream()
            .filter(each -> heldOut.containsAll(each.ratings().keySet()))
            .toList();
    return Split.of(split.name() + ", held-out items", split.log(), training(split), cases);
  }

  private Map<String, SequenceRecommender> compared(
      ItemIndex texts, ItemIndex mapped, double decay, SequenceRecommender popularity) {
    Map<String, SequenceRecommender> recommenders = new LinkedHashMap<>();
    SequenceRecommender ofIds = knowing(ids.recommender());
    SequenceRecommender ofTexts =
        VectorRecommender.of(
            "texts", QueryVector.historyMean(texts::vector, decay), texts, popularity);
    recommenders.put("popularity", popularity);
    recommenders.put("ids", ofIds);
    recommenders.put("texts", ofTexts);
    recommenders.put(
        "texts, mapped",
        VectorRecommender.of(
            "mapped", QueryVector.historyMean(mapped::vector, decay), mapped, popularity));
    recommenders.put("ids, others mapped", knowing(both.recommender()));
    recommenders.put(
        "ids and texts, fused",
        RecommenderPipeline.named("fused")
            .source("ids", ofIds)
            .source("texts", ofTexts)
            .fallback("popularity", popularity)
            .build());
    return recommenders;
  }

  /** Returns the same, each asked for nothing but items that were held out. */
  Map<String, SequenceRecommender> amongHeldOut(Map<String, SequenceRecommender> recommenders) {
    ItemFilter filter = ItemFilter.allow(heldOut);
    Map<String, SequenceRecommender> filtered = new LinkedHashMap<>();
    recommenders.forEach(
        (name, recommender) ->
            filtered.put(
                name,
                request ->
                    recommender.recommend(
                        request.toBuilder().filter(request.filter().and(filter)).build())));
    return filtered;
  }

  /** Hides held-out items in the history from a model of ids. */
  private SequenceRecommender knowing(OnnxSequenceRecommender model) {
    ItemFilter inIndex = model == ids.recommender() ? ItemFilter.deny(heldOut) : ItemFilter.all();
    return request -> {
      RecommendationRequest.Builder asked =
          request.toBuilder().history(known.apply(request.history()));
      return model.recommend(asked.filter(request.filter().and(inIndex)).build());
    };
  }

  @Override
  public void close() {
    ids.recommender().close();
    both.recommender().close();
  }
}
