package io.recommender.pipeline;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.internal.JsonNode;
import io.recommender.internal.JsonParser;
import io.recommender.internal.JsonWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A pipeline as a file of JSON: the same declarations as those of the {@link PipelineBuilder}, with
 * the parts that are code by the names under which the application supplies them.
 *
 * <pre>{@code
 * {
 *   "formatVersion": 1,
 *   "name": "home",
 *   "sources": [
 *     {"name": "model", "recommender": "sasrec", "weight": 2},
 *     {"name": "session", "recommender": "neighbours", "depth": 50}
 *   ],
 *   "overlay": "live",
 *   "diversity": {"kind": "MMR", "lambda": 0.7, "vectors": "items"},
 *   "rules": [{"kind": "AT_MOST", "count": 2, "feature": "brand", "catalog": "shop"}],
 *   "fallbacks": [{"name": "popular", "recommender": "popularity"}],
 *   "deadlineMillis": 50
 * }
 * }</pre>
 *
 * <p>All members are described by {@code pipeline.schema.json} beside this class and shown by
 * {@code PIPELINE.md}. What is left out has the default of the builder. A member that is not known
 * is an error, so that a misspelt one is not ignored.
 *
 * <p><b>Errors.</b> A {@link RecommenderException} of kind {@link Kind#PIPELINE_INVALID} whose
 * message has the name of the file, the place in it, what was expected and what was found: {@code
 * home.json: /sources/0/recommender: expected one of [sasrec, popularity], found "sasrek"}. What
 * can be found without the parts is found when the file is read.
 *
 * <p><b>Immutable</b>.
 */
public final class PipelineFile {
  private final String file;
  private final JsonNode root;

  private PipelineFile(String file, JsonNode root) {
    this.file = file;
    this.root = root;
  }

  /**
   * Reads a file.
   *
   * @param file the file, UTF-8
   * @return the pipeline it declares
   * @throws RecommenderException PIPELINE_INVALID if it is no such file; STORAGE_FAILED if it
   *     cannot be read
   */
  public static PipelineFile read(Path file) {
    String text;
    try {
      text = Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new RecommenderException(Kind.STORAGE_FAILED, file + ": cannot be read: " + e, e);
    }
    return parse(String.valueOf(file.getFileName()), text);
  }

  /**
   * Reads a text.
   *
   * @param name what errors call it, such as the name of a file
   * @param json the text
   * @return the pipeline it declares
   * @throws RecommenderException PIPELINE_INVALID if it declares none
   */
  public static PipelineFile parse(String name, String json) {
    JsonNode root;
    try {
      root = JsonParser.parse(json);
    } catch (JsonParser.SyntaxException e) {
      throw new RecommenderException(
          Kind.PIPELINE_INVALID, "%s: not valid JSON: %s".formatted(name, e.getMessage()), e);
    }
    PipelineReader.check(name, root);
    return new PipelineFile(name, root);
  }

  /**
   * Returns the file as JSON, indented, its members in the order in which they were read. Reading
   * it gives an equal file.
   *
   * @return the text, with a line break at its end
   */
  public String toJson() {
    return JsonWriter.write(root);
  }

  /** {@return the name of the pipeline} */
  public String name() {
    JsonNode name = root.get("name");
    return name == null ? "" : name.textValue();
  }

  /**
   * Builds the pipeline.
   *
   * @param parts what the file names
   * @return the pipeline
   * @throws RecommenderException PIPELINE_INVALID if the file names a part that is not there
   */
  public RecommenderPipeline build(PipelineParts parts) {
    return builder(parts).build();
  }

  /**
   * Starts the pipeline, for what a file does not say: listeners, an executor, what gives answers
   * their attribution.
   *
   * @param parts what the file names
   * @return a builder with everything the file declares
   * @throws RecommenderException PIPELINE_INVALID if the file names a part that is not there
   */
  public PipelineBuilder builder(PipelineParts parts) {
    return new PipelineReader(file, parts).read(root);
  }

  /** Files are equal if they declare the same, in whatever order of members. */
  @Override
  public boolean equals(Object other) {
    return other instanceof PipelineFile that && root.equals(that.root);
  }

  @Override
  public int hashCode() {
    return root.hashCode();
  }

  @Override
  public String toString() {
    return "PipelineFile[%s, %s]".formatted(file, name());
  }
}
