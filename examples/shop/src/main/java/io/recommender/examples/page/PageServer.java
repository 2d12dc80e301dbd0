package io.recommender.examples.page;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.recommender.Item;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.Trace;
import io.recommender.UserHistory;
import io.recommender.examples.page.PageShop.Wish;
import io.recommender.serving.SwapReport;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Serves the shop as a page and its answers as JSON, to this machine only.
 *
 * <p>{@code GET /} is the page. {@code GET /api/shop} tells models, shelf and visitors, {@code GET
 * /metrics} what was counted and timed, as Prometheus reads it. {@code POST /api/recommend}, {@code
 * /api/explain}, {@code /api/search}, {@code /api/item}, {@code /api/reset}, {@code /api/swap} and
 * {@code /api/rollback} take and return an object each; what they refuse is {@code {"error": …}}
 * with status 400, or 409 where there is nothing to go back to.
 *
 * <p><b>Thread safety.</b> Thread-safe. <b>Lifetime.</b> Serves until {@link #close}.
 */
public final class PageServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PAGE = "page.html";
  private static final int THREADS = 4;
  private static final int MOST_BYTES = 1 << 16;
  private static final int MOST_ITEMS = 50;
  private static final int SHELF = 24;
  private static final int VISITORS = 4;

  private final PageShop shop;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);

  private PageServer(PageShop shop, int port) throws IOException {
    this.shop = shop;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(threads);
    server.createContext("/", this::serve);
  }

  /**
   * Starts a server.
   *
   * @param bundles the folder of the bundles
   * @param port the port, 0 for any free one
   * @param seed decides everything that is drawn
   * @param shoppers how many shoppers there are to find neighbours among
   * @return the server
   * @throws IOException if the port cannot be had
   */
  public static PageServer start(Path bundles, int port, long seed, int shoppers)
      throws IOException {
    PageShop shop = PageShop.open(bundles, seed, shoppers);
    try {
      PageServer server = new PageServer(shop, port);
      server.server.start();
      return server;
    } catch (IOException | RuntimeException e) {
      shop.close();
      throw e;
    }
  }

  /** {@return the address of the page} */
  public String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      boolean isPost = exchange.getRequestMethod().equals("POST");
      try {
        if (path.equals("/") && !isPost) {
          send(exchange, 200, "text/html; charset=utf-8", page());
        } else if (path.equals("/api/shop") && !isPost) {
          send(exchange, 200, shop());
        } else if (path.equals("/metrics") && !isPost) {
          byte[] metrics = shop.metrics().getBytes(StandardCharsets.UTF_8);
          send(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", metrics);
        } else if (path.startsWith("/api/") && isPost) {
          answer(exchange, path);
        } else {
          send(exchange, 404, Map.of("error", "nothing at " + path));
        }
      } catch (IllegalArgumentException | JsonProcessingException e) {
        send(exchange, 400, Map.of("error", String.valueOf(e.getMessage())));
      } catch (IllegalStateException e) {
        send(exchange, 409, Map.of("error", String.valueOf(e.getMessage())));
      } catch (RuntimeException e) {
        send(exchange, 500, Map.of("error", e.toString()));
      }
    }
  }

  private void answer(HttpExchange exchange, String path) throws IOException {
    String type = exchange.getRequestHeaders().getFirst("Content-Type");
    // What other sites can make a browser send is never of this type.
    if (type == null || !type.startsWith("application/json")) {
      send(exchange, 415, Map.of("error", "expected application/json, found " + type));
      return;
    }
    byte[] bytes = exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
    if (bytes.length > MOST_BYTES) {
      throw new IllegalArgumentException("expected at most " + MOST_BYTES + " bytes, found more");
    }
    JsonNode body = JSON.readTree(bytes);
    switch (path) {
      case "/api/recommend" -> send(exchange, 200, recommend(wish(body)));
      case "/api/explain" ->
          send(exchange, 200, Map.of("why", shop.explain(wish(body), body.path("id").asText())));
      case "/api/search" -> send(exchange, 200, search(body));
      case "/api/item" -> send(exchange, 200, change(body));
      case "/api/swap" -> send(exchange, 200, swapped(shop.swap(body.path("model").asText())));
      case "/api/rollback" -> send(exchange, 200, swapped(shop.rollback()));
      case "/api/reset" -> {
        shop.reset();
        send(exchange, 200, Map.of());
      }
      default -> send(exchange, 404, Map.of("error", "nothing at " + path));
    }
  }

  private static byte[] page() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(PageServer.class.getResourceAsStream(PAGE), PAGE)) {
      return in.readAllBytes();
    }
  }

  private Map<String, Object> shop() {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("models", shop.models());
    result.put("serving", shop.serving());
    result.put("previous", shop.previous());
    result.put("diversitySteps", PageShop.DIVERSITY_STEPS);
    result.put("items", shop.catalog().size());
    result.put("shelf", shop.shelf(SHELF).stream().map(this::product).toList());
    result.put(
        "visitors",
        shop.visitors(VISITORS).stream()
            .map(
                history ->
                    history.stream()
                        .flatMap(id -> shop.catalog().find(id).stream())
                        .map(this::product)
                        .toList())
            .toList());
    return result;
  }

  private Map<String, Object> product(Item item) {
    Map<String, Object> product = new LinkedHashMap<>();
    product.put("id", item.id());
    product.put("title", item.text("title").orElse(item.id()));
    product.put("category", item.text("category").orElse(""));
    product.put("brand", item.text("brand").orElse(""));
    product.put("price", shop.price(item.id()));
    product.put("stock", shop.stock(item.id()));
    return product;
  }

  private static Wish wish(JsonNode body) {
    int k = integer(body, "k", 8, 1, MOST_ITEMS);
    int diversity = integer(body, "diversity", 0, 0, PageShop.DIVERSITY_STEPS);
    return new Wish(
        UserHistory.ofItems(ids(body, "history")), ids(body, "shown"), diversity, budget(body), k);
  }

  private static int integer(JsonNode body, String member, int otherwise, int least, int most) {
    JsonNode value = body.path(member);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (!value.isInt() || value.intValue() < least || value.intValue() > most) {
      throw new IllegalArgumentException(
          "%s: expected an integer of %d to %d, found %s".formatted(member, least, most, value));
    }
    return value.intValue();
  }

  private static double budget(JsonNode body) {
    JsonNode value = body.path("budget");
    return value.isNumber() ? value.doubleValue() : Double.POSITIVE_INFINITY;
  }

  private static List<String> ids(JsonNode body, String member) {
    List<String> ids = new ArrayList<>();
    for (JsonNode id : body.path(member)) {
      if (!id.isTextual() || id.textValue().isEmpty()) {
        throw new IllegalArgumentException(member + ": expected ids of items, found " + id);
      }
      ids.add(id.textValue());
    }
    return ids;
  }

  private Map<String, Object> recommend(Wish wish) {
    long start = System.nanoTime();
    Recommendations answer = shop.recommend(wish);
    long nanoseconds = System.nanoTime() - start;
    List<Map<String, Object>> items = new ArrayList<>();
    Trace trace = answer.trace().orElseThrow();
    for (ScoredItem scored : answer) {
      Map<String, Object> item =
          shop.catalog().find(scored.itemId()).map(this::product).orElseGet(LinkedHashMap::new);
      item.put("score", scored.score());
      item.put("source", scored.source());
      Trace.Provenance provenance = trace.items().get(scored.itemId());
      if (provenance != null) {
        item.put(
            "proposals",
            provenance.proposals().stream()
                .map(proposal -> proposal.source() + " #" + proposal.rank())
                .toList());
      }
      items.add(item);
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("items", items);
    result.put(
        "history",
        wish.history().itemIds().stream()
            .flatMap(id -> shop.catalog().find(id).stream())
            .map(this::product)
            .toList());
    result.put("micros", nanoseconds / 1_000.0);
    result.put("modelVersion", answer.modelVersion());
    result.put("serving", shop.serving());
    result.put("previous", shop.previous());
    result.put("notices", answer.notices().stream().map(notice -> notice.message()).toList());
    result.put(
        "stages",
        trace.stages().stream()
            .map(
                stage ->
                    Map.of(
                        "name", stage.name(),
                        "in", stage.in(),
                        "out", stage.out(),
                        "micros", stage.nanoseconds() / 1_000.0))
            .toList());
    return result;
  }

  private Map<String, Object> search(JsonNode body) {
    String text = body.path("text").asText("").strip();
    if (text.isEmpty()) {
      throw new IllegalArgumentException("text: expected what to look for, found nothing");
    }
    long start = System.nanoTime();
    List<ScoredItem> found = shop.search(text, integer(body, "k", 12, 1, MOST_ITEMS), budget(body));
    double micros = (System.nanoTime() - start) / 1_000.0;
    List<Map<String, Object>> items = new ArrayList<>();
    for (ScoredItem scored : found) {
      Map<String, Object> item = product(shop.catalog().find(scored.itemId()).orElseThrow());
      item.put("score", scored.score());
      item.put("source", "search");
      items.add(item);
    }
    return Map.of("items", items, "micros", micros);
  }

  private Map<String, Object> swapped(SwapReport report) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("from", report.from());
    result.put("to", report.to());
    result.put("tried", report.tried());
    result.put("openingMillis", report.opening().toNanos() / 1e6);
    result.put("trialMillis", report.trial().toNanos() / 1e6);
    result.put("isOldClosed", report.isOldClosed());
    result.put("previous", shop.previous());
    return result;
  }

  private Map<String, Object> change(JsonNode body) {
    String id = body.path("id").asText();
    if (body.path("stock").isIntegralNumber()) {
      shop.setStock(id, body.path("stock").longValue());
    }
    if (body.path("price").isNumber()) {
      shop.setPrice(id, body.path("price").doubleValue());
    }
    Item item =
        shop.catalog()
            .find(id)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "id: expected an item of the shop, found '%s'".formatted(id)));
    return product(item);
  }

  private static void send(HttpExchange exchange, int status, Object value) throws IOException {
    send(exchange, status, "application/json; charset=utf-8", JSON.writeValueAsBytes(value));
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    exchange
        .getResponseHeaders()
        .set(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                + "connect-src 'self'; img-src data:");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdown();
    shop.close();
  }
}
