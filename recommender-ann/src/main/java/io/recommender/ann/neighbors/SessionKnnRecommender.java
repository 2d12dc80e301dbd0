package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Feedback;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.UserHistory;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.ann.internal.UserKey;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * Recommends what the recent sessions most like this one had: VMIS-kNN, session-based nearest
 * neighbours on an index that grows with every event.
 *
 * <p>Of the sessions that had an item of the history, the most recent m are compared with it, and
 * the k most similar contribute their items: each item gets the similarity of the session times the
 * {@link SessionKnnOptions.MatchWeight} of their newest common item. The sum times the item's
 * weight by its inverse document frequency, {@code ln(sessions / events with the item)} but at
 * least 0, is its score. Items with a score above a billionth have source {@value #SOURCE}; the
 * others follow by their number of events, as a share below 1 of a billionth, with source {@value
 * PopularityRecommender#SOURCE}. If no item of a similar session is accepted, or the history holds
 * no known item, popularity answers alone and a notice says so.
 *
 * <p>Kersbergen, Sprangers and Schelter, "Serenade: Low-Latency Session-Based Recommendation in
 * e-Commerce at Scale" (SIGMOD 2022), after VS-kNN of Ludewig and Jannach, "Evaluation of
 * Session-based Recommendation Algorithms" (UMUAI 2018). There the index is made anew every day;
 * here {@link #observe} changes it.
 *
 * <p><b>Order.</b> By descending score, equal scores by catalogue ordinal. A session is as recent
 * as its newest event; events without a time happen at the newest time seen so far, and of sessions
 * with equal times the one that changed last is the more recent. Of equally similar sessions the
 * more recent contribute.
 *
 * <p><b>Thread safety.</b> Thread-safe. An answer reads the index as it was between two changes;
 * answers wait for nothing, changes for each other.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect. What is not among the most
 * recent m sessions of any of its items, or has no room within {@link
 * SessionKnnOptions#sessionBytes}, is dropped; if another event of such a session comes, the
 * session begins anew. The numbers of sessions and events, which name no session, keep counting it.
 * Sessions are kept under hashes of their ids.
 *
 * <p><b>Cost.</b> At most m references per item of at most 8 bytes, and each session kept once: 4
 * bytes per event, of which at most {@link SessionKnnOptions#sessionLength()}, and at most {@value
 * SessionKnnOptions#SESSION_BYTES}. A request looks at up to m sessions, each in one step per item
 * of the history that is read. A change copies the references of each item of the session, and one
 * more per 256 items of the catalogue.
 */
public final class SessionKnnRecommender extends SavedRecommender {
  /** The source of the items of similar sessions. */
  public static final String SOURCE = "session-knn";

  private final SessionKnnOptions options;
  private final Object lock = new Object();
  private final SessionStore store; // guarded by lock
  private volatile SessionIndex index;

  private SessionKnnRecommender(Catalog catalog, SessionKnnOptions options) {
    super(catalog, new SavedFiles(SessionKnnSnapshot.KIND, SessionKnnSnapshot.FORMAT));
    this.options = Objects.requireNonNull(options, "options");
    store = new SessionStore(catalog, options);
    index = SessionIndex.empty(catalog.size());
  }

  /**
   * Reads sessions with the default options.
   *
   * @param catalog the items that may be recommended
   * @param sessions see {@link #fit(Catalog, Iterable, SessionKnnOptions)}
   * @return the recommender
   */
  public static SessionKnnRecommender fit(Catalog catalog, Iterable<UserHistory> sessions) {
    return fit(catalog, sessions, SessionKnnOptions.defaults());
  }

  /**
   * Reads sessions.
   *
   * @param catalog the items that may be recommended
   * @param sessions one history per session, read once; interactions with items outside the
   *     catalogue are left out. The user id, if there is one, is the session's id for {@link
   *     #observe} and {@link #forget}, and histories with the same one are one session
   * @param options how to find and weigh sessions
   * @return the recommender
   */
  public static SessionKnnRecommender fit(
      Catalog catalog, Iterable<UserHistory> sessions, SessionKnnOptions options) {
    Objects.requireNonNull(sessions, "sessions");
    SessionKnnRecommender recommender = new SessionKnnRecommender(catalog, options);
    recommender.load(sessions);
    return recommender;
  }

  private void load(Iterable<UserHistory> sessions) {
    synchronized (lock) {
      index = store.load(index, sessions);
    }
  }

  /**
   * Adds an event to a session; the first one begins it. Later answers know of it.
   *
   * @param sessionId the session
   * @param event what happened; nothing changes if its item is outside the catalogue
   */
  public void observe(String sessionId, Interaction event) {
    observe(sessionId, List.of(event));
  }

  /**
   * Adds events to a session in one change; the first ones begin it. Later answers know of them.
   *
   * @param sessionId the session
   * @param events what happened, oldest first; those with items outside the catalogue are left out
   */
  public void observe(String sessionId, List<Interaction> events) {
    UserKey key = UserKey.of(Objects.requireNonNull(sessionId, "sessionId"));
    List<Interaction> copy = List.copyOf(events);
    synchronized (lock) {
      index = store.observe(index, key, copy);
    }
  }

  /**
   * Adds an event to the session that has the user's id, if any task came true.
   *
   * @param feedback what became of an item; nothing changes without consent or without a user
   */
  @Override
  public void observe(Feedback feedback) {
    if (feedback.hasConsent() && feedback.isPositive() && feedback.userId().isPresent()) {
      Interaction event = Interaction.of(feedback.itemId());
      observe(feedback.userId().get(), feedback.time().map(event::withTime).orElse(event));
    }
  }

  /**
   * Takes a session out, with the events of it that are kept. Later answers do not know of it.
   *
   * @param sessionId the session; nothing changes if it is not kept
   */
  @Override
  public void forget(String sessionId) {
    UserKey key = UserKey.of(Objects.requireNonNull(sessionId, "sessionId"));
    synchronized (lock) {
      index = store.forget(index, key);
    }
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    SessionIndex now = index;
    KnownHistory history = KnownHistory.of(catalog, request.history());
    Answer answer = new Answer(request, catalog);
    SessionSearch.of(now, options, history.ordinals()).addTo(answer, catalog);
    boolean fallbackUsed = answer.isEmpty();
    answer.fill(now);
    return answer.build(history, fallbackUsed);
  }

  @Override
  SnapshotWriter.Body body() {
    SessionKnnSnapshot.Saved saved = saved();
    return out -> SessionKnnSnapshot.write(out, saved, catalog);
  }

  private SessionKnnSnapshot.Saved saved() {
    synchronized (lock) {
      return new SessionKnnSnapshot.Saved(options, index, store.clock());
    }
  }

  /**
   * Opens saved sessions, which go on as they were.
   *
   * @param file what {@link #save} wrote
   * @param catalog the items that may be recommended; what was saved of others is left out
   * @return the recommender, with the options that were saved
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static SessionKnnRecommender open(Path file, Catalog catalog) {
    SavedFiles files = new SavedFiles(SessionKnnSnapshot.KIND, SessionKnnSnapshot.FORMAT);
    try (SnapshotReader in = files.open(file)) {
      SessionKnnSnapshot.Saved saved = SessionKnnSnapshot.read(in, catalog);
      SessionKnnRecommender recommender = new SessionKnnRecommender(catalog, saved.options());
      synchronized (recommender.lock) {
        recommender.store.load(saved.index(), saved.clock());
        recommender.index = saved.index();
      }
      recommender.files.opened(in);
      return recommender;
    }
  }

  /**
   * Returns how many bytes the sessions that are kept take, as {@link
   * SessionKnnOptions#sessionBytes} counts them. The table of items takes 60 for each item of the
   * catalogue besides.
   *
   * @return at most the limit
   */
  public long sessionBytes() {
    synchronized (lock) {
      return store.bytes();
    }
  }

  /** {@return the options} */
  public SessionKnnOptions options() {
    return options;
  }

  @Override
  public String toString() {
    synchronized (lock) {
      return "SessionKnnRecommender[%d items, %d sessions with an id]"
          .formatted(catalog.size(), store.size());
    }
  }
}
