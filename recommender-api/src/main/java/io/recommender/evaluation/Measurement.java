package io.recommender.evaluation;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Asks one recommender all cases, and keeps what it answered and how long it took. */
final class Measurement {
  private static final int PROGRESS_STEPS = 100;

  private final String name;
  private final SequenceRecommender recommender;
  private final Catalog catalog;
  private final IntFunction<RecommendationRequest> requests;
  private final ProgressListener listener;
  private final int[][] lists;
  private final double[] micros;
  private final AtomicInteger next = new AtomicInteger();
  private final Tally total = new Tally();
  private int done;

  /** What answers say of themselves, counted. Confined to a worker until merged. */
  static final class Tally {
    final Map<Notice.Code, Integer> notices = new EnumMap<>(Notice.Code.class);
    final SortedSet<String> modelVersions = new TreeSet<>();
    long modelRuns;
    int shortAnswers;
    int tiedAnswers;

    private void add(Recommendations answer, int k) {
      answer.notices().stream()
          .map(Notice::code)
          .distinct()
          .forEach(code -> notices.merge(code, 1, Integer::sum));
      if (!answer.modelVersion().isEmpty()) {
        modelVersions.add(answer.modelVersion());
      }
      modelRuns += answer.modelRuns();
      shortAnswers += answer.size() < k ? 1 : 0;
      tiedAnswers += hasTie(answer.items()) ? 1 : 0;
    }

    private void add(Tally other) {
      other.notices.forEach((code, count) -> notices.merge(code, count, Integer::sum));
      modelVersions.addAll(other.modelVersions);
      modelRuns += other.modelRuns;
      shortAnswers += other.shortAnswers;
      tiedAnswers += other.tiedAnswers;
    }

    private static boolean hasTie(List<ScoredItem> items) {
      for (int i = 1; i < items.size(); i++) {
        if (items.get(i).score() == items.get(i - 1).score()) {
          return true;
        }
      }
      return false;
    }
  }

  Measurement(
      String name,
      SequenceRecommender recommender,
      Catalog catalog,
      int cases,
      IntFunction<RecommendationRequest> requests,
      ProgressListener listener) {
    this.name = name;
    this.recommender = recommender;
    this.catalog = catalog;
    this.requests = requests;
    this.listener = listener;
    lists = new int[cases][];
    micros = new double[cases];
  }

  void run(int warmUpRequests, int threads) {
    for (int i = 0; i < warmUpRequests; i++) {
      recommender.recommend(requests.apply(i % lists.length));
    }
    if (threads == 1) {
      total.add(work());
      return;
    }
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      Callable<Tally> task = this::work;
      List<Future<Tally>> futures =
          IntStream.range(0, threads).mapToObj(i -> workers.submit(task)).toList();
      RuntimeException failure = null;
      for (Future<Tally> future : futures) {
        try {
          total.add(future.get());
        } catch (ExecutionException e) {
          failure = failure == null ? unchecked(e.getCause()) : failure;
        }
      }
      if (failure != null) {
        throw failure;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("evaluation of '%s' was interrupted".formatted(name));
    } finally {
      next.set(lists.length);
      workers.shutdownNow();
    }
  }

  int[][] lists() {
    return lists;
  }

  Tally tally() {
    return total;
  }

  /** The latencies in microseconds, ascending. */
  double[] sortedMicros() {
    double[] sorted = micros.clone();
    Arrays.sort(sorted);
    return sorted;
  }

  /** Asks until no case is left; if one fails, the other workers find none left either. */
  private Tally work() {
    try {
      return workThroughCases();
    } catch (RuntimeException | Error e) {
      next.set(lists.length);
      throw e;
    }
  }

  private Tally workThroughCases() {
    Tally tally = new Tally();
    for (int i = next.getAndIncrement(); i < lists.length; i = next.getAndIncrement()) {
      RecommendationRequest request = requests.apply(i);
      long start = System.nanoTime();
      Recommendations answer = recommender.recommend(request);
      micros[i] = (System.nanoTime() - start) / 1e3;
      AnswerCheck.check(name, i, request, answer, catalog);
      lists[i] = answer.items().stream().mapToInt(item -> catalog.ordinal(item.itemId())).toArray();
      tally.add(answer, request.k());
      advance();
    }
    return tally;
  }

  private synchronized void advance() {
    done++;
    int step = Math.max(1, lists.length / PROGRESS_STEPS);
    if (done == lists.length || done % step == 0) {
      listener.progress(name, done, lists.length);
    }
  }

  private static RuntimeException unchecked(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return failure instanceof RuntimeException exception
        ? exception
        : new IllegalStateException("a recommender threw a checked exception", failure);
  }
}
