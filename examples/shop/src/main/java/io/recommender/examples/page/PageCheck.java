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
 * one is shown, selling the best one out, and every model.
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

    click("#items li:nth-child(1) .foot button[aria-label^='Why']");
    String why = "document.querySelector('#items li:nth-child(1) .why')";
    isSound &=
        awaits("!%s.hidden && %s.textContent.length > 20".formatted(why, why), "it says why");

    String best = visitor.get(0);
    click("#items li:nth-child(1) .foot button[aria-label^='Sell out']");
    isSound &=
        awaits(
            "state.sold.has('%s') && !document.querySelector('[data-item=\"%s\"]') && %s"
                .formatted(best, best, isSettled()),
            "what is sold out has vanished from every list");
    isSound &= expect(!served().contains(best), "and from the answers of the server");

    for (String model : models()) {
      browser.evaluate(
          """
          (() => { const select = document.getElementById('model');
            select.value = %s; select.dispatchEvent(new Event('change')); })()"""
              .formatted(JSON.writeValueAsString(model)));
      isSound &=
          awaits(
              "%s && document.getElementById('summary').textContent.includes(%s)"
                  .formatted(isSettled(), JSON.writeValueAsString("by " + model + ",")),
              model + " answers");
      List<String> answer = shown("items");
      isSound &= expect(!answer.contains(best), "without what is sold out: " + answer);
    }
    String error = browser.evaluate("document.getElementById('error').textContent").asText();
    return isSound & expect(error.isEmpty(), "no error is shown " + error);
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
