package io.recommender.evaluation;

import io.recommender.Catalog;
import io.recommender.UserHistory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Five users and ten items, small enough to compute every metric by hand. */
final class Fixtures {
  static final Catalog CATALOG = Catalog.ofIds(items("abcdefghij"));

  private Fixtures() {}

  static List<String> items(String letters) {
    return letters.isEmpty() ? List.of() : Arrays.asList(letters.split(""));
  }

  static UserHistory user(String id, String letters) {
    return UserHistory.ofItems(items(letters)).forUser(id);
  }

  /**
   * Popularity: a 5, b 3, c 2, d e f g 1, h i j 0. From rating 3 on, u4 has nothing relevant. The
   * list of u3 is shorter than the cutoffs, that of u5 is empty.
   */
  static RankedLists fiveUsers() {
    List<String> training = List.of("abc", "abd", "ace", "abf", "ag");
    List<Map<String, Double>> ratings =
        List.of(
            Map.of("d", 5.0, "h", 3.0, "f", 1.0),
            Map.of("c", 4.0, "g", 2.0),
            Map.of("b", 5.0, "f", 3.0, "h", 4.0),
            Map.of("i", 2.0),
            Map.of("b", 4.0, "c", 3.0));
    List<List<String>> lists =
        List.of(items("dfhei"), items("gcehf"), items("fbd"), items("ciedh"), items(""));
    return lists(training, ratings, lists);
  }

  static RankedLists lists(
      List<String> training, List<Map<String, Double>> ratings, List<List<String>> lists) {
    List<UserHistory> users = new ArrayList<>();
    List<EvaluationCase> cases = new ArrayList<>();
    for (int u = 0; u < training.size(); u++) {
      UserHistory user = user("u" + (u + 1), training.get(u));
      users.add(user);
      cases.add(EvaluationCase.of(user, new LinkedHashMap<>(ratings.get(u))));
    }
    Split split = Split.of("given", InteractionLog.of("fixture", users), users, cases);
    return RankedLists.of(split, CATALOG, lists);
  }
}
