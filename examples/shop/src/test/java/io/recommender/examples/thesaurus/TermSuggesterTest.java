package io.recommender.examples.thesaurus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.ScoredItem;
import io.recommender.evaluation.RankingMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A thesaurus of 60 terms, three of which belong to the query. */
class TermSuggesterTest {
  private static final String QUERY = "(heart attack OR myocardial) AND aspirin";
  private static final Set<String> PLANTED = Set.of("D009203", "D017202", "D001241");
  private static final int TERMS = 60;

  private static List<ThesaurusTerm> thesaurus() {
    List<ThesaurusTerm> terms = new ArrayList<>();
    terms.add(new ThesaurusTerm("D006333", "Heart Failure", List.of("Cardiac Failure")));
    terms.add(new ThesaurusTerm("D009203", "Myocardial Infarction", List.of("Heart Attack")));
    terms.add(new ThesaurusTerm("D016584", "Panic Disorder", List.of("Panic Attack")));
    terms.add(new ThesaurusTerm("D017202", "Myocardial Ischemia", List.of()));
    terms.add(new ThesaurusTerm("D001241", "Aspirin", List.of("Acetylsalicylic Acid", "Acetysal")));
    String[] parts = {"Bone", "Liver", "Kidney", "Skin", "Lung"};
    String[] kinds = {
      "Tumor",
      "Cyst",
      "Fracture",
      "Graft",
      "Lesion",
      "Biopsy",
      "Stone",
      "Scan",
      "Abscess",
      "Fibrosis",
      "Rupture"
    };
    for (int i = 0; terms.size() < TERMS; i++) {
      String name = parts[i % 5] + " " + kinds[i / 5];
      terms.add(new ThesaurusTerm("S" + i, name, List.of(kinds[i / 5] + " of " + parts[i % 5])));
    }
    return terms;
  }

  /** Counts of trigrams by hash: names that look alike are near each other. */
  private static float[] trigrams(String text) {
    float[] vector = new float[256];
    String padded = "  " + text.toLowerCase(Locale.ROOT) + "  ";
    for (int i = 0; i + 3 <= padded.length(); i++) {
      vector[(padded.substring(i, i + 3).hashCode() * 0x9E3779B1) >>> 24]++;
    }
    return vector;
  }

  private static List<String> suggest(String query, double cutoff, int k) {
    try (TermSuggester suggester =
        new TermSuggester(thesaurus(), TermSuggesterTest::trigrams, cutoff)) {
      return suggester.suggest(query, k).stream().map(ScoredItem::itemId).toList();
    }
  }

  @Test
  void operatorsFieldTagsAndTruncationAreNoPartOfWhatIsAskedFor() {
    List<String> atoms = List.of("heart attack", "myocardial", "aspirin");
    assertEquals(atoms, BooleanQuery.atoms(QUERY));
    assertEquals(
        atoms,
        BooleanQuery.atoms(
            "(\"Heart Attack\"[Title/Abstract] or myocardial*[tiab]) AND NOT (aspirin.ti,ab. OR #3)"));
    assertEquals(
        List.of("heart", "infarct", "aspirin"),
        BooleanQuery.atoms("heart adj3 infarct$2 near/5 ASPIRIN .mp."));
    for (String empty : List.of("", "  ", "() AND OR", "[tiab] \"\" *")) {
      assertEquals(List.of(), BooleanQuery.atoms(empty));
    }
  }

  @Test
  void thePlantedTermsAreTheBestThree() {
    assertEquals(TERMS, thesaurus().size());
    assertEquals(PLANTED, Set.copyOf(suggest(QUERY, 0, 3)));
    assertEquals(
        PLANTED,
        Set.copyOf(suggest("(heart attack[tiab] OR myocardial*) AND \"aspirin\"[Mesh]", 0, 3)));
  }

  @Test
  void theCutoffKeepsExactlyThePlantedTerms() {
    List<String> cut = suggest(QUERY, 0.75, 20);
    assertEquals(PLANTED, Set.copyOf(cut));
    assertEquals(3, cut.size());
    assertEquals(cut, suggest(QUERY, 0, 3));
  }

  /** By hand: all three among the first, so that 3 of 10 are right without a cut, and 3 of 3. */
  @Test
  void precisionAndRecallAreThoseByHand() {
    boolean[] uncut = hits(suggest(QUERY, 0, 10));
    assertEquals(10, uncut.length);
    assertEquals(0.3, RankingMetrics.precision(uncut, 3, 10), 1e-12);
    assertEquals(1, RankingMetrics.recall(uncut, 3, 10), 1e-12);
    boolean[] cut = hits(suggest(QUERY, 0.75, 10));
    assertEquals(1, RankingMetrics.precision(cut, 3, 3), 1e-12);
    assertEquals(1, RankingMetrics.recall(cut, 3, 10), 1e-12);
  }

  private static boolean[] hits(List<String> found) {
    boolean[] hits = new boolean[found.size()];
    for (int i = 0; i < hits.length; i++) {
      hits[i] = PLANTED.contains(found.get(i));
    }
    return hits;
  }

  @Test
  void anEmptyQuerySuggestsNothing() {
    assertEquals(List.of(), suggest("", 0, 10));
    assertEquals(List.of(), suggest("( ) AND [tiab]", 0, 10));
  }

  @Test
  void aPhraseOfUnknownWordsFindsWhatLooksAlike() {
    assertEquals(List.of("D001241"), suggest("asprin", 0.75, 10));
  }
}
