package io.recommender.examples.cli;

import io.recommender.Catalog;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.examples.shop.Terminal;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.Device;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.OnnxOptions;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RankerScores;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.onnx.RerankerOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gpu-check}: whether a GPU finds what the CPU finds, and how much of it in a second. */
@Command(
    name = "gpu-check",
    description = {
      "Runs models on an NVIDIA GPU and on the CPU: whether they agree, and how fast each is.",
      "Ends with 1 if they do not agree, or CUDA cannot be used."
    })
final class GpuCheckCommand implements Callable<Integer> {
  private static final int[] BATCHES = {1, 8, 32, 128, 512};
  private static final int LONGEST = 40;
  private static final int K = 10;
  private static final long SEED = 17;

  @Spec private CommandSpec spec;

  @Option(
      names = "--bundle",
      paramLabel = "DIR",
      description = "A bundle; may be repeated. Without it, those of the shop.")
  private List<Path> bundles = List.of();

  @Option(
      names = "--device",
      paramLabel = "cuda:N|cpu",
      defaultValue = "cuda:0",
      description = "What is compared with the CPU (default: ${DEFAULT-VALUE}).")
  private String device;

  @Option(
      names = "--seconds",
      defaultValue = "2",
      description = "How long each batch is measured (default: ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--tolerance",
      defaultValue = "1e-3",
      description = "By which part of the largest score others may differ (default: 0.001).")
  private double tolerance;

  /** A model on one device: what it finds for the first inputs, a number for each, and a batch. */
  private interface Subject extends AutoCloseable {
    String device();

    /** Returns scores by what they are of, for each of the inputs. */
    List<Map<String, Double>> outputs(int count);

    void run(int batch);

    @Override
    void close();
  }

  @Override
  public Integer call() {
    if (seconds <= 0) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--seconds: expected above 0, found " + seconds);
    }
    Terminal terminal = Terminal.on(spec.commandLine().getOut());
    List<Path> folders =
        bundles.isEmpty()
            ? List.of("shop", "shop-vector", "shop-text", "shop-ranker").stream()
                .map(Bundles.all()::resolve)
                .toList()
            : bundles;
    boolean agree = true;
    for (Path folder : folders) {
      agree &= compare(terminal, Bundles.requireFolder(folder));
    }
    return agree ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private Device parsed() {
    if (device.equals("cpu")) {
      return Device.cpu();
    }
    if (!device.matches("cuda:\\d{1,4}")) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--device: expected cpu or cuda:N, found '" + device + "'");
    }
    return Device.cuda(Integer.parseInt(device.substring("cuda:".length())));
  }

  private boolean compare(Terminal terminal, Path folder) {
    String contract = RecommenderBundle.read(folder).contract();
    try (Subject other = open(folder, contract, parsed());
        Subject cpu = open(folder, contract, Device.cpu())) {
      terminal.line("  bundle      %s, %s, %s", folder.getFileName(), contract, other.device());
      boolean agree = agree(terminal, cpu.outputs(BATCHES[3]), other.outputs(BATCHES[3]));
      for (int batch : BATCHES) {
        double onCpu = perSecond(cpu::run, batch);
        double onOther = perSecond(other::run, batch);
        terminal.line(
            "  batch %4d  %s",
            batch,
            String.format(
                Locale.ROOT,
                "%,10.0f a second on the CPU, %,10.0f on %s, %.2f times as many",
                onCpu,
                onOther,
                device,
                onOther / onCpu));
      }
      return agree;
    }
  }

  /** Compares scores that both have; what only one has may be the last of a list, within reach. */
  private boolean agree(
      Terminal terminal, List<Map<String, Double>> cpu, List<Map<String, Double>> other) {
    double worst = 0;
    int missing = 0;
    for (int i = 0; i < cpu.size(); i++) {
      Map<String, Double> expected = cpu.get(i);
      Map<String, Double> found = other.get(i);
      double scale =
          Math.max(1e-6, expected.values().stream().mapToDouble(Math::abs).max().orElse(1));
      double last = expected.values().stream().mapToDouble(value -> value).min().orElse(0);
      for (Map.Entry<String, Double> each : expected.entrySet()) {
        Double value = found.get(each.getKey());
        if (value != null) {
          worst = Math.max(worst, Math.abs(value - each.getValue()) / scale);
        } else if (each.getValue() - last > tolerance * scale) {
          missing++;
        }
      }
    }
    boolean agree = worst <= tolerance && missing == 0;
    terminal.line(
        "  agreement   %s",
        String.format(
            Locale.ROOT,
            "%s: %d inputs, largest difference %.1e of the largest score, %d items in one list only",
            agree ? "yes" : "NO",
            cpu.size(),
            worst,
            missing));
    return agree;
  }

  private double perSecond(IntConsumer run, int batch) {
    long nanos = (long) (seconds * 1e9);
    long warm = System.nanoTime() + nanos / 2;
    do {
      run.accept(batch);
    } while (System.nanoTime() < warm);
    long start = System.nanoTime();
    long count = 0;
    long now;
    do {
      run.accept(batch);
      count += batch;
      now = System.nanoTime();
    } while (now - start < nanos);
    return count * 1e9 / (now - start);
  }

  private static Subject open(Path folder, String contract, Device device) {
    OnnxOptions onnx = OnnxOptions.builder().device(device).build();
    BundleOptions options =
        BundleOptions.defaults().onnx(onnx).index(FlatIndex::new).maxBatch(BATCHES[4]);
    return switch (contract) {
      case Bundles.ENCODER -> encoder(RecommenderBundle.openEncoder(folder, options));
      case Bundles.RANKER ->
          ranker(
              RecommenderBundle.openReranker(
                  folder, RerankerOptions.defaults().onnx(onnx).chunk(BATCHES[4])));
      default -> recommender(RecommenderBundle.open(folder, options));
    };
  }

  private static Subject recommender(OnnxSequenceRecommender model) {
    Catalog catalog = model.catalog();
    SplittableRandom random = new SplittableRandom(SEED);
    List<RecommendationRequest> requests = new ArrayList<>();
    for (int i = 0; i < BATCHES[4]; i++) {
      List<String> items =
          random.ints(random.nextInt(1, LONGEST), 0, catalog.size()).mapToObj(catalog::id).toList();
      requests.add(RecommendationRequest.of(UserHistory.ofItems(items)).k(K).build());
    }
    return new Subject() {
      @Override
      public String device() {
        return model.device();
      }

      @Override
      public List<Map<String, Double>> outputs(int count) {
        List<Map<String, Double>> outputs = new ArrayList<>();
        for (Recommendations answer : model.recommendAll(requests.subList(0, count))) {
          Map<String, Double> scores = new HashMap<>();
          answer.forEach(item -> scores.put(item.itemId(), item.score()));
          outputs.add(scores);
        }
        return outputs;
      }

      @Override
      public void run(int batch) {
        model.recommendAll(requests.subList(0, batch));
      }

      @Override
      public void close() {
        model.close();
      }
    };
  }

  private static Subject encoder(OnnxItemEncoder model) {
    Catalog catalog;
    try (OnnxSequenceRecommender shop =
        RecommenderBundle.open(Bundles.shop(), BundleOptions.defaults().index(FlatIndex::new))) {
      catalog = shop.catalog();
    }
    List<String> texts =
        IntStream.range(0, BATCHES[4])
            .mapToObj(i -> catalog.item(i % catalog.size()).text("title").orElse(catalog.id(i)))
            .toList();
    return new Subject() {
      @Override
      public String device() {
        return model.device();
      }

      @Override
      public List<Map<String, Double>> outputs(int count) {
        List<Map<String, Double>> outputs = new ArrayList<>();
        for (float[] vector : model.encodeTexts(texts.subList(0, count))) {
          Map<String, Double> elements = new HashMap<>();
          for (int i = 0; i < vector.length; i++) {
            elements.put(Integer.toString(i), (double) vector[i]);
          }
          outputs.add(elements);
        }
        return outputs;
      }

      @Override
      public void run(int batch) {
        model.encodeTexts(texts.subList(0, batch));
      }

      @Override
      public void close() {
        model.close();
      }
    };
  }

  private static Subject ranker(OnnxReranker model) {
    Catalog catalog = model.catalog();
    List<Item> items =
        IntStream.range(0, BATCHES[4]).mapToObj(i -> catalog.item(i % catalog.size())).toList();
    RecommendationRequest request =
        RecommendationRequest.of(
                UserHistory.of(catalog.id(0), catalog.id(catalog.size() / 2), catalog.id(7)))
            .build();
    List<ScoredItem> candidates =
        items.stream().distinct().map(item -> new ScoredItem(item.id(), 0)).toList();
    return new Subject() {
      @Override
      public String device() {
        return model.device();
      }

      @Override
      public List<Map<String, Double>> outputs(int count) {
        RankerScores scores = model.score(request, items.subList(0, count));
        List<Map<String, Double>> outputs = new ArrayList<>();
        for (String task : model.tasks()) {
          Map<String, Double> ofTask = new HashMap<>();
          double[] found = scores.scores(task);
          for (int i = 0; i < found.length; i++) {
            ofTask.put(i + " " + items.get(i).id(), found[i]);
          }
          outputs.add(ofTask);
        }
        return outputs;
      }

      @Override
      public void run(int batch) {
        model.rerank(request, candidates.subList(0, Math.min(batch, candidates.size())));
      }

      @Override
      public void close() {
        model.close();
      }
    };
  }
}
