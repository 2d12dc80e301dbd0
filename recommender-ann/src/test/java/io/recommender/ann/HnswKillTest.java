package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is left of an index when the process that saves it is killed. */
@Timeout(300)
class HnswKillTest {
  private static final int KILLS = 50;

  /** Children at the same time, each with a file of its own. */
  private static final int AT_ONCE = 2;

  private static final int DIMENSION = 16;
  private static final int ITEMS = 400;

  @TempDir private Path folder;
  @TempDir private Path logs;

  /** Saves an index again and again, each time with vectors of the next number, and tells so. */
  public static void main(String[] args) {
    Path file = Path.of(args[0]);
    HnswIndex index = HnswIndex.open(file, Opening.MAP);
    int number = number(index);
    while (true) {
      System.out.write('s');
      System.out.flush();
      index.addAll(HnswFixture.ids(0, 40), vectors(++number));
      index.remove("other-" + number % 300);
      index.add("other-" + number % 300, vectors(number)[0]);
      index.save(file);
    }
  }

  private static float[][] vectors(int number) {
    float[][] vectors = new float[40][DIMENSION];
    for (int i = 0; i < vectors.length; i++) {
      Arrays.fill(vectors[i], i);
      vectors[i][0] = number;
    }
    return vectors;
  }

  private static int number(HnswIndex index) {
    return (int) index.vector("item-0").orElseThrow()[0];
  }

  private static Process start(Path errors, Path file) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"));
    // Chosen by the property kernels say nothing, so that whatever is written is an error.
    command.addAll(
        List.of(
            "-Xmx128m",
            "-Drecommender.kernels=scalar",
            "-cp",
            System.getProperty("java.class.path")));
    command.addAll(List.of(HnswKillTest.class.getName(), file.toString()));
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
        .start();
  }

  @Test
  void aKilledSaveLeavesTheOldOrTheNewIndex() throws IOException, InterruptedException {
    HnswIndex index = HnswFixture.small(DIMENSION, Similarity.L2, Quantization.INT8_FLOAT).build();
    index.addAll(HnswFixture.ids(0, 40), vectors(0));
    float[][] others = HnswFixture.clustered(ITEMS, DIMENSION, 0, 1);
    for (int i = 0; i < ITEMS; i++) {
      index.add("other-" + i, others[i]);
    }
    Path[] files = new Path[AT_ONCE];
    int[] numbers = new int[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++) {
      files[i] = folder.resolve("file-" + i);
      index.save(files[i]);
    }
    long length = Files.size(files[0]);
    Random random = new Random(1);
    int unfinished = 0;
    for (int kill = 0; kill < KILLS; kill += AT_ONCE) {
      Process[] children = new Process[AT_ONCE];
      for (int i = 0; i < AT_ONCE; i++) {
        children[i] = start(logs.resolve("errors-" + i), files[i]);
      }
      for (int i = 0; i < AT_ONCE; i++) {
        int saves = 1 + random.nextInt(4);
        assertEquals(saves, children[i].getInputStream().readNBytes(saves).length, "saves");
        Path temporary = folder.resolve("file-" + i + ".writing.tmp");
        // In the middle of a save, with a part of the file there.
        long wanted = (long) (random.nextDouble() * length);
        while (size(temporary) < wanted) {
          assertTrue(children[i].isAlive(), "expected a child that saves");
          Thread.onSpinWait();
        }
        children[i].destroyForcibly();
        assertTrue(children[i].waitFor() != 0, "expected the child to be killed");
        assertEquals("", Files.readString(logs.resolve("errors-" + i)));
        unfinished += Files.exists(temporary) ? 1 : 0;
        // Every save but the last had been told to be over, by the beginning of the next.
        numbers[i] = assertWhole(files[i], numbers[i] + saves - 1);
      }
    }
    assertTrue(unfinished > KILLS / 5, "unfinished saves: " + unfinished);
    for (int i = 0; i < AT_ONCE; i++) {
      assertTrue(numbers[i] > 0, "expected saves that were finished");
      HnswIndex last = HnswIndex.open(files[i]);
      last.add("more", others[0]);
      last.save(files[i]);
      assertTrue(HnswIndex.open(files[i]).contains("more"));
      assertTrue(size(folder.resolve("file-" + i + ".writing.tmp")) < 0);
    }
  }

  private static long size(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return -1;
    }
  }

  /** Returns the number that all vectors of an index are of. */
  private static int assertWhole(Path file, int least) {
    HnswIndex index = HnswIndex.open(file, least % 2 == 0 ? Opening.READ : Opening.MAP);
    int number = number(index);
    assertTrue(number >= least, () -> "number " + number + " after " + least);
    float[][] vectors = vectors(number);
    for (int i = 0; i < vectors.length; i++) {
      assertArrayEquals(vectors[i], index.vector("item-" + i).orElseThrow());
    }
    assertEquals(40 + ITEMS, index.size());
    SearchOptions all = SearchOptions.defaults().targetRecall(1);
    assertEquals(index.size(), index.search(vectors[3], 1_000, all).size());
    assertEquals("item-3", index.search(vectors[3], 1, all).get(0).itemId());
    return number;
  }
}
