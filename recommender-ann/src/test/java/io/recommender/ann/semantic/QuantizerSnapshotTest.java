package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ann.internal.SavedFile;
import io.recommender.ann.internal.SnapshotRevision;
import io.recommender.ann.internal.SnapshotWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Saved quantizers. The golden file is what version 1 of the format wrote and every later release
 * must open: if its test fails, files of users would no longer be read.
 */
class QuantizerSnapshotTest {
  private static final String GOLDEN = "residual-quantizer-1.snapshot";
  private static final float[][][] CODEBOOKS = {
    {{1, -2, 0.5f}, {0, 0, 3}}, {{0.25f, 0, 0}, {0, 0.125f, 0}, {0, 0, -0.1f}}
  };

  @TempDir private Path folder;

  /** Writes the golden file anew: the argument is the folder for it. */
  public static void main(String[] args) {
    ResidualQuantizer.of(CODEBOOKS).save(Path.of(args[0], GOLDEN));
  }

  @Test
  void aGoldenFileIsReadAsEver() throws IOException {
    Path file = folder.resolve(GOLDEN);
    try (InputStream stream =
        Objects.requireNonNull(QuantizerSnapshotTest.class.getResourceAsStream(GOLDEN))) {
      Files.write(file, stream.readAllBytes());
    }
    ResidualQuantizer quantizer = ResidualQuantizer.open(file);
    assertTrue(Arrays.deepEquals(CODEBOOKS, quantizer.codebooks()));
    assertEquals(CodeShape.of(new int[] {2, 3}), quantizer.shape());
    assertArrayEquals(new int[] {1, 2}, quantizer.encode(new float[] {0, 0, 2.9f}));
  }

  private Path saved() {
    Path file = folder.resolve("quantizer");
    ResidualQuantizer.of(CODEBOOKS).save(file);
    return file;
  }

  private static RecommenderException refusal(Runnable action) {
    return assertThrows(RecommenderException.class, action::run);
  }

  @Test
  void aDamagedByteIsFound() throws IOException {
    Path file = saved();
    SavedFile.assertDamageIsFound(file, ResidualQuantizer::open);
  }

  @Test
  void savesDoNotUndoOthers() {
    Path file = saved();
    ResidualQuantizer mine = ResidualQuantizer.open(file);
    ResidualQuantizer other = ResidualQuantizer.of(new float[1][1][1]);
    mine.save(file);
    assertEquals(Kind.SNAPSHOT_STALE, refusal(() -> other.save(file)).kind());
    other.replace(file);
    assertEquals(1, ResidualQuantizer.open(file).dimension());
  }

  private void assertRefused(String message, int[] parameters, float... elements) {
    Path file = folder.resolve("forged");
    SnapshotWriter.write(
        file,
        "residual-quantizer",
        1,
        SnapshotRevision.NONE,
        out -> {
          out.section("parameters").putInts(parameters, 0, parameters.length);
          out.section("codebooks").putFloats(elements, 0, elements.length);
        });
    RecommenderException refusal = refusal(() -> ResidualQuantizer.open(file));
    assertEquals(Kind.SNAPSHOT_INVALID, refusal.kind());
    assertEquals(file + ": section " + message, refusal.getMessage());
    assertTrue(file.toFile().delete());
  }

  @Test
  void contentIsChecked() {
    assertRefused(
        "'parameters': expected a dimension of at least 1, found 0", new int[] {0, 1, 1}, 1);
    assertRefused("'parameters': expected at least one level, found none", new int[] {1, 0}, 1);
    assertRefused(
        "'parameters': expected the size of a level, found -1", new int[] {1, 2, 2, -1}, 1);
    assertRefused(
        "'codebooks': expected as many entries as levels have together, found 12 bytes",
        new int[] {1, 2, 1, 1},
        1,
        2,
        3);
    assertRefused(
        "'codebooks': expected as many entries as levels have together, found 12 bytes",
        new int[] {2, 1, 1},
        1,
        2,
        3);
    assertRefused(
        "'codebooks': expected finite numbers, found NaN", new int[] {1, 1, 1}, Float.NaN);
  }
}
