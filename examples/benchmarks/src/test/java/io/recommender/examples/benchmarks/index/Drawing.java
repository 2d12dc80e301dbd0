package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** A chart as it is drawn, to be read by its axes. */
final class Drawing {
  /** How high a line of text is, in units of the drawing. */
  static final double TEXT_HEIGHT = 13;

  /** More than the mean width of a character. */
  private static final double CHARACTER_WIDTH = 8;

  private final Element root;

  Drawing(String svg) {
    try {
      root =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new InputSource(new StringReader(svg)))
              .getDocumentElement();
    } catch (ParserConfigurationException | SAXException | IOException e) {
      throw new AssertionError(svg, e);
    }
    assertEquals("svg", root.getTagName());
  }

  Element root() {
    return root;
  }

  /** Returns the elements of a kind whose classes begin with some, in their order. */
  List<Element> elements(String tag, String classes) {
    List<Element> found = new ArrayList<>();
    NodeList all = root.getElementsByTagName(tag);
    for (int i = 0; i < all.getLength(); i++) {
      Element element = (Element) all.item(i);
      if ((element.getAttribute("class") + " ").startsWith(classes + " ")) {
        found.add(element);
      }
    }
    return found;
  }

  Element only(String tag, String classes) {
    List<Element> found = elements(tag, classes);
    assertEquals(1, found.size(), tag + " " + classes);
    return found.get(0);
  }

  static double number(Element element, String attribute) {
    return Double.parseDouble(element.getAttribute(attribute));
  }

  /** Returns the labels of the axis of recalls, from the left. */
  List<Element> recallTicks() {
    return elements("text", "tick mid").stream()
        .sorted(Comparator.comparingDouble(tick -> number(tick, "x")))
        .toList();
  }

  /** Returns the labels of the axis of rates, from below. */
  List<Element> rateTicks() {
    return elements("text", "tick end").stream()
        .sorted(Comparator.comparingDouble(tick -> -number(tick, "y")))
        .toList();
  }

  /** Returns where a recall belongs: its logarithm, of what is missed, is linear between ticks. */
  double x(double recall) {
    // The last one, 1, has no logarithm.
    List<Element> ticks = recallTicks();
    return between(
        ticks.get(0),
        ticks.get(ticks.size() - 2),
        "x",
        tick -> Math.log(1 - tick),
        Math.log(1 - recall));
  }

  /** Returns where a rate belongs: its logarithm is linear between ticks, which are above it. */
  double y(double rate) {
    List<Element> ticks = rateTicks();
    return between(ticks.get(0), ticks.get(ticks.size() - 1), "y", Math::log, Math.log(rate)) - 4;
  }

  private static double between(
      Element first, Element last, String axis, DoubleUnaryOperator scale, double value) {
    double low = scale.applyAsDouble(value(first));
    double high = scale.applyAsDouble(value(last));
    double share = (value - low) / (high - low);
    return number(first, axis) + share * (number(last, axis) - number(first, axis));
  }

  private static double value(Element tick) {
    String text = tick.getTextContent();
    double factor = text.endsWith("M") ? 1e6 : text.endsWith("k") ? 1e3 : 1;
    return factor * Double.parseDouble(factor > 1 ? text.substring(0, text.length() - 1) : text);
  }

  boolean hasGridLine(String coordinate, double at) {
    return elements("line", "grid").stream()
        .anyMatch(
            line ->
                Math.abs(number(line, coordinate) - at) < 0.11
                    && line.getAttribute(coordinate)
                        .equals(line.getAttribute(coordinate.replace('1', '2'))));
  }

  /** Returns the four numbers of a straight path. */
  double[] line(Element path) {
    String[] parts = path.getAttribute("d").substring(1).split("[L ]");
    double[] numbers = new double[parts.length];
    for (int i = 0; i < parts.length; i++) {
      numbers[i] = Double.parseDouble(parts[i]);
    }
    assertEquals(4, numbers.length);
    return numbers;
  }

  static double width(Element text) {
    return CHARACTER_WIDTH * text.getTextContent().length();
  }

  /** Asserts that a text is not cut off. */
  void assertInside(Element text) {
    String[] box = root.getAttribute("viewBox").split(" ");
    String classes = " " + text.getAttribute("class") + " ";
    double before = classes.contains(" mid ") ? 0.5 : classes.contains(" end ") ? 1 : 0;
    double left = number(text, "x") - before * width(text);
    double y = number(text, "y");
    assertTrue(left >= 0, text::getTextContent);
    assertTrue(left + width(text) <= Double.parseDouble(box[2]), text::getTextContent);
    assertTrue(y >= TEXT_HEIGHT && y <= Double.parseDouble(box[3]) - 4, text::getTextContent);
  }
}
