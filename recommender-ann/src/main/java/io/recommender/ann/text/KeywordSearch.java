package io.recommender.ann.text;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.ann.internal.TopK;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One search through the parts of a version. <b>Confined</b>. */
final class KeywordSearch {
  /** Lists up to this length are looked up item by item. */
  private static final int SHORT_LIST = 1024;

  private final KeywordVersion version;
  final KeywordQuery query;
  final ItemFilter filter;
  final KeywordScores scores;
  final TopK top;
  final WindowSums sums;

  KeywordSearch(
      KeywordVersion version, KeywordQuery query, double k1, double b, int k, ItemFilter filter) {
    this.version = version;
    this.query = query;
    this.filter = filter;
    scores = new KeywordScores(k1, b, version.meanLength());
    top = new TopK(Math.min(k, version.size()));
    sums = new WindowSums(version.parts().isEmpty() ? 0 : KeywordPartSearch.WINDOW);
  }

  List<ScoredItem> run() {
    Optional<Set<String>> allowed = filter.allowList();
    int[] firstRows = new int[version.parts().size()];
    int firstRow = 0;
    for (int i = 0; i < firstRows.length; i++) {
      firstRows[i] = firstRow;
      KeywordPartSearch search = new KeywordPartSearch(this, version.parts().get(i), firstRow);
      if (allowed.isPresent() && allowed.get().size() <= SHORT_LIST) {
        search.runListed(allowed.get());
      } else {
        search.run();
      }
      firstRow += version.parts().get(i).segment().size();
    }
    top.sort();
    List<ScoredItem> found = new ArrayList<>(top.size());
    for (int i = 0; i < top.size(); i++) {
      int row = top.row(i);
      int at = Arrays.binarySearch(firstRows, row);
      int place = at >= 0 ? at : -2 - at;
      String id = version.parts().get(place).segment().id(row - firstRows[place]);
      found.add(new ScoredItem(id, top.score(i)));
    }
    return found;
  }
}
