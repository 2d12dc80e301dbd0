package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.ann.semantic.BeamOptions;
import io.recommender.ann.semantic.CodeShape;
import io.recommender.ann.semantic.CodeTokens;
import io.recommender.ann.semantic.PromptTemplate;
import io.recommender.ann.semantic.SemanticIdIndex;
import io.recommender.onnx.OnnxGenerativeModel;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.testing.SequenceRecommenderContract;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The committed model that writes codes of items: its graphs in ONNX Runtime, decoded in Java. */
class GenerativeBundleTest {
  private static final Path BUNDLE = Path.of("bundles/shop-generative");

  private static List<UserHistory> histories(Catalog catalog, int count) {
    SplittableRandom random = new SplittableRandom(23);
    List<UserHistory> histories = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      histories.add(
          UserHistory.ofItems(
              IntStream.range(0, 1 + random.nextInt(40))
                  .mapToObj(j -> catalog.id(random.nextInt(catalog.size())))
                  .toList()));
    }
    return histories;
  }

  /** A few items of the shop, so that beams for all of them are few. */
  @Nested
  class Contract extends SequenceRecommenderContract {
    private static final int ITEMS = 12;

    @Override
    protected SequenceRecommender create() {
      OnnxGenerativeModel model = RecommenderBundle.openGenerative(BUNDLE);
      CodeShape shape = CodeShape.of(model.codeSizes());
      SemanticIdIndex index = SemanticIdIndex.builder(shape).build();
      for (int ordinal = 0; ordinal < ITEMS; ordinal++) {
        index.add(model.catalog().id(ordinal), model.codes(ordinal));
      }
      CodeTokens tokens = CodeTokens.of(model.codeTokens());
      return BeamDecoder.builder(
              model.scorer(), index, tokens, PromptTemplate.of(shape, tokens, model.prompt()))
          .options(BeamOptions.of(ITEMS + 1).normalization(model.normalization()))
          .build();
    }

    @Override
    protected Catalog items() {
      Catalog all = RecommenderBundle.read(BUNDLE).catalog();
      return Catalog.of(IntStream.range(0, ITEMS).mapToObj(all::item).toList());
    }

    @Override
    protected double batchTolerance() {
      return 1e-4;
    }
  }

  @Test
  void openingItReplaysWhatGenerateAnswered() {
    try (OnnxGenerativeModel model = RecommenderBundle.openGenerative(BUNDLE);
        BeamDecoder decoder = BeamDecoder.of(model)) {
      assertTrue(model.modelRuns() >= 12 * 3, () -> model.modelRuns() + " runs");
      Recommendations answer = decoder.recommend(UserHistory.of(model.catalog().id(7)));
      assertEquals(10, answer.size());
      assertEquals(3, answer.modelRuns());
      assertEquals(model.modelVersion(), answer.modelVersion());
    }
  }

  @Test
  void nothingButAcceptedItemsIsWrittenAndEachOnce() {
    SplittableRandom random = new SplittableRandom(5);
    try (BeamDecoder decoder = BeamDecoder.of(RecommenderBundle.openGenerative(BUNDLE))) {
      Catalog catalog = RecommenderBundle.read(BUNDLE).catalog();
      List<RecommendationRequest> requests = new ArrayList<>();
      for (UserHistory history : histories(catalog, 400)) {
        Set<String> some = new HashSet<>();
        int count = 1 << random.nextInt(11);
        for (int i = 0; i < count; i++) {
          some.add(catalog.id(random.nextInt(catalog.size())));
        }
        ItemFilter filter =
            random.nextBoolean() ? ItemFilter.allow(some) : itemId -> !some.contains(itemId);
        requests.add(RecommendationRequest.of(history).filter(filter).build());
      }
      List<Recommendations> answers = decoder.recommendAll(requests);
      for (int i = 0; i < requests.size(); i++) {
        Set<String> found = new HashSet<>();
        for (ScoredItem item : answers.get(i)) {
          assertTrue(catalog.contains(item.itemId()), item::itemId);
          assertTrue(requests.get(i).filter().accepts(item.itemId()), item::itemId);
          assertTrue(found.add(item.itemId()), item::itemId);
        }
        int allowed = requests.get(i).filter().allowList().map(Set::size).orElse(catalog.size());
        assertEquals(Math.min(10, allowed), found.size());
      }
    }
  }

  @Test
  void batchesOfUnequalLengthsEqualSingleCalls() {
    try (BeamDecoder decoder = BeamDecoder.of(RecommenderBundle.openGenerative(BUNDLE))) {
      Catalog catalog = RecommenderBundle.read(BUNDLE).catalog();
      List<RecommendationRequest> requests =
          histories(catalog, 70).stream()
              .map(history -> RecommendationRequest.of(history).build())
              .toList();
      List<Recommendations> batch = decoder.recommendAll(requests);
      for (int i = 0; i < requests.size(); i++) {
        List<ScoredItem> single = decoder.recommend(requests.get(i)).items();
        for (int rank = 0; rank < single.size(); rank++) {
          assertEquals(single.get(rank).score(), batch.get(i).items().get(rank).score(), 1e-4);
        }
      }
    }
  }

  @Test
  void theTourShowsWhatItSays() {
    StringWriter out = new StringWriter();
    Catalog catalog = RecommenderBundle.read(BUNDLE).catalog();
    try (BeamDecoder decoder = BeamDecoder.of(RecommenderBundle.openGenerative(BUNDLE))) {
      new GenerativeDemo(
              Terminal.plain(new PrintWriter(out, true)), decoder, catalog, Shop.standard())
          .run();
      assertEquals(catalog.size(), decoder.index().size());
      assertFalse(decoder.index().contains("brand-new"));
    }
    String text = out.toString();
    for (String line : text.split("\n")) {
      assertTrue(line.length() <= 100, line.length() + " columns: " + line);
    }
    String soldOut = text.replaceAll("(?s).*− sold out: (.*?)\n.*", "$1");
    String after = text.substring(text.indexOf("setAvailable"), text.indexOf("── 4"));
    assertFalse(after.contains(soldOut), after);
    assertEquals(3, after.lines().filter(line -> line.matches(" {3,}\\d .*")).count(), after);
    String fresh = text.substring(text.indexOf("── 4"));
    assertTrue(fresh.contains("brand-new  "), fresh);
  }
}
