package io.recommender.ann.internal;

import io.recommender.Similarity;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/** Reads sections that snapshots of several kinds have: what items there are. */
public final class SnapshotItems {
  private SnapshotItems() {}

  /**
   * Reads the section {@code items}: ids, none of them empty, each once.
   *
   * @param in the snapshot
   * @param count how many there are
   * @return the ids in the order of the file
   * @throws io.recommender.RecommenderException if they are something else
   */
  public static String[] ids(SnapshotReader in, int count) {
    checkCount(in, "items", count);
    SectionReader section = in.section("items");
    String[] ids = new String[count];
    Set<String> seen = new HashSet<>();
    for (int row = 0; row < count; row++) {
      ids[row] = section.getString();
      in.check("items", !ids[row].isEmpty(), "an item id, found none");
      if (!seen.add(ids[row])) {
        throw in.invalid("items", "each item once, found another '" + ids[row] + "'");
      }
    }
    section.finish();
    return ids;
  }

  /**
   * Reads the section {@code orders}: each number from 0 on once.
   *
   * @param in the snapshot
   * @param count how many there are
   * @return the numbers in the order of the file
   * @throws io.recommender.RecommenderException if they are something else
   */
  public static int[] orders(SnapshotReader in, int count) {
    SectionReader section = in.section("orders");
    int[] orders = new int[count];
    section.getInts(orders, 0, count);
    section.finish();
    long[] seen = new long[RowSet.words(count)];
    for (int order : orders) {
      boolean isNew = order >= 0 && order < count && (seen[order >>> 6] >>> order & 1) == 0;
      if (!isNew) {
        throw in.invalid("orders", "each number below %d once, found %d".formatted(count, order));
      }
      seen[order >>> 6] |= 1L << order;
    }
    return orders;
  }

  /**
   * Reads the section {@code available}: a bit for each item.
   *
   * @param in the snapshot
   * @param count how many items there are
   * @return those that are available
   * @throws io.recommender.RecommenderException if there are more bits than items
   */
  public static RowSet available(SnapshotReader in, int count) {
    long[] words = new long[RowSet.words(count)];
    in.checkLength("available", (long) words.length * Long.BYTES);
    SectionReader section = in.section("available");
    section.getLongs(words, 0, words.length);
    section.finish();
    boolean isWithin = (count & 63) == 0 || (words[words.length - 1] & -1L << count) == 0;
    in.check("available", isWithin, "bits of %d items, found more".formatted(count));
    return RowSet.of(count, words);
  }

  /**
   * Checks the name of a similarity, which the section {@code parameters} has.
   *
   * @param in the snapshot
   * @param name the name
   * @return the similarity
   * @throws io.recommender.RecommenderException if there is none of that name
   */
  public static Similarity similarity(SnapshotReader in, String name) {
    boolean isKnown = Arrays.stream(Similarity.values()).anyMatch(each -> each.name().equals(name));
    in.check("parameters", isKnown, "a similarity, found " + name);
    return Similarity.valueOf(name);
  }

  /**
   * Checks that texts may be as many, before room is made for them.
   *
   * @param in the snapshot
   * @param section the section of the texts
   * @param count how many there shall be
   * @throws io.recommender.RecommenderException if there is no room for as many
   */
  public static void checkCount(SnapshotReader in, String section, int count) {
    long most = in.section(section).length() / (Integer.BYTES + 1);
    in.check(
        section, count >= 0 && count <= most, "%d texts, found room for %d".formatted(count, most));
  }
}
