package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class CandidatePoolProperties {

  /** The plainest possible pool: a sorted list. */
  private static final class Model {
    record Candidate(int node, float score) {}

    private final int capacity;
    private final List<Candidate> sorted = new ArrayList<>();
    private final Set<Integer> expanded = new HashSet<>();

    Model(int capacity) {
      this.capacity = capacity;
    }

    /**
     * Adds nodes by score and number. Whether one enters that equals the worst is up to the pool.
     */
    void addAll(List<Candidate> offered, CandidatePool pool) {
      sorted.addAll(offered);
      assertEquals(Math.min(capacity, sorted.size()), pool.size());
      sorted.sort(Comparator.comparing((Candidate c) -> -c.score).thenComparing(c -> c.node));
      if (sorted.size() > capacity) {
        float worst = sorted.get(capacity - 1).score;
        Set<Integer> held = new HashSet<>();
        for (int rank = 0; rank < pool.size(); rank++) {
          held.add(pool.node(rank));
        }
        sorted.removeIf(c -> c.score < worst || c.score == worst && !held.contains(c.node));
      }
    }

    /** Returns the rank of the best of some nodes, or the capacity if none is in the pool. */
    int bestRank(List<Candidate> nodes) {
      return nodes.stream().mapToInt(sorted::indexOf).filter(r -> r >= 0).min().orElse(capacity);
    }

    int peek() {
      for (Candidate candidate : sorted) {
        if (!expanded.contains(candidate.node)) {
          return candidate.node;
        }
      }
      return -1;
    }

    int peekSecond() {
      return sorted.stream()
          .mapToInt(Candidate::node)
          .filter(node -> !expanded.contains(node))
          .skip(1)
          .findFirst()
          .orElse(-1);
    }

    int next() {
      int node = peek();
      if (node >= 0) {
        expanded.add(node);
      }
      return node;
    }
  }

  @Provide
  Arbitrary<Integer> capacities() {
    return Arbitraries.of(1, 2, 63, 64, 65, 127, 128, 129, 200);
  }

  /** One pool is used for several searches, as searches use it. */
  @Property(tries = 400)
  void behavesAsASortedList(
      @ForAll("capacities") int first,
      @ForAll("capacities") int second,
      @ForAll("capacities") int third,
      @ForAll @IntRange(min = 1, max = 300) int distinctScores,
      @ForAll long seed) {
    CandidatePool pool = new CandidatePool();
    Random random = new Random(seed);
    for (int capacity : new int[] {first, second, third}) {
      pool.reset(capacity);
      compare(pool, capacity, distinctScores, random);
    }
  }

  private static void compare(CandidatePool pool, int capacity, int distinctScores, Random random) {
    Model model = new Model(capacity);
    // No number comes twice, and they do not ascend.
    int[] nodes = new int[40];
    int used = 0;
    List<Model.Candidate> offered = new ArrayList<>();
    assertSame(model, pool);
    for (int step = 0; step < 30; step++) {
      if (random.nextInt(3) > 0) {
        int from = random.nextInt(8);
        int count = random.nextInt(33);
        float[] scores = new float[count];
        List<Model.Candidate> together = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          scores[i] = random.nextInt(distinctScores) - distinctScores / 2f;
          nodes[from + i] = used++ ^ 5;
          together.add(new Model.Candidate(nodes[from + i], scores[i]));
        }
        offered.addAll(together);
        pool.addAll(nodes, from, scores, count);
        model.addAll(together, pool);
        assertEquals(model.bestRank(together), pool.takeBestRank());
        assertEquals(capacity, pool.takeBestRank());
      } else {
        for (int i = random.nextInt(20); i >= 0; i--) {
          assertEquals(model.peek(), pool.peek());
          assertEquals(model.next(), pool.next());
        }
      }
      assertSame(model, pool);
    }
    while (model.peek() >= 0) {
      assertEquals(model.next(), pool.next());
    }
    assertEquals(-1, pool.peek());
    assertEquals(-1, pool.next());
    pool.reopen();
    for (Model.Candidate candidate : model.sorted) {
      assertEquals(candidate.node(), pool.next());
    }
    assertEquals(-1, pool.next());
    for (Model.Candidate candidate : offered) {
      boolean isKept = model.sorted.contains(candidate);
      assertEquals(isKept, pool.holds(candidate.node(), candidate.score()), candidate::toString);
    }
  }

  private static void assertSame(Model model, CandidatePool pool) {
    assertEquals(model.sorted.size(), pool.size());
    for (int rank = 0; rank < pool.size(); rank++) {
      assertEquals(model.sorted.get(rank).node, pool.node(rank));
      assertEquals(model.sorted.get(rank).score, pool.score(rank));
    }
    boolean isFull = model.sorted.size() == model.capacity;
    float worst = isFull ? model.sorted.get(model.capacity - 1).score : Float.NEGATIVE_INFINITY;
    assertEquals(worst, pool.worst());
    assertEquals(model.peek(), pool.peek());
    assertEquals(model.peekSecond(), pool.peekSecond());
  }
}
