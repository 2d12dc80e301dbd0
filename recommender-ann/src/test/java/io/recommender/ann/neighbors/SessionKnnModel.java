package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Session neighbours as they are defined, with nothing but lists and sorting. */
final class SessionKnnModel {
  private static final class Session {
    private final List<String> events = new ArrayList<>();
    private long time;
    private long order;
  }

  private static final Comparator<Session> NEWEST_FIRST =
      Comparator.comparingLong((Session session) -> session.time)
          .thenComparingLong(session -> session.order)
          .reversed();

  private final Catalog catalog;
  private final SessionKnnOptions options;
  private final Map<String, Session> sessions = new HashMap<>();
  private final Map<String, List<Session>> postings = new HashMap<>();
  private final Map<String, Long> counts = new HashMap<>();
  private long counted;
  private long newest;
  private long changes;

  SessionKnnModel(Catalog catalog, SessionKnnOptions options) {
    this.catalog = catalog;
    this.options = options;
  }

  /** A time below 0 stands for none. */
  void observe(String id, List<String> items, long time) {
    List<String> known = items.stream().filter(catalog::contains).toList();
    if (known.isEmpty()) {
      return;
    }
    long when = time < 0 ? newest : time;
    newest = Math.max(newest, when);
    Session session = sessions.get(id);
    if (session == null) {
      session = new Session();
      session.time = when;
      sessions.put(id, session);
      counted++;
    }
    session.time = Math.max(session.time, when);
    session.order = changes++;
    session.events.addAll(known);
    while (session.events.size() > options.sessionLength()) {
      session.events.remove(0);
    }
    known.forEach(item -> counts.merge(item, 1L, Long::sum));
    for (List<Session> posting : postings.values()) {
      posting.remove(session);
    }
    for (String item : new LinkedHashSet<>(session.events)) {
      List<Session> posting = postings.computeIfAbsent(item, key -> new ArrayList<>());
      posting.add(session);
      posting.sort(NEWEST_FIRST);
      if (posting.size() > options.sessions()) {
        posting.remove(options.sessions());
      }
    }
    sessions.values().removeIf(each -> postings.values().stream().noneMatch(p -> p.contains(each)));
  }

  void forget(String id) {
    Session session = sessions.remove(id);
    if (session != null) {
      counted--;
      session.events.forEach(item -> counts.merge(item, -1L, Long::sum));
      postings.values().forEach(posting -> posting.remove(session));
    }
  }

  Set<String> sessionIds() {
    return sessions.keySet();
  }

  List<ScoredItem> recommend(List<String> history, int k, ItemFilter filter) {
    List<String> known = history.stream().filter(catalog::contains).toList();
    known = known.subList(Math.max(0, known.size() - options.historyLength()), known.size());
    Map<String, Double> weights = new LinkedHashMap<>(); // oldest first: sums are the same to a bit
    Map<String, Integer> steps = new HashMap<>();
    for (int i = 0; i < known.size(); i++) {
      weights.remove(known.get(i));
      weights.put(known.get(i), Math.pow((i + 1) / (double) known.size(), options.positionPower()));
      steps.put(known.get(i), known.size() - i);
    }
    Set<Session> candidates = new LinkedHashSet<>();
    weights.keySet().forEach(item -> candidates.addAll(posting(item)));
    List<Session> neighbors =
        candidates.stream()
            .sorted(NEWEST_FIRST)
            .limit(options.sessions())
            .sorted(Comparator.comparingDouble(each -> -similarity(each, weights)))
            .limit(options.neighbors())
            .toList();
    Map<String, Double> scores = new HashMap<>();
    for (Session neighbor : neighbors) {
      int step =
          steps.entrySet().stream()
              .filter(entry -> posting(entry.getKey()).contains(neighbor))
              .mapToInt(Map.Entry::getValue)
              .min()
              .orElseThrow();
      double share = similarity(neighbor, weights) * options.matchWeight().at(step);
      new LinkedHashSet<>(neighbor.events).forEach(item -> scores.merge(item, share, Double::sum));
    }
    scores.replaceAll((item, sum) -> sum * weight(item));
    scores.values().removeIf(score -> !(score > 1e-9));
    List<ScoredItem> answer = new ArrayList<>();
    Comparator<ScoredItem> order =
        Comparator.comparingDouble((ScoredItem item) -> -item.score())
            .thenComparingInt(item -> catalog.ordinal(item.itemId()));
    long most = counts.values().stream().mapToLong(count -> count).max().orElse(0);
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      String item = catalog.id(ordinal);
      if (filter.accepts(item)) {
        double popular = 1e-9 / (most + 1.0) * counts.getOrDefault(item, 0L);
        answer.add(
            scores.containsKey(item)
                ? new ScoredItem(item, scores.get(item), SessionKnnRecommender.SOURCE)
                : new ScoredItem(item, popular, PopularityRecommender.SOURCE));
      }
    }
    return answer.stream().sorted(order).limit(k).toList();
  }

  private Collection<Session> posting(String item) {
    return postings.getOrDefault(item, List.of());
  }

  private double similarity(Session session, Map<String, Double> weights) {
    double sum = 0; // a stream would sum with compensation
    for (Map.Entry<String, Double> entry : weights.entrySet()) {
      sum += posting(entry.getKey()).contains(session) ? entry.getValue() : 0;
    }
    return sum;
  }

  private double weight(String item) {
    double idf = Math.max(0, Math.log(counted / (double) counts.get(item)));
    return options.idfOffset() + options.idfFactor() * idf;
  }
}
