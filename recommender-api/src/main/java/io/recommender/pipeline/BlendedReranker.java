package io.recommender.pipeline;

import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * Ranks by the weighted mean of the scores of several rerankers, each of which sees one side of the
 * request, such as a photo or a table of measurements: late fusion.
 *
 * <pre>{@code
 * Reranker crops =
 *     BlendedReranker.builder()
 *         .branch("soil and weather", 0.6, trees)
 *         .optionalBranch("photo", 0.4, ofPhoto, "pixel_values")
 *         .build();
 * }</pre>
 *
 * <p><b>Scores.</b> The sum of weight times score over the branches that take part, divided by the
 * sum of their weights. So means of probabilities are probabilities, and where those of each branch
 * add up to 1 over the candidates, so do the means. Scores of the branches have to be of one scale;
 * for others there is {@link Fusion}. {@link ScoredItem#taskScores} has the score of each branch by
 * its name.
 *
 * <p><b>Absent features.</b> An optional branch takes no part in a request whose context lacks a
 * feature that it needs; a {@link Notice} says so, and the others decide as if it did not exist. If
 * none takes part, the candidates stay as they are.
 *
 * <p><b>Order.</b> By descending mean; equal means keep the order of the candidates. A candidate
 * that a branch drops is dropped.
 *
 * <p><b>Thread safety.</b> As that of the branches, which are asked one after the other.
 *
 * <p><b>Lifetime.</b> Closing closes the branches.
 */
public final class BlendedReranker implements Reranker {
  private static final Comparator<ScoredItem> BEST_FIRST =
      Comparator.comparingDouble((ToDoubleFunction<ScoredItem>) ScoredItem::score).reversed();

  private final List<Branch> branches;

  private BlendedReranker(Builder builder) {
    branches = List.copyOf(builder.branches);
  }

  private record Branch(String name, double weight, Reranker reranker, List<String> needs) {

    Set<String> missing(RecommendationRequest request) {
      Set<String> missing = new TreeSet<>(needs);
      missing.removeAll(request.context().keySet());
      return missing;
    }
  }

  /**
   * Starts a reranker.
   *
   * @return a builder without branches
   */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects branches. <b>Confined</b>. */
  public static final class Builder {
    private final List<Branch> branches = new ArrayList<>();

    private Builder() {}

    /**
     * Adds a branch that takes part in every request.
     *
     * @param name its name, each once
     * @param weight what its scores weigh, finite and above 0
     * @param reranker scores the candidates; closed with the whole
     * @return this
     * @throws IllegalArgumentException if the weight is out of its range, or the name is there
     */
    public Builder branch(String name, double weight, Reranker reranker) {
      return add(new Branch(name, weight, reranker, List.of()));
    }

    /**
     * Adds a branch that takes part in requests that have all it needs.
     *
     * @param name its name, each once
     * @param weight what its scores weigh, finite and above 0
     * @param reranker scores the candidates; closed with the whole
     * @param needs the features of the request's context that it needs, at least one
     * @return this
     * @throws IllegalArgumentException if the weight is out of its range, the name is there, or
     *     nothing is needed
     */
    public Builder optionalBranch(String name, double weight, Reranker reranker, String... needs) {
      if (needs.length == 0) {
        throw new IllegalArgumentException(
            "branch '%s': expected a feature that it needs, found none".formatted(name));
      }
      return add(new Branch(name, weight, reranker, Arrays.asList(needs.clone())));
    }

    private Builder add(Branch branch) {
      Objects.requireNonNull(branch.name(), "name");
      Objects.requireNonNull(branch.reranker(), "reranker");
      if (!(branch.weight() > 0) || Double.isInfinite(branch.weight())) {
        throw new IllegalArgumentException(
            "weight of branch '%s': expected a finite number above 0, found %s"
                .formatted(branch.name(), branch.weight()));
      }
      if (branches.stream().anyMatch(other -> other.name().equals(branch.name()))) {
        throw new IllegalArgumentException(
            "branch '%s': expected once, found twice".formatted(branch.name()));
      }
      branches.add(branch);
      return this;
    }

    /**
     * Returns the reranker.
     *
     * @return the reranker
     * @throws IllegalArgumentException if there is no branch
     */
    public BlendedReranker build() {
      if (branches.isEmpty()) {
        throw new IllegalArgumentException("branches: expected at least one, found none");
      }
      return new BlendedReranker(this);
    }
  }

  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    return rerankWithNotices(request, candidates, notice -> {});
  }

  /**
   * {@inheritDoc}
   *
   * <p>If a branch throws, so does this, and nothing is kept of the call.
   */
  @Override
  public List<ScoredItem> rerankWithNotices(
      RecommendationRequest request,
      List<ScoredItem> candidates,
      Consumer<? super Notice> notices) {
    if (candidates.isEmpty()) {
      return List.of();
    }
    List<Branch> taking = new ArrayList<>();
    List<Map<String, ScoredItem>> scored = new ArrayList<>();
    double total = 0;
    for (Branch branch : branches) {
      Set<String> missing = branch.missing(request);
      if (missing.isEmpty()) {
        taking.add(branch);
        scored.add(scoredBy(branch, request, candidates, notices));
        total += branch.weight();
      } else {
        notices.accept(
            new Notice(
                Notice.Code.PART_LEFT_OUT,
                missing.size(),
                "Branch '%s' took no part: the request has no %s."
                    .formatted(branch.name(), missing)));
      }
    }
    if (taking.isEmpty()) {
      return List.copyOf(candidates);
    }
    List<ScoredItem> ranked = new ArrayList<>(candidates.size());
    for (ScoredItem candidate : candidates) {
      double mean = 0;
      boolean isKept = true;
      Map<String, Double> byBranch = new HashMap<>();
      for (int i = 0; i < taking.size() && isKept; i++) {
        ScoredItem item = scored.get(i).get(candidate.itemId());
        isKept = item != null;
        if (item != null) {
          // The share first: a sum of large scores must not be infinite where their mean is not.
          mean += taking.get(i).weight() / total * item.score();
          byBranch.put(taking.get(i).name(), item.score());
        }
      }
      if (isKept) {
        ranked.add(new ScoredItem(candidate.itemId(), mean, candidate.source(), byBranch));
      }
    }
    ranked.sort(BEST_FIRST);
    return ranked;
  }

  private static Map<String, ScoredItem> scoredBy(
      Branch branch,
      RecommendationRequest request,
      List<ScoredItem> candidates,
      Consumer<? super Notice> notices) {
    Map<String, ScoredItem> byId = new HashMap<>();
    branch
        .reranker()
        .rerankWithNotices(request, candidates, notices)
        .forEach(item -> byId.put(item.itemId(), item));
    return byId;
  }

  /** Closes the branches, each, and throws what the first of those that failed threw. */
  @Override
  public void close() {
    RuntimeException failure = null;
    for (Branch branch : branches) {
      try {
        branch.reranker().close();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public String toString() {
    return "BlendedReranker" + branches.stream().map(Branch::name).toList();
  }
}
