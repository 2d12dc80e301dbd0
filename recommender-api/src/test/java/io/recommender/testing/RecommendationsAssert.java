package io.recommender.testing;

import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Assertions;

/**
 * Fluent assertions on an answer. Each returns this, or throws an {@link AssertionError} that tells
 * what was expected and the items that were found.
 *
 * <pre>{@code
 * assertThat(recommender.recommend(history)).hasNoDuplicates().isSortedByScore().excludes("sold");
 * }</pre>
 *
 * <p><b>Immutable</b>.
 */
public final class RecommendationsAssert {
  private final Recommendations actual;

  private RecommendationsAssert(Recommendations actual) {
    this.actual = actual;
  }

  /**
   * Starts assertions.
   *
   * @param actual the answer
   * @return assertions on it
   */
  public static RecommendationsAssert assertThat(Recommendations actual) {
    return new RecommendationsAssert(actual);
  }

  private RecommendationsAssert check(boolean holds, String expected) {
    if (!holds) {
      Assertions.fail(
          "expected %s, found %s of %d requested with %s"
              .formatted(expected, actual.itemIds(), actual.requested(), actual.notices()));
    }
    return this;
  }

  /**
   * Asserts the number of items.
   *
   * @param size how many
   * @return this
   */
  public RecommendationsAssert hasSize(int size) {
    return check(actual.size() == size, size + " items");
  }

  /**
   * Asserts that there are as many items as were requested.
   *
   * @return this
   */
  public RecommendationsAssert isComplete() {
    return hasSize(actual.requested());
  }

  /**
   * Asserts that there are no items.
   *
   * @return this
   */
  public RecommendationsAssert isEmpty() {
    return hasSize(0);
  }

  /**
   * Asserts the items and their order.
   *
   * @param itemIds the items, best first
   * @return this
   */
  public RecommendationsAssert containsExactly(String... itemIds) {
    List<String> expected = Arrays.asList(itemIds);
    return check(actual.itemIds().equals(expected), "exactly " + expected);
  }

  /**
   * Asserts that some items are there, in any order.
   *
   * @param itemIds the items
   * @return this
   */
  public RecommendationsAssert contains(String... itemIds) {
    List<String> expected = Arrays.asList(itemIds);
    return check(new HashSet<>(actual.itemIds()).containsAll(expected), "all of " + expected);
  }

  /**
   * Asserts that none of some items is there.
   *
   * @param itemIds the items
   * @return this
   */
  public RecommendationsAssert excludes(String... itemIds) {
    Set<String> excluded = Set.of(itemIds);
    return check(actual.itemIds().stream().noneMatch(excluded::contains), "none of " + excluded);
  }

  /**
   * Asserts that a filter accepts every item.
   *
   * @param filter the filter
   * @return this
   */
  public RecommendationsAssert passes(ItemFilter filter) {
    return check(
        actual.itemIds().stream().allMatch(filter::accepts), "only items that the filter accepts");
  }

  /**
   * Asserts that no item is there twice.
   *
   * @return this
   */
  public RecommendationsAssert hasNoDuplicates() {
    return check(new HashSet<>(actual.itemIds()).size() == actual.size(), "each item only once");
  }

  /**
   * Asserts that scores never ascend.
   *
   * @return this
   */
  public RecommendationsAssert isSortedByScore() {
    double previous = Double.POSITIVE_INFINITY;
    for (ScoredItem item : actual) {
      check(item.score() <= previous, "descending scores, " + item.score() + " after " + previous);
      previous = item.score();
    }
    return this;
  }

  /**
   * Asserts that an item is there and which source proposed it.
   *
   * @param itemId the item
   * @param source the source
   * @return this
   */
  public RecommendationsAssert hasItemFrom(String itemId, String source) {
    return check(
        actual.items().stream()
            .anyMatch(item -> item.itemId().equals(itemId) && item.source().equals(source)),
        "item '%s' from '%s'".formatted(itemId, source));
  }

  /**
   * Asserts that there is a notice of a kind.
   *
   * @param code the kind
   * @return this
   */
  public RecommendationsAssert hasNotice(Notice.Code code) {
    return check(actual.hasNotice(code), "a notice " + code);
  }

  /**
   * Asserts that there is no notice of a kind.
   *
   * @param code the kind
   * @return this
   */
  public RecommendationsAssert hasNoNotice(Notice.Code code) {
    return check(!actual.hasNotice(code), "no notice " + code);
  }

  /**
   * Asserts that there is nothing to notice.
   *
   * @return this
   */
  public RecommendationsAssert hasNoNotices() {
    return check(actual.notices().isEmpty(), "no notices");
  }
}
