package io.recommender.examples.page;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Opens the page in a headless Chromium, where there is one, and clicks through it: products, why
 * one is shown, selling the best one out and restocking it, swapping in every model, and going
 * back.
 */
public final class PageCheck {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> PROGRAMS =
      List.of("chromium", "chromium-browser", "google-chrome", "chrome");
  private static final int EXPECTED_ITEMS = 8;

  private final String address;
  private final PrintWriter out;
  private final Browser browser;

  private PageCheck(Browser browser, String address, PrintWriter out) {
    this.browser = browser;
    this.address = address;
    this.out = out;
  }

  /**
   * Checks the page.
   *
   * @param address where it is served
   * @param out is told what was looked at
   * @return whether all is as it has to be; true also without a Chromium, which is said
   * @throws IOException if the browser cannot be started
   * @throws InterruptedException if the thread is interrupted
   */
  public static boolean run(String address, PrintWriter out)
      throws IOException, InterruptedException {
    Optional<String> program = program();
    if (program.isEmpty()) {
      out.printf(
          "no Chromium in CHROME or, as one of %s, on the PATH: the page was not opened%n",
          PROGRAMS);
      return true;
    }
    try (Browser browser = Browser.open(program.get(), address)) {
      return new PageCheck(browser, address, out).run();
    }
  }

  private static Optional<String> program() {
    String named = System.getenv("CHROME");
    if (named != null && !named.isEmpty()) {
      return Optional.of(named);
    }
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .flatMap(folder -> PROGRAMS.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst();
  }

  private boolean run() throws IOException, InterruptedException {
    boolean isSound = awaits("document.body.dataset.ready === 'true'", "the page is there");
    List<String> stranger = shown("items");
    isSound &= expect(stranger.size() == EXPECTED_ITEMS, "a stranger is shown " + stranger);

    click("#items li:nth-child(1) .look");
    isSound &=
        awaits(shows("history", 1) + " && " + isSettled(), "a click on a product is remembered");
    click("#items li:nth-child(2) .look");
    isSound &= awaits(shows("history", 2) + " && " + isSettled(), "a second click too");
    List<String> visitor = shown("items");
    isSound &= expect(visitor.size() == EXPECTED_ITEMS, "a visitor is shown " + visitor);
    isSound &= expect(!visitor.equals(stranger), "the list has followed the clicks");
    isSound &= expect(visitor.equals(served()), "the page shows what the server answers");

    isSound &= isEverythingShown();

    String best = visitor.get(0);
    isSound &= isSoldOut(best);
    click("#sold [data-item='%s'] button".formatted(best));
    isSound &=
        awaits(
            "!state.sold.has('%s') && document.querySelector('#items [data-item=\"%s\"]') && %s"
                .formatted(best, best, isSettled()),
            "what is restocked is back");
    isSound &= expect(served().equals(visitor), "and the list is as it was");
    isSound &= isSoldOut(best);

    isSound &= areModelsSwapped(best);
    String error = browser.evaluate("document.getElementById('error').textContent").asText();
    return isSound & expect(error.isEmpty(), "no error is shown " + error);
  }

  /** Where an item comes from, its score, why it is there, and how long the list took. */
  private boolean isEverythingShown() throws IOException, InterruptedException {
    String first = "#items li:nth-child(1) ";
    boolean isSound = isVisible(first + ".source", "^[a-z ]+$", "its source is visible");
    isSound &= isVisible(first + ".score", "^-?\\d+(\\.\\d+)?", "its score is visible");
    isSound &= isVisible("#total", "^\\d+\\.\\d\\d ms$", "the latency is visible");
    click(first + ".foot button[aria-label^='Why']");
    return isSound & isVisible(first + ".why", "^rank 1\\b[\\s\\S]{20,}", "it says why");
  }

  /** Waits until an element is laid out, neither hidden nor transparent, and has a text. */
  private boolean isVisible(String selector, String text, String what)
      throws IOException, InterruptedException {
    String element = "document.querySelector(%s)".formatted(JSON.writeValueAsString(selector));
    return awaits(
        """
        (() => { const seen = %s; const style = seen && getComputedStyle(seen);
          return seen && seen.getClientRects().length > 0 && style.visibility === 'visible'
            && style.opacity > 0 && new RegExp(%s).test(seen.textContent); })()"""
            .formatted(element, JSON.writeValueAsString(text)),
        what);
  }

  private boolean isSoldOut(String best) throws IOException, InterruptedException {
    click("#items [data-item='%s'] .foot button[aria-label^='Sell out']".formatted(best));
    boolean isSound =
        awaits(
            "state.sold.has('%s') && !document.querySelector('.card[data-item=\"%s\"]') && %s"
                .formatted(best, best, isSettled()),
            "what is sold out has vanished from every list");
    return isSound & expect(!served().contains(best), "and from the answers of the server");
  }

  /** Swaps in each model but the first, which is there, and goes back once. */
  private boolean areModelsSwapped(String soldOut) throws IOException, InterruptedException {
    List<String> models = models();
    boolean isSound = isServing(models.get(0), soldOut);
    for (String model : models.subList(1, models.size())) {
      browser.evaluate(
          "document.getElementById('model').value = " + JSON.writeValueAsString(model));
      click("#swap");
      isSound &= isServing(model, soldOut);
    }
    click("#rollback");
    isSound &= isServing(models.get(models.size() - 2), soldOut);
    isSound &=
        awaits("document.getElementById('rollback').disabled", "there is nothing to go back to");
    String metrics = get("metrics");
    return isSound
        & expect(
            metrics.contains(
                "recommender_model_swapped_seconds_count{recommender=\"shop-model\"} "
                    + models.size()),
            "the swaps were counted");
  }

  /** Waits until a model is shown as serving and as the one whose list is shown. */
  private boolean isServing(String model, String soldOut) throws IOException, InterruptedException {
    String named = JSON.writeValueAsString(model);
    boolean isSound =
        awaits(
            """
            (() => { const serving = document.getElementById('serving').textContent;
              return (serving === %s || serving.startsWith(%s + ' '))
                && document.getElementById('version').textContent.includes(serving) && %s; })()"""
                .formatted(named, named, isSettled()),
            model + " answers");
    List<String> answer = shown("items");
    return isSound & expect(!answer.contains(soldOut), "without what is sold out: " + answer);
  }

  private String get(String path) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(address + path)).build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private static String shows(String list, int count) {
    return "document.querySelectorAll('#%s > li').length === %d".formatted(list, count);
  }

  /** As many products as there should be, and none of the visitor's own. */
  private static String isSettled() {
    return "%s && state.items.every((item) => !state.history.includes(item.id))"
        .formatted(shows("items", EXPECTED_ITEMS));
  }

  private boolean awaits(String condition, String what) throws IOException, InterruptedException {
    return expect(browser.await(condition), what);
  }

  private boolean expect(boolean holds, String what) {
    out.printf("%s: %s%n", holds ? "ok" : "WRONG", what);
    return holds;
  }

  private void click(String selector) throws IOException, InterruptedException {
    browser.evaluate(
        "document.querySelector(%s).click()".formatted(JSON.writeValueAsString(selector)));
  }

  /** Returns the products that a list of the page shows. */
  private List<String> shown(String list) throws IOException, InterruptedException {
    return strings(
        "[...document.querySelectorAll('#%s > li')].map((item) => item.dataset.item)"
            .formatted(list));
  }

  private List<String> models() throws IOException, InterruptedException {
    return strings("[...document.getElementById('model').options].map((each) => each.value)");
  }

  private List<String> strings(String expression) throws IOException, InterruptedException {
    List<String> strings = new ArrayList<>();
    browser.evaluate(expression).forEach(value -> strings.add(value.asText()));
    return strings;
  }

  /** Returns what the server answers for what the page has asked last. */
  private List<String> served() throws IOException, InterruptedException {
    String wish = browser.evaluate("JSON.stringify(wish({shown: []}))").asText();
    String body =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(address + "api/recommend"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(wish))
                    .build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
    List<String> ids = new ArrayList<>();
    JSON.readTree(body).path("items").forEach(item -> ids.add(item.path("id").asText()));
    return ids;
  }
}
