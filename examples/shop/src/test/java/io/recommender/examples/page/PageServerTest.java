package io.recommender.examples.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page and its answers, over HTTP. */
class PageServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final String HISTORY = "\"history\":[\"sku-00001\",\"sku-00012\"]";
  private static PageServer server;

  @BeforeAll
  static void start() throws IOException {
    server = PageServer.start(Path.of("bundles"), 0, 7, 400);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void reset() throws Exception {
    post("reset", "{}");
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(server.address() + path));
  }

  private static HttpResponse<String> answer(String path, String body) throws Exception {
    return send(
        to("api/" + path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private static JsonNode post(String path, String body) throws Exception {
    HttpResponse<String> response = answer(path, body);
    assertEquals(200, response.statusCode(), response.body());
    return JSON.readTree(response.body());
  }

  private static List<String> ids(JsonNode answer) {
    List<String> ids = new ArrayList<>();
    answer.path("items").forEach(item -> ids.add(item.path("id").asText()));
    return ids;
  }

  @Test
  void thePageNeedsNothingFromElsewhere() throws Exception {
    HttpResponse<String> page = send(to(""));
    assertEquals(200, page.statusCode());
    assertTrue(page.body().contains("<html lang=\"en\">"));
    assertFalse(page.body().matches("(?s).*(src|href)=\"(https?:)?//.*"));
    assertFalse(page.body().contains("innerHTML"), "texts are never markup");
    assertTrue(
        page.headers()
            .firstValue("Content-Security-Policy")
            .orElse("")
            .startsWith("default-src 'none'"));
  }

  @Test
  void metricsCountWhatWasAsked() throws Exception {
    post("recommend", "{" + HISTORY + ",\"model\":\"SASRec\"}");
    HttpResponse<String> metrics = send(to("metrics"));
    assertEquals(200, metrics.statusCode());
    assertTrue(metrics.body().contains("recommender_request_done_seconds_count"), metrics.body());
    assertTrue(metrics.body().contains("stage=\"source:model\""), metrics.body());
  }

  @Test
  void theShopIsTold() throws Exception {
    HttpResponse<String> response = send(to("api/shop"));
    JsonNode shop = JSON.readTree(response.body());
    assertEquals(5, shop.path("models").size());
    assertEquals(24, shop.path("shelf").size());
    assertEquals(4, shop.path("visitors").size());
    assertEquals(response.body(), send(to("api/shop")).body(), "the same for the same seed");
  }

  @Test
  void everyModelAnswersAndSaysHow() throws Exception {
    Set<List<String>> lists = new HashSet<>();
    for (JsonNode model : JSON.readTree(send(to("api/shop")).body()).path("models")) {
      String wish = "{%s,\"model\":%s,\"k\":8}".formatted(HISTORY, model);
      JsonNode answer = post("recommend", wish);
      assertEquals(8, answer.path("items").size(), model.asText());
      for (JsonNode item : answer.path("items")) {
        assertFalse(item.path("source").asText().isEmpty());
        assertTrue(item.path("score").isNumber() && item.path("price").doubleValue() > 0);
        assertFalse(item.path("proposals").isEmpty());
        assertTrue(item.path("stock").intValue() > 0, item.toString());
      }
      assertTrue(answer.path("stages").size() >= 4);
      assertEquals(ids(answer), ids(post("recommend", wish)), "the same again");
      lists.add(ids(answer));
    }
    assertTrue(lists.size() >= 3, "different models, different lists: " + lists.size());
  }

  @Test
  void anotherHistoryGivesAnotherList() throws Exception {
    List<String> stranger = ids(post("recommend", "{}"));
    assertEquals(8, stranger.size());
    List<String> visitor = ids(post("recommend", "{" + HISTORY + "}"));
    assertNotEquals(stranger, visitor);
    assertFalse(visitor.contains("sku-00001"));
  }

  @Test
  void whatIsSoldOutVanishesEverywhere() throws Exception {
    String first = ids(post("recommend", "{" + HISTORY + "}")).get(0);
    String title = post("item", "{\"id\":\"" + first + "\"}").path("title").asText();
    String search = "{\"text\":" + JSON.writeValueAsString(title) + "}";
    assertTrue(ids(post("search", search)).contains(first));
    assertEquals(
        0, post("item", "{\"id\":\"" + first + "\",\"stock\":0}").path("stock").intValue());
    for (JsonNode model : JSON.readTree(send(to("api/shop")).body()).path("models")) {
      List<String> list =
          ids(post("recommend", "{%s,\"model\":%s,\"k\":50}".formatted(HISTORY, model)));
      assertFalse(list.contains(first), model.asText());
    }
    assertFalse(ids(post("search", search)).contains(first));
    String why = post("explain", "{" + HISTORY + ",\"id\":\"" + first + "\"}").path("why").asText();
    assertTrue(why.contains("stock") || why.contains("overlay"), why);
    post("item", "{\"id\":\"" + first + "\",\"stock\":5}");
    assertEquals(first, ids(post("recommend", "{" + HISTORY + "}")).get(0));
  }

  @Test
  void aPriceAboveTheBudgetRulesOut() throws Exception {
    String wish = "{" + HISTORY + ",\"budget\":50}";
    JsonNode answer = post("recommend", wish);
    answer
        .path("items")
        .forEach(item -> assertTrue(item.path("price").doubleValue() <= 50, item.toString()));
    String first = ids(answer).get(0);
    post("item", "{\"id\":\"" + first + "\",\"price\":51}");
    assertFalse(ids(post("recommend", wish)).contains(first));
  }

  @Test
  void pagesNeverRepeat() throws Exception {
    List<String> first = ids(post("recommend", "{" + HISTORY + "}"));
    String shown = JSON.writeValueAsString(first);
    List<String> second = ids(post("recommend", "{" + HISTORY + ",\"shown\":" + shown + "}"));
    assertEquals(8, second.size());
    assertTrue(second.stream().noneMatch(first::contains));
  }

  @Test
  void diversityChangesTheList() throws Exception {
    List<String> alike = ids(post("recommend", "{" + HISTORY + ",\"diversity\":0}"));
    List<String> mixed = ids(post("recommend", "{" + HISTORY + ",\"diversity\":10}"));
    assertNotEquals(alike, mixed);
    assertEquals(8, mixed.size());
  }

  @Test
  void eachItemIsExplained() throws Exception {
    for (String id : ids(post("recommend", "{" + HISTORY + "}"))) {
      String why = post("explain", "{" + HISTORY + ",\"id\":\"" + id + "\"}").path("why").asText();
      assertTrue(why.startsWith("rank "), why);
    }
  }

  private static void assertRefused(int status, String path, String body, String message)
      throws Exception {
    HttpResponse<String> response = answer(path, body);
    assertEquals(status, response.statusCode());
    String error = JSON.readTree(response.body()).path("error").asText();
    assertTrue(error.contains(message), error);
  }

  @Test
  void mistakesAreToldAndHarmNothing() throws Exception {
    assertRefused(400, "recommend", "{\"k\":0}", "k: expected an integer of 1 to 50, found 0");
    assertRefused(400, "recommend", "{\"model\":\"x\"}", "model: expected one of [SASRec");
    assertRefused(400, "recommend", "{", "end-of-input");
    assertRefused(400, "recommend", "{\"history\":[1]}", "history: expected ids of items, found 1");
    assertRefused(400, "search", "{\"text\":\" \"}", "text: expected what to look for");
    assertRefused(400, "item", "{\"id\":\"none\",\"stock\":1}", "expected an item of the shop");
    assertRefused(400, "item", "{\"id\":\"sku-00001\",\"stock\":-1}", "expected at least 0");
    assertRefused(404, "nothing", "{}", "nothing at /api/nothing");
    assertEquals(404, send(to("secret")).statusCode());
    assertEquals(
        415, send(to("api/reset").POST(HttpRequest.BodyPublishers.ofString("{}"))).statusCode());
    assertEquals(400, answer("recommend", "{\"x\":\"" + "y".repeat(70_000) + "\"}").statusCode());
    assertEquals(8, ids(post("recommend", "{}")).size());
  }
}
