package io.recommender.ann.vectors;

import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.decomposition.chol.CholeskyDecompositionInner_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.dense.row.linsol.chol.LinearSolverChol_DDRM;
import org.ejml.interfaces.decomposition.SingularValueDecomposition_F64;

/** Fits linear maps in closed form. */
final class LinearFit {
  // Of the largest pivot: a smaller one is what rounding leaves of zero.
  private static final double LEAST_PIVOT = 1e-12;
  private static final int BLOCK = 1024;

  private LinearFit() {}

  static LinearMap ridge(float[][] source, float[][] target, double lambda) {
    int from = Checks.vectors("source", source);
    int to = Checks.vectors("target", target);
    checkPairs(source, target);
    if (!(lambda >= 0) || Double.isInfinite(lambda)) {
      throw new IllegalArgumentException(
          "lambda: expected a finite number of at least 0, found " + lambda);
    }
    double[] sourceMean = mean(source, from);
    double[] targetMean = mean(target, to);
    DMatrixRMaj gram = products(source, sourceMean, source, sourceMean);
    for (int i = 0; i < from; i++) {
      gram.add(i, i, lambda);
    }
    DMatrixRMaj products = products(source, sourceMean, target, targetMean);
    DMatrixRMaj weights = new DMatrixRMaj(to, from);
    CommonOps_DDRM.transpose(solve(gram, products, lambda), weights);
    double[] offset = targetMean.clone();
    for (int row = 0; row < to; row++) {
      for (int column = 0; column < from; column++) {
        offset[row] -= weights.get(row, column) * sourceMean[column];
      }
    }
    return new LinearMap(weights, offset);
  }

  /** Solves for a symmetric matrix, which is overwritten. */
  private static DMatrixRMaj solve(DMatrixRMaj gram, DMatrixRMaj right, double lambda) {
    CholeskyDecompositionInner_DDRM cholesky = new CholeskyDecompositionInner_DDRM(true);
    LinearSolverChol_DDRM solver = new LinearSolverChol_DDRM(cholesky);
    if (!solver.setA(gram) || !isWellPosed(cholesky.getT())) {
      throw new IllegalArgumentException(
          "lambda: expected a larger one for source vectors that depend on each other linearly,"
              + " found "
              + lambda);
    }
    DMatrixRMaj solution = new DMatrixRMaj(right.numRows, right.numCols);
    solver.solve(right, solution);
    return solution;
  }

  private static boolean isWellPosed(DMatrixRMaj lower) {
    double least = Double.POSITIVE_INFINITY;
    double largest = 0;
    for (int i = 0; i < lower.numRows; i++) {
      double pivot = lower.get(i, i) * lower.get(i, i);
      least = Math.min(least, pivot);
      largest = Math.max(largest, pivot);
    }
    return least > LEAST_PIVOT * largest;
  }

  static LinearMap orthogonal(float[][] source, float[][] target) {
    int dimension = Checks.vectors("source", source);
    int found = Checks.vectors("target", target);
    checkPairs(source, target);
    if (found != dimension) {
      throw new IllegalArgumentException(
          "target: expected dimension %d as the source has, found %d".formatted(dimension, found));
    }
    double[] origin = new double[dimension];
    DMatrixRMaj products = products(target, origin, source, origin);
    SingularValueDecomposition_F64<DMatrixRMaj> svd =
        DecompositionFactory_DDRM.svd(dimension, dimension, true, true, false);
    if (!svd.decompose(products)) {
      throw new IllegalArgumentException(
          "source and target: expected vectors of like magnitude, found none that can be turned");
    }
    DMatrixRMaj weights = new DMatrixRMaj(dimension, dimension);
    CommonOps_DDRM.mult(svd.getU(null, false), svd.getV(null, true), weights);
    return new LinearMap(weights, new double[dimension]);
  }

  private static void checkPairs(float[][] source, float[][] target) {
    if (source.length != target.length) {
      throw new IllegalArgumentException(
          "target: expected %d vectors, one for each of the source, found %d"
              .formatted(source.length, target.length));
    }
  }

  private static double[] mean(float[][] vectors, int dimension) {
    double[] mean = new double[dimension];
    for (float[] vector : vectors) {
      for (int i = 0; i < dimension; i++) {
        mean[i] += vector[i];
      }
    }
    for (int i = 0; i < dimension; i++) {
      mean[i] /= vectors.length;
    }
    return mean;
  }

  /** Sums up the outer products of pairs of vectors, each without its mean, block by block. */
  private static DMatrixRMaj products(
      float[][] left, double[] leftMean, float[][] right, double[] rightMean) {
    DMatrixRMaj sum = new DMatrixRMaj(leftMean.length, rightMean.length);
    for (int first = 0; first < left.length; first += BLOCK) {
      int end = Math.min(left.length, first + BLOCK);
      CommonOps_DDRM.multAddTransA(
          centered(left, first, end, leftMean), centered(right, first, end, rightMean), sum);
    }
    return sum;
  }

  private static DMatrixRMaj centered(float[][] vectors, int first, int end, double[] mean) {
    DMatrixRMaj matrix = new DMatrixRMaj(end - first, mean.length);
    for (int row = first; row < end; row++) {
      for (int column = 0; column < mean.length; column++) {
        matrix.set(row - first, column, vectors[row][column] - mean[column]);
      }
    }
    return matrix;
  }
}
