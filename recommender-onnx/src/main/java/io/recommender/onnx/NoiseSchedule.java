package io.recommender.onnx;

import io.recommender.internal.JsonObject;

/**
 * How much of a latent is left at each time of a diffusion: ᾱ, the product of 1 − β over the times
 * so far. A latent at time t is √ᾱ x₀ + √(1 − ᾱ) ε, with ε standard normal.
 *
 * <p>Schedules: linear β, Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models", NeurIPS
 * 2020; β whose root is linear, Rombach et al., "High-Resolution Image Synthesis with Latent
 * Diffusion Models", CVPR 2022; cosine, Nichol and Dhariwal, "Improved Denoising Diffusion
 * Probabilistic Models", ICML 2021.
 *
 * <p><b>Immutable</b>.
 */
final class NoiseSchedule {
  private static final int MAX_TIMES = 1 << 16;
  private static final double COSINE_OFFSET = 0.008;
  private static final double MAX_BETA = 0.999;

  private enum Kind {
    LINEAR,
    SCALED_LINEAR,
    COSINE,
    TABLE
  }

  /**
   * One step from a time to the one visited next: the latent becomes {@code ofLatent} of itself and
   * {@code ofPrediction} of what the graph predicts, with noise of deviation {@code noise}.
   */
  record Step(int time, double ofLatent, double ofPrediction, double noise) {}

  private final double[] signal;

  private NoiseSchedule(double[] signal) {
    this.signal = signal;
  }

  private static NoiseSchedule ofBetas(double[] betas) {
    double[] signal = new double[betas.length];
    double left = 1;
    for (int t = 0; t < betas.length; t++) {
      left *= 1 - betas[t];
      signal[t] = left;
    }
    return new NoiseSchedule(signal);
  }

  /** β from one number to another in equal steps, or with equal steps of their roots. */
  static NoiseSchedule linear(int times, double from, double to, boolean ofRoots) {
    double[] betas = new double[times];
    double first = ofRoots ? Math.sqrt(from) : from;
    double last = ofRoots ? Math.sqrt(to) : to;
    for (int t = 0; t < times; t++) {
      double beta = times == 1 ? first : first + (last - first) * t / (times - 1);
      betas[t] = ofRoots ? beta * beta : beta;
    }
    return ofBetas(betas);
  }

  /** ᾱ along a squared cosine. */
  static NoiseSchedule cosine(int times) {
    double[] betas = new double[times];
    for (int t = 0; t < times; t++) {
      betas[t] = Math.min(1 - cosine(t + 1, times) / cosine(t, times), MAX_BETA);
    }
    return ofBetas(betas);
  }

  private static double cosine(int time, int times) {
    double cosine =
        StrictMath.cos(((double) time / times + COSINE_OFFSET) / (1 + COSINE_OFFSET) * Math.PI / 2);
    return cosine * cosine;
  }

  /** Reads the {@code schedule} of a manifest. */
  static NoiseSchedule read(JsonObject node) {
    try (JsonObject schedule = node) {
      Kind kind = schedule.oneOf("kind", Kind.class);
      if (kind == Kind.TABLE) {
        return table(schedule);
      }
      int times = schedule.integer("times", 1);
      if (times > MAX_TIMES) {
        throw BundleFailures.invalid(
            schedule.file(),
            "%s/times: expected at most %d, found %d"
                .formatted(schedule.place(), MAX_TIMES, times));
      }
      if (kind == Kind.COSINE) {
        return cosine(times).check(schedule, ": signal of time ");
      }
      double from = schedule.number("from", Double.NaN);
      double to = schedule.number("to", Double.NaN);
      if (!(0 < from && from <= to && to < 1)) {
        throw BundleFailures.invalid(
            schedule.file(),
            "%s: expected 0 < from <= to < 1, found from %s and to %s"
                .formatted(schedule.place(), from, to));
      }
      return linear(times, from, to, kind == Kind.SCALED_LINEAR)
          .check(schedule, ": signal of time ");
    }
  }

  /** Refuses an ᾱ that does not fall from below 1 to above 0, as rounding may make it. */
  private NoiseSchedule check(JsonObject schedule, String where) {
    double before = 1;
    for (int t = 0; t < signal.length; t++) {
      if (!(signal[t] > 0 && signal[t] < before)) {
        throw BundleFailures.invalid(
            schedule.file(),
            "%s%s%d: expected a number above 0 and below %s, found %s"
                .formatted(schedule.place(), where, t, before, signal[t]));
      }
      before = signal[t];
    }
    return this;
  }

  private static NoiseSchedule table(JsonObject schedule) {
    double[] signal = BundleJson.numbers(schedule.file(), schedule, "signal");
    if (signal.length == 0 || signal.length > MAX_TIMES) {
      throw BundleFailures.invalid(
          schedule.file(),
          "%s/signal: expected 1 to %d numbers, found %d"
              .formatted(schedule.place(), MAX_TIMES, signal.length));
    }
    return new NoiseSchedule(signal).check(schedule, "/signal/");
  }

  /** How many times there are. */
  int times() {
    return signal.length;
  }

  /** ᾱ of a time. */
  double signal(int time) {
    return signal[time];
  }

  /**
   * Plans the way from noise to a latent: Song, Meng and Ermon, "Denoising Diffusion Implicit
   * Models", ICLR 2021, equations 12 and 16. The times visited end at the last one, as in Lin et
   * al., "Common Diffusion Noise Schedules and Sample Steps are Flawed", WACV 2024: round(times · i
   * / steps) − 1 for i from steps to 1. The last step leaves no noise.
   *
   * @throws IllegalArgumentException if there are fewer times than steps
   */
  Step[] steps(Diffusion.Sampling sampling, Diffusion.Prediction prediction) {
    int count = sampling.steps();
    if (count > signal.length) {
      throw new IllegalArgumentException(
          "steps: expected at most %d, the times of the schedule, found %d"
              .formatted(signal.length, count));
    }
    Step[] steps = new Step[count];
    for (int i = count; i >= 1; i--) {
      int time = time(i, count);
      double after = i == 1 ? 1 : signal[time(i - 1, count)];
      steps[count - i] = step(time, after, sampling.eta(), prediction);
    }
    return steps;
  }

  private int time(int i, int count) {
    return (int) Math.round((double) signal.length * i / count) - 1;
  }

  private Step step(int time, double after, double eta, Diffusion.Prediction prediction) {
    double now = signal[time];
    double variance = eta * eta * (1 - after) / (1 - now) * (1 - now / after);
    double left = Math.sqrt(now);
    double lost = Math.sqrt(1 - now);
    double clean = Math.sqrt(after);
    double noisy = Math.sqrt(Math.max(0, 1 - after - variance));
    // The next latent is clean · x0 + noisy · ε, both told by the latent and the prediction.
    double ofLatent =
        switch (prediction) {
          case EPSILON -> clean / left;
          case X0 -> noisy / lost;
          case V -> clean * left + noisy * lost;
        };
    double ofPrediction =
        switch (prediction) {
          case EPSILON -> noisy - clean * lost / left;
          case X0 -> clean - noisy * left / lost;
          case V -> noisy * left - clean * lost;
        };
    return new Step(time, ofLatent, ofPrediction, Math.sqrt(variance));
  }
}
