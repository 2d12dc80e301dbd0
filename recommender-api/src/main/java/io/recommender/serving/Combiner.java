package io.recommender.serving;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.serving.QueuedCall.State;
import java.util.ArrayList;
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
 * <p>A caller that finds a place free, and nobody waiting, runs at once. When it is done it frees
 * its place, and asks the call that came last to take it, unless one that comes now is quicker. Who
 * takes it leads: it makes one run after another of the calls that wait, each around the one that
 * has waited longest, until it is answered itself and no call that came before it waits. So a place
 * seldom changes hands, and nobody leads for longer than others wait. While a place is free and
 * calls wait, one of them is asked, and asks another if it will not.
 *
 * <p>A run takes as long as the longest request in it needs of each. {@link RunCost} tells how many
 * places of requests a run costs beside those, and with the call that has waited longest go those
 * of the lengths below and above its own that make the least of that and of padding for each
 * request.
 *
 * <p>Runs keep the processors busy. So after a run, with its place still taken, a caller lets other
 * threads run: those it has answered ask again in time for the next run, which would be small
 * without them, and callers on virtual threads come to their turn at all. A caller without company
 * does so now and then, for it cannot tell those that wait for their first turn.
 *
 * <p><b>Thread-safe</b>.
 */
final class Combiner {
  /** No moment; the clock may not reach it. */
  static final long NEVER = Long.MAX_VALUE;

  /** How much of the time of a run the estimate forgets for a newer one. */
  private static final double NEWER = 0.2;

  /** A run is chosen among as many of the oldest as fill so many of the largest. */
  private static final int CHOICE = 4;

  /** A caller without company lets other threads run after so many of its runs. */
  private static final int SELDOM = 16;

  private final int places;
  private final int maxBatch;
  private final int maxWaiting;
  private final ToIntFunction<RecommendationRequest> length;
  private final LongSupplier clock;

  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}, as is all below. */
  private final QueuedCall.Queue waiting = new QueuedCall.Queue();

  private final RunCost cost = new RunCost();
  private int running;
  private double nanosPerRequest;
  private long runs;
  private long combined;
  private long largest;

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
    int padded = requests.size() == 1 ? length.applyAsInt(requests.get(0)) : QueuedCall.OWN_BATCH;
    QueuedCall call = null;
    boolean isFull = false;
    lock.lock();
    try {
      boolean isFree = running < places;
      running += isFree ? 1 : 0;
      // Who takes a free place takes those along that wait, however many.
      if (isFree ? waiting.size() > 0 : waiting.size() < maxWaiting) {
        call = new QueuedCall(requests, padded, end);
        call.leads = isFree;
        waiting.add(call);
      } else if (!isFree) {
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
    return call == null ? alone(model, requests, padded) : await(model, call, refusal);
  }

  private List<Recommendations> alone(
      SequenceRecommender model, List<RecommendationRequest> requests, int padded) {
    long start = clock.getAsLong();
    boolean isAnswered = false;
    try {
      List<Recommendations> answers = QueuedCall.answers(model, requests);
      isAnswered = true;
      return answers;
    } finally {
      long end = clock.getAsLong();
      boolean hasCompany;
      lock.lock();
      try {
        note(1);
        if (isAnswered) {
          learn(requests.size(), padded, end - start);
        }
        hasCompany = running > 1 || waiting.size() > 0 || runs % SELDOM == 0;
      } finally {
        lock.unlock();
      }
      if (hasCompany) {
        Thread.yield();
      }
      free(null);
    }
  }

  private List<Recommendations> await(SequenceRecommender model, QueuedCall call, Refusal refusal) {
    while (true) {
      // Read first: while it leads another may answer it, but once it is done none asks it to lead.
      boolean isDone = call.state == State.DONE;
      if (call.isAsked) {
        // It waited for the lock maybe, and so missed that it was woken: look again.
        takePlace(call);
        continue;
      }
      if (call.leads) {
        lead(model, call);
        continue;
      }
      if (isDone) {
        return call.result();
      }
      long left = call.end == NEVER ? NEVER : call.end - clock.getAsLong();
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
      if (left == NEVER) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, left);
      }
    }
  }

  /** Takes a free place for a call that was asked to, or asks another one. */
  private void takePlace(QueuedCall call) {
    QueuedCall next = null;
    lock.lock();
    try {
      call.isAsked = false;
      if (call.state == State.WAITING && goesOn(call) && running < places) {
        running++;
        call.leads = true;
      } else {
        next = ask(call);
      }
    } finally {
      lock.unlock();
    }
    wake(next);
  }

  /** Gives a call up, and returns false if it is done, or asked to lead, by now. */
  private boolean leave(QueuedCall call) {
    lock.lock();
    try {
      if (call.isAsked || call.state == State.DONE) {
        return false;
      }
      leaveUnanswered(call);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Makes runs as long as the call is to lead. */
  private void lead(SequenceRecommender model, QueuedCall leader) {
    boolean isDone = false;
    try {
      for (List<QueuedCall> batch = next(leader); !batch.isEmpty(); batch = next(leader)) {
        run(model, batch, leader);
        Thread.yield();
      }
      isDone = true;
    } finally {
      if (!isDone) {
        // Its thread is gone: nobody may ask it to lead.
        leaveUnanswered(leader);
      }
      free(leader);
    }
  }

  private void leaveUnanswered(QueuedCall call) {
    lock.lock();
    try {
      call.hasLeft = true;
      if (call.state == State.WAITING) {
        waiting.remove(call);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes the next run, which is of no calls if the call is to lead no more. */
  private List<QueuedCall> next(QueuedCall leader) {
    lock.lock();
    try {
      QueuedCall oldest = oldest();
      return oldest != null && goesOn(leader) ? take(oldest) : List.of();
    } finally {
      lock.unlock();
    }
  }

  /** The call that has waited longest of those for which an answer is still of use. */
  private @Nullable QueuedCall oldest() {
    QueuedCall oldest = waiting.first();
    while (oldest != null && isOver(oldest)) {
      oldest = oldest.after();
    }
    return oldest;
  }

  private boolean goesOn(QueuedCall leader) {
    if (leader.state == State.DONE) {
      QueuedCall oldest = oldest();
      return oldest != null && oldest.cameBefore(leader);
    }
    return !isOver(leader) && !Thread.currentThread().isInterrupted();
  }

  /** Takes the call that has waited longest, and others with it that fit and end in time. */
  private List<QueuedCall> take(QueuedCall oldest) {
    List<QueuedCall> batch = new ArrayList<>();
    if (oldest.length == QueuedCall.OWN_BATCH) {
      batch.add(oldest);
    } else {
      int most = maxBatch;
      if (oldest.end != NEVER && nanosPerRequest > 0) {
        most =
            (int) Math.max(1, Math.min(most, (oldest.end - clock.getAsLong()) / nanosPerRequest));
      }
      List<QueuedCall> fit = new ArrayList<>();
      for (QueuedCall call = oldest;
          call != null && fit.size() < (long) CHOICE * maxBatch;
          call = call.after()) {
        // The oldest was in time a moment ago; that decides.
        if (call == oldest || (call.length != QueuedCall.OWN_BATCH && !isOver(call))) {
          fit.add(call);
        }
      }
      int[] lengths = new int[fit.size()];
      for (int i = 0; i < lengths.length; i++) {
        lengths[i] = fit.get(i).length;
      }
      for (int i : BatchChoice.around(lengths, most, cost.places())) {
        batch.add(fit.get(i));
      }
    }
    for (QueuedCall call : batch) {
      waiting.remove(call);
      call.state = State.TAKEN;
    }
    return batch;
  }

  private boolean isOver(QueuedCall call) {
    return call.end != NEVER && call.end - clock.getAsLong() <= 0;
  }

  private void run(SequenceRecommender model, List<QueuedCall> batch, QueuedCall leader) {
    int requests = batch.size();
    int longest = 0;
    boolean isOneRun = false;
    long start = clock.getAsLong();
    try {
      if (batch.size() == 1) {
        requests = batch.get(0).requests.size();
        longest = batch.get(0).length;
        isOneRun = batch.get(0).run(model);
      } else {
        for (QueuedCall call : batch) {
          longest = Math.max(longest, call.length);
        }
        isOneRun = answer(model, batch);
      }
    } finally {
      long end = clock.getAsLong();
      for (QueuedCall call : batch) {
        call.state = State.DONE;
        if (call != leader) {
          LockSupport.unpark(call.thread);
        }
      }
      lock.lock();
      try {
        note(batch.size());
        if (isOneRun) {
          learn(requests, longest, end - start);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** Answers calls, and returns whether one run did. */
  private static boolean answer(SequenceRecommender model, List<QueuedCall> batch) {
    List<RecommendationRequest> requests = new ArrayList<>(batch.size());
    for (QueuedCall call : batch) {
      requests.add(call.requests.get(0));
    }
    try {
      List<Recommendations> answers = model.recommendAll(requests);
      if (answers.size() == batch.size()) {
        for (int i = 0; i < batch.size(); i++) {
          batch.get(i).answer(answers.get(i));
        }
        return true;
      }
    } catch (RuntimeException | Error whoever) {
      // Somebody's request is at fault, or the model: each call finds out by itself.
    }
    for (QueuedCall call : batch) {
      if (!call.hasLeft) {
        call.run(model);
      }
    }
    return false;
  }

  private void note(int calls) {
    runs++;
    combined += calls > 1 ? calls : 0;
    largest = Math.max(largest, calls);
  }

  /** Learns from the time of a run that answered. */
  private void learn(int requests, int length, long nanoseconds) {
    if (length != QueuedCall.OWN_BATCH && !cost.observe(requests, length, nanoseconds)) {
      return;
    }
    double each = (double) nanoseconds / requests;
    nanosPerRequest =
        nanosPerRequest == 0 ? each : nanosPerRequest + NEWER * (each - nanosPerRequest);
  }

  /**
   * Frees a place and lets another call know, if one waits.
   *
   * @param before the call that has led until now, if one has
   */
  private void free(@Nullable QueuedCall before) {
    QueuedCall next;
    lock.lock();
    try {
      if (before != null) {
        before.leads = false;
      }
      running--;
      next = ask(before);
    } finally {
      lock.unlock();
    }
    wake(next);
  }

  /** Asks the call that came last to take a place, if one is free. */
  private @Nullable QueuedCall ask(@Nullable QueuedCall before) {
    if (running < places) {
      for (QueuedCall call = waiting.last(); call != null; call = call.before()) {
        if (call != before && !call.leads && !call.isAsked && !isOver(call)) {
          call.isAsked = true;
          return call;
        }
      }
    }
    return null;
  }

  private static void wake(@Nullable QueuedCall call) {
    if (call != null) {
      LockSupport.unpark(call.thread);
    }
  }

  /** What has happened so far. */
  record Statistics(
      long runs, long combined, long largest, double placesOfARun, int waiting, int running) {}

  Statistics statistics() {
    lock.lock();
    try {
      return new Statistics(runs, combined, largest, cost.places(), waiting.size(), running);
    } finally {
      lock.unlock();
    }
  }
}
