package io.recommender.ann.memory;

import io.recommender.ann.internal.UserKey;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was predicted for items that were shown, until feedback comes: the last predictions for an
 * item under each scope, such as a user. When there are too many, those of the scope that was shown
 * something longest ago go.
 *
 * <p><b>Thread safety.</b> Thread-safe; callers take turns.
 */
final class ShownPredictions {
  private final int capacity;

  // All guarded by this object, which nobody else has.
  private final LinkedHashMap<String, Scope> scopes = new LinkedHashMap<>(16, 0.75f, true);
  private int size;

  ShownPredictions(int capacity) {
    this.capacity = capacity;
  }

  /** Probabilities by task and the hidden vector, neither changed by anybody. */
  record Prediction(float[] probabilities, float[] hidden) {}

  /** The predictions under a scope, all of one user or of nobody known. */
  private record Scope(@Nullable UserKey user, Map<String, Prediction> items) {}

  synchronized void put(String scope, @Nullable UserKey user, Map<String, Prediction> predictions) {
    Scope found = scopes.get(scope);
    if (found == null) {
      found = new Scope(user, new LinkedHashMap<>());
      scopes.put(scope, found);
    }
    Map<String, Prediction> items = found.items();
    int before = items.size();
    predictions.forEach(
        (itemId, prediction) -> {
          // Out and in again, so that the order is that of the last showing.
          items.remove(itemId);
          items.put(itemId, prediction);
        });
    size += items.size() - before;
    shrink(found);
  }

  private void shrink(Scope newest) {
    Iterator<Scope> oldest = scopes.values().iterator();
    while (size > capacity && scopes.size() > 1) {
      size -= oldest.next().items().size();
      oldest.remove();
    }
    Iterator<Prediction> items = newest.items().values().iterator();
    while (size > capacity) {
      items.next();
      items.remove();
      size--;
    }
  }

  synchronized Optional<Prediction> find(String scope, String itemId) {
    Scope found = scopes.get(scope);
    return found == null ? Optional.empty() : Optional.ofNullable(found.items().get(itemId));
  }

  synchronized void forget(UserKey user) {
    Iterator<Scope> all = scopes.values().iterator();
    while (all.hasNext()) {
      Scope scope = all.next();
      if (user.equals(scope.user())) {
        size -= scope.items().size();
        all.remove();
      }
    }
  }

  synchronized int size() {
    return size;
  }
}
