package io.recommender.ann.vectors;

/** Ridge regression without a library: Gauss-Jordan on the normal equations. */
final class NormalEquations {
  private NormalEquations() {}

  /** Returns a row for each target dimension: the weights, then the offset, which is free. */
  static double[][] ridge(float[][] source, float[][] target, double lambda) {
    int from = source[0].length;
    int to = target[0].length;
    int unknowns = from + 1;
    double[][] system = new double[unknowns][unknowns + to];
    for (int row = 0; row < source.length; row++) {
      for (int i = 0; i < unknowns; i++) {
        double left = i < from ? source[row][i] : 1;
        for (int j = 0; j < unknowns; j++) {
          system[i][j] += left * (j < from ? source[row][j] : 1);
        }
        for (int j = 0; j < to; j++) {
          system[i][unknowns + j] += left * target[row][j];
        }
      }
    }
    for (int i = 0; i < from; i++) {
      system[i][i] += lambda;
    }
    for (int column = 0; column < unknowns; column++) {
      swapLargest(system, column);
      for (int row = 0; row < unknowns; row++) {
        double factor = row == column ? 0 : system[row][column] / system[column][column];
        for (int j = column; factor != 0 && j < system[row].length; j++) {
          system[row][j] -= factor * system[column][j];
        }
      }
    }
    double[][] solution = new double[to][unknowns];
    for (int j = 0; j < to; j++) {
      for (int i = 0; i < unknowns; i++) {
        solution[j][i] = system[i][unknowns + j] / system[i][i];
      }
    }
    return solution;
  }

  private static void swapLargest(double[][] system, int column) {
    int largest = column;
    for (int row = column + 1; row < system.length; row++) {
      if (Math.abs(system[row][column]) > Math.abs(system[largest][column])) {
        largest = row;
      }
    }
    double[] swapped = system[column];
    system[column] = system[largest];
    system[largest] = swapped;
  }
}
