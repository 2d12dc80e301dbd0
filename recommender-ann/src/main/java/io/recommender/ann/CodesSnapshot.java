package io.recommender.ann;

import static io.recommender.ann.HnswSnapshot.MAX_SQUARES;
import static io.recommender.ann.HnswSnapshot.ROUNDING;
import static io.recommender.ann.HnswSnapshot.check;
import static io.recommender.ann.HnswSnapshot.checkLength;
import static io.recommender.ann.HnswSnapshot.invalid;

import io.recommender.Similarity;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The codes of a graph in its file: a section {@code codes}, which begins with {@link
 * Quantization#planes}, a seed and a mean and has the factors and codes of each node. If they are
 * codes of projections there is a section {@code axes}: what errors are widened by, what part of a
 * query may lie outside, and the axes.
 */
final class CodesSnapshot {
  /** From this version on there are biases by inner product too. */
  private static final int FORMAT_WITH_BIASES = 3;

  private CodesSnapshot() {}

  /**
   * Checks that there are codes if there must be, and that the sections are as long as they are.
   */
  static void checkLengths(
      SnapshotReader in, HnswIndexBuilder builder, HnswSnapshot.Counters counters) {
    int dimension = builder.dimension;
    Quantization form = builder.quantization.resolved(dimension);
    boolean hasCodes = in.sections().contains("codes");
    boolean isCoded = form.isCoded() && (counters.trained() > 0 || !form.keepsFloats());
    check(in, "codes", hasCodes == isCoded, isCoded ? "codes, found none" : "none, found codes");
    int axes = axes(in, dimension);
    boolean mayProject = isCoded && form.mayProject();
    check(in, "axes", axes == 0 || mayProject, "no axes, found " + axes);
    if (isCoded) {
      int length = axes == 0 ? RotatedSpace.length(dimension) : axes;
      long row = 2L * Float.BYTES + form.bits() * (length / 8L);
      long space = Integer.BYTES + Long.BYTES + (long) Float.BYTES * dimension;
      checkLength(in, "codes", space + counters.nodes() * row);
    }
  }

  /** Returns the number of axes, or zero if there are none. */
  private static int axes(SnapshotReader in, int dimension) {
    if (!in.sections().contains("axes")) {
      return 0;
    }
    long length = in.section("axes").length();
    int axes = (int) Math.min(Integer.MAX_VALUE, length / Float.BYTES / dimension);
    check(
        in,
        "axes",
        AxesTrial.mayChoose(axes, dimension),
        "axes to project %d dimensions on, found %d".formatted(dimension, axes));
    checkLength(in, "axes", Float.BYTES * (2 + (long) axes * dimension));
    return axes;
  }

  static void write(SnapshotWriter out, NodeCodes codes, Quantization form, int count) {
    RotatedSpace space = codes.space();
    SectionWriter section = out.section("codes");
    section.putInt(form.planes()).putLong(space.seed());
    section.putFloats(space.mean(), 0, space.dimension);
    for (int node = 0; node < count; node++) {
      section.putFloat(codes.scale(node)).putFloat(codes.bias(node));
      codes.write(node, section);
    }
    PrincipalAxes axes = space.axes();
    if (axes != null) {
      float[] rows = axes.rows();
      section = out.section("axes");
      section.putFloat(axes.widening).putFloat(axes.mostOutside).putFloats(rows, 0, rows.length);
    }
  }

  static void read(SnapshotReader in, HnswGraph graph, Similarity similarity, Quantization form) {
    SectionReader section = in.section("codes");
    int planes = section.getInt();
    check(
        in,
        "codes",
        planes == form.planes(),
        "%d planes, found %d".formatted(form.planes(), planes));
    long seed = section.getLong();
    float[] mean = new float[graph.dimension];
    section.getFloats(mean, 0, mean.length);
    double squares = VectorKernels.exactDot(mean, mean, 0, mean.length);
    check(
        in,
        "codes",
        squares <= MAX_SQUARES * ROUNDING,
        "a finite mean of a norm of at most %s, found norm %s"
            .formatted(HnswIndex.MAX_NORM, Math.sqrt(squares)));
    NodeCodes codes =
        form.space(mean, seed, readAxes(in, graph.dimension))
            .rows(similarity == Similarity.L2, graph.shift)
            .extended(graph.view().upper().length);
    for (int node = 0; node < graph.allocated(); node++) {
      float scale = section.getFloat();
      float bias = section.getFloat();
      if (!NodeCodes.mayBeFactors(scale, bias, codes.euclidean())) {
        throw invalid(
            in,
            "codes",
            "expected a scale from 0 to %s and a number from %s to %s of node %d, found %s and %s"
                .formatted(
                    NodeCodes.MAX_SCALE,
                    -NodeCodes.MAX_BIAS,
                    NodeCodes.mostBias(codes.euclidean()),
                    node,
                    scale,
                    bias));
      }
      codes.setFactors(node, scale, bias);
      codes.read(node, section);
    }
    section.finish();
    graph.setCodes(codes);
    if (in.formatVersion() < FORMAT_WITH_BIASES && !codes.euclidean()) {
      addBiases(graph, codes);
    }
  }

  /** Computes biases that earlier versions did not have. */
  private static void addBiases(HnswGraph graph, NodeCodes codes) {
    float[] vector = new float[graph.dimension];
    float[] working = new float[0];
    for (int node = 0; node < graph.allocated(); node++) {
      working = graph.vector(node, vector, working);
      codes.setFactors(node, codes.scale(node), codes.space().productWithMean(vector));
    }
  }

  private static @Nullable PrincipalAxes readAxes(SnapshotReader in, int dimension) {
    int count = axes(in, dimension);
    if (count == 0) {
      return null;
    }
    SectionReader section = in.section("axes");
    float widening = section.getFloat();
    float most = PrincipalAxes.MOST_WIDENING;
    boolean mayBe = widening >= 1 && widening <= most;
    check(in, "axes", mayBe, "a factor from 1 to %s, found %s".formatted(most, widening));
    float outside = section.getFloat();
    check(in, "axes", outside >= 0 && outside <= 1, "a part from 0 to 1, found " + outside);
    float[] rows = new float[count * dimension];
    section.getFloats(rows, 0, rows.length);
    section.finish();
    for (int axis = 0; axis < count; axis++) {
      float[] row = Arrays.copyOfRange(rows, axis * dimension, (axis + 1) * dimension);
      double squares = VectorKernels.exactDot(row, row, 0, dimension);
      mayBe = squares <= PrincipalAxes.MOST_SQUARES;
      check(in, "axes", mayBe, "axes of length 1, found one of length " + Math.sqrt(squares));
    }
    return new PrincipalAxes(count, rows, widening, outside);
  }
}
