package io.recommender.examples.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A page in a headless Chromium, steered by the DevTools protocol.
 *
 * <p><b>Confined</b>. <b>Lifetime.</b> {@link #close()} ends the browser and deletes its profile.
 */
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long SECONDS = 60;
  private static final long PAUSE_MILLIS = 50;

  private final Path folder;
  private final Process process;
  private final HttpClient client = HttpClient.newHttpClient();
  private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
  private final WebSocket socket;
  private int calls;

  private Browser(Path folder, Process process) throws IOException, InterruptedException {
    this.folder = folder;
    this.process = process;
    try {
      socket = client.newWebSocketBuilder().buildAsync(debugger(), new Listener(messages)).join();
    } catch (IOException | InterruptedException | RuntimeException e) {
      end(folder, process);
      throw e;
    }
  }

  /**
   * Opens a page.
   *
   * @param program the browser
   * @param address of the page
   * @return the page, loaded
   * @throws IOException if the browser does not start, or does not come to the page
   * @throws InterruptedException if the thread is interrupted
   */
  static Browser open(String program, String address) throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("shop-page");
    Process process =
        new ProcessBuilder(
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-port=0",
                "--user-data-dir=" + folder,
                "--window-size=390,844",
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    Browser browser = new Browser(folder, process);
    try {
      browser.navigate(address);
    } catch (IOException | InterruptedException | RuntimeException e) {
      browser.close();
      throw e;
    }
    return browser;
  }

  /** Opens a tab, and returns the address under which it takes orders. */
  private URI debugger() throws IOException, InterruptedException {
    Path port = folder.resolve("DevToolsActivePort");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    List<String> lines = List.of();
    while (lines.size() < 2) {
      if (process.waitFor(PAUSE_MILLIS, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
        throw new IOException("expected a browser that takes orders, found none in " + folder);
      }
      lines = Files.exists(port) ? Files.readAllLines(port) : lines;
    }
    String body =
        client
            .send(
                HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + lines.get(0) + "/json/new?about:blank"))
                    .PUT(HttpRequest.BodyPublishers.noBody())
                    .build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
    return URI.create(JSON.readTree(body).path("webSocketDebuggerUrl").asText());
  }

  /**
   * Goes to a page and waits for it: what is evaluated while the tab is on its way is lost with the
   * page it leaves.
   */
  private void navigate(String address) throws IOException, InterruptedException {
    JsonNode answer = order("Page.navigate", JSON.createObjectNode().put("url", address));
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!answer.path("result").path("result").path("value").asBoolean()) {
      if (answer.path("result").has("errorText")
          || process.waitFor(PAUSE_MILLIS, TimeUnit.MILLISECONDS)
          || System.nanoTime() > end) {
        throw new IOException("expected the page at %s, found %s".formatted(address, answer));
      }
      answer =
          order(
              "Runtime.evaluate",
              JSON.createObjectNode()
                  .put("returnByValue", true)
                  .put(
                      "expression",
                      "location.href !== 'about:blank' && document.readyState === 'complete'"));
    }
  }

  /**
   * Evaluates an expression in the page.
   *
   * @param expression JavaScript; if it is a promise, what that comes to
   * @return its value
   * @throws IOException if it throws, or the browser does not answer within a minute
   * @throws InterruptedException if the thread is interrupted
   */
  JsonNode evaluate(String expression) throws IOException, InterruptedException {
    JsonNode answer =
        order(
            "Runtime.evaluate",
            JSON.createObjectNode()
                .put("expression", expression)
                .put("awaitPromise", true)
                .put("returnByValue", true));
    JsonNode result = answer.path("result");
    if (!result.has("result") || result.has("exceptionDetails")) {
      throw new IOException("%s: %s".formatted(expression, answer));
    }
    return result.path("result").path("value");
  }

  /** Sends an order and returns what is answered to it. */
  private JsonNode order(String method, ObjectNode parameters)
      throws IOException, InterruptedException {
    int call = ++calls;
    ObjectNode order = JSON.createObjectNode().put("id", call).put("method", method);
    order.set("params", parameters);
    socket.sendText(JSON.writeValueAsString(order), true).join();
    while (true) {
      String message = messages.poll(SECONDS, TimeUnit.SECONDS);
      if (message == null) {
        throw new IOException("expected an answer within a minute, found none: " + order);
      }
      JsonNode answer = JSON.readTree(message);
      if (answer.path("id").asInt() == call) {
        return answer;
      }
    }
  }

  /**
   * Waits until a condition holds in the page.
   *
   * @param condition JavaScript
   * @return false if it does not within half a minute
   * @throws IOException if it throws
   * @throws InterruptedException if the thread is interrupted
   */
  boolean await(String condition) throws IOException, InterruptedException {
    return evaluate(
            """
            new Promise((done, fail) => {
              const end = Date.now() + 30000;
              const look = () => {
                try {
                  if (%s) { done(true); }
                  else if (Date.now() > end) { done(false); }
                  else { setTimeout(look, 20); }
                } catch (e) { fail(e); }
              };
              look();
            })"""
                .formatted(condition))
        .asBoolean();
  }

  @Override
  public void close() throws IOException {
    socket.abort();
    end(folder, process);
  }

  private static void end(Path folder, Process process) throws IOException {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    process.onExit().join();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Collects whole messages. */
  private static final class Listener implements WebSocket.Listener {
    private final BlockingQueue<String> messages;
    private final StringBuilder message = new StringBuilder();

    Listener(BlockingQueue<String> messages) {
      this.messages = messages;
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean isLast) {
      message.append(data);
      if (isLast) {
        messages.add(message.toString());
        message.setLength(0);
      }
      return WebSocket.Listener.super.onText(socket, data, isLast);
    }
  }
}
