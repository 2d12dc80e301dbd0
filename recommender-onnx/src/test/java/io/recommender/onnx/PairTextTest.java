package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.onnx.CrossEncoder.Missing;
import io.recommender.onnx.CrossEncoder.Order;
import io.recommender.onnx.CrossEncoder.Texts;
import io.recommender.onnx.CrossEncoder.Told;
import io.recommender.text.PromptText;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PairTextTest {
  private static final Catalog CATALOG =
      Catalog.of(
          List.of(
              CrossFixtures.item("a", "apple"),
              CrossFixtures.item("b", "bread"),
              CrossFixtures.item("c", "cheese"),
              Item.of("untitled")));

  private static PairText texts(String request, int told, Map<String, String> defaults) {
    return new PairText(
        new Texts(
            PromptText.of(request),
            PromptText.of("{title} ({tags}, {price})"),
            defaults,
            Optional.of(new Told(told, PromptText.of("<{title}>"), "; ")),
            "+",
            Order.REQUEST_FIRST,
            Missing.FAIL));
  }

  private static RecommendationRequest.Builder request(String... history) {
    return RecommendationRequest.of(UserHistory.of(history));
  }

  @Test
  void theNewestItemsThatHaveATextAreToldOldestFirst() {
    PairText texts = texts("{history}.", 2, Map.of());
    assertEquals(
        "<bread>; <cheese>.", texts.request(request("a", "b", "c").build(), CATALOG::find));
    assertEquals(
        "<apple>; <bread>.",
        texts.request(request("c", "a", "gone", "b", "untitled").build(), CATALOG::find));
    assertEquals(".", texts.request(request("gone").build(), CATALOG::find));
    assertEquals(
        "nothing yet.",
        texts("{history}.", 2, Map.of("history", "nothing yet"))
            .request(request().build(), CATALOG::find));
  }

  @Test
  void featuresOfTheContextAreWrittenByKind() {
    PairText texts = texts("{{{query}}} on {device} below {price}", 1, Map.of("price", "any"));
    RecommendationRequest.Builder request =
        request()
            .context("query", new Feature.Ids(List.of("warm", "jacket")))
            .context("device", new Feature.Category("phone"));
    assertEquals("{warm+jacket} on phone below any", texts.request(request.build(), CATALOG::find));
    request.context("price", new Feature.Scalar(12.50)).context("query", new Feature.Text("mug"));
    assertEquals("{mug} on phone below 12.5", texts.request(request.build(), CATALOG::find));
  }

  @Test
  void whatIsAbsentIsNamed() {
    PairText texts = texts("{query}", 1, Map.of("tags", "none"));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> texts.request(request().build(), CATALOG::find));
    assertEquals("request, feature 'query': expected a text, found none", e.getMessage());
    RecommendationRequest vector = request().context("query", Feature.Tensor.vector(1, 2)).build();
    e = assertThrows(IllegalArgumentException.class, () -> texts.request(vector, CATALOG::find));
    assertEquals(
        "request, feature 'query': expected a text, category, list of ids or number, found a Tensor",
        e.getMessage());
    Item priceless = CrossFixtures.item("p", "pie");
    assertEquals(Optional.empty(), texts.item(priceless));
    assertEquals(
        "item 'p', feature 'price': expected a text, found none",
        texts.missing(priceless).getMessage());
    assertEquals(
        Optional.of("pie (none, 3)"),
        texts.item(
            new Item(
                "p", Map.of("title", new Feature.Text("pie"), "price", new Feature.Scalar(3)))));
  }

  /** Whatever is in a value, braces included, comes out as it went in. */
  @Property(tries = 200)
  void valuesAreNotTemplates(@ForAll String query, @ForAll @IntRange(min = 1, max = 4) int told) {
    PairText texts = texts("{query}|{history}", told, Map.of());
    assertEquals(
        query + "|<cheese>",
        texts.request(
            request("c").context("query", new Feature.Text(query)).build(), CATALOG::find));
  }

  @Property(tries = 200)
  void aHistoryTellsItsNewestKnownItems(
      @ForAll @Size(max = 12) List<@IntRange(min = 0, max = 4) Integer> steps,
      @ForAll @IntRange(min = 1, max = 5) int told) {
    List<String> ids = List.of("a", "b", "c", "untitled", "gone");
    List<String> titles = List.of("<apple>", "<bread>", "<cheese>");
    List<String> known = steps.stream().filter(i -> i < 3).map(titles::get).toList();
    String expected =
        String.join("; ", known.subList(Math.max(0, known.size() - told), known.size()));
    assertEquals(
        expected,
        texts("{history}", told, Map.of())
            .request(
                request(steps.stream().map(ids::get).toArray(String[]::new)).build(),
                CATALOG::find));
  }
}
