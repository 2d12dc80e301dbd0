package io.recommender.examples.benchmarks.index;

import io.recommender.examples.benchmarks.index.EngineProcess.EngineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Runs engines side by side. They build one after another. They search in turns: in every round,
 * for every ef, each engine is timed, beginning with another one each round, so that whatever else
 * the machine does falls on all of them.
 */
final class IndexComparison implements AutoCloseable {
  /** An exact engine needs no more queries to show that it is exact. */
  private static final int EXACT_QUERIES = 100;

  private final BenchmarkSettings settings;
  private final BenchmarkData data;
  private final Path scratch;
  private final Progress progress;
  private final List<EngineRun> runs = new ArrayList<>();
  private final Map<String, String> absent = new LinkedHashMap<>();

  /**
   * Prepares a run.
   *
   * @param scratch an empty folder, for the files that the processes share
   */
  IndexComparison(BenchmarkSettings settings, BenchmarkData data, Path scratch, Progress progress) {
    this.settings = settings;
    this.data = data;
    this.scratch = scratch;
    this.progress = progress;
  }

  /**
   * Runs everything.
   *
   * @param description where the data comes from
   */
  BenchmarkReport run(String description) throws IOException {
    String date = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    NpyFormat.write(scratch.resolve("base.npy"), data.base());
    NpyFormat.write(scratch.resolve("queries.npy"), data.queries());
    for (Engine engine : settings.engines()) {
      start(engine);
    }
    if (active().isEmpty()) {
      throw new EngineException("no engine could be started: " + absent);
    }
    progress.step("exact answers");
    BitSet everything = new BitSet(data.base().length);
    everything.set(0, data.base().length);
    ExactAnswers truth =
        ExactAnswers.of(data, settings.metric(), settings.k(), List.of(everything));
    searchAll(settings.efs(), truth, "", EngineRun::setSearches);
    for (String text : settings.filters()) {
      searchUnder(BenchmarkFilter.of(text, data.base(), settings.metric(), settings.seed()));
    }
    progress.clear();
    return new BenchmarkReport(
        BenchmarkReport.VERSION,
        date,
        Machine.of(EngineProcess.javaVersion(settings.processes().javaHome())),
        new BenchmarkReport.Data(
            description,
            data.base().length,
            data.dimension(),
            data.queries().length,
            data.sha256()),
        settings.parameters(),
        runs.stream().map(EngineRun::result).toList(),
        absent);
  }

  private void start(Engine engine) throws IOException {
    Optional<String> absence = EngineProcess.absence(engine, settings.processes());
    if (absence.isPresent()) {
      progress.step("%s left out: %s".formatted(engine.label(), absence.get()));
      absent.put(engine.id(), absence.get());
      return;
    }
    EngineRun run =
        new EngineRun(engine, EngineProcess.start(engine, settings.processes(), scratch));
    runs.add(run);
    attempt(run, () -> build(run));
  }

  private void build(EngineRun run) throws IOException {
    run.open(
        Map.of(
            "engine", run.engine().id(),
            "base", scratch.resolve("base.npy").toString(),
            "queries", scratch.resolve("queries.npy").toString(),
            "metric", settings.metric().name().toLowerCase(Locale.ROOT),
            "m", settings.m(),
            "efConstruction", settings.efConstruction(run.engine()),
            "seed", settings.seed() & Integer.MAX_VALUE,
            "scratch", scratch.toString()));
    for (int threads : settings.buildThreads()) {
      progress.detail("building %s, threads %d".formatted(run.engine().label(), threads));
      BenchmarkReport.Build build = run.build(threads);
      progress.step(
          Texts.format(
              "built %s: threads %d, %.2f s, %.2f s of CPU",
              run.engine().label(), threads, build.wallSeconds(), build.cpuSeconds()));
    }
    run.measureMemory();
  }

  private void searchUnder(BenchmarkFilter filter) throws IOException {
    progress.step("filter: " + filter.name());
    List<Path> files = new ArrayList<>();
    for (BitSet allowed : filter.versions()) {
      files.add(scratch.resolve("filter-" + files.size() + ".bits"));
      Files.write(files.get(files.size() - 1), allowed.toByteArray());
    }
    ExactAnswers truth = ExactAnswers.of(data, settings.metric(), settings.k(), filter.versions());
    List<EngineRun> unable = new ArrayList<>();
    for (EngineRun run : active()) {
      try {
        run.filter(files);
      } catch (EngineException e) {
        run.note(e.getMessage());
        unable.add(run);
      }
    }
    unable.forEach(run -> run.setPaused(true));
    searchAll(
        settings.filterEfs(),
        truth,
        filter.name() + ", ",
        (run, searches) -> run.addFiltered(filter, searches));
    unable.forEach(run -> run.setPaused(false));
    for (EngineRun run : active()) {
      attempt(run, run::clearFilter);
    }
  }

  private void searchAll(
      List<Integer> efs,
      ExactAnswers truth,
      String what,
      BiConsumer<EngineRun, List<BenchmarkReport.Search>> results)
      throws IOException {
    for (EngineRun run : active()) {
      progress.detail(what + "warming up and judging " + run.engine().label());
      int count = run.engine().isExact() ? EXACT_QUERIES : data.queries().length;
      attempt(
          run,
          () -> {
            run.begin();
            for (int ef : run.efs(efs)) {
              long share = Math.max(1, settings.warmupMillis() / run.efs(efs).size());
              run.time(settings.k(), ef, share);
              run.judge(settings.k(), ef, count, truth);
            }
          });
    }
    for (int round = 0; round < settings.rounds(); round++) {
      for (int ef : efs) {
        List<EngineRun> turn = active();
        for (int i = 0; i < turn.size(); i++) {
          EngineRun run = turn.get((i + round) % turn.size());
          if (!run.efs(efs).contains(ef)) {
            continue;
          }
          progress.detail(
              "%sround %d of %d, ef %d, %s"
                  .formatted(what, round + 1, settings.rounds(), ef, run.engine().label()));
          attempt(run, () -> run.record(ef, run.time(settings.k(), ef, settings.windowMillis())));
        }
      }
      progress.step("%sround %d of %d".formatted(what, round + 1, settings.rounds()));
    }
    for (EngineRun run : active()) {
      results.accept(run, run.searches());
    }
  }

  private List<EngineRun> active() {
    return runs.stream().filter(EngineRun::isActive).toList();
  }

  private interface Step {
    void run() throws IOException;
  }

  private void attempt(EngineRun run, Step step) throws IOException {
    try {
      step.run();
    } catch (EngineException e) {
      progress.step(run.engine().label() + " failed: " + e.getMessage());
      run.fail(e.getMessage());
    }
  }

  /** Returns whether an engine failed. */
  boolean hasFailures() {
    return runs.stream().anyMatch(EngineRun::hasFailed);
  }

  /** Ends the processes. */
  @Override
  public void close() {
    runs.forEach(EngineRun::close);
  }
}
