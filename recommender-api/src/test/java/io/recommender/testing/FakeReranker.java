package io.recommender.testing;

import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/**
 * A reranker for tests that puts some items first, drops some, fails, or waits, and remembers what
 * it was given. It keeps the rules of {@link Reranker}.
 *
 * <pre>{@code
 * FakeReranker ranker = FakeReranker.first("b").withDropped("c");
 * new Storefront(model, ranker).show(user);
 * assertEquals(3, ranker.calls().get(0).candidates().size());
 * }</pre>
 *
 * <p><b>Thread-safe</b>; each {@code with} method changes this fake and returns it.
 */
public final class FakeReranker implements Reranker {
  private final List<String> first;
  private final List<Call> calls = new CopyOnWriteArrayList<>();
  private volatile Set<String> dropped = Set.of();
  private volatile List<Notice> notices = List.of();
  private volatile Runnable before = () -> {};
  private volatile boolean closed;

  private FakeReranker(List<String> first) {
    this.first = List.copyOf(first);
  }

  /**
   * What the fake was given in one call.
   *
   * @param request the request
   * @param candidates the candidates, best first; unmodifiable
   */
  public record Call(RecommendationRequest request, List<ScoredItem> candidates) {
    /**
     * Copies the candidates.
     *
     * @param request the request
     * @param candidates the candidates, best first
     */
    public Call {
      candidates = List.copyOf(candidates);
    }
  }

  /**
   * Returns a reranker that puts some items first, and leaves the others in their order below. The
   * last then has score 1, and each before it one more.
   *
   * @param itemIds the items, best first; those that are not candidates do no harm. None: the order
   *     stays, and scores count down
   * @return the reranker
   */
  public static FakeReranker first(String... itemIds) {
    return new FakeReranker(List.of(itemIds));
  }

  /**
   * Returns a reranker that always fails.
   *
   * @param failure what it throws, the same in every call
   * @return the reranker
   */
  public static FakeReranker failing(RuntimeException failure) {
    return first()
        .withBefore(
            () -> {
              throw failure;
            });
  }

  /**
   * Returns a reranker that always fails.
   *
   * @param failure what it throws, the same in every call
   * @return the reranker
   */
  public static FakeReranker failing(Error failure) {
    return first()
        .withBefore(
            () -> {
              throw failure;
            });
  }

  /**
   * Sets items that are dropped.
   *
   * @param itemIds the items
   * @return this
   */
  public FakeReranker withDropped(String... itemIds) {
    dropped = Set.of(itemIds);
    return this;
  }

  /**
   * Sets what every call tells.
   *
   * @param notices the notices
   * @return this
   */
  public FakeReranker withNotices(Notice... notices) {
    this.notices = List.of(notices);
    return this;
  }

  /**
   * Lets every call wait. A thread that is interrupted while it waits throws {@link
   * IllegalStateException}.
   *
   * @param latch what calls wait for
   * @return this
   */
  public FakeReranker withLatch(CountDownLatch latch) {
    return withBefore(() -> Latches.await(latch));
  }

  /**
   * Sets what every call does before it answers, after it is noted.
   *
   * @param before any action; what it throws, the call throws
   * @return this
   */
  public FakeReranker withBefore(Runnable before) {
    this.before = before;
    return this;
  }

  /** {@return what was asked so far, in order; unmodifiable} */
  public List<Call> calls() {
    return List.copyOf(calls);
  }

  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    if (closed) {
      throw new IllegalStateException("FakeReranker is closed");
    }
    calls.add(new Call(request, candidates));
    before.run();
    Map<String, ScoredItem> left = new LinkedHashMap<>();
    candidates.forEach(item -> left.put(item.itemId(), item));
    left.keySet().removeAll(dropped);
    List<ScoredItem> ranked = new ArrayList<>(left.size());
    for (String itemId : first) {
      ScoredItem item = left.remove(itemId);
      if (item != null) {
        ranked.add(item);
      }
    }
    ranked.addAll(left.values());
    for (int i = 0; i < ranked.size(); i++) {
      ScoredItem item = ranked.get(i);
      ranked.set(
          i, new ScoredItem(item.itemId(), ranked.size() - i, item.source(), item.taskScores()));
    }
    return ranked;
  }

  @Override
  public List<ScoredItem> rerankWithNotices(
      RecommendationRequest request, List<ScoredItem> candidates, Consumer<? super Notice> told) {
    List<ScoredItem> ranked = rerank(request, candidates);
    notices.forEach(told);
    return ranked;
  }

  @Override
  public void close() {
    closed = true;
  }
}
