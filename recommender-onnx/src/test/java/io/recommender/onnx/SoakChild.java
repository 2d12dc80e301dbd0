package io.recommender.onnx;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.serving.Doctor;
import io.recommender.serving.SwappableRecommender;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * The program of {@link SoakTest}, in a process of its own whose heap is resident from the start,
 * so that what grows is native memory.
 */
public final class SoakChild {
  private static final int CALLERS = 8;
  private static final int SETTLED_SWAPS = 20;

  private final List<RecommendationRequest> requests = new ArrayList<>();

  private SoakChild() {
    for (int i = 0; i < 64; i++) {
      List<String> items = new ArrayList<>();
      for (int j = 0; j <= i % 9; j++) {
        items.add("item-" + (i * 7 + j * 5) % Fixtures.ITEMS);
      }
      requests.add(RecommendationRequest.of(UserHistory.ofItems(items)).k(1 + i % 10).build());
    }
  }

  /**
   * Swaps or calls, and prints what happened.
   *
   * @param arguments {@code swaps}, how many, and two bundles; or {@code calls}, how many, and a
   *     bundle
   */
  public static void main(String[] arguments) throws Exception {
    SoakChild child = new SoakChild();
    if (arguments[0].equals("swaps")) {
      child.swaps(Integer.parseInt(arguments[1]), Path.of(arguments[2]), Path.of(arguments[3]));
    } else {
      child.calls(Long.parseLong(arguments[1]), Path.of(arguments[2]));
    }
  }

  private List<List<ScoredItem>> expected(Path bundle, Map<String, List<List<ScoredItem>>> all) {
    try (OnnxSequenceRecommender model = RecommenderBundle.open(bundle)) {
      List<List<ScoredItem>> answers =
          requests.stream().map(request -> model.recommend(request).items()).toList();
      all.put(model.modelVersion(), answers);
      return answers;
    }
  }

  private void swaps(int swaps, Path a, Path b) throws InterruptedException {
    Map<String, List<List<ScoredItem>>> expected = new HashMap<>();
    if (expected(a, expected).equals(expected(b, expected))) {
      throw new IllegalStateException("the two models answer alike");
    }
    AtomicBoolean isOver = new AtomicBoolean();
    AtomicLong calls = new AtomicLong();
    AtomicLong failures = new AtomicLong();
    AtomicLong mixed = new AtomicLong();
    long settled = 0;
    List<Thread> callers = new ArrayList<>();
    Supplier<SequenceRecommender> openA = () -> RecommenderBundle.open(a);
    Supplier<SequenceRecommender> openB = () -> RecommenderBundle.open(b);
    try (SwappableRecommender models =
        SwappableRecommender.builder("models").keepRecent(8, request -> true).open(openA)) {
      for (int i = 0; i < CALLERS; i++) {
        int caller = i;
        Thread thread =
            new Thread(
                () -> {
                  for (int call = caller; !isOver.get(); call++) {
                    try {
                      mixed.addAndGet(mixed(models, call, expected));
                    } catch (Throwable failure) {
                      // Errors too: a caller that ends in silence would leave the load to others.
                      failure.printStackTrace();
                      failures.incrementAndGet();
                    }
                    calls.incrementAndGet();
                  }
                });
        callers.add(thread);
        thread.start();
      }
      for (int swap = 1; swap <= swaps; swap++) {
        if (!models.swap(swap % 2 == 1 ? openB : openA).isOldClosed()) {
          failures.incrementAndGet();
        }
        if (swap == SETTLED_SWAPS) {
          settled = heldBytes();
        }
      }
      isOver.set(true);
      for (Thread caller : callers) {
        caller.join();
      }
      tell("swaps", swaps);
      tell("calls", calls.get());
      tell("failures", failures.get());
      tell("mixed", mixed.get());
      tell("sessionsDuring", NativeHandles.sessions());
      tell("settledBytes", settled);
      tell("endBytes", heldBytes());
    }
    tell("sessionsAfter", NativeHandles.sessions());
  }

  /** Makes a call, every eighth a batch; returns how many answers are not those of one version. */
  private int mixed(
      SwappableRecommender models, int call, Map<String, List<List<ScoredItem>>> expected) {
    int from = call % requests.size();
    if (call % 8 != 0) {
      Recommendations answer = models.recommend(requests.get(from));
      return answer.items().equals(expected.get(answer.modelVersion()).get(from)) ? 0 : 1;
    }
    List<Recommendations> answers = models.recommendAll(requests);
    int wrong = 0;
    for (int i = 0; i < answers.size(); i++) {
      List<ScoredItem> items = expected.get(answers.get(0).modelVersion()).get(i);
      wrong += answers.get(i).items().equals(items) ? 0 : 1;
    }
    return wrong;
  }

  private void calls(long calls, Path bundle) {
    NativeHandles.track(true);
    long settled = 0;
    int openTensors = 0;
    long wrong = 0;
    Map<String, List<List<ScoredItem>>> all = new HashMap<>();
    List<List<ScoredItem>> expected = expected(bundle, all);
    try (OnnxSequenceRecommender model = RecommenderBundle.open(bundle)) {
      long look = Math.max(1, calls / 100);
      for (long call = 1; call <= calls; call++) {
        int from = (int) (call % requests.size());
        wrong += model.recommend(requests.get(from)).items().equals(expected.get(from)) ? 0 : 1;
        if (call % look == 0) {
          model.recommendAll(requests);
          openTensors += NativeHandles.openTensors();
          settled = call == look * 20 ? heldBytes() : settled;
        }
      }
      tell("sessionsDuring", NativeHandles.sessions());
    }
    tell("calls", calls);
    tell("failures", wrong);
    tell("openTensors", openTensors);
    tell("sessionsAfter", NativeHandles.sessions());
    tell("settledBytes", settled);
    tell("endBytes", heldBytes());
  }

  /** The resident memory without what was freed and malloc keeps for the next time. */
  private static long heldBytes() {
    try {
      ManagementFactory.getPlatformMBeanServer()
          .invoke(
              new ObjectName("com.sun.management:type=DiagnosticCommand"),
              "systemTrimNativeHeap",
              new Object[0],
              new String[0]);
    } catch (JMException e) {
      System.out.println("this JVM cannot have freed memory returned: " + e);
    }
    return Doctor.residentBytes().orElseThrow();
  }

  private static void tell(String name, long value) {
    System.out.println(name + "=" + value);
  }
}
