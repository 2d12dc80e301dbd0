package io.recommender.ann.memory;

import io.recommender.RecommendationRequest;
import io.recommender.text.ReasoningRecommender;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * Finds what is remembered of the user of a request, by similarity of vectors: only ids and vectors
 * are in the {@link UserMemory}, and what they stand for is the application's to tell.
 *
 * <p>The memory of another user is never searched. Nothing is found for an anonymous user, for one
 * that nothing is known of, and after {@link UserStore#forget}.
 *
 * <p><b>Thread safety.</b> As that of the functions.
 *
 * <p><b>Cost.</b> One vector of the query, and a product for each thing that is remembered.
 */
public final class MemoryLookup implements ReasoningRecommender.Lookup {
  private final UserStore<UserMemory> memories;
  private final Function<? super String, float[]> vectorOf;
  private final Function<? super String, Optional<String>> textOf;
  private final int most;

  /**
   * Creates a lookup.
   *
   * @param memories the memories of users
   * @param vectorOf the vector of a query, of the dimension of the memories
   * @param textOf what an id stands for; what it does not know is left out
   * @param most how many things are found at most, at least 1
   * @throws IllegalArgumentException if the number is below 1
   */
  public MemoryLookup(
      UserStore<UserMemory> memories,
      Function<? super String, float[]> vectorOf,
      Function<? super String, Optional<String>> textOf,
      int most) {
    this.memories = Objects.requireNonNull(memories, "memories");
    this.vectorOf = Objects.requireNonNull(vectorOf, "vectorOf");
    this.textOf = Objects.requireNonNull(textOf, "textOf");
    this.most = most;
    if (most < 1) {
      throw new IllegalArgumentException("most: expected at least 1, found " + most);
    }
  }

  @Override
  public List<String> find(RecommendationRequest request, String query) {
    Optional<UserMemory> memory = request.history().userId().flatMap(memories::get);
    if (memory.isEmpty() || memory.get().size() == 0) {
      return List.of();
    }
    return memory.get().nearest(vectorOf.apply(query), most).stream()
        .flatMap(found -> textOf.apply(found.itemId()).stream())
        .toList();
  }

  @Override
  public String toString() {
    return "MemoryLookup[%d of %s]".formatted(most, memories);
  }
}
