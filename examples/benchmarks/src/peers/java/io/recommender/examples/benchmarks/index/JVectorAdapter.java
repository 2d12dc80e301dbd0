package io.recommender.examples.benchmarks.index;

import io.github.jbellis.jvector.graph.GraphIndexBuilder;
import io.github.jbellis.jvector.graph.GraphSearcher;
import io.github.jbellis.jvector.graph.ImmutableGraphIndex;
import io.github.jbellis.jvector.graph.ListRandomAccessVectorValues;
import io.github.jbellis.jvector.graph.RandomAccessVectorValues;
import io.github.jbellis.jvector.graph.SearchResult;
import io.github.jbellis.jvector.graph.similarity.BuildScoreProvider;
import io.github.jbellis.jvector.graph.similarity.DefaultSearchScoreProvider;
import io.github.jbellis.jvector.util.Bits;
import io.github.jbellis.jvector.vector.VectorSimilarityFunction;
import io.github.jbellis.jvector.vector.VectorizationProvider;
import io.github.jbellis.jvector.vector.types.VectorFloat;
import io.github.jbellis.jvector.vector.types.VectorTypeSupport;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ForkJoinPool;
import org.jspecify.annotations.Nullable;

/**
 * JVector with its graph and full-precision vectors on the heap: degree 2m at the lowest level and
 * m above, neighbour overflow and alpha as in its documentation. Its rerankK is ef. It computes
 * with whatever it chooses by itself.
 */
final class JVectorAdapter implements IndexAdapter {
  private static final float NEIGHBOR_OVERFLOW = 1.2f;
  private static final float ALPHA = 1.2f;
  private static final String VERSION_FILE =
      "/META-INF/maven/io.github.jbellis/jvector-base/pom.properties";

  private final Parameters parameters;
  private final VectorSimilarityFunction similarity;
  private final VectorTypeSupport types;
  private Bits accepted = Bits.ALL;
  private @Nullable Built built;

  private record Built(RandomAccessVectorValues vectors, GraphSearcher searcher) {}

  JVectorAdapter(Parameters parameters) {
    this.parameters = parameters;
    similarity =
        switch (parameters.metric()) {
          case IP -> VectorSimilarityFunction.DOT_PRODUCT;
          case L2 -> VectorSimilarityFunction.EUCLIDEAN;
          case COSINE -> VectorSimilarityFunction.COSINE;
        };
    types = VectorizationProvider.getInstance().getVectorTypeSupport();
  }

  @Override
  public String description() {
    Properties properties = new Properties();
    try (InputStream in = VectorizationProvider.class.getResourceAsStream(VERSION_FILE)) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      properties.clear();
    }
    return properties.getProperty("version", "version unknown")
        + ", "
        + VectorizationProvider.getInstance().getClass().getSimpleName();
  }

  @Override
  public void build(float[][] base, int threads) throws IOException {
    List<VectorFloat<?>> rows = new ArrayList<>(base.length);
    for (float[] row : base) {
      rows.add(types.createFloatVector(row));
    }
    RandomAccessVectorValues vectors = new ListRandomAccessVectorValues(rows, base[0].length);
    BuildScoreProvider scores = BuildScoreProvider.randomAccessScoreProvider(vectors, similarity);
    ForkJoinPool simdPool = new ForkJoinPool(threads);
    ForkJoinPool pool = new ForkJoinPool(threads);
    ImmutableGraphIndex graph;
    try (GraphIndexBuilder builder =
        GraphIndexBuilder.builder(
                scores, base[0].length, List.of(2 * parameters.m(), parameters.m()))
            .withBeamWidth(parameters.efConstruction())
            .withNeighborOverflow(NEIGHBOR_OVERFLOW)
            .withAlpha(ALPHA)
            .withSimdExecutor(simdPool)
            .withParallelExecutor(pool)
            .build()) {
      graph = builder.build(vectors);
    } finally {
      simdPool.shutdown();
      pool.shutdown();
    }
    built = new Built(vectors, new GraphSearcher(graph));
  }

  @Override
  public void filter(BitSet allowed) {
    accepted = allowed::get;
  }

  @Override
  public void clearFilter() {
    accepted = Bits.ALL;
  }

  @Override
  public int search(float[] query, int k, int ef, int[] rows) {
    Built index = built;
    VectorFloat<?> vector = types.createFloatVector(query);
    DefaultSearchScoreProvider scores =
        DefaultSearchScoreProvider.exact(vector, similarity, index.vectors());
    SearchResult.NodeScore[] nodes =
        index.searcher().search(scores, k, Math.max(k, ef), 0, 0, accepted).getNodes();
    for (int i = 0; i < nodes.length; i++) {
      rows[i] = nodes[i].node;
    }
    return nodes.length;
  }

  @Override
  public long offHeapBytes() {
    return 0;
  }

  @Override
  public void close() throws IOException {
    if (built != null) {
      built.searcher().close();
      built = null;
    }
  }
}
