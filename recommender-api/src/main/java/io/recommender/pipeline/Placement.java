package io.recommender.pipeline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Fills the places of an answer from ranked candidates, keeping pins, limits and minimums.
 *
 * <p>Pins take their places first and count towards limits and minimums. Then the best candidates
 * that a minimum still needs are set aside, and the other places go to the best candidates that no
 * limit forbids; all stand in the order of the ranking. One pass over the ranking for each minimum
 * and one for the rest.
 *
 * <p><b>Confined</b>.
 */
final class Placement {
  private static final int FREE = -1;

  private final Candidates candidates;
  private final int[] ranking;
  private final List<SlotRule> rules;
  private final int[] places;
  private final boolean[] taken;
  private final boolean[] needed;
  private final List<Map<String, Integer>> counts = new ArrayList<>();
  private final Map<Integer, SlotRule> limited = new HashMap<>();
  private final List<String> unmet = new ArrayList<>();

  /** A rule whose function threw. */
  static final class RuleFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient SlotRule rule;
    private final Throwable rootCause;

    RuleFailure(SlotRule rule, Throwable cause) {
      super(rule.name(), cause, false, false);
      this.rule = rule;
      rootCause = cause;
    }

    Throwable rootCause() {
      return rootCause;
    }

    SlotRule rule() {
      return rule;
    }
  }

  /**
   * Creates a placement.
   *
   * @param ranking numbers of candidates, best first
   * @param rules pins, limits and minimums
   * @param k how many places
   */
  Placement(Candidates candidates, int[] ranking, List<SlotRule> rules, int k) {
    this.candidates = candidates;
    this.ranking = ranking;
    this.rules = rules;
    places = new int[Math.min(k, candidates.size())];
    Arrays.fill(places, FREE);
    taken = new boolean[candidates.size()];
    needed = new boolean[candidates.size()];
    rules.forEach(rule -> counts.add(new HashMap<>(0)));
  }

  /**
   * Fills the places.
   *
   * @param pinned the number of the item of each pin, {@link Candidates#ABSENT} if it may not be
   *     shown
   * @return the numbers of the chosen candidates, first place first
   * @throws RuleFailure if the function of a rule throws
   */
  int[] fill(Map<SlotRule, Integer> pinned) {
    int free = places.length - pin(pinned);
    int kept = 0;
    for (SlotRule rule : rules) {
      if (rule.kind() == SlotRule.Kind.AT_LEAST) {
        kept += setAside(rule, free - kept);
      }
    }
    int others = free - kept;
    int next = 0;
    for (int i = 0; i < ranking.length && free > 0; i++) {
      int candidate = ranking[i];
      boolean isChosen = needed[candidate];
      if (!isChosen && !taken[candidate] && others > 0 && fits(candidate)) {
        count(candidate);
        isChosen = true;
        others--;
      }
      if (isChosen) {
        while (places[next] != FREE) {
          next++;
        }
        places[next] = candidate;
        taken[candidate] = true;
        free--;
      }
    }
    return Arrays.stream(places).filter(candidate -> candidate != FREE).toArray();
  }

  private int pin(Map<SlotRule, Integer> pinned) {
    List<SlotRule> pins =
        rules.stream()
            .filter(rule -> pinned.getOrDefault(rule, Candidates.ABSENT) != Candidates.ABSENT)
            .sorted(Comparator.comparingInt(SlotRule::number))
            .toList();
    // A short answer has fewer places; pins beyond them take the last ones, in their order.
    int last = places.length;
    for (int i = pins.size() - 1; i >= 0; i--) {
      int candidate = pinned.get(pins.get(i));
      last = Math.min(pins.get(i).number(), last) - 1;
      places[last] = candidate;
      taken[candidate] = true;
      count(candidate);
    }
    return pins.size();
  }

  private int setAside(SlotRule rule, int room) {
    int have = 0;
    for (int i = 0; i < taken.length; i++) {
      if ((taken[i] || needed[i]) && concerns(rule, i)) {
        have++;
      }
    }
    int added = 0;
    for (int i = 0; i < ranking.length && have < rule.number() && added < room; i++) {
      int candidate = ranking[i];
      if (!taken[candidate] && !needed[candidate] && concerns(rule, candidate) && fits(candidate)) {
        needed[candidate] = true;
        count(candidate);
        have++;
        added++;
      }
    }
    if (have < rule.number()) {
      unmet.add("rule '%s': %d wanted, %d found".formatted(rule.name(), rule.number(), have));
    }
    return added;
  }

  private boolean concerns(SlotRule rule, int candidate) {
    try {
      return rule.concerns(candidates.itemId(candidate));
    } catch (RuntimeException | LinkageError failure) {
      throw new RuleFailure(rule, failure);
    }
  }

  private Optional<String> value(SlotRule rule, int candidate) {
    try {
      return rule.value(candidates.itemId(candidate));
    } catch (RuntimeException | LinkageError failure) {
      throw new RuleFailure(rule, failure);
    }
  }

  private boolean fits(int candidate) {
    for (int i = 0; i < counts.size(); i++) {
      SlotRule rule = rules.get(i);
      if (rule.kind() == SlotRule.Kind.AT_MOST) {
        Optional<String> value = value(rule, candidate);
        if (value.isPresent() && counts.get(i).getOrDefault(value.get(), 0) >= rule.number()) {
          limited.putIfAbsent(candidate, rule);
          return false;
        }
      }
    }
    return true;
  }

  private void count(int candidate) {
    for (int i = 0; i < counts.size(); i++) {
      if (rules.get(i).kind() == SlotRule.Kind.AT_MOST) {
        Map<String, Integer> count = counts.get(i);
        value(rules.get(i), candidate).ifPresent(value -> count.merge(value, 1, Integer::sum));
      }
    }
  }

  /** Returns the limit that kept each candidate out, by number. */
  Map<Integer, SlotRule> limited() {
    return limited;
  }

  /** Returns what could not be kept, in words. */
  List<String> unmet() {
    return unmet;
  }
}
