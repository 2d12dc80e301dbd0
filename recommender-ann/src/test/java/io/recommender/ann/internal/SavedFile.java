package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** A saved file whose bytes a test damages, or whose sections it forges, to see both refused. */
public final class SavedFile {
  private final Path file;
  private final String kind;
  private final int format;
  private final Consumer<Path> open;
  private final Map<String, byte[]> sections = new LinkedHashMap<>();
  private int forgeries;

  /** Reads the sections of a file that {@code open} opens. */
  public SavedFile(Path file, String kind, int format, Consumer<Path> open) {
    this.file = file;
    this.kind = kind;
    this.format = format;
    this.open = open;
    try (SnapshotReader in = SnapshotReader.open(file, kind, format, format)) {
      for (String name : in.sections()) {
        SectionReader section = in.section(name);
        byte[] bytes = new byte[(int) section.length()];
        section.getBytes(bytes, 0, bytes.length);
        sections.put(name, bytes);
      }
    }
  }

  /** Damages each byte of a file in turn, and cuts it at some. */
  public static void assertDamageIsFound(Path file, Consumer<Path> open) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    for (int i = 0; i < bytes.length; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= 4;
      Files.write(file, damaged);
      assertEquals(Kind.SNAPSHOT_INVALID, refusal(file, open).kind(), "byte " + i);
    }
    for (int length = 0; length < bytes.length; length += 7) {
      Files.write(file, Arrays.copyOf(bytes, length));
      assertEquals(Kind.SNAPSHOT_INVALID, refusal(file, open).kind(), "cut at " + length);
    }
    Files.write(file, bytes);
  }

  private static RecommenderException refusal(Path file, Consumer<Path> open) {
    return assertThrows(RecommenderException.class, () -> open.accept(file));
  }

  /** The content of a section, which the caller may keep and not change. */
  public byte[] section(String name) {
    return sections.get(name);
  }

  /** Forges a section in all that is written from now on. */
  public void forge(String section, byte[] content) {
    sections.put(section, content);
  }

  /** The content of a section with another byte. */
  public byte[] changed(String section, int at, int value) {
    byte[] bytes = sections.get(section).clone();
    bytes[at] = (byte) value;
    return bytes;
  }

  /** Writes a file with another section, and asserts that it is refused for that. */
  public void assertRefused(String section, byte[] content, String expected) {
    Map<String, byte[]> changed = new LinkedHashMap<>(sections);
    changed.put(section, content);
    Path forged = file.resolveSibling("forged-" + forgeries++);
    SnapshotWriter.write(
        forged,
        kind,
        format,
        SnapshotRevision.NONE,
        out ->
            changed.forEach((name, bytes) -> out.section(name).putBytes(bytes, 0, bytes.length)));
    RecommenderException refusal = refusal(forged, open);
    assertEquals(Kind.SNAPSHOT_INVALID, refusal.kind());
    String message = forged + ": section '" + section + "': expected " + expected;
    assertTrue(refusal.getMessage().startsWith(message), refusal::getMessage);
  }
}
