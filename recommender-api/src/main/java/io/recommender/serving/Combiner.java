package io.recommender.serving;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Lets some calls at a time run a model; the others wait, and those that wait together run
 * together. There is no thread but those of the callers, and no clock that makes one wait.
 *
 * <p>A caller that finds a place free runs at once. When it is done it hands its place to the call
 * that has waited longest, which becomes a leader: it takes with it what waits by then, in order,
 * of about its own length. A place that nobody waits for is free again, so wherever a place is free
 * no call waits.
 *
 * <p>Runs keep the processors busy. So before a call hands over its place it lets other threads
 * run: those it has answered ask again in time for the next run, which would be small without them,
 * and callers on virtual threads come to their turn at all.
 *
 * <p><b>Thread-safe</b>.
 */
final class Combiner {
  /** No moment; the clock may not reach it. */
  static final long NEVER = Long.MAX_VALUE;

  /** How much of the time of a run the estimate forgets for a newer one. */
  private static final double NEWER = 0.2;

  private final int places;
  private final int maxBatch;
  private final int maxWaiting;
  private final ToIntFunction<RecommendationRequest> length;
  private final LongSupplier clock;

  private final ReentrantLock lock = new ReentrantLock();

  /** In the order of their coming. Guarded by {@link #lock}, as are all numbers below. */
  private final LinkedHashSet<Call> waiting = new LinkedHashSet<>();

  private int running;
  private double nanosPerRequest;
  private long runs;
  private long combined;
  private long largest;

  private enum State {
    WAITING,
    /** It has a place and runs a batch. */
    LEADS,
    /** Another call runs it. */
    TAKEN,
    DONE
  }

  /** One call. What was found is written before the state that says so, and read after it. */
  private static final class Call {
    private final List<RecommendationRequest> requests;
    private final int group;
    private final long end;
    private final Thread thread = Thread.currentThread();
    private volatile State state = State.WAITING;
    private volatile boolean hasLeft;
    private @Nullable List<Recommendations> answers;
    private @Nullable Throwable failure;

    Call(List<RecommendationRequest> requests, int group, long end) {
      this.requests = requests;
      this.group = group;
      this.end = end;
    }

    List<Recommendations> result() {
      if (failure instanceof Error error) {
        throw error;
      }
      if (failure instanceof RuntimeException exception) {
        throw exception;
      }
      List<Recommendations> found = answers;
      if (found == null) {
        throw new IllegalStateException("the call that ran this one ended without an answer");
      }
      return found;
    }

    void run(SequenceRecommender model) {
      try {
        answers =
            requests.size() == 1
                ? List.of(model.recommend(requests.get(0)))
                : model.recommendAll(requests);
      } catch (RuntimeException | Error thrown) {
        failure = thrown;
      }
    }
  }

  /** A call is not let through. */
  @FunctionalInterface
  interface Refusal {
    List<Recommendations> answer(List<RecommendationRequest> requests, String why);
  }

  /**
   * Creates a combiner.
   *
   * @param places how many runs at a time
   * @param maxBatch how many calls in one run
   * @param maxWaiting how many calls wait at most
   * @param length the length to which a request is padded
   * @param clock nanoseconds
   */
  Combiner(
      int places,
      int maxBatch,
      int maxWaiting,
      ToIntFunction<RecommendationRequest> length,
      LongSupplier clock) {
    this.places = places;
    this.maxBatch = maxBatch;
    this.maxWaiting = maxWaiting;
    this.length = length;
    this.clock = clock;
  }

  /** The moment that is so far away; {@link #NEVER} for a time of 0. */
  long end(long nanoseconds) {
    return nanoseconds == 0 ? NEVER : clock.getAsLong() + nanoseconds;
  }

  /**
   * Answers the requests of one call, which are more than one only if the caller has made a batch.
   *
   * @param end when an answer is no longer of use
   * @param refusal answers if there is no room, or the end comes first
   */
  List<Recommendations> call(
      SequenceRecommender model, List<RecommendationRequest> requests, long end, Refusal refusal) {
    Call call = null;
    boolean isFull = false;
    lock.lock();
    try {
      if (running < places) {
        running++;
      } else if (waiting.size() < maxWaiting) {
        call = new Call(requests, group(requests), end);
        waiting.add(call);
      } else {
        isFull = true;
      }
    } finally {
      lock.unlock();
    }
    if (isFull) {
      return refusal.answer(
          requests,
          "expected fewer than %d calls that wait, found %d".formatted(maxWaiting, maxWaiting));
    }
    return call == null ? alone(model, requests) : await(model, call, refusal);
  }

  /** Lengths up to a power of two are of one group; a batch of the caller's is never joined. */
  private int group(List<RecommendationRequest> requests) {
    return requests.size() == 1
        ? Integer.SIZE - Integer.numberOfLeadingZeros(length.applyAsInt(requests.get(0)) - 1)
        : -1;
  }

  private List<Recommendations> alone(
      SequenceRecommender model, List<RecommendationRequest> requests) {
    long start = clock.getAsLong();
    try {
      return requests.size() == 1
          ? List.of(model.recommend(requests.get(0)))
          : model.recommendAll(requests);
    } finally {
      long end = clock.getAsLong();
      Thread.yield();
      handOver(1, requests.size(), end - start);
    }
  }

  private List<Recommendations> await(SequenceRecommender model, Call call, Refusal refusal) {
    while (true) {
      State state = call.state;
      if (state == State.DONE) {
        return call.result();
      }
      if (state == State.LEADS) {
        return lead(model, call);
      }
      long left = call.end == NEVER ? Long.MAX_VALUE : call.end - clock.getAsLong();
      boolean isInterrupted = Thread.interrupted();
      if (left <= 0 || isInterrupted) {
        if (isInterrupted) {
          Thread.currentThread().interrupt();
        }
        if (!leave(call)) {
          continue;
        }
        return refusal.answer(
            call.requests,
            isInterrupted
                ? "expected to wait for the model, found the thread interrupted"
                : "expected an answer in time, found the model busy");
      }
      LockSupport.parkNanos(this, left);
    }
  }

  /** Gives a call up, and returns false if it is done already. */
  private boolean leave(Call call) {
    boolean leads = false;
    lock.lock();
    try {
      if (call.state == State.DONE) {
        return false;
      }
      call.hasLeft = true;
      waiting.remove(call);
      leads = call.state == State.LEADS;
    } finally {
      lock.unlock();
    }
    if (leads) {
      handOver(0, 0, 0);
    }
    return true;
  }

  private List<Recommendations> lead(SequenceRecommender model, Call leader) {
    List<Call> batch = List.of(leader);
    long start = clock.getAsLong();
    int answered = leader.requests.size();
    try {
      batch = gather(leader);
      if (batch.size() == 1) {
        leader.run(model);
      } else {
        answered = batch.size();
        run(model, batch);
      }
    } finally {
      long end = clock.getAsLong();
      for (Call call : batch) {
        call.state = State.DONE;
        if (call != leader) {
          LockSupport.unpark(call.thread);
        }
      }
      Thread.yield();
      handOver(batch.size(), answered, end - start);
    }
    return leader.result();
  }

  /** Takes what waits with the leader: in order, of its group, as many as fit and end in time. */
  private List<Call> gather(Call leader) {
    List<Call> batch = new ArrayList<>();
    batch.add(leader);
    if (leader.requests.size() > 1) {
      return batch;
    }
    lock.lock();
    try {
      int most = maxBatch;
      if (leader.end != NEVER && nanosPerRequest > 0) {
        most = (int) Math.min(most, (leader.end - clock.getAsLong()) / nanosPerRequest);
      }
      Iterator<Call> calls = waiting.iterator();
      while (batch.size() < most && calls.hasNext()) {
        Call call = calls.next();
        if (call.group == leader.group && call.requests.size() == 1 && !isOver(call)) {
          calls.remove();
          call.state = State.TAKEN;
          batch.add(call);
        }
      }
    } finally {
      lock.unlock();
    }
    return batch;
  }

  private boolean isOver(Call call) {
    return call.end != NEVER && call.end - clock.getAsLong() <= 0;
  }

  private static void run(SequenceRecommender model, List<Call> batch) {
    List<RecommendationRequest> requests = new ArrayList<>(batch.size());
    for (Call call : batch) {
      requests.add(call.requests.get(0));
    }
    try {
      List<Recommendations> answers = model.recommendAll(requests);
      if (answers.size() == batch.size()) {
        for (int i = 0; i < batch.size(); i++) {
          batch.get(i).answers = List.of(answers.get(i));
        }
        return;
      }
    } catch (RuntimeException | Error whoever) {
      // Somebody's request is at fault, or the model: each call finds out by itself.
    }
    for (Call call : batch) {
      if (!call.hasLeft) {
        call.run(model);
      }
    }
  }

  /** Gives the place of a run that ended to the call that has waited longest, or frees it. */
  private void handOver(int calls, int requests, long nanoseconds) {
    Call next = null;
    lock.lock();
    try {
      if (requests > 0) {
        double each = (double) nanoseconds / requests;
        nanosPerRequest =
            nanosPerRequest == 0 ? each : nanosPerRequest + NEWER * (each - nanosPerRequest);
        runs++;
        combined += calls > 1 ? calls : 0;
        largest = Math.max(largest, calls);
      }
      for (Call call : waiting) {
        if (!isOver(call)) {
          next = call;
          break;
        }
      }
      if (next == null) {
        running--;
      } else {
        waiting.remove(next);
        next.state = State.LEADS;
      }
    } finally {
      lock.unlock();
    }
    if (next != null) {
      LockSupport.unpark(next.thread);
    }
  }

  /** What has happened so far. */
  record Statistics(long runs, long combined, long largest, int waiting, int running) {}

  Statistics statistics() {
    lock.lock();
    try {
      return new Statistics(runs, combined, largest, waiting.size(), running);
    } finally {
      lock.unlock();
    }
  }
}
