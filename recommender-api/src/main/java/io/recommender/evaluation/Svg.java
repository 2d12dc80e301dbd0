package io.recommender.evaluation;

import java.util.Locale;

/** A drawing whose colours come from the style sheet of the page. Confined. */
final class Svg {
  private final StringBuilder text = new StringBuilder();

  /**
   * Starts a drawing.
   *
   * @param title what the drawing shows, for those who cannot see it
   */
  Svg(double width, double height, String title) {
    text.append(format("<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", width, height));
    text.append(escape(title)).append("\">\n");
  }

  void line(String style, double x1, double y1, double x2, double y2) {
    text.append(
        format(
            "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
            style, x1, y1, x2, y2));
  }

  void rectangle(String style, double x, double y, double width, double height, String tip) {
    text.append(
        format(
            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\">",
            style, x, y, Math.max(0, width), height));
    text.append("<title>").append(escape(tip)).append("</title></rect>\n");
  }

  void text(String style, double x, double y, String content) {
    text.append(format("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", style, x, y));
    text.append(escape(content)).append("</text>\n");
  }

  void path(String style, CharSequence commands) {
    text.append("<path class=\"").append(style).append("\" d=\"");
    text.append(commands).append("\"/>\n");
  }

  /** A mark at a point; the shape changes with every turn of the palette. */
  void mark(String style, int shape, double x, double y, String tip) {
    String commands =
        switch (shape % 3) {
          case 0 -> format("M%.1f %.1fm-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", x, y);
          case 1 -> format("M%.1f %.1fm-4 -4h8v8h-8z", x, y);
          default -> format("M%.1f %.1fm0 -5l5 9h-10z", x, y);
        };
    text.append("<path class=\"").append(style).append("\" d=\"").append(commands);
    text.append("\"><title>").append(escape(tip)).append("</title></path>\n");
  }

  String end() {
    return text.append("</svg>\n").toString();
  }

  static String format(String pattern, Object... arguments) {
    return String.format(Locale.ROOT, pattern.replace("%n", "\n"), arguments);
  }

  static String escape(String value) {
    return value
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  /** A name that fits beside a chart; the middle is cut, as names often differ at the end. */
  static String shorten(String name, int length) {
    if (name.length() <= length) {
      return name;
    }
    int end = (length - 1) / 2;
    return name.substring(0, length - 1 - end) + "…" + name.substring(name.length() - end);
  }
}
