package io.recommender.onnx;

import io.recommender.UserHistory;
import io.recommender.serving.Doctor;
import java.nio.file.Path;
import java.util.List;

/**
 * The program of {@link EstimatedMemoryTest}: opens a bundle in a process of its own whose heap is
 * resident from the start, so that what the process grows by is native memory.
 */
public final class MemoryChild {
  private MemoryChild() {}

  /**
   * Prints what the process grew by when a bundle was opened.
   *
   * @param arguments a small bundle of the same contract, to load the runtime with, and the bundle
   */
  public static void main(String[] arguments) {
    use(Path.of(arguments[0]), () -> {});
    long heap = usedHeap();
    long resident = Doctor.residentBytes().orElseThrow();
    use(
        Path.of(arguments[1]),
        () -> {
          System.out.println("nativeBytes=" + (Doctor.residentBytes().orElseThrow() - resident));
          System.out.println("heapBytes=" + (usedHeap() - heap));
        });
  }

  private static void use(Path bundle, Runnable whileOpen) {
    if (RecommenderBundle.read(bundle).contract().equals("ITEM_ENCODER")) {
      try (var encoder = RecommenderBundle.openEncoder(bundle)) {
        encoder.encode(List.of(EncoderFixtures.title("item-1", "red shoes")));
        whileOpen.run();
      }
      return;
    }
    try (var recommender =
        RecommenderBundle.open(bundle, BundleOptions.defaults().index(ListIndex::new))) {
      for (int i = 0; i < 16; i++) {
        recommender.recommend(UserHistory.of("item-1", "item-" + i));
      }
      whileOpen.run();
    }
  }

  private static long usedHeap() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
