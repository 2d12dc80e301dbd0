package io.recommender.onnx;

import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.serving.SwappableRecommender;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * The program of {@link ProcessExitTest}: ends in one of several ways while threads use a model.
 */
public final class ExitingChild {
  static final int HALTED = 7;

  /** What the program says when it wants to be terminated. */
  static final String READY = "ready";

  private static final int CALLERS = 4;
  private static final int MOST_NANOS = 20_000_000;

  private ExitingChild() {}

  /**
   * Serves and ends.
   *
   * @param arguments the bundle, how to end, and the seed of when
   */
  public static void main(String[] arguments) throws Exception {
    Path bundle = Path.of(arguments[0]);
    SplittableRandom random = new SplittableRandom(Long.parseLong(arguments[2]));
    SwappableRecommender models =
        SwappableRecommender.builder("models").open(() -> RecommenderBundle.open(bundle));
    CountDownLatch serving = new CountDownLatch(CALLERS);
    for (int i = 0; i < CALLERS; i++) {
      Thread caller = new Thread(() -> serve(models, serving));
      caller.setDaemon(true);
      caller.start();
    }
    Thread swapper =
        new Thread(
            () -> {
              while (true) {
                models.swap(() -> RecommenderBundle.open(bundle));
              }
            });
    swapper.setDaemon(true);
    serving.await();
    if (random.nextBoolean()) {
      swapper.start();
    }
    LockSupport.parkNanos(random.nextInt(MOST_NANOS));
    switch (arguments[1]) {
      case "exit" -> System.exit(0);
      case "halt" -> Runtime.getRuntime().halt(HALTED);
      case "close" -> {
        Runtime.getRuntime().addShutdownHook(new Thread(models::close));
        System.exit(0);
      }
      case "terminate" -> awaitTermination();
      case "terminate and close" -> {
        Runtime.getRuntime().addShutdownHook(new Thread(models::close));
        awaitTermination();
      }
      case "open" -> {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> tryToOpen(bundle)));
        System.exit(0);
      }
      default -> {
        // The end of main: only threads are left that do not keep the process alive.
      }
    }
  }

  private static void awaitTermination() throws InterruptedException {
    System.out.println(READY);
    new CountDownLatch(1).await();
  }

  private static void tryToOpen(Path bundle) {
    try {
      RecommenderBundle.open(bundle).close();
      System.out.println("opened");
    } catch (RuntimeException e) {
      System.out.println("found " + e);
    }
  }

  private static void serve(SwappableRecommender models, CountDownLatch serving) {
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of("item-1", "item-2", "item-3")).k(5).build();
    try {
      for (long call = 0; ; call++) {
        models.recommend(request);
        if (call == 0) {
          serving.countDown();
        }
      }
    } catch (IllegalStateException closed) {
      // Somebody closed the models, as the program may.
    }
  }
}
