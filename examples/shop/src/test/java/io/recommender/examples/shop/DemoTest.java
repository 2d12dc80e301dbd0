package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.MarkovRecommender;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoTest {
  private static final Shop SHOP = Shop.standard();
  private static final String TEXT = demo();

  private static String demo() {
    List<UserHistory> histories = SHOP.shoppers().stream().map(Shopper::history).toList();
    StringWriter text = new StringWriter();
    try (SequenceRecommender chain = MarkovRecommender.fit(SHOP.catalog(), histories)) {
      new Demo(Terminal.plain(new PrintWriter(text)), chain, SHOP.catalog(), SHOP).run();
    }
    return text.toString();
  }

  @Test
  void everyLineFitsIntoAHundredColumns() {
    for (String line : TEXT.split("\n")) {
      assertTrue(line.length() <= 100, line.length() + " columns: " + line);
    }
  }

  @Test
  void withoutATerminalThereAreNoColours() {
    assertTrue(TEXT.indexOf('\u001b') < 0);
  }

  @Test
  void whatSoldOutIsNotRecommendedAgain() {
    String section = TEXT.substring(TEXT.indexOf("── 3"), TEXT.indexOf("── 4"));
    List<String> soldOut =
        section
            .lines()
            .filter(line -> line.contains("sold out"))
            .map(line -> line.replaceAll(".*was \\d+ +", ""))
            .toList();
    assertEquals(3, soldOut.size(), section);
    String after = section.substring(section.indexOf("a moment later"));
    soldOut.forEach(title -> assertTrue(!after.contains(title), title + " in " + after));
    assertTrue(after.contains("8 asked for, 8 found"), after);
    assertEquals(3, after.lines().filter(line -> line.startsWith("  +")).count(), after);
  }

  @Test
  void strangersAndUnknownItemsGetAnswersWithNotices() {
    assertTrue(TEXT.contains("FALLBACK_USED"), TEXT);
    assertTrue(TEXT.contains("UNKNOWN_ITEMS"), TEXT);
  }
}
