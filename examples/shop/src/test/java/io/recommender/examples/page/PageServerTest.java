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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page and its answers, over HTTP. */
class PageServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final int CALLERS = 3;
  private static final int SWAPS = 24;
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
    if (!shop().path("serving").asText().startsWith("SASRec shop")) {
      swap("SASRec");
    }
  }

  private static JsonNode shop() throws Exception {
    return JSON.readTree(send(to("api/shop")).body());
  }

  private static List<String> models() throws Exception {
    List<String> models = new ArrayList<>();
    shop().path("models").forEach(model -> models.add(model.asText()));
    return models;
  }

  private static JsonNode swap(String model) throws Exception {
    return post("swap", JSON.writeValueAsString(Map.of("model", model)));
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
    post("recommend", "{" + HISTORY + "}");
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
    for (String model : models()) {
      swap(model);
      String wish = "{" + HISTORY + ",\"k\":8}";
      JsonNode answer = post("recommend", wish);
      assertEquals(8, answer.path("items").size(), model);
      String serving = shop().path("serving").asText();
      assertTrue(serving.startsWith(model), serving);
      assertTrue(answer.path("modelVersion").asText().contains(serving), answer::toString);
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
    for (String model : models()) {
      swap(model);
      assertFalse(ids(post("recommend", "{" + HISTORY + ",\"k\":50}")).contains(first), model);
    }
    swap("SASRec");
    assertFalse(ids(post("search", search)).contains(first));
    String why = post("explain", "{" + HISTORY + ",\"id\":\"" + first + "\"}").path("why").asText();
    assertTrue(why.contains("stock") || why.contains("overlay"), why);
    post("item", "{\"id\":\"" + first + "\",\"stock\":5}");
    assertEquals(first, ids(post("recommend", "{" + HISTORY + "}")).get(0));
  }

  @Test
  void aSwapIsToldAndCanBeTakenBackOnce() throws Exception {
    String first = shop().path("serving").asText();
    JsonNode report = swap("Popularity");
    assertEquals(first, report.path("from").asText());
    assertEquals("Popularity", report.path("to").asText());
    assertEquals(8, report.path("tried").asInt());
    assertEquals("Popularity", shop().path("serving").asText());
    assertEquals(first, shop().path("previous").asText());
    JsonNode back = post("rollback", "{}");
    assertEquals(first, back.path("to").asText());
    assertEquals(first, shop().path("serving").asText());
    assertEquals("", shop().path("previous").asText());
    assertRefused(409, "rollback", "{}", "expected a previous model, found none");
    assertTrue(
        send(to("metrics")).body().contains("recommender_model_swapped_seconds_count"),
        "swaps are counted");
  }

  /** What each version answers alone is what it answers while it comes and goes. */
  @Test
  void swapsUnderLoadFailNoCallAndMixNoAnswer() throws Exception {
    Map<String, List<String>> expected = new HashMap<>();
    List<String> models = List.of("Generative codes", "Popularity", "SASRec");
    String wish = "{" + HISTORY + ",\"diversity\":3}";
    for (String model : models) {
      swap(model);
      JsonNode answer = post("recommend", wish);
      expected.put(answer.path("modelVersion").asText(), ids(answer));
    }
    assertEquals(3, expected.size());
    assertEquals(3, Set.copyOf(expected.values()).size(), "the models differ");
    AtomicBoolean isOver = new AtomicBoolean();
    Set<String> met = ConcurrentHashMap.newKeySet();
    ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
    try {
      List<Future<Integer>> callers = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        callers.add(
            threads.submit(
                () -> {
                  int calls = 0;
                  for (; !isOver.get(); calls++) {
                    JsonNode answer = post("recommend", wish);
                    String version = answer.path("modelVersion").asText();
                    assertEquals(expected.get(version), ids(answer), version);
                    assertEquals(0, answer.path("notices").size(), answer::toString);
                    met.add(version);
                  }
                  return calls;
                }));
      }
      for (int swaps = 0; swaps < SWAPS; swaps++) {
        if (swaps % 3 == 2) {
          post("rollback", "{}");
        } else {
          swap(models.get(swaps % 2));
        }
      }
      isOver.set(true);
      int calls = 0;
      for (Future<Integer> caller : callers) {
        calls += caller.get();
      }
      assertTrue(calls >= SWAPS, "calls: " + calls);
      assertTrue(met.size() >= 2, met::toString);
    } finally {
      isOver.set(true);
      threads.shutdownNow();
    }
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
    assertRefused(400, "swap", "{\"model\":\"x\"}", "model: expected one of [SASRec");
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
