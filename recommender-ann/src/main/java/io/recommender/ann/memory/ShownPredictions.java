package io.recommender.ann.memory;

import io.recommender.ann.internal.UserKey;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was predicted for items that were shown, until feedback comes: the last predictions for an
 * item under each scope, such as a user. When there are too many, or they take too many bytes,
 * those of the scope that was shown something longest ago go.
 *
 * <p><b>Thread safety.</b> Thread-safe; callers take turns.
 */
final class ShownPredictions {
  /** How many bytes of a scope are counted besides two for each char of its name. */
  static final int SCOPE_BYTES = 416;

  /** How many bytes of a prediction are counted besides its numbers and the chars of the item. */
  static final int PREDICTION_BYTES = 208;

  private final int capacity;
  private final long maxBytes;

  // All guarded by this object, which nobody else has.
  private final LinkedHashMap<String, Scope> scopes = new LinkedHashMap<>(16, 0.75f, true);
  private int size;
  private long bytes;

  ShownPredictions(int capacity, long maxBytes) {
    this.capacity = capacity;
    this.maxBytes = maxBytes;
  }

  /** Probabilities by task and the hidden vector, neither changed by anybody. */
  record Prediction(float[] probabilities, float[] hidden) {}

  /** The predictions under a scope, all of one user or of nobody known. */
  private record Scope(@Nullable UserKey user, Map<String, Prediction> items) {}

  private static long bytes(String scope) {
    return SCOPE_BYTES + (long) Character.BYTES * scope.length();
  }

  private static long bytes(String itemId, Prediction prediction) {
    return PREDICTION_BYTES
        + (long) Character.BYTES * itemId.length()
        + (long) Float.BYTES * (prediction.probabilities().length + prediction.hidden().length);
  }

  synchronized void put(String scope, @Nullable UserKey user, Map<String, Prediction> predictions) {
    if (predictions.isEmpty()) {
      return;
    }
    Scope found = scopes.get(scope);
    if (found == null) {
      found = new Scope(user, new LinkedHashMap<>());
      scopes.put(scope, found);
      bytes += bytes(scope);
    }
    Map<String, Prediction> items = found.items();
    predictions.forEach(
        (itemId, prediction) -> {
          // Out and in again, so that the order is that of the last showing.
          takeOut(itemId, items.remove(itemId));
          items.put(itemId, prediction);
          size++;
          bytes += bytes(itemId, prediction);
        });
    shrink(scope, found);
  }

  private void takeOut(String itemId, @Nullable Prediction prediction) {
    if (prediction != null) {
      size--;
      bytes -= bytes(itemId, prediction);
    }
  }

  private void takeOut(String name, Scope scope) {
    scope.items().forEach(this::takeOut);
    bytes -= bytes(name);
  }

  private boolean isTooMuch() {
    return size > capacity || bytes > maxBytes;
  }

  private void shrink(String name, Scope newest) {
    Iterator<Map.Entry<String, Scope>> oldest = scopes.entrySet().iterator();
    while (isTooMuch() && scopes.size() > 1) {
      Map.Entry<String, Scope> entry = oldest.next();
      takeOut(entry.getKey(), entry.getValue());
      oldest.remove();
    }
    Iterator<Map.Entry<String, Prediction>> items = newest.items().entrySet().iterator();
    while (isTooMuch() && items.hasNext()) {
      Map.Entry<String, Prediction> entry = items.next();
      takeOut(entry.getKey(), entry.getValue());
      items.remove();
    }
    if (newest.items().isEmpty()) {
      takeOut(name, newest);
      scopes.remove(name);
    }
  }

  synchronized Optional<Prediction> find(String scope, String itemId) {
    Scope found = scopes.get(scope);
    return found == null ? Optional.empty() : Optional.ofNullable(found.items().get(itemId));
  }

  synchronized void forget(UserKey user) {
    Iterator<Map.Entry<String, Scope>> all = scopes.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<String, Scope> entry = all.next();
      if (user.equals(entry.getValue().user())) {
        takeOut(entry.getKey(), entry.getValue());
        all.remove();
      }
    }
  }

  synchronized int size() {
    return size;
  }

  synchronized long bytes() {
    return bytes;
  }
}
