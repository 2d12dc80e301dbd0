package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotRevision;
import io.recommender.ann.internal.SnapshotWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is not what was saved is refused and named, however it came about. */
class HnswDamageTest {
  private static final int DIMENSION = 8;
  private static final int M = 2;
  private static final Opening[] OPENINGS = Opening.values();

  /** Where the parameters go on after the dimension and the two names. */
  private static final int NAMES = 4 + 4 + "DOT".length() + 4 + "FLOAT".length();

  @TempDir private Path folder;
  private Path file;
  private byte[] saved;
  private Map<String, byte[]> sections;

  @BeforeEach
  void setUp() throws IOException {
    file = folder.resolve("a");
    saved = save(Quantization.FLOAT);
    sections = HnswFixture.sections(file);
  }

  /** Twenty nodes with some at a higher level, one of them ended. */
  private byte[] save(Quantization form) throws IOException {
    return save(form, 20);
  }

  private byte[] save(Quantization form, int nodes) throws IOException {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, Similarity.DOT)
            .quantization(form)
            .m(M)
            .exactBelow(0)
            .trainedFrom(nodes)
            .build();
    index.addAll(HnswFixture.ids(0, nodes), HnswFixture.clustered(nodes, DIMENSION, 0.3, 1));
    index.remove("item-7");
    index.calibrate(HnswFixture.clustered(3, DIMENSION, 0.3, 2));
    index.replace(file);
    return Files.readAllBytes(file);
  }

  private RecommenderException assertInvalid(Opening opening) {
    RecommenderException refusal =
        HnswFixture.assertRefused(Kind.SNAPSHOT_INVALID, () -> HnswIndex.open(file, opening));
    assertTrue(refusal.getMessage().startsWith(file.toString()), refusal::getMessage);
    return refusal;
  }

  private void assertInvalid(String section) {
    for (Opening opening : Opening.values()) {
      String message = assertInvalid(opening).getMessage();
      assertTrue(message.contains("'" + section + "'"), message);
    }
  }

  /** Each bit by one of the two ways to open a file, each byte by both. */
  @ParameterizedTest
  @EnumSource(value = Quantization.class, mode = EnumSource.Mode.EXCLUDE, names = "AUTO")
  void everyFlippedBitIsFound(Quantization form) throws IOException {
    byte[] whole = save(form, 8);
    sections = HnswFixture.sections(file);
    Set<String> named = new TreeSet<>();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (int at = 0; at < whole.length; at++) {
        for (int bit = 0; bit < Byte.SIZE; bit++) {
          channel.write(ByteBuffer.wrap(new byte[] {(byte) (whole[at] ^ 1 << bit)}), at);
          String message = assertInvalid(OPENINGS[(at + bit) % OPENINGS.length]).getMessage();
          if (message.contains("section '")) {
            named.add(message.split("'")[1]);
          }
        }
        channel.write(ByteBuffer.wrap(whole, at, 1), at);
      }
    }
    assertEquals(sections.keySet(), named);
    for (Opening opening : Opening.values()) {
      assertEquals(7, HnswIndex.open(file, opening).size());
    }
  }

  @ParameterizedTest
  @EnumSource(value = Quantization.class, mode = EnumSource.Mode.EXCLUDE, names = "AUTO")
  void everyOtherLengthIsFound(Quantization form) throws IOException {
    byte[] whole = save(form, 8);
    for (Opening opening : Opening.values()) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(new byte[1]), whole.length);
        assertInvalid(opening);
        for (int length = whole.length - 1; length >= 0; length--) {
          channel.truncate(length);
          assertInvalid(opening);
        }
        channel.write(ByteBuffer.wrap(whole), 0);
      }
      assertEquals(7, HnswIndex.open(file, opening).size());
    }
  }

  /** Whatever a byte is, with checksums that are right: it is refused or the index works. */
  @ParameterizedTest
  @EnumSource(value = Quantization.class, mode = EnumSource.Mode.EXCLUDE, names = "AUTO")
  void anyOtherByteIsRefusedOrWorks(Quantization form) throws IOException {
    byte[] original = save(form);
    int refused = 0;
    int opened = 0;
    for (String section : HnswFixture.sections(file).keySet()) {
      int length = Math.min(300, new HnswForgery(original).length(section));
      for (int at = 0; at < length; at++) {
        for (int value : new int[] {0, 0x7f, 0xff}) {
          new HnswForgery(original).putByte(section, at, value).write(file);
          try {
            use(HnswIndex.open(file, at % 2 == 0 ? Opening.READ : Opening.MAP));
            opened++;
          } catch (RecommenderException e) {
            assertEquals(Kind.SNAPSHOT_INVALID, e.kind(), e::getMessage);
            refused++;
          } catch (RuntimeException e) {
            throw new AssertionError(section + " at " + at + ": " + value, e);
          }
        }
      }
    }
    assertTrue(refused > 500, "refused " + refused);
    assertTrue(opened > 500, "opened " + opened);
  }

  private static void use(HnswIndex index) {
    float[][] vectors = HnswFixture.clustered(8, index.dimension(), 0.3, 3);
    for (SearchOptions options :
        List.of(SearchOptions.defaults(), SearchOptions.defaults().targetRecall(0.9))) {
      assertFinite(HnswFixture.answers(index, vectors, 5, options));
    }
    assertFinite(List.of(Arrays.toString(index.vector("item-3").orElse(new float[0]))));
    index.addAll(HnswFixture.ids(15, 23), vectors);
    index.remove("item-5");
    assertFinite(HnswFixture.answers(index, vectors, 5, SearchOptions.defaults()));
  }

  private static void assertFinite(List<String> answers) {
    for (String answer : answers) {
      assertFalse(answer.contains("NaN") || answer.contains("Infinity"), answer);
    }
  }

  private void assertForgeryRefused(String section, Consumer<HnswForgery> change)
      throws IOException {
    HnswForgery forgery = new HnswForgery(saved);
    change.accept(forgery);
    forgery.write(file);
    assertInvalid(section);
  }

  @Test
  void numbersOutOfRangeAreRefused() throws IOException {
    String all = "parameters";
    Map<Integer, int[]> wrong = new LinkedHashMap<>();
    wrong.put(0, new int[] {-1, 0, Integer.MAX_VALUE}); // the dimension
    wrong.put(NAMES, new int[] {1, -1, 257, Integer.MAX_VALUE}); // m
    wrong.put(NAMES + 4, new int[] {0, -1, Integer.MAX_VALUE}); // efConstruction
    wrong.put(NAMES + 8, new int[] {0, -1, Integer.MAX_VALUE}); // ef
    wrong.put(NAMES + 12, new int[] {0, -1, 2_000}); // threads
    wrong.put(NAMES + 32, new int[] {-1, 0}); // nodes, fewer than the entry
    wrong.put(NAMES + 36, new int[] {-2, 20, Integer.MAX_VALUE}); // the entry
    wrong.put(NAMES + 52, new int[] {-1}); // the next place among equals
    wrong.put(NAMES + 72, new int[] {-1}); // items when the recall was measured
    wrong.put(NAMES + 76, new int[] {-1, 1_000, Integer.MAX_VALUE}); // curves of recalls
    wrong.put(NAMES + 80, new int[] {-1, 0, 10, Integer.MAX_VALUE}); // the k of the first
    wrong.put(NAMES + 84, new int[] {-1, 1_000, Integer.MAX_VALUE}); // its breadths
    wrong.put(NAMES + 88, new int[] {-1, 0, Integer.MAX_VALUE}); // the first breadth
    for (Map.Entry<Integer, int[]> each : wrong.entrySet()) {
      for (int value : each.getValue()) {
        assertForgeryRefused(all, forgery -> forgery.putInt(all, each.getKey(), value));
      }
    }
    for (double value : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      long bits = Double.doubleToLongBits(value);
      assertForgeryRefused(all, forgery -> forgery.putLong(all, NAMES + 56, bits));
      assertForgeryRefused(all, forgery -> forgery.putLong(all, NAMES + 92, bits));
    }
    assertForgeryRefused(all, forgery -> forgery.putLong(all, NAMES + 64, -1));
  }

  @Test
  void lengthsThatDoNotFitAreRefusedBeforeMemoryIsLaidOut() throws IOException {
    assertForgeryRefused("rows", forgery -> forgery.putInt("parameters", 0, 1 << 20));
    assertForgeryRefused("links", forgery -> forgery.putInt("parameters", NAMES, 256));
    assertForgeryRefused("extras", forgery -> forgery.putInt("parameters", NAMES + 32, 19));
    assertForgeryRefused("extras", forgery -> forgery.putInt("parameters", NAMES + 32, 21));
    assertForgeryRefused(
        "extras", forgery -> forgery.putInt("parameters", NAMES + 32, Integer.MAX_VALUE));
  }

  @Test
  void namesThatAreUnknownAreRefused() throws IOException {
    assertForgeryRefused("parameters", forgery -> forgery.putByte("parameters", 8, 'd'));
    assertForgeryRefused("parameters", forgery -> forgery.putByte("parameters", 15, 'f'));
    assertForgeryRefused("parameters", forgery -> forgery.putInt("parameters", 4, 1 << 30));
  }

  @Test
  void linksThatLeadNowhereAreRefused() throws IOException {
    for (int link : new int[] {-1, 20, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      assertForgeryRefused("links", forgery -> forgery.putInt("links", 0, link));
      int last = new HnswForgery(saved).length("links") - 4;
      assertForgeryRefused("links", forgery -> forgery.putInt("links", last, link));
      int first = firstAbove();
      assertForgeryRefused("levels", forgery -> forgery.putInt("levels", first + 1, link));
    }
    for (int level : new int[] {-1, 31, 127}) {
      assertForgeryRefused("levels", forgery -> forgery.putByte("levels", 0, level));
    }
  }

  /** Where the level of the first node above level 0 is. */
  private int firstAbove() {
    byte[] levels = sections.get("levels");
    int at = 0;
    while (levels[at] == 0) {
      at++;
    }
    return at;
  }

  @Test
  void aLinkToANodeThatDoesNotReachItsLevelIsRefused() throws IOException {
    byte[] levels = sections.get("levels");
    int low = 0;
    for (int at = 0; levels[at] > 0; low++) {
      at += 1 + levels[at] * M * Integer.BYTES;
    }
    int node = low;
    int link = firstAbove() + 1;
    assertForgeryRefused("levels", forgery -> forgery.putInt("levels", link, node));
  }

  @Test
  void anEntryThatIsNotInUseIsRefused() throws IOException {
    assertForgeryRefused("nodes", forgery -> forgery.putInt("parameters", NAMES + 36, -1));
    // A node below the top.
    assertForgeryRefused("levels", forgery -> forgery.putInt("parameters", NAMES + 36, 0));
    assertForgeryRefused("levels", forgery -> forgery.putInt("parameters", NAMES + 40, 30));
    assertForgeryRefused("levels", forgery -> forgery.putInt("parameters", NAMES + 40, -1));
  }

  @Test
  void nodesThatContradictEachOtherAreRefused() throws IOException {
    // Nodes begin with a state, a place among equals and the length of an id.
    int second = 1 + 4 + 4 + "item-0".length();
    assertForgeryRefused(
        "nodes", forgery -> forgery.putByte("nodes", second + 9 + 5, '0')); // the same id
    assertForgeryRefused("nodes", forgery -> forgery.putByte("nodes", 0, 3));
    assertForgeryRefused("nodes", forgery -> forgery.putByte("nodes", 0, HnswSnapshot.FREE));
    assertForgeryRefused("nodes", forgery -> forgery.putInt("nodes", 1, 20));
    assertForgeryRefused("nodes", forgery -> forgery.putInt("nodes", 1, -1));
    assertForgeryRefused("nodes", forgery -> forgery.putInt("nodes", 5, -1));
    assertForgeryRefused("nodes", forgery -> forgery.putInt("nodes", 5, Integer.MAX_VALUE));
  }

  private void rewrite(Map<String, byte[]> content) throws IOException {
    Files.delete(file);
    SnapshotWriter.write(
        file,
        HnswSnapshot.KIND,
        HnswSnapshot.FORMAT,
        SnapshotRevision.NONE,
        writer ->
            content.forEach(
                (name, bytes) -> {
                  SectionWriter section = writer.section(name);
                  section.putBytes(bytes, 0, bytes.length);
                }));
  }

  @ParameterizedTest
  @EnumSource(
      value = Quantization.class,
      names = {"FLOAT", "INT1_FLOAT", "INT4_FLOAT", "INT8"})
  void sectionsThatAreMissingOrOfAnotherLengthAreRefused(Quantization form) throws IOException {
    save(form);
    sections = HnswFixture.sections(file);
    assertEquals(form != Quantization.FLOAT, sections.containsKey("codes"));
    assertEquals(form != Quantization.INT8, sections.containsKey("rows"));
    for (String name : List.copyOf(sections.keySet())) {
      Map<String, byte[]> changed = new LinkedHashMap<>(sections);
      byte[] bytes = changed.remove(name);
      rewrite(changed);
      assertInvalid(name);
      for (int length : new int[] {0, bytes.length - 4, bytes.length + 4, 2 * bytes.length}) {
        changed.put(name, Arrays.copyOf(bytes, length));
        rewrite(changed);
        assertInvalid(name);
      }
    }
    rewrite(sections);
    assertEquals(19, HnswIndex.open(file, Opening.MAP).size());
  }

  @Test
  void codesOfAnotherFormAreRefused() throws IOException {
    byte[] eight = save(Quantization.INT8_FLOAT);
    Map<String, byte[]> coded = HnswFixture.sections(file);
    byte[] codes = coded.get("codes");
    byte[] plain = sections.get("parameters");
    rewrite(with(coded, "parameters", plain));
    assertInvalid("codes");
    for (int planes : new int[] {-1, 0, 1, 3}) {
      new HnswForgery(eight).putInt("codes", 0, planes).write(file);
      assertInvalid("codes");
    }
    new HnswForgery(eight).putInt("codes", 12, Float.floatToIntBits(Float.NaN)).write(file);
    assertInvalid("codes");
    for (Quantization form : List.of(Quantization.INT1_FLOAT, Quantization.INT4_FLOAT)) {
      byte[] shorter = save(form);
      assertTrue(HnswFixture.sections(file).get("codes").length < codes.length);
      rewrite(with(HnswFixture.sections(file), "codes", codes));
      assertInvalid("codes");
      new HnswForgery(shorter).putInt("codes", 0, 2).write(file);
      assertInvalid("codes");
    }
  }

  private static Map<String, byte[]> with(Map<String, byte[]> from, String name, byte[] bytes) {
    Map<String, byte[]> changed = new LinkedHashMap<>(from);
    changed.put(name, bytes);
    return changed;
  }
}
