package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BatchListsTest {
  private static Set<Integer> others(BatchLists lists, int[][] found, int place) {
    PlaceMarks marks = new PlaceMarks(found.length);
    int[] others = new int[lists.mostOthers()];
    int count = lists.others(place, found[place], marks, others);
    Set<Integer> distinct =
        Arrays.stream(others, 0, count).boxed().collect(Collectors.toCollection(TreeSet::new));
    assertEquals(count, distinct.size(), "each once");
    return distinct;
  }

  private static int[][] draw(int places, int nodes, int each, long seed) {
    Random random = new Random(seed);
    int[][] found = new int[places][];
    Arrays.setAll(
        found, place -> random.ints(0, nodes).distinct().limit(random.nextInt(each + 1)).toArray());
    return found;
  }

  @Property(tries = 300)
  void whoHasFoundTheSameIsTold(
      @ForAll @IntRange(min = 1, max = 60) int places,
      @ForAll @IntRange(min = 20, max = 200) int nodes,
      @ForAll @IntRange(min = 1, max = BatchLists.MOST_SHARED) int shared,
      @ForAll long seed) {
    int[][] found = draw(places, nodes, 20, seed);
    BatchLists lists = new BatchLists(found, shared);
    for (int place = 0; place < places; place++) {
      Set<Integer> own = best(found[place], shared);
      Set<Integer> expected = new TreeSet<>();
      for (int other = 0; other < places; other++) {
        if (other != place && best(found[other], shared).stream().anyMatch(own::contains)) {
          expected.add(other);
        }
      }
      assertEquals(expected, others(lists, found, place));
    }
    assertEquals(0, lists.hidden(found), "no list is too long");
  }

  private static Set<Integer> best(int[] found, int shared) {
    return Arrays.stream(found).limit(shared).boxed().collect(Collectors.toSet());
  }

  @Test
  void thoseAreToldToWhomANodeIsNearest() {
    // Everybody has found node 500: the first hundred as their third, the others as their first.
    int[][] found =
        IntStream.range(0, 180)
            .mapToObj(place -> place < 100 ? new int[] {place, 200 + place, 500} : new int[] {500})
            .toArray(int[][]::new);
    BatchLists lists = new BatchLists(found, 12);
    Set<Integer> nearest =
        IntStream.range(100, 100 + BatchLists.LONGEST).boxed().collect(Collectors.toSet());
    assertEquals(nearest, others(lists, found, 5));
    assertEquals(nearest, others(lists, found, 170));
    // Of the others nobody hears; the first hundred are told of by two nodes more.
    assertEquals(80 - BatchLists.LONGEST, lists.hidden(found));
  }

  @Test
  void whoFindsWhatEverybodyFindsIsHidden() {
    int[][] found = new int[1_000][];
    Arrays.fill(found, IntStream.range(0, 20).toArray());
    BatchLists lists = new BatchLists(found, 20);
    assertEquals(1_000 - BatchLists.LONGEST, lists.hidden(found));
    assertEquals(BatchLists.LONGEST, others(lists, found, 999).size());
  }

  @Test
  void nothingFoundTellsNothing() {
    int[][] found = {{}, {7}, {}};
    BatchLists lists = new BatchLists(found, 3);
    for (int place = 0; place < found.length; place++) {
      assertTrue(others(lists, found, place).isEmpty());
    }
    assertEquals(0, lists.hidden(found));
  }

  @Test
  void marksAreTakenAwayAndGrow() {
    PlaceMarks marks = new PlaceMarks(2);
    for (int places : new int[] {2, 1, 2, 5, 3}) {
      marks = PlaceMarks.cleared(marks, places);
      for (int place = 0; place < places; place++) {
        assertTrue(marks.mark(place));
        assertFalse(marks.mark(place));
      }
    }
  }
}
