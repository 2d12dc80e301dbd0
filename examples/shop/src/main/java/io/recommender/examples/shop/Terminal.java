package io.recommender.examples.shop;

import java.io.PrintWriter;
import java.util.Locale;

/**
 * Where text for people goes, in colour if a terminal shows it.
 *
 * <p>Whether it does is told by the system properties that {@code examples/run} sets; without them
 * the text is plain.
 *
 * <p><b>Confined</b>.
 */
public final class Terminal {
  private static final int COLUMNS = 100;

  private final PrintWriter out;
  private final boolean coloured;

  private Terminal(PrintWriter out, boolean coloured) {
    this.out = out;
    this.coloured = coloured;
  }

  /**
   * Returns a terminal that shows colours if the standard output is one.
   *
   * @param out where it goes
   * @return the terminal
   */
  public static Terminal on(PrintWriter out) {
    return new Terminal(
        out, Boolean.getBoolean("examples.stdout.terminal") && System.getenv("NO_COLOR") == null);
  }

  /**
   * Returns a terminal that shows plain text.
   *
   * @param out where it goes
   * @return the terminal
   */
  public static Terminal plain(PrintWriter out) {
    return new Terminal(out, false);
  }

  /** {@return whether progress can be shown: errors go to a terminal} */
  public static boolean showsProgress() {
    return Boolean.getBoolean("examples.stderr.terminal");
  }

  /**
   * Prints a line.
   *
   * @param format as of {@link String#format}, without a locale
   * @param arguments its arguments
   */
  public void line(String format, Object... arguments) {
    text(String.format(Locale.ROOT, format, arguments) + "\n");
  }

  /** Prints an empty line. */
  public void line() {
    text("\n");
  }

  /**
   * Prints a text as it is.
   *
   * @param text the text
   */
  public void text(String text) {
    out.print(text);
    out.flush();
  }

  /**
   * Prints the heading of a section across the whole width.
   *
   * @param title what follows
   */
  public void heading(String title) {
    line();
    int rest = Math.max(3, COLUMNS - title.length() - 4);
    line("%s", cyan("── " + bold(title) + cyan(" " + "─".repeat(rest))));
    line();
  }

  /**
   * Returns a text of an exact width, cut with an ellipsis or filled with blanks.
   *
   * @param text the text
   * @param width at least 1
   * @return {@code width} characters
   */
  public static String fit(String text, int width) {
    return text.length() <= width
        ? text + " ".repeat(width - text.length())
        : text.substring(0, width - 1) + "…";
  }

  /**
   * Returns a text that stands out.
   *
   * @param text the text
   * @return the text in bold if coloured
   */
  public String bold(String text) {
    return styled(1, text);
  }

  /**
   * Returns a text of less weight.
   *
   * @param text the text
   * @return the text dimmed if coloured
   */
  public String dim(String text) {
    return styled(2, text);
  }

  /**
   * Returns a text for what is new or good.
   *
   * @param text the text
   * @return the text in green if coloured
   */
  public String green(String text) {
    return styled(32, text);
  }

  /**
   * Returns a text for what is gone.
   *
   * @param text the text
   * @return the text in red if coloured
   */
  public String red(String text) {
    return styled(31, text);
  }

  /**
   * Returns a text for what deserves attention.
   *
   * @param text the text
   * @return the text in yellow if coloured
   */
  public String yellow(String text) {
    return styled(33, text);
  }

  /**
   * Returns a text of the frame.
   *
   * @param text the text
   * @return the text in cyan if coloured
   */
  public String cyan(String text) {
    return styled(36, text);
  }

  private String styled(int code, String text) {
    return coloured ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }
}
