package io.recommender.ann;

import io.recommender.Similarity;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Collects the parameters of an {@link HnswIndex}; see {@link HnswIndex#builder}. Every parameter
 * has a value that serves most catalogues.
 *
 * <p><b>Errors.</b> What is out of range is refused by the method that is given it, with an {@link
 * IllegalArgumentException} that names the range and what was found, null with a {@link
 * NullPointerException} that names the argument; the builder stays as it was.
 *
 * <p><b>Confined</b>. May be used again after {@link #build}, for further indexes.
 */
public final class HnswIndexBuilder {
  static final int MAX_EF = 1 << 20;

  final int dimension;
  final Similarity similarity;
  int m = 16;
  int efConstruction = 100;
  int ef = 64;
  long seed = 42;
  int threads = 1;
  @Nullable Executor executor;
  int expectedSize;
  int exactBelow = 2000;
  int bridgeBreadth = HnswQuery.BRIDGE_BREADTH;
  Quantization quantization = Quantization.AUTO;
  int trainedFrom = HnswCoder.TRAINED_FROM;
  long cachedBytes = HnswCoder.CACHED_BYTES;
  int axesFrom = HnswCoder.AXES_FROM;

  HnswIndexBuilder(int dimension, Similarity similarity) {
    this.dimension = inRange("dimension", dimension, 1, HnswIndex.MAX_DIMENSION);
    this.similarity = Objects.requireNonNull(similarity, "similarity");
  }

  /**
   * Sets the number of links of a node: m at the higher levels, 2m at the lowest.
   *
   * @param m from 2 to 256; 16 if never set
   * @return this
   */
  public HnswIndexBuilder m(int m) {
    this.m = inRange("m", m, 2, 256);
    return this;
  }

  /**
   * Sets how many candidates the search for a new node's neighbours keeps.
   *
   * @param efConstruction from 1 to {@value #MAX_EF}; 100 if never set
   * @return this
   */
  public HnswIndexBuilder efConstruction(int efConstruction) {
    this.efConstruction = inRange("efConstruction", efConstruction, 1, MAX_EF);
    return this;
  }

  /**
   * Sets how many items a search keeps unless it says otherwise.
   *
   * @param ef from 1 to {@value #MAX_EF}; 64 if never set
   * @return this
   */
  public HnswIndexBuilder ef(int ef) {
    this.ef = inRange("ef", ef, 1, MAX_EF);
    return this;
  }

  /**
   * Sets the seed of all that is drawn: the levels of nodes, the rotation of codes, and the items
   * by which recall is measured and diagnosed.
   *
   * @param seed any number; 42 if never set
   * @return this
   */
  public HnswIndexBuilder seed(long seed) {
    this.seed = seed;
    return this;
  }

  /**
   * Sets how many threads {@link HnswIndex#addAll}, {@link HnswIndex#searchAll} and repairs use,
   * with the one that calls; the graph does not depend on it. The others come from the {@link
   * #executor}, or else live as long as the call.
   *
   * @param threads from 1, which is the default, to 1024
   * @return this
   */
  public HnswIndexBuilder threads(int threads) {
    this.threads = inRange("threads", threads, 1, 1024);
    return this;
  }

  /**
   * Sets who runs what is done on several {@link #threads}: at most {@code threads - 1} tasks at
   * once, beside the calling thread. Without one, or with one thread only, it is not used.
   *
   * <p>The calling thread takes part, and waits only for tasks that have begun. So every call comes
   * to its end, with the same graph, if the executor refuses tasks, never begins them, is shut down
   * or runs them in the calling thread. A task that begins too late does nothing. Filters of {@link
   * HnswIndex#searchAll} are asked on its threads.
   *
   * <p><b>Lifetime.</b> The index keeps it for as long as it lives and never shuts it down. A file
   * has none: see {@link HnswIndex#open(java.nio.file.Path, HnswIndex.Opening, Executor)}.
   *
   * <p><b>Errors.</b> {@link java.util.concurrent.RejectedExecutionException} is no error. What
   * else {@link Executor#execute} throws comes out of the call, which then has added nothing.
   *
   * @param executor the executor, shared by any number of indexes
   * @return this
   */
  public HnswIndexBuilder executor(Executor executor) {
    this.executor = Objects.requireNonNull(executor, "executor");
    return this;
  }

  /**
   * Sets how many items memory is laid out for; more may be added. Nothing is taken before there
   * are items. Then it comes in pieces that suit the number, of at most 16 MiB of vectors each, and
   * little is left unused at the end. Without it pieces have 1,024 items, and tables that grow by
   * half have up to a third unused.
   *
   * @param expectedSize at least 0, which is the default
   * @return this
   */
  public HnswIndexBuilder expectedSize(int expectedSize) {
    this.expectedSize = inRange("expectedSize", expectedSize, 0, Integer.MAX_VALUE);
    return this;
  }

  /**
   * Sets in which form vectors are kept.
   *
   * @param quantization the form; {@link Quantization#AUTO} if never set
   * @return this
   */
  public HnswIndexBuilder quantization(Quantization quantization) {
    this.quantization = Objects.requireNonNull(quantization, "quantization");
    return this;
  }

  /** Sets below how many items every item is compared; for tests of the graph. */
  HnswIndexBuilder exactBelow(int exactBelow) {
    this.exactBelow = exactBelow;
    return this;
  }

  /** Sets how much broader walks are that step over items; for tests of these. */
  HnswIndexBuilder bridgeBreadth(int bridgeBreadth) {
    this.bridgeBreadth = bridgeBreadth;
    return this;
  }

  /** Sets from how many items on codes are relative to a mean; for tests of codes. */
  HnswIndexBuilder trainedFrom(int trainedFrom) {
    this.trainedFrom = trainedFrom;
    return this;
  }

  /** Sets from how many items on vectors may be projected; for tests of projections. */
  HnswIndexBuilder axesFrom(int axesFrom) {
    this.axesFrom = axesFrom;
    return this;
  }

  /** Sets how many bytes of floats are walked without codes by AUTO; for tests of the change. */
  HnswIndexBuilder cachedBytes(long cachedBytes) {
    this.cachedBytes = cachedBytes;
    return this;
  }

  /**
   * Estimates the memory of an index, without the item ids, which it shares with the caller, and
   * without what it remembers of filters. Where items have been replaced or removed there may be
   * four bytes an item more. {@link Quantization#AUTO} counts as what it comes to, with codes where
   * there are enough dimensions; an index that is still small has none yet, and takes less, as does
   * one whose vectors are {@linkplain Quantization#INT4_FLOAT projected}.
   *
   * @param size the number of items, from 0 to 2147483647, the most that an index has
   * @return the number of bytes, for a JVM with compressed references
   */
  public long estimatedBytes(long size) {
    inRange("size", size, 0, Integer.MAX_VALUE);
    Quantization form = quantization.resolved(dimension);
    long bytes = form.keepsFloats() ? (dimension + 15L) / 16 * 16 * Float.BYTES : 0;
    bytes += form.codeBytes(dimension);
    long links = 2L * m * NodeLinks.bytes(size);
    long upper = Integer.BYTES + (16 + (long) m * Integer.BYTES * m / (m - 1)) / m;
    // Weight, id, a share of the table of ids, beginning, links that were chosen together.
    long identity = 2L * Integer.BYTES + 6 + Integer.BYTES + 1;
    long entries = form.planes() > 0 ? EntryNodes.listBytes(size, m, form.codeBytes(dimension)) : 0;
    return size * (bytes + links + upper + identity) + entries;
  }

  /** Copies the parameters. */
  HnswIndexBuilder copy() {
    HnswIndexBuilder copy = new HnswIndexBuilder(dimension, similarity);
    copy.m = m;
    copy.efConstruction = efConstruction;
    copy.ef = ef;
    copy.seed = seed;
    copy.threads = threads;
    copy.executor = executor;
    copy.expectedSize = expectedSize;
    copy.exactBelow = exactBelow;
    copy.bridgeBreadth = bridgeBreadth;
    copy.quantization = quantization;
    copy.trainedFrom = trainedFrom;
    copy.cachedBytes = cachedBytes;
    copy.axesFrom = axesFrom;
    return copy;
  }

  /** Returns threads for one call, to be closed: as many as were set, but not more than given. */
  <W> HnswWorkers<W> workers(int most, Supplier<W> memory) {
    return new HnswWorkers<>(Math.min(threads, most), executor, memory);
  }

  /** {@return an empty index} */
  public HnswIndex build() {
    return new HnswIndex(this);
  }

  private static int inRange(String name, long value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s: expected %d to %d, found %d".formatted(name, least, most, value));
    }
    return (int) value;
  }
}
