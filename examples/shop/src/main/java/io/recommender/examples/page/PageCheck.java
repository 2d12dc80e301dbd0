package io.recommender.examples.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Opens the page in a headless Chromium, where there is one, and looks at what it shows: for a
 * stranger, after visits, and after the best product was sold out.
 */
public final class PageCheck {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> PROGRAMS =
      List.of("chromium", "chromium-browser", "google-chrome", "chrome");
  private static final Pattern SECTION =
      Pattern.compile("<ul class=\"grid\" id=\"items\">(.*?)</ul>", Pattern.DOTALL);
  private static final Pattern ITEM = Pattern.compile("data-item=\"([^\"]+)\"");
  private static final String MODEL = "SASRec";
  private static final int EXPECTED_ITEMS = 8;
  private static final int SECONDS = 60;

  private final String program;
  private final String address;
  private final PrintWriter out;

  private PageCheck(String program, String address, PrintWriter out) {
    this.program = program;
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
    return new PageCheck(program.get(), address, out).run();
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
    List<String> stranger = shown("");
    List<String> visitor = shown("#history=" + stranger.get(0) + "," + stranger.get(1));
    boolean isSound =
        expect(stranger.size() == EXPECTED_ITEMS, "a stranger is shown " + stranger)
            & expect(visitor.size() == EXPECTED_ITEMS, "a visitor is shown " + visitor)
            & expect(!visitor.equals(stranger), "the lists differ");
    post("item", "{\"id\":\"%s\",\"stock\":0}".formatted(visitor.get(0)));
    List<String> later = shown("#history=" + stranger.get(0) + "," + stranger.get(1));
    isSound &= expect(!later.contains(visitor.get(0)), "what is sold out has vanished");
    JsonNode answer =
        JSON.readTree(
            post(
                "recommend",
                "{\"history\":[\"%s\",\"%s\"],\"model\":\"%s\"}"
                    .formatted(stranger.get(0), stranger.get(1), MODEL)));
    List<String> served = new ArrayList<>();
    answer.path("items").forEach(item -> served.add(item.path("id").asText()));
    return isSound & expect(later.equals(served), "the page shows what the server answers");
  }

  private boolean expect(boolean holds, String what) {
    out.printf("%s: %s%n", holds ? "ok" : "WRONG", what);
    return holds;
  }

  private String post(String path, String body) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(address + "api/" + path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /** Returns the products under "For you" once the page is there. */
  private List<String> shown(String hash) throws IOException, InterruptedException {
    Path profile = Files.createTempDirectory("shop-page");
    try {
      Path dom = profile.resolve("dom.html");
      Process browser =
          new ProcessBuilder(
                  program,
                  "--headless",
                  "--no-sandbox",
                  "--disable-gpu",
                  "--user-data-dir=" + profile.resolve("profile"),
                  "--window-size=390,844",
                  "--virtual-time-budget=10000",
                  "--dump-dom",
                  address + hash)
              .redirectOutput(dom.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!browser.waitFor(SECONDS, TimeUnit.SECONDS)) {
        browser.destroyForcibly();
        throw new IOException(program + ": expected the page within a minute, found none");
      }
      return items(Files.readString(dom, StandardCharsets.UTF_8));
    } finally {
      delete(profile);
    }
  }

  /** Returns the products of the first list of a page, as its source has them. */
  static List<String> items(String dom) throws IOException {
    Matcher section = SECTION.matcher(dom);
    if (!section.find()) {
      throw new IOException("expected the list of recommendations in the page, found none");
    }
    return ITEM.matcher(section.group(1)).results().map(match -> match.group(1)).toList();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
