package io.recommender.ann.text;

import it.unimi.dsi.fastutil.floats.FloatArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects items that are added together. <b>Confined</b>. */
final class DocumentBatch {
  /** The greatest weight of a term, far above what a count comes to. */
  static final double MOST_WEIGHT = 1 << 20;

  private final List<String> ids = new ArrayList<>();
  private final Set<String> seen = new HashSet<>();
  private final Object2IntOpenHashMap<String> numbers = new Object2IntOpenHashMap<>();
  private final List<byte[]> encoded = new ArrayList<>();
  private final IntArrayList starts = new IntArrayList(new int[] {0});
  private final IntArrayList terms = new IntArrayList();
  private final FloatArrayList weights = new FloatArrayList();

  DocumentBatch() {
    numbers.defaultReturnValue(-1);
  }

  List<String> ids() {
    return ids;
  }

  /** Adds an item with words, each as often as it comes. */
  void add(String itemId, List<String> words) {
    addItem(itemId);
    int[] found = new int[words.size()];
    for (int i = 0; i < found.length; i++) {
      found[i] = number(itemId, words.get(i));
    }
    IntArrays.quickSort(found);
    for (int i = 0; i < found.length; ) {
      int end = i + 1;
      while (end < found.length && found[end] == found[i]) {
        end++;
      }
      terms.add(found[i]);
      weights.add(end - i);
      i = end;
    }
    starts.add(terms.size());
  }

  /** Adds an item with weighted terms. */
  void add(String itemId, Map<String, Double> weighted) {
    addItem(itemId);
    weighted.forEach(
        (term, weight) -> {
          float kept = (float) (double) weight;
          if (!(kept > 0 && weight <= MOST_WEIGHT)) {
            throw new IllegalArgumentException(
                "weight of term '%s' of item '%s': expected a number above 0, at most %.0f, found %s"
                    .formatted(term, itemId, MOST_WEIGHT, weight));
          }
          terms.add(number(itemId, term));
          weights.add(kept);
        });
    starts.add(terms.size());
  }

  private void addItem(String itemId) {
    if (itemId.isEmpty()) {
      throw new IllegalArgumentException("item id: expected a non-empty string");
    }
    if (!seen.add(itemId)) {
      throw new IllegalArgumentException(
          "items: expected each once, found '%s' at %d and %d"
              .formatted(itemId, ids.indexOf(itemId), ids.size()));
    }
    ids.add(itemId);
  }

  private int number(String itemId, String term) {
    int number = numbers.getInt(term);
    if (number < 0) {
      byte[] bytes = TermTable.encode(term);
      if (bytes == null || bytes.length == 0) {
        throw new IllegalArgumentException(
            "term of item '%s': expected a non-empty string of whole characters, found '%s'"
                .formatted(itemId, term));
      }
      number = encoded.size();
      numbers.put(term, number);
      encoded.add(bytes);
    }
    return number;
  }

  /**
   * Puts the items in order.
   *
   * @param orders the order number of each
   * @param byLength whether rows are by length
   */
  Documents build(int[] orders, boolean byLength) {
    int[] sortedTerms = new int[encoded.size()];
    Arrays.setAll(sortedTerms, i -> i);
    IntArrays.mergeSort(
        sortedTerms, (one, other) -> Arrays.compareUnsigned(encoded.get(one), encoded.get(other)));
    int[] places = new int[sortedTerms.length];
    TermTable.Builder table = new TermTable.Builder();
    for (int i = 0; i < sortedTerms.length; i++) {
      places[sortedTerms[i]] = i;
      byte[] term = encoded.get(sortedTerms[i]);
      table.add(term, 0, term.length);
    }
    int size = ids.size();
    int[] allTerms = new int[terms.size()];
    float[] allWeights = new float[terms.size()];
    float[] lengths = new float[size];
    for (int i = 0; i < size; i++) {
      int from = starts.getInt(i);
      int to = starts.getInt(i + 1);
      int[] sorted = new int[to - from];
      Arrays.setAll(sorted, at -> from + at);
      IntArrays.quickSort(
          sorted,
          (one, other) -> Integer.compare(places[terms.getInt(one)], places[terms.getInt(other)]));
      for (int at = 0; at < sorted.length; at++) {
        allTerms[from + at] = places[terms.getInt(sorted[at])];
        allWeights[from + at] = weights.getFloat(sorted[at]);
      }
      lengths[i] = Documents.length(allWeights, from, to);
    }
    Documents unsorted =
        new Documents(
            ids.toArray(new String[0]),
            orders,
            lengths,
            starts.toIntArray(),
            allTerms,
            allWeights,
            table.build());
    return unsorted.picked(Documents.sort(lengths, orders, byLength));
  }
}
