package io.recommender.ann;

import io.recommender.Similarity;
import org.jspecify.annotations.Nullable;

/**
 * Gives nodes their codes, and decides what the codes are relative to.
 *
 * <p>The mean is that of the nodes there are once there are {@value #TRAINED_FROM}, and again each
 * time their number has grown fourfold; then all nodes get new codes, in new arrays, and searches
 * that have begun go on with the old ones. Where codes are all there is, they are renewed only
 * once, because each time loses a little; until then they are relative to the mean of the nodes
 * that came first.
 *
 * <p><b>Confined</b> to the writer.
 */
final class HnswCoder {
  /** With fewer nodes than this a mean says little, and comparing all vectors takes no time. */
  static final int TRAINED_FROM = 1024;

  /**
   * Fewer floats than this are in the cache anyway, and codes would only be one thing more to read.
   * Measured: at 6 MB floats are faster by a quarter, at 13 MB codes by two fifths.
   */
  static final long CACHED_BYTES = 8L << 20;

  /** With fewer nodes than this it takes a large part of a build to find axes. */
  static final int AXES_FROM = 8192;

  private static final int GROWTH = 4;

  private final HnswGraph graph;
  private final Quantization quantization;
  private final boolean euclidean;
  private final long seed;
  private final HnswIndexBuilder builder;
  private final int trainedFrom;
  private long trainedOn;

  HnswCoder(HnswGraph graph, Quantization quantization, HnswIndexBuilder builder) {
    this.graph = graph;
    this.quantization = quantization;
    euclidean = builder.similarity == Similarity.L2;
    seed = builder.seed;
    this.builder = builder;
    long bytes = 4L * graph.stride;
    boolean isAuto = builder.quantization == Quantization.AUTO;
    trainedFrom = (int) Math.max(builder.trainedFrom, isAuto ? builder.cachedBytes / bytes : 0);
    if (!quantization.keepsFloats()) {
      graph.setCodes(space(new float[graph.dimension]).rows(euclidean, graph.shift));
    }
  }

  private RotatedSpace space(float[] mean) {
    return quantization.space(mean, seed, null);
  }

  /** Returns what codes mean, once there are many nodes. */
  private RotatedSpace trained(float[] mean, int count) {
    RotatedSpace space = space(mean);
    boolean mayProject = quantization.mayProject() && AxesTrial.mayChoose(graph.dimension);
    if (mayProject && count >= builder.axesFrom && space instanceof NibbleSpace whole) {
      PrincipalAxes axes = new AxesTrial(graph, whole, euclidean, count).choose();
      return quantization.space(mean, seed, axes);
    }
    return space;
  }

  /** How many nodes the mean was taken of; 0 if it was not yet. */
  long trainedOn() {
    return trainedOn;
  }

  /** Goes on where another coder was. */
  void resume(long nodes) {
    trainedOn = nodes;
  }

  /** Codes new nodes. Their rows have been written. */
  void code(int[] nodes, float[][] vectors) {
    if (!quantization.isCoded() || nodes.length == 0) {
      return;
    }
    int count = graph.allocated();
    boolean first = trainedOn == 0 && count >= trainedFrom;
    boolean grown = trainedOn > 0 && count >= GROWTH * trainedOn && quantization.keepsFloats();
    boolean onlyCodes = !quantization.keepsFloats() && trainedOn == 0 && count == nodes.length;
    if (first || grown || onlyCodes) {
      train(given(count, nodes, vectors));
      trainedOn = first || grown ? count : 0;
      return;
    }
    NodeCodes codes = graph.view().codes();
    if (codes != null) {
      encode(codes, nodes, vectors);
    }
  }

  private void encode(NodeCodes codes, int[] nodes, float[][] vectors) {
    try (HnswWorkers<float[]> workers = workers(codes, nodes.length)) {
      workers.forEach(nodes.length, (rotated, i) -> codes.set(nodes[i], vectors[i], rotated));
    }
  }

  private HnswWorkers<float[]> workers(NodeCodes codes, int tasks) {
    return builder.workers(
        tasks < HnswInserter.SERIAL_BELOW ? 1 : Integer.MAX_VALUE,
        () -> new float[codes.space().length]);
  }

  /** Returns the vectors of nodes that came just now, and null of all others. */
  private static @Nullable float[][] given(int count, int[] nodes, float[][] vectors) {
    @Nullable float[][] given = new float[count][];
    for (int i = 0; i < nodes.length; i++) {
      given[nodes[i]] = vectors[i];
    }
    return given;
  }

  private void train(@Nullable float[][] given) {
    int count = given.length;
    double[] sums = new double[graph.dimension];
    float[] vector = new float[graph.dimension];
    float[] working = new float[0];
    for (int node = 0; node < count; node++) {
      float[] own = given[node];
      if (own == null) {
        working = graph.vector(node, vector, working);
        own = vector;
      }
      for (int i = 0; i < sums.length; i++) {
        sums[i] += own[i];
      }
    }
    float[] mean = new float[sums.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (float) (sums[i] / count);
    }
    NodeCodes codes =
        trained(mean, count).rows(euclidean, graph.shift).extended(graph.view().upper().length);
    try (HnswWorkers<float[]> workers = workers(codes, count)) {
      workers.forEach(
          count,
          (rotated, node) -> {
            float[] own = given[node];
            if (own == null) {
              own = new float[graph.dimension];
              graph.vector(node, own, rotated.clone());
            }
            codes.set(node, own, rotated);
          });
    }
    graph.setCodes(codes);
  }
}
