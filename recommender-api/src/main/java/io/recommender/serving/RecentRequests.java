package io.recommender.serving;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;

/** The newest requests with consent that may be kept, with their answers. <b>Thread-safe</b>. */
final class RecentRequests {
  private final AtomicReferenceArray<Served> ring;
  private final long mostBytes;
  private final Predicate<RecommendationRequest> allowed;
  private final AtomicLong next = new AtomicLong();

  record Served(RecommendationRequest request, Recommendations answer, long bytes) {
    boolean isOf(String userId) {
      return request.history().userId().filter(userId::equals).isPresent();
    }
  }

  /** Each request may take as many bytes as the others, so that all keep to the limit. */
  RecentRequests(int capacity, long maxBytes, Predicate<RecommendationRequest> allowed) {
    ring = new AtomicReferenceArray<>(capacity);
    mostBytes = capacity == 0 ? 0 : maxBytes / capacity;
    this.allowed = allowed;
  }

  void offer(RecommendationRequest request, Recommendations answer) {
    if (ring.length() > 0 && isAllowed(request)) {
      long bytes = ServedBytes.of(request, answer);
      if (bytes <= mostBytes) {
        Served served = new Served(request, answer, bytes);
        ring.set((int) (next.getAndIncrement() % ring.length()), served);
      }
    }
  }

  /** A question that cannot be answered is answered no: the caller's answer must not suffer. */
  private boolean isAllowed(RecommendationRequest request) {
    try {
      return request.hasConsent() && allowed.test(request);
    } catch (RuntimeException failure) {
      return false;
    }
  }

  List<Served> newest() {
    List<Served> served = new ArrayList<>(ring.length());
    for (int i = 0; i < ring.length(); i++) {
      Served each = ring.get(i);
      if (each != null) {
        served.add(each);
      }
    }
    return served;
  }

  void forget(String userId) {
    for (int i = 0; i < ring.length(); i++) {
      Served each = ring.get(i);
      if (each != null && each.isOf(userId)) {
        ring.compareAndSet(i, each, null);
      }
    }
  }

  void clear() {
    for (int i = 0; i < ring.length(); i++) {
      ring.set(i, null);
    }
  }
}
