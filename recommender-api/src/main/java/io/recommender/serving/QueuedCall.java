package io.recommender.serving;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A call that waits for a place, and those that came before and after it.
 *
 * <p>What was found is written before the state that says so, and read after it. All else that
 * changes is guarded by the lock of the combiner, but may be read without it.
 */
final class QueuedCall {
  /** The length of a batch that a caller has made, which nobody joins. */
  static final int OWN_BATCH = -1;

  enum State {
    WAITING,
    /** Some call that leads runs it. */
    TAKEN,
    DONE
  }

  final List<RecommendationRequest> requests;
  final int length;
  final long end;
  final Thread thread = Thread.currentThread();

  volatile State state = State.WAITING;
  volatile boolean leads;

  /** It is to take a free place, or to ask another call to. */
  volatile boolean isAsked;

  /** Nobody waits for its answer any more. */
  volatile boolean hasLeft;

  private @Nullable List<Recommendations> answers;
  private @Nullable Throwable failure;

  /** The order of coming. */
  private long number;

  private @Nullable QueuedCall before;
  private @Nullable QueuedCall after;

  /**
   * Creates a call of the current thread.
   *
   * @param length the length of its request, or {@link #OWN_BATCH}
   * @param end when an answer is no longer of use
   */
  QueuedCall(List<RecommendationRequest> requests, int length, long end) {
    this.requests = requests;
    this.length = length;
    this.end = end;
  }

  boolean cameBefore(QueuedCall other) {
    return number < other.number;
  }

  /** The call that came next of those that wait. */
  @Nullable QueuedCall after() {
    return after;
  }

  /** The call that came last before it of those that wait. */
  @Nullable QueuedCall before() {
    return before;
  }

  void answer(Recommendations answer) {
    answers = List.of(answer);
  }

  /** Finds the answer, or why there is none, in a run of its own; returns whether there is one. */
  boolean run(SequenceRecommender model) {
    try {
      answers = answers(model, requests);
      return true;
    } catch (RuntimeException | Error thrown) {
      failure = thrown;
      return false;
    }
  }

  static List<Recommendations> answers(
      SequenceRecommender model, List<RecommendationRequest> requests) {
    return requests.size() == 1
        ? List.of(model.recommend(requests.get(0)))
        : model.recommendAll(requests);
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

  /** Calls in the order of their coming, linked, so that any leaves at once. */
  static final class Queue {
    private @Nullable QueuedCall first;
    private @Nullable QueuedCall last;
    private long added;
    private int size;

    @Nullable QueuedCall first() {
      return first;
    }

    @Nullable QueuedCall last() {
      return last;
    }

    int size() {
      return size;
    }

    void add(QueuedCall call) {
      call.number = added++;
      call.before = last;
      if (last == null) {
        first = call;
      } else {
        last.after = call;
      }
      last = call;
      size++;
    }

    /** Removes a call that is in it. */
    void remove(QueuedCall call) {
      QueuedCall before = call.before;
      QueuedCall after = call.after;
      if (before == null) {
        first = after;
      } else {
        before.after = after;
      }
      if (after == null) {
        last = before;
      } else {
        after.before = before;
      }
      call.before = null;
      call.after = null;
      size--;
    }
  }
}
