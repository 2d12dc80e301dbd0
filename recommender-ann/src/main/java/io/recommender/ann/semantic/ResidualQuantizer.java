package io.recommender.ann.semantic;

import io.recommender.RecommenderException;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/**
 * Turns vectors into codes and back: a vector is close to the sum of one entry of the codebook of
 * each level. The first level has most of it, each further one a part of what is left; so items
 * that are alike share their first codes, which makes them semantic ids.
 *
 * <pre>{@code
 * ResidualQuantizer quantizer = ResidualQuantizer.builder(4, 256).fit(itemVectors);
 * SemanticIdIndex index = SemanticIdIndex.builder(quantizer.shape()).build();
 * index.addAll(itemIds, quantizer.encodeApart(itemVectors));
 * List<ScoredItem> top = index.search(quantizer.products(userVector), 10);
 * }</pre>
 *
 * <p>Codebooks come from {@link Builder#fit}, k-means level by level, or from a trained RQ-VAE: see
 * {@link #of}. Vectors are what its encoder puts out.
 *
 * <p><b>Shapes.</b> Vectors have length {@link #dimension} and are finite; codes have the shape
 * {@link #shape}.
 *
 * <p><b>Encoding</b> keeps several beginnings of a code in play, as many as the beam is wide (Chen,
 * Guan and Wang 2010, approximate nearest neighbor search by residual vector quantization; Babenko
 * and Lempitsky 2014 for the beam). The result is never worse than with a beam of 1, which takes
 * the nearest entry of each level. Arithmetic is that of floats in a fixed order: codes do not
 * depend on the machine.
 *
 * <p><b>Immutable</b>.
 *
 * <p><b>Cost.</b> Encoding compares with all entries of a level, for each beginning in play: about
 * beam * levels * size * dimension multiplications.
 */
public final class ResidualQuantizer {
  /** The width of the beam unless another one is given. */
  public static final int DEFAULT_BEAM = 5;

  private final float[][][] codebooks;
  private final int dimension;
  private final CodeShape shape;
  private final ResidualEncoder encoder;
  private final SavedFiles files = new SavedFiles(QuantizerSnapshot.KIND, QuantizerSnapshot.FORMAT);

  private ResidualQuantizer(float[][][] codebooks) {
    this.codebooks = codebooks;
    dimension = codebooks[0][0].length;
    shape = CodeShape.of(Arrays.stream(codebooks).mapToInt(book -> book.length).toArray());
    encoder = new ResidualEncoder(codebooks, dimension);
  }

  /**
   * Starts a quantizer that is fitted to vectors.
   *
   * @param levels how many codes a vector gets, at least 1
   * @param size how many entries each codebook has, at least 1
   * @return a builder
   * @throws IllegalArgumentException if a number is below 1
   */
  public static Builder builder(int levels, int size) {
    return new Builder(CodeShape.of(levels, size));
  }

  /**
   * Returns a quantizer with codebooks that were trained elsewhere, such as by an RQ-VAE.
   *
   * @param codebooks the entries of each level, all of the same length and finite; copied
   * @return the quantizer
   * @throws IllegalArgumentException if there is no level, no entry or no element, or an entry is
   *     wrong
   */
  public static ResidualQuantizer of(float[][][] codebooks) {
    float[][][] copy = copy(codebooks);
    for (int level = 0; level < Math.max(1, copy.length); level++) {
      if (copy.length == 0 || copy[level].length == 0 || copy[0][0].length == 0) {
        throw new IllegalArgumentException(
            "codebooks: expected at least one level, entry and element, found none");
      }
      for (int code = 0; code < copy[level].length; code++) {
        Rows.check(
            "codebook entry %d of level %d".formatted(code, level),
            copy[level][code],
            copy[0][0].length);
      }
    }
    return new ResidualQuantizer(copy);
  }

  private static float[][][] copy(float[][][] codebooks) {
    float[][][] copy = new float[codebooks.length][][];
    for (int level = 0; level < copy.length; level++) {
      copy[level] = new float[codebooks[level].length][];
      for (int code = 0; code < copy[level].length; code++) {
        copy[level][code] = codebooks[level][code].clone();
      }
    }
    return copy;
  }

  /** {@return what codes look like} */
  public CodeShape shape() {
    return shape;
  }

  /** {@return the length of vectors} */
  public int dimension() {
    return dimension;
  }

  /** {@return a copy of the codebooks, by level, code and element} */
  public float[][][] codebooks() {
    return copy(codebooks);
  }

  /**
   * Returns the code of a vector, found with a beam of {@value #DEFAULT_BEAM}.
   *
   * @param vector the vector
   * @return its code
   * @throws IllegalArgumentException if the vector has another length or is not finite
   */
  public int[] encode(float[] vector) {
    return encode(vector, DEFAULT_BEAM);
  }

  /**
   * Returns the code of a vector.
   *
   * @param vector the vector
   * @param beam how many beginnings are kept in play, at least 1
   * @return its code
   * @throws IllegalArgumentException if the beam is below 1, or the vector has another length or is
   *     not finite
   */
  public int[] encode(float[] vector, int beam) {
    Rows.check("vector", vector, dimension);
    ResidualEncoder.Beam codes = encoder.new Beam(checkedBeam(beam));
    codes.encode(vector);
    return codes.code(0);
  }

  /**
   * Returns the codes of vectors, found with a beam of {@value #DEFAULT_BEAM}.
   *
   * @param vectors the vectors
   * @return one code for each
   * @throws IllegalArgumentException if a vector has another length or is not finite
   */
  public int[][] encodeAll(float[][] vectors) {
    ResidualEncoder.Beam beam = encoder.new Beam(DEFAULT_BEAM);
    int[][] codes = new int[vectors.length][];
    for (int i = 0; i < codes.length; i++) {
      Rows.check("vector " + i, vectors[i], dimension);
      beam.encode(vectors[i]);
      codes[i] = beam.code(0);
    }
    return codes;
  }

  /**
   * Returns codes of vectors that collide as little as possible: among those that share all codes
   * but the last, last codes are dealt out so that none is taken twice before all are taken, by
   * balanced transport as in LC-Rec (Zheng et al. 2024). Vectors that collide with none keep their
   * code.
   *
   * @param vectors the vectors of all items
   * @return one code for each; all different if no more vectors share a beginning than the last
   *     level has codes
   * @throws IllegalArgumentException if a vector has another length or is not finite
   */
  public int[][] encodeApart(float[][] vectors) {
    int[][] codes = encodeAll(vectors);
    new LastCodes(codebooks, vectors, codes).spread();
    return codes;
  }

  /**
   * Returns the vector that a code stands for.
   *
   * @param code the code
   * @return the sum of its entries
   * @throws IllegalArgumentException if the code does not have the shape
   */
  public float[] decode(int... code) {
    shape.check("code", code);
    float[] vector = new float[dimension];
    for (int level = 0; level < code.length; level++) {
      float[] entry = codebooks[level][code[level]];
      for (int i = 0; i < dimension; i++) {
        vector[i] += entry[i];
      }
    }
    return vector;
  }

  /**
   * Returns the inner products of a query with every entry: the scores of codes with which {@link
   * SemanticIdIndex#search} finds the items whose decoded vectors have the highest inner products
   * with the query.
   *
   * @param query the query
   * @return the products, by level and code
   * @throws IllegalArgumentException if the query has another length or is not finite
   */
  public float[][] products(float[] query) {
    Rows.check("query", query, dimension);
    return encoder.products(query);
  }

  /**
   * Saves the codebooks. The file is replaced as a whole or not at all.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException SNAPSHOT_STALE if the file is there and is not what this quantizer
   *     was opened from or last saved to; SNAPSHOT_INVALID if it is something else; STORAGE_FAILED
   *     if it cannot be written. The file is then as it was
   */
  public void save(Path file) {
    files.save(file, out -> QuantizerSnapshot.write(out, codebooks));
  }

  /**
   * Saves the codebooks over whatever quantizer the file has; for one that was fitted anew.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    files.replace(file, out -> QuantizerSnapshot.write(out, codebooks));
  }

  /**
   * Opens a saved quantizer.
   *
   * @param file what {@link #save} wrote
   * @return the quantizer as it was
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static ResidualQuantizer open(Path file) {
    SavedFiles files = new SavedFiles(QuantizerSnapshot.KIND, QuantizerSnapshot.FORMAT);
    try (SnapshotReader in = files.open(file)) {
      ResidualQuantizer quantizer = new ResidualQuantizer(QuantizerSnapshot.read(in));
      quantizer.files.opened(in);
      return quantizer;
    }
  }

  private static int checkedBeam(int beam) {
    if (beam < 1) {
      throw new IllegalArgumentException("beam: expected at least 1, found " + beam);
    }
    return beam;
  }

  @Override
  public String toString() {
    return "ResidualQuantizer[%s, %d dimensions]".formatted(shape, dimension);
  }

  /** Collects how codebooks are fitted. <b>Confined</b>. */
  public static final class Builder {
    private final CodeShape shape;
    private int iterations = 25;
    private int beam = DEFAULT_BEAM;
    private int threads = 1;
    private long seed = 42;

    private Builder(CodeShape shape) {
      this.shape = shape;
    }

    /**
     * Sets how many rounds of k-means each level gets at most.
     *
     * @param iterations at least 1; 25 if never set
     * @return this
     */
    public Builder iterations(int iterations) {
      this.iterations = atLeastOne("iterations", iterations);
      return this;
    }

    /**
     * Sets how many beginnings of a code are in play when the vectors are encoded that the next
     * level is fitted to.
     *
     * @param beam at least 1; {@value ResidualQuantizer#DEFAULT_BEAM} if never set
     * @return this
     */
    public Builder beam(int beam) {
      this.beam = checkedBeam(beam);
      return this;
    }

    /**
     * Sets how many threads fit, with the one that calls; the others live as long as the call. The
     * codebooks do not depend on it.
     *
     * @param threads at least 1, which is the default
     * @return this
     */
    public Builder threads(int threads) {
      this.threads = atLeastOne("threads", threads);
      return this;
    }

    /**
     * Sets the seed of the first places of entries.
     *
     * @param seed any number; 42 if never set
     * @return this
     */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    private static int atLeastOne(String name, int value) {
      if (value < 1) {
        throw new IllegalArgumentException(name + ": expected at least 1, found " + value);
      }
      return value;
    }

    /**
     * Fits codebooks to vectors: k-means at each level, on what the levels before leave of them.
     *
     * <p><b>Cost.</b> About levels * size * dimension * (iterations + levels * beam)
     * multiplications for each vector. Some hundred vectors for each entry are enough: a sample
     * will do.
     *
     * @param vectors at least as many as a level has entries, all of one length and finite; not
     *     changed
     * @return the quantizer
     * @throws IllegalArgumentException if there are fewer vectors or one is wrong
     */
    public ResidualQuantizer fit(float[][] vectors) {
      Objects.requireNonNull(vectors, "vectors");
      if (vectors.length < shape.largestSize()) {
        throw new IllegalArgumentException(
            "vectors: expected at least %d, one for each code of a level, found %d"
                .formatted(shape.largestSize(), vectors.length));
      }
      int dimension = vectors[0].length;
      if (dimension < 1) {
        throw new IllegalArgumentException("vector 0: expected at least one element, found none");
      }
      for (int i = 0; i < vectors.length; i++) {
        Rows.check("vector " + i, vectors[i], dimension);
      }
      float[][][] codebooks = new float[shape.levels()][][];
      float[][] left = vectors;
      for (int level = 0; level < codebooks.length; level++) {
        codebooks[level] = KMeans.fit(left, shape.size(level), iterations, seed + level, threads);
        if (level + 1 < codebooks.length) {
          left = left(Arrays.copyOf(codebooks, level + 1), vectors, dimension);
        }
      }
      return new ResidualQuantizer(codebooks);
    }

    /** Returns what codebooks leave of vectors. */
    private float[][] left(float[][][] codebooks, float[][] vectors, int dimension) {
      ResidualEncoder encoder = new ResidualEncoder(codebooks, dimension);
      float[][] left = new float[vectors.length][];
      Blocks.run(
          vectors.length,
          threads,
          () -> encoder.new Beam(beam),
          (from, to, codes) -> {
            for (int i = from; i < to; i++) {
              codes.encode(vectors[i]);
              left[i] = codes.residual(0);
            }
          });
      return left;
    }
  }
}
