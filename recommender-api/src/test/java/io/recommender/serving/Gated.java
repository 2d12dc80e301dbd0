package io.recommender.serving;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** Notes its runs, and holds the first one back until it is told to go on. */
final class Gated implements SequenceRecommender {
  final List<List<RecommendationRequest>> runs = new CopyOnWriteArrayList<>();
  final List<Thread> leaders = new CopyOnWriteArrayList<>();
  final CountDownLatch inside = new CountDownLatch(1);
  final CountDownLatch goOn = new CountDownLatch(1);
  final AtomicLong clock = new AtomicLong();
  volatile boolean isClosed;

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    run(List.of(request));
    return answer(request);
  }

  @Override
  public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
    run(requests);
    return requests.stream().map(this::answer).toList();
  }

  private void run(List<RecommendationRequest> requests) {
    boolean isFirst = runs.isEmpty();
    leaders.add(Thread.currentThread());
    runs.add(List.copyOf(requests));
    clock.addAndGet(100L * requests.size());
    if (isFirst) {
      inside.countDown();
      Threads.await(goOn);
    }
  }

  private Recommendations answer(RecommendationRequest request) {
    request.filter().accepts("any");
    String newest = request.history().itemIds().get(request.history().size() - 1);
    return Recommendations.of(request.k(), List.of(new ScoredItem("after " + newest, 1))).build();
  }

  List<Integer> sizes() {
    return runs.stream().map(List::size).toList();
  }

  @Override
  public void close() {
    isClosed = true;
  }
}
