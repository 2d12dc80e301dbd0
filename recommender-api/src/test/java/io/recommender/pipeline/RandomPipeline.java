package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.HistoryTransform;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.IntStream;

/** Parts for a pipeline, drawn from a seed; some of them break every rule there is. */
final class RandomPipeline {
  static final List<String> ITEMS = IntStream.range(0, 30).mapToObj(i -> "item-" + i).toList();

  private static final int BUDGET = 50;

  final Random random;
  final List<CandidateSource> sources = new ArrayList<>();
  final List<SequenceRecommender> fallbacks = new ArrayList<>();
  final List<Reranker> rerankers = new ArrayList<>();
  final List<SlotRule> rules = new ArrayList<>();
  final List<HistoryTransform> transforms = new ArrayList<>();
  final CatalogOverlay overlay = new CatalogOverlay();
  final ItemFilter standing;
  final RecommendationRequest request;
  Optional<Catalog> catalog = Optional.empty();
  Optional<Fusion> fusion = Optional.empty();
  Optional<Reranker> diversity = Optional.empty();
  Optional<Reranker> exploration = Optional.empty();
  int candidates = PipelineBuilder.DEFAULT_CANDIDATES;

  /**
   * Draws the parts.
   *
   * @param isWellBehaved whether no part breaks a rule or fails
   */
  RandomPipeline(long seed, boolean isWellBehaved) {
    random = new Random(seed);
    standing = filter();
    for (String itemId : ITEMS) {
      switch (random.nextInt(20)) {
        case 0, 1 -> overlay.setStock(itemId, random.nextInt(2));
        case 2 -> overlay.setVisible(itemId, random.nextBoolean());
        case 3, 4, 5 -> overlay.setPrice(itemId, random.nextInt(2 * BUDGET));
        default -> {}
      }
    }
    if (random.nextInt(4) == 0) {
      catalog = Optional.of(Catalog.ofIds(ITEMS.subList(0, 20 + random.nextInt(10))));
    }
    for (int i = Math.max(0, random.nextInt(4) - 1); i > 0; i--) {
      transforms.add(transform());
    }
    int sourceCount = 1 + random.nextInt(4);
    for (int i = 0; i < sourceCount; i++) {
      CandidateSource source =
          CandidateSource.of("source-" + i, recommender(isWellBehaved))
              .depth(1 + random.nextInt(25))
              .weight(1 + random.nextInt(3));
      sources.add(random.nextInt(4) == 0 ? source.transform(transform()) : source);
    }
    if (random.nextBoolean()) {
      fusion =
          Optional.of(
              switch (random.nextInt(4)) {
                case 0 -> Fusion.reciprocalRank(random.nextInt(100));
                case 1 -> Fusion.weighted(Fusion.Normalization.NONE);
                case 2 -> Fusion.weighted(Fusion.Normalization.MIN_MAX);
                default -> Fusion.interleaved();
              });
    }
    if (random.nextInt(3) == 0) {
      candidates = 1 + random.nextInt(20);
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      rerankers.add(reranker(isWellBehaved));
    }
    addRules();
    request =
        RecommendationRequest.of(history())
            .k(1 + random.nextInt(15))
            .seed(random.nextLong())
            .filter(filter())
            .build();
  }

  private UserHistory history() {
    List<Interaction> interactions = new ArrayList<>();
    for (int i = random.nextInt(7); i > 0; i--) {
      interactions.add(
          Interaction.of("item-" + random.nextInt(ITEMS.size() + 5))
              .withDomain("domain-" + random.nextInt(3))
              .withBehavior(random.nextBoolean() ? "view" : "buy"));
    }
    return UserHistory.of(interactions);
  }

  private HistoryTransform transform() {
    int number = random.nextInt(ITEMS.size() + 5);
    return switch (random.nextInt(5)) {
      case 0 -> HistoryTransform.newest(1 + random.nextInt(4));
      case 1 -> HistoryTransform.distinctItems();
      case 2 -> HistoryTransform.behaviors(List.of("buy"));
      case 3 -> HistoryTransform.domains(List.of("domain-0", "domain-1"));
      default ->
          history -> {
            List<Interaction> interactions = new ArrayList<>(history.interactions());
            interactions.add(Interaction.of("item-" + number));
            return history.withInteractions(interactions);
          };
    };
  }

  /** Puts another recommender into the place of that of a source. */
  void replace(int index, SequenceRecommender recommender) {
    CandidateSource source = sources.get(index);
    sources.set(
        index,
        CandidateSource.of(source.name(), recommender)
            .depth(source.depth())
            .weight(source.weight())
            .transform(source.transform()));
  }

  /** Adds what the plain model of a pipeline does not know. */
  RandomPipeline withReorderingAndFallbacks(boolean isWellBehaved) {
    if (random.nextInt(3) == 0) {
      diversity =
          Optional.of(
              random.nextBoolean()
                  ? Diversity.mmr(random.nextDouble(), RandomPipeline::vector)
                  : Diversity.dpp(random.nextDouble() * 0.9, RandomPipeline::vector));
    }
    if (random.nextInt(3) == 0) {
      exploration = Optional.of(Exploration.epsilonGreedy(random.nextDouble(), random.nextInt(3)));
    }
    if (random.nextInt(3) == 0) {
      rules.add(SlotRule.atLeast("least", 1 + random.nextInt(5), id -> number(id) % 4 == 0));
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      fallbacks.add(recommender(isWellBehaved));
    }
    return this;
  }

  private static Optional<float[]> vector(String itemId) {
    int number = number(itemId);
    return number % 7 == 0
        ? Optional.empty()
        : Optional.of(new float[] {number % 3, number % 5, 1, -number % 2});
  }

  static int number(String itemId) {
    return Integer.parseInt(itemId.substring(5));
  }

  private ItemFilter filter() {
    Set<String> some = new HashSet<>();
    for (int i = random.nextInt(20); i > 0; i--) {
      some.add(ITEMS.get(random.nextInt(ITEMS.size())));
    }
    int modulus = 2 + random.nextInt(5);
    return switch (random.nextInt(8)) {
      case 0 -> ItemFilter.allow(some);
      case 1 -> ItemFilter.deny(some);
      case 2 -> itemId -> number(itemId) % modulus != 0;
      case 3, 4 -> itemId -> overlay.price(itemId).orElse(0) <= BUDGET;
      default -> ItemFilter.all();
    };
  }

  private SequenceRecommender recommender(boolean isWellBehaved) {
    List<String> items = new ArrayList<>(ITEMS);
    Collections.shuffle(items, random);
    List<ScoredItem> scored = new ArrayList<>();
    double score = random.nextGaussian() * 3;
    for (String itemId : items.subList(0, random.nextInt(ITEMS.size() + 1))) {
      scored.add(new ScoredItem(itemId, score));
      score -= random.nextInt(3) / 2.0;
    }
    if (isWellBehaved || random.nextInt(4) > 0) {
      FakeRecommender fake = FakeRecommender.ofScored(scored);
      return random.nextBoolean()
          ? fake
          : request -> {
            ItemFilter others = request.filter().and(ItemFilter.unseen(request.history()));
            return fake.recommend(request.toBuilder().filter(others).build());
          };
    }
    return switch (random.nextInt(4)) {
      case 0 -> FakeRecommender.failing(new IllegalStateException("broken"));
      case 1 -> FakeRecommender.failing(new NoClassDefFoundError("broken"));
      case 2 -> request -> Recommendations.of(scored.size(), scored).build();
      default -> {
        List<ScoredItem> twice = new ArrayList<>(scored);
        twice.addAll(scored);
        Collections.shuffle(twice, random);
        yield request -> Recommendations.of(twice.size(), twice).build();
      }
    };
  }

  private Reranker reranker(boolean isWellBehaved) {
    int kind = random.nextInt(isWellBehaved ? 3 : 6);
    int modulus = 2 + random.nextInt(5);
    return switch (kind) {
      case 0 ->
          (request, items) ->
              items.stream()
                  .sorted(Comparator.comparingInt(item -> number(item.itemId()) % modulus))
                  .toList();
      case 1 ->
          (request, items) ->
              items.stream().filter(item -> number(item.itemId()) % 7 < modulus).toList();
      case 2 ->
          (request, items) ->
              items.stream()
                  .map(item -> new ScoredItem(item.itemId(), number(item.itemId()) % modulus))
                  .sorted(Comparator.comparingDouble(ScoredItem::score).reversed())
                  .toList();
      case 3 ->
          (request, items) -> {
            throw new IllegalArgumentException("broken");
          };
      case 4 -> (request, items) -> List.of(new ScoredItem("item-0", Double.NaN));
      default ->
          (request, items) -> {
            List<ScoredItem> all = new ArrayList<>(items);
            all.addAll(items);
            ITEMS.forEach(itemId -> all.add(new ScoredItem(itemId, 1)));
            Collections.shuffle(all, new Random(request.seed()));
            return all;
          };
    };
  }

  private void addRules() {
    if (random.nextInt(3) == 0) {
      int modulus = 2 + random.nextInt(4);
      rules.add(SlotRule.boost("boost", id -> number(id) % modulus == 0, 1 + random.nextInt(4)));
    }
    if (random.nextInt(3) == 0) {
      rules.add(SlotRule.bury("bury", id -> number(id) % 2 == 0, 1 + random.nextInt(4)));
    }
    List<String> pinned = new ArrayList<>(ITEMS);
    Collections.shuffle(pinned, random);
    List<Integer> places = new ArrayList<>(IntStream.rangeClosed(1, 16).boxed().toList());
    Collections.shuffle(places, random);
    for (int i = Math.max(0, random.nextInt(6) - 2); i > 0; i--) {
      rules.add(SlotRule.pin(places.get(i), pinned.get(i)));
    }
    if (random.nextInt(3) == 0) {
      int brands = 2 + random.nextInt(6);
      rules.add(
          SlotRule.atMost(
              "brand",
              1 + random.nextInt(3),
              id ->
                  number(id) % 5 == 0
                      ? Optional.empty()
                      : Optional.of("brand-" + number(id) % brands)));
    }
    if (random.nextInt(4) == 0) {
      rules.add(SlotRule.atMost("half", 2, id -> Optional.of("half-" + number(id) / 15)));
    }
  }

  /** Everything that an item of an answer has to pass. */
  ItemFilter filters() {
    return toldFilters().and(itemId -> catalog.map(all -> all.contains(itemId)).orElse(true));
  }

  /** The filters that sources are told. */
  ItemFilter toldFilters() {
    return request.filter().and(standing).and(overlay.filter());
  }

  PipelineBuilder builder() {
    PipelineBuilder builder =
        RecommenderPipeline.named("random")
            .filter(standing)
            .overlay(overlay)
            .candidates(candidates);
    catalog.ifPresent(builder::catalog);
    transforms.forEach(builder::transform);
    sources.forEach(builder::source);
    fusion.ifPresent(builder::fusion);
    for (int i = 0; i < rerankers.size(); i++) {
      builder.reranker("reranker-" + i, rerankers.get(i));
    }
    rules.forEach(builder::rule);
    diversity.ifPresent(builder::diversity);
    exploration.ifPresent(builder::exploration);
    for (int i = 0; i < fallbacks.size(); i++) {
      builder.fallback("fallback-" + i, fallbacks.get(i));
    }
    return builder;
  }

  RecommenderPipeline build(Executor executor) {
    return builder().executor(executor).build();
  }
}
