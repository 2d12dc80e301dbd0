package io.recommender.examples.sessions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.Recommendations;
import io.recommender.RetrieverRecommender;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.text.KeywordIndex;
import io.recommender.evaluation.EvaluationCase;
import io.recommender.evaluation.EvaluationReport;
import io.recommender.evaluation.Evaluator;
import io.recommender.evaluation.Metric;
import io.recommender.evaluation.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AppSessionsTest {
  private static final List<String> WORDS =
      List.of(
          "ramen", "tram", "piano", "cedar", "glove", "lentil", "harbour", "quilt", "ferry", "owl");

  /** On which notes of their word the searches have clicks. */
  private static final List<String> CLICKS =
      List.of("a", "a", "a", "a", "b", "b", "b", "b", "ab", "c");

  @TempDir Path folder;

  private Path file(String name, List<String> lines) throws IOException {
    return Files.write(folder.resolve(name), lines);
  }

  /** Three notes for each word: that with it twice is found first, then that with it once. */
  private static List<String> notes() {
    List<String> notes = new ArrayList<>();
    for (int i = 0; i < WORDS.size(); i++) {
      String word = WORDS.get(i);
      notes.add(
          """
          {"note_idx": "%d-a", "note_title": "%s", "note_content": "%s guide", "note_type": "image-text",
           "image_num": 3, "image_vector": [0.5, %d]}"""
              .formatted(i, word, word, i)
              .replace("\n", " "));
      notes.add(
          "{\"note_idx\": \"%d-b\", \"note_title\": \"%s\", \"note_content\": \"walk guide\", \"note_type\": \"video\"}"
              .formatted(i, word));
      notes.add(
          "{\"note_idx\": \"%d-c\", \"note_title\": \"other\", \"note_type\": \"%s\"}"
              .formatted(i, i == 7 ? "hologram" : "commercial"));
    }
    return notes;
  }

  /** Ten searches and ten looks at a feed. */
  private static List<String> sessions() {
    List<String> sessions = new ArrayList<>();
    for (int i = 0; i < WORDS.size(); i++) {
      String clicks = CLICKS.get(i);
      sessions.add(
          "{\"session_idx\": %d, \"user_idx\": \"u%d\", \"query\": \"%s\", \"recent_clicked_note_idxs\": [\"0-c\"], \"results\": [%s]}"
              .formatted(i, i % 3, WORDS.get(i), results(i, clicks)));
      // In the feed the click is at place i, from 0, so the last two are nowhere.
      sessions.add(
          "{\"session_idx\": %d, \"user_idx\": \"u%d\", \"recent_clicked_note_idxs\": [\"0-c\", \"%d-b\"], \"results\": [{\"note_idx\": \"%s\", \"click\": 1}, {\"note_idx\": \"9-c\", \"click\": 0}]}"
              .formatted(100 + i, i % 3, i, i < 8 ? i + "-a" : i + "-c"));
    }
    return sessions;
  }

  private static String results(int i, String clicks) {
    return String.join(
        ", ",
        IntStream.range(0, 3)
            .mapToObj(
                place -> {
                  char note = "abc".charAt(place);
                  return "{\"note_idx\": \"%d-%s\", \"click\": %d}"
                      .formatted(i, note, clicks.indexOf(note) >= 0 ? 1 : 0);
                })
            .toList());
  }

  private AppSessions read() throws IOException {
    return AppSessions.read(file("notes.jsonl", notes()), file("sessions.jsonl", sessions()));
  }

  private static double gain(int place) {
    return Math.log(2) / Math.log(place + 1);
  }

  private static EvaluationReport evaluate(
      SequenceRecommender recommender, Split split, AppSessions sessions) {
    return Evaluator.builder()
        .cutoffs(10)
        .build()
        .run(Map.of("it", recommender), split, sessions.catalog());
  }

  @Test
  void searchesAreAnsweredByTheirQuery() throws IOException {
    AppSessions sessions = read();
    KeywordIndex words = KeywordIndex.builder().build();
    for (int i = 0; i < sessions.catalog().size(); i++) {
      Item note = sessions.catalog().item(i);
      words.addTexts(
          List.of(note.id()),
          List.of(note.text("title").orElse("") + " " + note.text("content").orElse("")));
    }
    EvaluationReport report =
        evaluate(
            new RetrieverRecommender("words", words, RetrieverRecommender.text("query")),
            sessions.search(),
            sessions);
    assertEquals(10, sessions.search().cases().size());
    assertEquals((4 * 1 + 4 * 0.5 + 1) / 10, report.result("it").value(Metric.MRR, 10), 1e-12);
    assertEquals((4 * 1 + 4 * gain(2) + 1) / 10, report.result("it").value(Metric.NDCG, 10), 1e-12);
  }

  @Test
  void feedsAreAnsweredByWhatWasClickedBefore() throws IOException {
    AppSessions sessions = read();
    SequenceRecommender feed =
        request -> {
          assertFalse(request.context().containsKey("query"), "a feed has no query");
          List<ScoredItem> items =
              IntStream.range(0, request.k())
                  .mapToObj(place -> new ScoredItem(place + "-a", request.k() - place))
                  .toList();
          return Recommendations.of(request.k(), items).build();
        };
    EvaluationReport report = evaluate(feed, sessions.recommendation(), sessions);
    double mrr = 0;
    double ndcg = 0;
    for (int place = 1; place <= 8; place++) {
      mrr += 1.0 / place / 10;
      ndcg += gain(place) / 10;
    }
    assertEquals(mrr, report.result("it").value(Metric.MRR, 10), 1e-12);
    assertEquals(ndcg, report.result("it").value(Metric.NDCG, 10), 1e-12);
    EvaluationCase fifth = sessions.recommendation().cases().get(5);
    assertEquals(UserHistory.of("0-c", "5-b").forUser("u2"), fifth.history());
    assertEquals(Map.of("5-a", 1.0), fifth.ratings());
  }

  @Test
  void everyTypeOfNoteIsKept() throws IOException {
    AppSessions sessions = read();
    assertEquals(
        Map.of("commercial", 9, "hologram", 1, "image-text", 10, "video", 10), sessions.types());
    Item hologram = sessions.catalog().find("7-c").orElseThrow();
    assertEquals(new Feature.Category("hologram"), hologram.features().get("type"));
    Item pictured = sessions.catalog().find("4-a").orElseThrow();
    assertEquals(new Feature.Scalar(3), pictured.features().get("images"));
    Feature.Tensor vector = (Feature.Tensor) pictured.features().get("image");
    assertArrayEquals(new float[] {0.5f, 4}, vector.values());
  }

  @Test
  void whatIsWrongIsNamedWithItsLine() throws IOException {
    List<String> notes = List.of("", "{\"note_title\": \"no id\"}");
    refused(notes, List.of(), "notes.jsonl, line 2: expected 'note_idx', found {");
    refused(List.of("{"), List.of(), "notes.jsonl, line 1: expected an object of JSON, ");
    refused(
        List.of(),
        List.of("{\"user_idx\": 1}"),
        "sessions.jsonl, line 1: expected an array 'results', found none");
    refused(
        List.of(),
        List.of("{\"user_idx\": 1, \"results\": [{\"note_idx\": 1, \"click\": 2}]}"),
        "sessions.jsonl, line 1: expected 'click' 0 or 1, found {");
    refused(
        List.of(),
        List.of("{\"results\": []}"),
        "sessions.jsonl, line 1: expected 'user_idx', found {");
  }

  private void refused(List<String> notes, List<String> sessions, String message)
      throws IOException {
    Path noteFile = file("notes.jsonl", notes);
    Path sessionFile = file("sessions.jsonl", sessions);
    String found =
        assertThrows(IOException.class, () -> AppSessions.read(noteFile, sessionFile)).getMessage();
    assertEquals(message, found.substring(0, Math.min(message.length(), found.length())));
  }
}
