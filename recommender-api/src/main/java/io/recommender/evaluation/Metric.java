package io.recommender.evaluation;

import java.util.Locale;

/**
 * The metrics of recommended lists, each with the name of whose definition it is.
 *
 * <p>Where RecBole and Elliot mean different things by one word, both are here. A metric of single
 * users is the mean over the users for which it is defined.
 *
 * <p><b>Immutable</b>, and every method is <b>thread-safe</b>.
 */
public enum Metric {
  /** {@link RankingMetrics#hitRate}; RecBole Hit, Elliot HR. */
  HIT_RATE("hitRate", "HR", Better.HIGHER),
  /** {@link RankingMetrics#recall}; RecBole, Elliot. */
  RECALL("recall", "Recall", Better.HIGHER),
  /** {@link RankingMetrics#precision}; RecBole, Elliot. */
  PRECISION("precision", "Precision", Better.HIGHER),
  /** {@link RankingMetrics#f1}; Elliot. */
  F1("f1", "F1", Better.HIGHER),
  /** {@link RankingMetrics#reciprocalRank}; RecBole, Elliot. */
  MRR("mrr", "MRR", Better.HIGHER),
  /** {@link RankingMetrics#averagePrecision}; RecBole MAP. */
  MAP("map", "MAP", Better.HIGHER),
  /** {@link RankingMetrics#meanPrecision}; Elliot MAP. */
  MEAN_PRECISION("meanPrecision", "Mean precision", Better.HIGHER),
  /** {@link RankingMetrics#ndcg}; RecBole NDCG, Elliot nDCGRendle2020. */
  NDCG("ndcg", "NDCG", Better.HIGHER),
  /** {@link RankingMetrics#gradedNdcg}; Elliot nDCG. */
  GRADED_NDCG("gradedNdcg", "Graded NDCG", Better.HIGHER),
  /** {@link PopularityMetrics#epc}; Elliot EPC. */
  EPC("epc", "EPC", Better.HIGHER),
  /** {@link PopularityMetrics#efd}; Elliot EFD. */
  EFD("efd", "EFD", Better.HIGHER),
  /** {@link DistributionMetrics#itemCoverage}; Elliot ItemCoverage. */
  ITEM_COVERAGE("itemCoverage", "Items covered", Better.HIGHER),
  /** {@link DistributionMetrics#itemCoverageRatio}; RecBole ItemCoverage. */
  ITEM_COVERAGE_RATIO("itemCoverageRatio", "Coverage", Better.HIGHER),
  /** {@link DistributionMetrics#giniIndex}; RecBole GiniIndex. */
  GINI_INDEX("giniIndex", "Gini index", Better.LOWER),
  /** {@link DistributionMetrics#giniDiversity}; Elliot GiniIndex. */
  GINI_DIVERSITY("giniDiversity", "Gini diversity", Better.HIGHER),
  /** {@link DistributionMetrics#shannonEntropy}; Elliot SEntropy. */
  SHANNON_ENTROPY("shannonEntropy", "Entropy", Better.HIGHER),
  /** {@link DistributionMetrics#entropyPerItem}; RecBole ShannonEntropy. */
  ENTROPY_PER_ITEM("entropyPerItem", "Entropy per item", Better.NEITHER),
  /** {@link PopularityMetrics#arp}; Elliot ARP. */
  ARP("arp", "ARP", Better.LOWER),
  /** {@link PopularityMetrics#averagePopularity}; RecBole AveragePopularity. */
  AVERAGE_POPULARITY("averagePopularity", "Average popularity", Better.LOWER),
  /** {@link PopularityMetrics#aclt}; Elliot ACLT. */
  ACLT("aclt", "ACLT", Better.HIGHER),
  /** {@link PopularityMetrics#aplt}; Elliot APLT. */
  APLT("aplt", "APLT", Better.HIGHER),
  /** {@link PopularityMetrics#tailPercentage}; RecBole TailPercentage. */
  TAIL_PERCENTAGE("tailPercentage", "Tail percentage", Better.HIGHER),
  /** {@link PopularityMetrics#popReo}; Elliot PopREO. */
  POP_REO("popReo", "PopREO", Better.LOWER),
  /** {@link PopularityMetrics#popRsp}; Elliot PopRSP. */
  POP_RSP("popRsp", "PopRSP", Better.LOWER);

  /** Which of two values of a metric one would rather have. */
  public enum Better {
    /** The higher. */
    HIGHER,
    /** The lower. */
    LOWER,
    /** Neither: the value describes and does not judge. */
    NEITHER
  }

  private final String id;
  private final String label;
  private final Better better;

  Metric(String id, String label, Better better) {
    this.id = id;
    this.label = label;
    this.better = better;
  }

  /** {@return the name in JSON, such as {@code hitRate}; never changes} */
  public String id() {
    return id;
  }

  /** {@return the name in tables, such as {@code HR}} */
  public String label() {
    return label;
  }

  /** {@return which of two values one would rather have} */
  public Better better() {
    return better;
  }

  /** {@return whether this judges the items by what users chose, rather than describing them} */
  public boolean isAccuracy() {
    return ordinal() <= GRADED_NDCG.ordinal();
  }

  /**
   * Computes this metric.
   *
   * @param lists the lists
   * @param k the cutoff, at least 1
   * @param options the threshold and the other parameters
   * @return the value, NaN where it is undefined
   */
  public double compute(RankedLists lists, int k, MetricOptions options) {
    return switch (this) {
      case EPC -> PopularityMetrics.epc(lists, k, options);
      case EFD -> PopularityMetrics.efd(lists, k, options);
      case ITEM_COVERAGE -> DistributionMetrics.itemCoverage(lists, k);
      case ITEM_COVERAGE_RATIO -> DistributionMetrics.itemCoverageRatio(lists, k, options);
      case GINI_INDEX -> DistributionMetrics.giniIndex(lists, k, options);
      case GINI_DIVERSITY -> DistributionMetrics.giniDiversity(lists, k);
      case SHANNON_ENTROPY -> DistributionMetrics.shannonEntropy(lists, k);
      case ENTROPY_PER_ITEM -> DistributionMetrics.entropyPerItem(lists, k);
      case ARP -> PopularityMetrics.arp(lists, k);
      case AVERAGE_POPULARITY -> PopularityMetrics.averagePopularity(lists, k);
      case ACLT -> PopularityMetrics.aclt(lists, k, options);
      case APLT -> PopularityMetrics.aplt(lists, k, options);
      case TAIL_PERCENTAGE -> PopularityMetrics.tailPercentage(lists, k, options);
      case POP_REO -> PopularityMetrics.popReo(lists, k, options);
      case POP_RSP -> PopularityMetrics.popRsp(lists, k, options);
      default -> {
        Mean mean = new Mean();
        for (int u = 0; u < lists.size(); u++) {
          mean.add(ofUser(lists, u, k, options));
        }
        yield mean.value();
      }
    };
  }

  /** A value as people read it: four decimals for shares, fewer for counts; n/a for NaN. */
  String format(double value) {
    if (Double.isNaN(value)) {
      return "n/a";
    }
    String pattern =
        switch (this) {
          case ITEM_COVERAGE -> "%.0f";
          case ARP, AVERAGE_POPULARITY -> "%.1f";
          case EFD, SHANNON_ENTROPY -> "%.3f";
          default -> "%.4f";
        };
    return String.format(Locale.ROOT, pattern, value);
  }

  /** The value of an accuracy metric for one user, NaN where it is undefined. */
  double ofUser(RankedLists lists, int user, int k, MetricOptions options) {
    double threshold = options.relevanceThreshold();
    if (this == GRADED_NDCG) {
      return RankingMetrics.gradedNdcg(
          lists.gains(user, threshold), lists.relevantGains(user, threshold), k);
    }
    boolean[] hits = lists.hits(user, threshold);
    int relevant = lists.relevant(user, threshold);
    return switch (this) {
      case HIT_RATE -> RankingMetrics.hitRate(hits, relevant, k);
      case RECALL -> RankingMetrics.recall(hits, relevant, k);
      case PRECISION -> RankingMetrics.precision(hits, relevant, k);
      case F1 -> RankingMetrics.f1(hits, relevant, k);
      case MRR -> RankingMetrics.reciprocalRank(hits, relevant, k);
      case MAP -> RankingMetrics.averagePrecision(hits, relevant, k);
      case MEAN_PRECISION -> RankingMetrics.meanPrecision(hits, relevant, k);
      case NDCG -> RankingMetrics.ndcg(hits, relevant, k);
      default -> throw new IllegalArgumentException(this + " is no metric of single users");
    };
  }
}
