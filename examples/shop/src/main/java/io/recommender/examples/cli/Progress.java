package io.recommender.examples.cli;

import io.recommender.Catalog;
import io.recommender.SequenceRecommender;
import io.recommender.evaluation.EvaluationReport;
import io.recommender.evaluation.Evaluator;
import io.recommender.evaluation.ProgressListener;
import io.recommender.evaluation.Split;
import io.recommender.examples.shop.Terminal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows a bar for each task, if errors go to a terminal; the bar vanishes when the task ends. */
final class Progress implements ProgressListener, AutoCloseable {
  private static final int WIDTH = 90;
  private static final int UPDATE_MILLISECONDS = 100;

  private final boolean shown = Terminal.showsProgress();
  private @Nullable ProgressBar bar;
  private String current = "";

  /** Evaluates with a bar for each recommender. */
  static EvaluationReport showing(
      Evaluator.Builder evaluator,
      Map<String, SequenceRecommender> recommenders,
      Split split,
      Catalog catalog) {
    try (Progress progress = new Progress()) {
      return evaluator.progressListener(progress).build().run(recommenders, split, catalog);
    }
  }

  @Override
  public void progress(String task, long done, long total) {
    if (!shown) {
      return;
    }
    ProgressBar shownBar = bar;
    if (shownBar == null || !task.equals(current)) {
      close();
      current = task;
      shownBar =
          new ProgressBarBuilder()
              .setTaskName(task)
              .setInitialMax(total)
              .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
              .setUpdateIntervalMillis(UPDATE_MILLISECONDS)
              .setConsumer(new TracelessConsumer())
              .clearDisplayOnFinish()
              .build();
      bar = shownBar;
    }
    shownBar.stepTo(done);
    if (done == total) {
      close();
    }
  }

  /** Removes the bar. */
  @Override
  public void close() {
    ProgressBar shownBar = bar;
    if (shownBar != null) {
      shownBar.close();
      bar = null;
      current = "";
    }
  }

  /** Writes to the standard error and, unlike its parent, leaves no empty line behind. */
  private static final class TracelessConsumer extends ConsoleProgressBarConsumer {
    TracelessConsumer() {
      super(
          new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
          WIDTH);
    }

    @Override
    public void close() {
      // The bar is already cleared; the stream is not ours to close.
    }
  }
}
