package io.recommender.ann.entities;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.Catalog;
import io.recommender.Explainer;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.testing.ExplainerContract;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** ChemVis: what a paper has in common with those that were read, whatever it calls it. */
class EntityExplainerTest extends ExplainerContract {
  private static final Catalog PAPERS =
      Catalog.of(
          List.of(
              paper("seed", "aspirin", "ethanol"),
              paper("other", "acetylsalicylic acid", "benzene"),
              paper("near", "ethanol", "aspirin", "phenol"),
              paper("far", "toluene")));

  private static Item paper(String id, String... entities) {
    return new Item(id, Map.of("entities", new Feature.Ids(List.of(entities))));
  }

  @Override
  protected Explainer create() {
    return ItemEntities.of("entities", Map.of("acetylsalicylic acid", "aspirin")).explainer(PAPERS);
  }

  @Override
  protected RecommendationRequest request() {
    return RecommendationRequest.of(UserHistory.of("seed", "other", "seed", "gone")).build();
  }

  @Override
  protected List<String> itemIds() {
    return List.of("near", "seed");
  }

  @Test
  void chemVisCountsEachPaperOnceAndSynonymsAsOne() {
    assertEquals(
        List.of(
            new Reason(Reason.Kind.ENTITY, "aspirin", 2),
            new Reason(Reason.Kind.ENTITY, "ethanol", 1)),
        create().explain(request(), "near"));
    assertEquals(List.of(), create().explain(request(), "far"));
  }
}
