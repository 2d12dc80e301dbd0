package io.recommender.pipeline;

import io.recommender.ScoredItem;
import java.util.Arrays;

/**
 * Everything that was proposed for one request, each item once, numbered in the order of proposal:
 * by source, then by rank. That number breaks ties.
 *
 * <p><b>Confined</b>.
 */
final class Candidates {
  static final int ABSENT = -1;

  private final int proposers;
  private ScoredItem[] items;
  private int[] ranks;
  private double[] scores;

  /** Open addressing with linear probing: number + 1, 0 = free; at most half full. */
  private int[] table;

  private int size;

  /**
   * Creates an empty set.
   *
   * @param proposers how many sources, fallbacks and rules may propose
   * @param expected how many items are expected
   */
  Candidates(int proposers, int expected) {
    this.proposers = proposers;
    int capacity = Math.max(8, expected);
    items = new ScoredItem[capacity];
    ranks = new int[capacity * proposers];
    scores = new double[capacity * proposers];
    table = new int[Integer.highestOneBit(capacity * 4 - 1)];
  }

  int size() {
    return size;
  }

  /** Returns an item's number, or {@link #ABSENT}. */
  int find(String itemId) {
    return at(slot(itemId));
  }

  /** Returns where in the table an item is, or would be; good until the next one is added. */
  int slot(String itemId) {
    int mask = table.length - 1;
    int hash = itemId.hashCode() * 0x9E3779B9;
    int slot = (hash ^ (hash >>> 16)) & mask;
    while (table[slot] != 0 && !items[table[slot] - 1].itemId().equals(itemId)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Returns the number of the item at a slot, or {@link #ABSENT}. */
  int at(int slot) {
    return table[slot] - 1;
  }

  /**
   * Adds an item.
   *
   * @param slot its slot, at which there is none
   * @return its number
   */
  int add(int slot, ScoredItem item) {
    if (size == items.length) {
      grow();
      return add(slot(item.itemId()), item);
    }
    items[size] = item;
    table[slot] = ++size;
    return size - 1;
  }

  /** Notes what a proposer says of an item. */
  void note(int number, int proposer, int rank, double score) {
    ranks[number * proposers + proposer] = rank;
    scores[number * proposers + proposer] = score;
  }

  /**
   * Adds an item if it is absent, and notes what a proposer says of it.
   *
   * @return its number
   */
  int propose(int proposer, ScoredItem item, int rank) {
    int slot = slot(item.itemId());
    int number = at(slot) == ABSENT ? add(slot, item) : at(slot);
    note(number, proposer, rank, item.score());
    return number;
  }

  private void grow() {
    int capacity = items.length * 2;
    items = Arrays.copyOf(items, capacity);
    ranks = Arrays.copyOf(ranks, capacity * proposers);
    scores = Arrays.copyOf(scores, capacity * proposers);
    table = new int[table.length * 2];
    for (int i = 0; i < size; i++) {
      table[slot(items[i].itemId())] = i + 1;
    }
  }

  int proposers() {
    return proposers;
  }

  /** Returns the item as its first proposer returned it. */
  ScoredItem item(int number) {
    return items[number];
  }

  String itemId(int number) {
    return items[number].itemId();
  }

  /** Returns the rank a proposer gave, 1 = best, 0 = it did not propose the item. */
  int rank(int number, int proposer) {
    return ranks[number * proposers + proposer];
  }

  double score(int number, int proposer) {
    return scores[number * proposers + proposer];
  }

  /** Returns the first in declared order that proposed the item. */
  int firstProposer(int number) {
    int proposer = 0;
    while (rank(number, proposer) == 0) {
      proposer++;
    }
    return proposer;
  }
}
