package io.recommender.examples.benchmarks.index;

import java.util.Locale;

/** How numbers are written in the reports. */
final class Texts {
  static final String ABSENT = "–";

  private Texts() {}

  static String format(String pattern, Object... arguments) {
    return String.format(Locale.ROOT, pattern, arguments);
  }

  /** Writes a number without needless digits. */
  static String number(double value) {
    return format("%.4f", value).replaceAll("\\.?0+$", "");
  }

  /** Writes queries per second, rounded to three or more digits. */
  static String rate(double qps) {
    return qps < 100 ? format("%.3g", qps) : format("%,.0f", qps);
  }

  static String megabytes(long bytes) {
    return format("%,.1f", bytes / 1e6);
  }
}
