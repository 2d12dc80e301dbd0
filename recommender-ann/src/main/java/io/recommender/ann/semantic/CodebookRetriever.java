package io.recommender.ann.semantic;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.Query;
import io.recommender.Retriever;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the items whose vectors, as far as their codes tell them, have the highest inner products
 * with a query: an index of vectors in a few bytes for each item.
 *
 * <pre>{@code
 * Retriever retriever = new CodebookRetriever(quantizer, index).reranked(vectors, 200);
 * List<ScoredItem> top = retriever.retrieve(new Query.Vector(userVector), 10, inStock);
 * }</pre>
 *
 * <p>The inner product with a sum of entries is the sum of inner products with the entries, which
 * {@link ResidualQuantizer#products} computes once for a query; {@link SemanticIdIndex#search} then
 * finds the best items exactly. Cosine and distance are no such sums: this is for inner products,
 * or for vectors of length 1, on which all three rank alike up to what codes leave out.
 *
 * <p><b>Order.</b> By descending score; equal scores in the order in which items were first added.
 *
 * <p><b>Thread safety.</b> Thread-safe. A search sees the index as it was at one moment.
 */
public final class CodebookRetriever implements Retriever {
  private final ResidualQuantizer quantizer;
  private final SemanticIdIndex index;
  private final @Nullable ItemIndex vectors;
  private final int candidates;

  /**
   * Joins a quantizer and the codes of items.
   *
   * @param quantizer what the codes are of
   * @param index the codes of items. It may have further levels, such as one that tells items of
   *     one code apart; they do not count
   * @throws IllegalArgumentException if the levels of the index do not begin with those of the
   *     quantizer, or its items have unequal lengths
   */
  public CodebookRetriever(ResidualQuantizer quantizer, SemanticIdIndex index) {
    this(quantizer, index, null, 0);
    CodeShape expected = quantizer.shape();
    CodeShape found = index.shape();
    boolean fits = !found.hasUnequalLengths() && found.levels() >= expected.levels();
    for (int level = 0; fits && level < expected.levels(); level++) {
      fits = expected.size(level) == found.size(level);
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "index: expected codes that begin with %s, found %s".formatted(expected, found));
    }
  }

  private CodebookRetriever(
      ResidualQuantizer quantizer,
      SemanticIdIndex index,
      @Nullable ItemIndex vectors,
      int candidates) {
    this.quantizer = quantizer;
    this.index = index;
    this.vectors = vectors;
    this.candidates = candidates;
  }

  /**
   * Returns a retriever that ranks the best items by their vectors instead of their codes.
   *
   * @param vectors where the vectors of items are; an item that it does not have keeps the score of
   *     its code
   * @param candidates how many items are ranked so, at least 1; k if more are asked for
   * @return the retriever
   * @throws IllegalArgumentException if the number is below 1, vectors have another length or are
   *     compared by something else than inner products
   */
  public CodebookRetriever reranked(ItemIndex vectors, int candidates) {
    Objects.requireNonNull(vectors, "vectors");
    if (candidates < 1) {
      throw new IllegalArgumentException("candidates: expected at least 1, found " + candidates);
    }
    if (vectors.dimension() != quantizer.dimension()) {
      throw new IllegalArgumentException(
          "vectors: expected dimension %d, found %d"
              .formatted(quantizer.dimension(), vectors.dimension()));
    }
    if (vectors.similarity() != Similarity.DOT) {
      throw new IllegalArgumentException(
          "vectors: expected similarity DOT, found " + vectors.similarity());
    }
    return new CodebookRetriever(quantizer, index, vectors, candidates);
  }

  /**
   * Answers a {@link Query.Vector}.
   *
   * @throws IllegalArgumentException if it is any other query
   */
  @Override
  public List<ScoredItem> retrieve(Query query, int k, ItemFilter filter) {
    if (query instanceof Query.Vector vector) {
      return search(vector.values(), k, filter);
    }
    throw new IllegalArgumentException(
        "query: a codebook retriever answers vectors, found " + query.getClass().getSimpleName());
  }

  /**
   * Returns the items with the highest inner products with a vector.
   *
   * @param query the vector; not kept, not changed
   * @param k how many items, at least 1
   * @param filter which items may be returned
   * @return at most k available and accepted items, best first; fewer only if there are fewer
   * @throws IllegalArgumentException if k is below 1, or the query has another length or is not
   *     finite
   */
  public List<ScoredItem> search(float[] query, int k, ItemFilter filter) {
    float[][] products = quantizer.products(query);
    CodeShape shape = index.shape();
    float[][] scores = new float[shape.levels()][];
    for (int level = 0; level < scores.length; level++) {
      scores[level] = level < products.length ? products[level] : new float[shape.size(level)];
    }
    ItemIndex exact = vectors;
    if (exact == null || k < 1) {
      return index.search(scores, k, filter);
    }
    List<ScoredItem> ranked = new ArrayList<>();
    for (ScoredItem item : index.search(scores, Math.max(k, candidates), filter)) {
      Optional<float[]> vector = exact.vector(item.itemId());
      ranked.add(
          vector.isPresent() ? new ScoredItem(item.itemId(), product(query, vector.get())) : item);
    }
    ranked.sort(Comparator.comparingDouble(ScoredItem::score).reversed());
    return List.copyOf(ranked.subList(0, Math.min(k, ranked.size())));
  }

  private static double product(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  @Override
  public String toString() {
    return "CodebookRetriever[%s, %s%s]"
        .formatted(quantizer, index, vectors == null ? "" : ", reranks " + candidates);
  }
}
