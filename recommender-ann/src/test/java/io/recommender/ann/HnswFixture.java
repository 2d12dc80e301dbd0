package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.recommender.RecommenderException;
import io.recommender.Similarity;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SnapshotReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.provider.Arguments;

/** What tests of saved indexes share. */
final class HnswFixture {
  private HnswFixture() {}

  /** Returns every form of vectors with every similarity. */
  static List<Arguments> forms() {
    return Arrays.stream(Quantization.values())
        .flatMap(
            form ->
                Arrays.stream(Similarity.values())
                    .map(similarity -> Arguments.of(form, similarity)))
        .toList();
  }

  /** A builder of small indexes that walk and have codes all the same. */
  static HnswIndexBuilder small(int dimension, Similarity similarity, Quantization quantization) {
    return HnswIndex.builder(dimension, similarity)
        .quantization(quantization)
        .m(4)
        .efConstruction(20)
        .ef(12)
        .exactBelow(0)
        .trainedFrom(16);
  }

  static List<String> ids(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "item-" + i).toList();
  }

  /** Draws from a mixture: the same centres for every seed, so that queries are like items. */
  static float[][] clustered(int count, int dimension, double lengths, long seed) {
    Random places = new Random(100);
    float[][] centres = new float[30][dimension];
    for (float[] centre : centres) {
      for (int i = 0; i < dimension; i++) {
        centre[i] = (float) places.nextGaussian();
      }
    }
    Random random = new Random(seed);
    float[][] vectors = new float[count][dimension];
    for (float[] vector : vectors) {
      float[] centre = centres[random.nextInt(centres.length)];
      double length = Math.exp(lengths * random.nextGaussian());
      for (int i = 0; i < dimension; i++) {
        vector[i] = (float) (length * (centre[i] + 0.7 * random.nextGaussian()));
      }
    }
    return vectors;
  }

  /** Everything that searches tell, for each query. */
  static List<String> answers(HnswIndex index, float[][] queries, int k, SearchOptions options) {
    List<String> answers = new ArrayList<>();
    SearchHits hits = new SearchHits();
    for (float[] query : queries) {
      index.search(query, k, options, hits);
      int[] ordinals = IntStream.range(0, hits.size()).map(hits::ordinal).toArray();
      answers.add(
          "%s %s visited %d scored %d reranked %d exact %s complete %s"
              .formatted(
                  hits,
                  Arrays.toString(ordinals),
                  hits.visited(),
                  hits.scored(),
                  hits.reranked(),
                  hits.isExact(),
                  hits.isComplete()));
    }
    return answers;
  }

  /** The bytes of each section, which say all that is kept of an index. */
  static Map<String, byte[]> sections(Path file) {
    Map<String, byte[]> sections = new LinkedHashMap<>();
    try (SnapshotReader reader =
        SnapshotReader.open(file, HnswSnapshot.KIND, 1, HnswSnapshot.FORMAT)) {
      for (String name : reader.sections()) {
        SectionReader section = reader.section(name);
        byte[] bytes = new byte[(int) section.length()];
        section.getBytes(bytes, 0, bytes.length);
        sections.put(name, bytes);
      }
    }
    return sections;
  }

  static void assertSameSections(Path expected, Path found) {
    Map<String, byte[]> some = sections(expected);
    Map<String, byte[]> others = sections(found);
    assertEquals(List.copyOf(some.keySet()), List.copyOf(others.keySet()));
    some.forEach(
        (name, bytes) ->
            assertEquals(
                -1,
                Arrays.mismatch(bytes, others.get(name)),
                () -> "first difference in section " + name));
  }

  static RecommenderException assertRefused(RecommenderException.Kind kind, Executable action) {
    RecommenderException refusal = assertThrows(RecommenderException.class, action);
    assertEquals(kind, refusal.kind(), refusal::getMessage);
    return refusal;
  }
}
