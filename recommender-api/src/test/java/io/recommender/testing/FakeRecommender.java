package io.recommender.testing;

import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/**
 * A recommender for tests that always ranks the same items, or fails, or waits, and remembers what
 * it was asked. It keeps the rules of {@link SequenceRecommender}, filter and shortfall included.
 *
 * <pre>{@code
 * FakeRecommender model = FakeRecommender.of("a", "b", "c");
 * new Storefront(model).show(user);
 * assertEquals(12, model.requests().get(0).k());
 * }</pre>
 *
 * <p><b>Thread-safe</b>; each {@code with} method changes this fake and returns it.
 */
public final class FakeRecommender implements SequenceRecommender {
  private final List<ScoredItem> items;
  private final List<RecommendationRequest> requests = new CopyOnWriteArrayList<>();
  private volatile String modelVersion = "";
  private volatile Runnable before = () -> {};
  private volatile boolean closed;

  private FakeRecommender(List<ScoredItem> items) {
    this.items = List.copyOf(items);
  }

  /**
   * Returns a recommender of some items; the last has score 1, and each before it one more.
   *
   * @param itemIds the items, best first
   * @return the recommender
   */
  public static FakeRecommender of(String... itemIds) {
    return of(Arrays.asList(itemIds));
  }

  /**
   * Returns a recommender of some items; the last has score 1, and each before it one more.
   *
   * @param itemIds the items, best first
   * @return the recommender
   */
  public static FakeRecommender of(List<String> itemIds) {
    List<ScoredItem> items = new ArrayList<>();
    for (int i = 0; i < itemIds.size(); i++) {
      items.add(new ScoredItem(itemIds.get(i), itemIds.size() - i));
    }
    return new FakeRecommender(items);
  }

  /**
   * Returns a recommender of scored items.
   *
   * @param items the items, best first
   * @return the recommender
   */
  public static FakeRecommender ofScored(List<ScoredItem> items) {
    return new FakeRecommender(items);
  }

  /**
   * Returns a recommender that always fails.
   *
   * @param failure what it throws, the same in every call
   * @return the recommender
   */
  public static FakeRecommender failing(RuntimeException failure) {
    return of().withBefore(
            () -> {
              throw failure;
            });
  }

  /**
   * Returns a recommender that always fails.
   *
   * @param failure what it throws, the same in every call
   * @return the recommender
   */
  public static FakeRecommender failing(Error failure) {
    return of().withBefore(
            () -> {
              throw failure;
            });
  }

  /**
   * Sets the version of the model in answers.
   *
   * @param modelVersion name and version
   * @return this
   */
  public FakeRecommender withModelVersion(String modelVersion) {
    this.modelVersion = modelVersion;
    return this;
  }

  /**
   * Lets every call wait. A thread that is interrupted while it waits throws {@link
   * IllegalStateException}.
   *
   * @param latch what calls wait for
   * @return this
   */
  public FakeRecommender withLatch(CountDownLatch latch) {
    return withBefore(() -> Latches.await(latch));
  }

  /**
   * Sets what every call does before it answers, after the request is noted.
   *
   * @param before any action; what it throws, the call throws
   * @return this
   */
  public FakeRecommender withBefore(Runnable before) {
    this.before = before;
    return this;
  }

  /** {@return the requests so far, in order; unmodifiable} */
  public List<RecommendationRequest> requests() {
    return List.copyOf(requests);
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    if (closed) {
      throw new IllegalStateException("FakeRecommender is closed");
    }
    requests.add(request);
    before.run();
    List<ScoredItem> accepted =
        items.stream()
            .filter(item -> request.filter().accepts(item.itemId()))
            .limit(request.k())
            .toList();
    Recommendations.Builder answer =
        Recommendations.of(request.k(), accepted).modelVersion(modelVersion);
    int missing = request.k() - accepted.size();
    if (missing > 0) {
      answer.notice(new Notice(Notice.Code.SHORTFALL, missing, "the fake has no other items"));
    }
    return answer.build();
  }

  @Override
  public void close() {
    closed = true;
  }
}
