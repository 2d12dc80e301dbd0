package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.BitSet;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Compared with a {@link BitSet}, over sizes that need one to three levels. */
class RowSetProperties {
  @Property(tries = 60)
  void findsTheNextRow(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 600_000) int rows,
      @ForAll @IntRange(min = 0, max = 19) int density) {
    Random random = new Random(seed);
    BitSet expected = new BitSet(rows);
    if (density == 19) {
      expected.set(0, rows);
    }
    int members = (int) (rows / Math.pow(2.5, density));
    for (int i = 0; density < 19 && i < members; i++) {
      expected.set(random.nextInt(rows));
    }
    long[] words = new long[RowSet.words(rows)];
    expected.stream().forEach(row -> words[row >>> 6] |= 1L << row);
    RowSet set = density == 19 ? RowSet.all(rows) : RowSet.of(rows, words);
    check(expected, set, random);
    for (int change = 0; change < 5; change++) {
      int[] changed = random.ints(1 + random.nextInt(40), 0, rows).toArray();
      boolean member = random.nextBoolean();
      RowSet before = set;
      BitSet unchanged = (BitSet) expected.clone();
      set = set.with(changed, changed.length, member);
      for (int row : changed) {
        expected.set(row, member);
      }
      check(expected, set, random);
      check(unchanged, before, random);
    }
  }

  private static void check(BitSet expected, RowSet set, Random random) {
    assertEquals(expected.cardinality(), set.size());
    for (int i = 0; i < 200; i++) {
      int from = random.nextInt(set.rows());
      int to = from + random.nextInt(set.rows() - from + 1);
      int next = expected.nextSetBit(from);
      assertEquals(next < to ? next : -1, set.next(from, to));
      assertEquals(expected.get(from), set.contains(from));
    }
  }

  @Property(tries = 30)
  void intersects(@ForAll long seed, @ForAll @IntRange(min = 1, max = 10_000) int rows) {
    Random random = new Random(seed);
    long[] one = new long[RowSet.words(rows)];
    long[] other = new long[RowSet.words(rows)];
    BitSet expected = new BitSet();
    for (int row = 0; row < rows; row++) {
      boolean inOne = random.nextInt(3) == 0;
      boolean inOther = random.nextInt(3) == 0;
      one[row >>> 6] |= inOne ? 1L << row : 0;
      other[row >>> 6] |= inOther ? 1L << row : 0;
      expected.set(row, inOne && inOther);
    }
    check(expected, RowSet.of(rows, one).and(RowSet.of(rows, other)), random);
  }
}
