package io.recommender.serving;

import java.util.List;
import java.util.Locale;

/** Writes a diagnosis for people: a block for each component, indented below what it is part of. */
final class DiagnosisText {
  private static final int NAME = 26;

  private final StringBuilder text = new StringBuilder();

  private DiagnosisText() {}

  static String of(Diagnosis diagnosis) {
    DiagnosisText text = new DiagnosisText();
    text.block(diagnosis, "");
    List<String> warnings = diagnosis.allWarnings();
    if (warnings.isEmpty()) {
      text.text.append("\nNo warnings.\n");
    } else {
      text.text.append(
          warnings.size() == 1 ? "\n1 warning:\n" : "\n%d warnings:\n".formatted(warnings.size()));
      warnings.forEach(warning -> text.text.append("  ! ").append(warning).append('\n'));
    }
    return text.text.toString();
  }

  private void block(Diagnosis diagnosis, String indent) {
    text.append(indent).append(diagnosis.component());
    if (!diagnosis.version().isEmpty()) {
      text.append("  ").append(diagnosis.version());
    }
    text.append('\n');
    for (Diagnosis.Fact fact : diagnosis.facts()) {
      String padding = " ".repeat(Math.max(1, NAME - indent.length() - fact.name().length()));
      text.append(indent).append("  ").append(fact.name()).append(padding);
      text.append(value(fact)).append('\n');
    }
    for (Diagnosis part : diagnosis.parts()) {
      block(part, indent + "  ");
    }
  }

  static String value(Diagnosis.Fact fact) {
    Object value = fact.value();
    if (value instanceof Boolean flag) {
      return flag ? "yes" : "no";
    }
    if (value instanceof Long number) {
      return fact.unit() == Diagnosis.Unit.BYTES
          ? bytes(number)
          : String.format(Locale.ROOT, "%,d", number);
    }
    if (value instanceof Double number) {
      return fact.unit() == Diagnosis.Unit.RATIO
          ? String.format(Locale.ROOT, "%.2f %%", 100 * number)
          : String.format(Locale.ROOT, "%.4g", number);
    }
    return value.toString();
  }

  private static String bytes(long bytes) {
    if (bytes < 1 << 10) {
      return bytes + " bytes";
    }
    if (bytes < 1 << 20) {
      return String.format(Locale.ROOT, "%.1f KiB", bytes / 0x1p10);
    }
    return bytes < 1 << 30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / 0x1p20)
        : String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30);
  }
}
