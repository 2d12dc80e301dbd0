package io.recommender.examples.sessions;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.UserHistory;
import io.recommender.evaluation.EvaluationCase;
import io.recommender.evaluation.InteractionLog;
import io.recommender.evaluation.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What users of an app looked at, found by searching or in a feed of recommendations, among notes
 * of several types: texts with images, videos, advertisements, answers.
 *
 * <p>The schema is that of Chen et al., "Qilin: A Multimodal Information Retrieval Dataset with
 * APP-level User Sessions", SIGIR 2025, as JSON lines. A note has {@code note_idx}, and may have
 * {@code note_title}, {@code note_content}, {@code note_type}, {@code image_num} and {@code
 * image_vector}. A session has {@code user_idx}, a {@code query} if it is a search, {@code
 * recent_clicked_note_idxs} (oldest first) and {@code results}, each with {@code note_idx} and
 * {@code click}, 0 or 1. Any other field is passed over.
 *
 * <p>Notes become items with the texts {@value #TITLE} and {@value #CONTENT}, the category {@value
 * #TYPE}, the scalar {@value #IMAGES} and the vector {@value #IMAGE}, as far as they have them. A
 * type is kept as it is written, whatever it is; a note without one has none.
 *
 * <p>Sessions become cases: the history is what was clicked before, relevant is what was clicked,
 * and a search has the {@value #QUERY} in the context of its request.
 *
 * <p><b>Immutable</b>.
 */
public final class AppSessions {
  /** The feature with the title of a note. */
  public static final String TITLE = "title";

  /** The feature with the text of a note. */
  public static final String CONTENT = "content";

  /** The feature with the type of a note. */
  public static final String TYPE = "type";

  /** The feature with the number of its images. */
  public static final String IMAGES = "images";

  /** The feature with the vector of its images. */
  public static final String IMAGE = "image";

  /** The feature of the context with what was searched for. */
  public static final String QUERY = "query";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Catalog catalog;
  private final Split search;
  private final Split recommendation;

  private AppSessions(Catalog catalog, Split search, Split recommendation) {
    this.catalog = catalog;
    this.search = search;
    this.recommendation = recommendation;
  }

  /**
   * Reads notes and sessions.
   *
   * @param notes a file of notes, one on each line; empty lines are passed over
   * @param sessions a file of sessions, likewise
   * @return the sessions
   * @throws IOException if a file cannot be read or a line is not what it has to be; the message
   *     names the file, the line, and what was expected
   */
  public static AppSessions read(Path notes, Path sessions) throws IOException {
    List<Item> items = new ArrayList<>();
    for (Line line : lines(notes)) {
      items.add(line.note());
    }
    Catalog catalog = Catalog.of(items);
    List<EvaluationCase> searches = new ArrayList<>();
    List<EvaluationCase> feeds = new ArrayList<>();
    Map<String, UserHistory> users = new LinkedHashMap<>();
    for (Line line : lines(sessions)) {
      EvaluationCase session = line.session();
      (session.context().isEmpty() ? feeds : searches).add(session);
      UserHistory history = session.history();
      users.merge(
          history.userId().orElseThrow(),
          history,
          (one, other) -> other.size() > one.size() ? other : one);
    }
    List<UserHistory> training = List.copyOf(users.values());
    InteractionLog log = InteractionLog.of(sessions.getFileName().toString(), training);
    return new AppSessions(
        catalog,
        Split.of("search", log, training, searches),
        Split.of("recommendation", log, training, feeds));
  }

  /** {@return the notes} */
  public Catalog catalog() {
    return catalog;
  }

  /** {@return the sessions with a query; the training is what users clicked before} */
  public Split search() {
    return search;
  }

  /** {@return the sessions without a query; the training is what users clicked before} */
  public Split recommendation() {
    return recommendation;
  }

  /** {@return how many notes there are of each type, by name} */
  public Map<String, Integer> types() {
    Map<String, Integer> types = new TreeMap<>();
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      if (catalog.item(ordinal).features().get(TYPE) instanceof Feature.Category type) {
        types.merge(type.value(), 1, Integer::sum);
      }
    }
    return types;
  }

  private static List<Line> lines(Path file) throws IOException {
    List<Line> lines = new ArrayList<>();
    List<String> texts = Files.readAllLines(file);
    for (int i = 0; i < texts.size(); i++) {
      if (!texts.get(i).isBlank()) {
        String where = "%s, line %d".formatted(file.getFileName(), i + 1);
        try {
          lines.add(new Line(where, JSON.readTree(texts.get(i))));
        } catch (JsonProcessingException e) {
          throw new IOException(where + ": expected an object of JSON, " + e.getOriginalMessage());
        }
      }
    }
    return lines;
  }

  /** One line of a file. */
  private record Line(String where, JsonNode object) {

    Item note() throws IOException {
      Map<String, Feature> features = new HashMap<>();
      text("note_title", TITLE, features);
      text("note_content", CONTENT, features);
      if (object.hasNonNull("note_type")) {
        features.put(TYPE, new Feature.Category(object.get("note_type").asText()));
      }
      if (object.hasNonNull("image_num")) {
        features.put(IMAGES, new Feature.Scalar(object.get("image_num").floatValue()));
      }
      JsonNode vector = object.path("image_vector");
      if (!vector.isEmpty()) {
        float[] values = new float[vector.size()];
        for (int i = 0; i < values.length; i++) {
          values[i] = vector.get(i).floatValue();
        }
        features.put(IMAGE, Feature.Tensor.vector(values));
      }
      return new Item(id(object, "note_idx"), features);
    }

    EvaluationCase session() throws IOException {
      List<String> clicked = new ArrayList<>();
      for (JsonNode recent : object.path("recent_clicked_note_idxs")) {
        clicked.add(recent.asText());
      }
      Map<String, Double> ratings = new LinkedHashMap<>();
      if (!object.path("results").isArray()) {
        throw expected("an array 'results'", object.path("results"));
      }
      for (JsonNode result : object.get("results")) {
        int click = result.path("click").asInt(-1);
        if (click != 0 && click != 1) {
          throw expected("'click' 0 or 1", result);
        }
        if (click == 1) {
          ratings.put(id(result, "note_idx"), 1.0);
        }
      }
      UserHistory history = UserHistory.ofItems(clicked).forUser(id(object, "user_idx"));
      EvaluationCase session = EvaluationCase.of(history, ratings);
      String query = object.path("query").asText("");
      return query.isBlank()
          ? session
          : session.withContext(Map.of(QUERY, new Feature.Text(query)));
    }

    private void text(String field, String feature, Map<String, Feature> features) {
      String text = object.path(field).asText("");
      if (!text.isBlank()) {
        features.put(feature, new Feature.Text(text));
      }
    }

    private String id(JsonNode node, String field) throws IOException {
      String id = node.path(field).asText("");
      if (id.isBlank()) {
        throw expected("'" + field + "'", node);
      }
      return id;
    }

    private IOException expected(String what, JsonNode found) {
      return new IOException(
          "%s: expected %s, found %s"
              .formatted(where, what, found.isMissingNode() ? "none" : found));
    }
  }
}
