package io.recommender.examples.benchmarks.index;

import io.recommender.Similarity;

/** How two vectors are compared. A higher score is always better. */
enum Metric {
  /** The inner product. */
  IP(Similarity.DOT),
  /** The negative squared Euclidean distance. */
  L2(Similarity.L2),
  /** The cosine of the angle; 0 for a vector of zeros. */
  COSINE(Similarity.COSINE);

  private final Similarity similarity;

  Metric(Similarity similarity) {
    this.similarity = similarity;
  }

  Similarity similarity() {
    return similarity;
  }

  /** Returns the score of two vectors of the same length, computed in double precision. */
  double score(float[] query, float[] row) {
    double dot = 0;
    double squaredDistance = 0;
    double queryNorm = 0;
    double rowNorm = 0;
    for (int i = 0; i < query.length; i++) {
      double difference = (double) query[i] - row[i];
      squaredDistance += difference * difference;
      dot += (double) query[i] * row[i];
      queryNorm += (double) query[i] * query[i];
      rowNorm += (double) row[i] * row[i];
    }
    return switch (this) {
      case IP -> dot;
      case L2 -> -squaredDistance;
      case COSINE -> queryNorm == 0 || rowNorm == 0 ? 0 : dot / Math.sqrt(queryNorm * rowNorm);
    };
  }
}
