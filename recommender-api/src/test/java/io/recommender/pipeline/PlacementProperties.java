package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Places against what the rules mean, told in another way. */
class PlacementProperties {

  private static Candidates candidates(int size) {
    Candidates candidates = new Candidates(1, size);
    for (int i = 0; i < size; i++) {
      candidates.propose(0, new ScoredItem("item-" + i, -i), i + 1);
    }
    return candidates;
  }

  private static int number(String itemId) {
    return Integer.parseInt(itemId.substring(5));
  }

  /** A minimum takes the places of the last others, and the order stays that of the ranking. */
  @Property(tries = 1000)
  void aMinimumReplacesTheLastOthers(
      @ForAll @IntRange(max = 40) int size,
      @ForAll @IntRange(min = 1, max = 12) int k,
      @ForAll @IntRange(min = 1, max = 12) int least,
      @ForAll @IntRange(min = 2, max = 15) int modulus) {
    List<Integer> expected =
        new ArrayList<>(IntStream.range(0, Math.min(k, size)).boxed().toList());
    for (int next = k; next < size; next++) {
      long have = expected.stream().filter(i -> i % modulus == 0).count();
      Optional<Integer> last =
          expected.stream().filter(i -> i % modulus != 0).max(Comparator.naturalOrder());
      if (next % modulus == 0 && have < least && last.isPresent()) {
        expected.remove(last.get());
        expected.add(next);
      }
    }
    SlotRule rule = SlotRule.atLeast("least", least, itemId -> number(itemId) % modulus == 0);
    Placement placement =
        new Placement(candidates(size), IntStream.range(0, size).toArray(), List.of(rule), k);
    assertArrayEquals(expected.stream().mapToInt(i -> i).toArray(), placement.fill(Map.of()));
    long have = expected.stream().filter(i -> i % modulus == 0).count();
    assertEquals(have < least, !placement.unmet().isEmpty());
  }

  /** With two minimums and a limit, each is kept or named, and a limit is never broken. */
  @Property(tries = 1000)
  void whatIsNotKeptIsNamed(
      @ForAll @IntRange(max = 40) int size,
      @ForAll @IntRange(min = 1, max = 12) int k,
      @ForAll @IntRange(min = 1, max = 6) int least,
      @ForAll @IntRange(min = 1, max = 4) int most,
      @ForAll @IntRange(min = 2, max = 6) int brands) {
    SlotRule first = SlotRule.atLeast("first", least, itemId -> number(itemId) % 4 == 3);
    SlotRule second = SlotRule.atLeast("second", least, itemId -> number(itemId) > 20);
    SlotRule limit =
        SlotRule.atMost("brand", most, itemId -> Optional.of("" + number(itemId) % brands));
    Candidates candidates = candidates(size);
    int[] ranking = IntStream.range(0, size).toArray();
    Placement placement = new Placement(candidates, ranking, List.of(first, limit, second), k);
    int[] chosen = placement.fill(Map.of());
    assertArrayEquals(IntStream.of(chosen).sorted().distinct().toArray(), chosen);
    for (int brand = 0; brand < brands; brand++) {
      int each = brand;
      assertTrue(IntStream.of(chosen).filter(i -> i % brands == each).count() <= most);
    }
    int expected =
        Math.min(
            k,
            IntStream.range(0, brands)
                .map(
                    brand ->
                        Math.min(
                            most,
                            (int) IntStream.of(ranking).filter(i -> i % brands == brand).count()))
                .sum());
    assertEquals(expected, chosen.length, "no place stays free that could be filled");
    for (SlotRule rule : List.of(first, second)) {
      long have = IntStream.of(chosen).filter(i -> rule.concerns(candidates.itemId(i))).count();
      boolean isNamed =
          placement.unmet().stream().anyMatch(message -> message.contains(rule.name()));
      assertTrue(have >= rule.number() || isNamed, rule::toString);
    }
  }

  @Example
  void aFailingRuleIsNamedByTheException() {
    SlotRule rule =
        SlotRule.atMost(
            "broken",
            1,
            itemId -> {
              throw new IllegalStateException("no value");
            });
    Placement placement = new Placement(candidates(3), new int[] {0, 1, 2}, List.of(rule), 2);
    Placement.RuleFailure failure =
        assertThrows(Placement.RuleFailure.class, () -> placement.fill(Map.of()));
    assertEquals(rule, failure.rule());
    assertEquals("no value", failure.rootCause().getMessage());
  }
}
