package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Feedback;
import io.recommender.Interaction;
import io.recommender.ann.internal.SavedFiles;
import java.util.List;

/** A recommender by {@link EventCounts}. */
abstract class EventRecommender extends SavedRecommender {
  final EventCounts events;

  EventRecommender(Catalog catalog, SavedFiles files, EventCounts events) {
    super(catalog, files);
    this.events = events;
  }

  /**
   * Adds an event of a user.
   *
   * @param userId the user, or whatever else events belong together in, such as a session
   * @param event what happened after the user's other events; nothing changes if its item is
   *     outside the catalogue
   */
  public void observe(String userId, Interaction event) {
    observe(userId, List.of(event));
  }

  /**
   * Adds events of a user in one change.
   *
   * @param userId the user
   * @param events what happened after the user's other events, oldest first; those with items
   *     outside the catalogue are left out
   */
  public void observe(String userId, List<Interaction> events) {
    this.events.observe(userId, events);
  }

  /**
   * Adds an event of the feedback's user, if any task came true.
   *
   * @param feedback what became of an item; nothing changes without consent or without a user
   */
  @Override
  public void observe(Feedback feedback) {
    events.observe(feedback);
  }

  /** Takes the events of a user back. Later answers do not know of them. */
  @Override
  public void forget(String userId) {
    events.forget(userId);
  }

  /** {@return how many bytes the events that are kept of users take, at most the limit} */
  public long userBytes() {
    return events.userBytes();
  }
}
