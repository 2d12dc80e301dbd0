package io.recommender.onnx;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The seal of a bundle: {@code SHA256SUMS} in the format of {@code sha256sum}, and its own digest
 * as the fingerprint of the whole.
 */
final class Seal {
  static final String FILE = "SHA256SUMS";

  private final Map<String, String> digests;
  private final String fingerprint;

  private Seal(Map<String, String> digests, String fingerprint) {
    this.digests = digests;
    this.fingerprint = fingerprint;
  }

  /** The names of the sealed files. */
  Set<String> files() {
    return digests.keySet();
  }

  String fingerprint() {
    return fingerprint;
  }

  /** Reads the seal and checks every file that it names. */
  static Seal verify(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      throw BundleFailures.invalid(
          FILE, "expected the seal of the bundle, found no such file in " + folder);
    }
    try {
      byte[] content = Files.readAllBytes(file);
      Map<String, String> digests = new TreeMap<>();
      int number = 0;
      for (String line : new String(content, StandardCharsets.UTF_8).split("\\R")) {
        number++;
        if (line.isBlank()) {
          continue;
        }
        if (!line.matches("[0-9a-f]{64} [ *][^/\\\\\\p{Cntrl}]+")) {
          throw BundleFailures.invalid(
              FILE,
              "line %d: expected '<sha-256>  <file name>', found '%s'".formatted(number, line));
        }
        if (digests.put(line.substring(66), line.substring(0, 64)) != null) {
          throw BundleFailures.invalid(
              FILE, "line %d: '%s' occurs twice".formatted(number, line.substring(66)));
        }
      }
      for (Map.Entry<String, String> entry : digests.entrySet()) {
        Path sealed = folder.resolve(entry.getKey());
        if (!Files.isRegularFile(sealed)) {
          throw BundleFailures.invalid(
              entry.getKey(), "named in %s, found no such file".formatted(FILE));
        }
        String found = digest(sealed);
        if (!found.equals(entry.getValue())) {
          throw BundleFailures.invalid(
              entry.getKey(),
              "SHA-256 expected %s as sealed in %s, found %s; the file was changed after sealing"
                  .formatted(entry.getValue(), FILE, found));
        }
      }
      for (Path present : sealable(folder)) {
        if (!digests.containsKey(present.getFileName().toString())) {
          throw BundleFailures.invalid(
              present.getFileName(),
              "expected every file of the bundle in %s, found this one outside of it"
                  .formatted(FILE));
        }
      }
      return new Seal(digests, HexFormat.of().formatHex(sha256().digest(content)));
    } catch (IOException e) {
      throw BundleFailures.invalid(FILE, "cannot be read: " + e, e);
    }
  }

  /** Returns a file of the bundle after checking that the seal covers it. */
  Path resolve(Path folder, String name, String neededBy) {
    if (!digests.containsKey(name)) {
      throw BundleFailures.invalid(
          name,
          Files.isRegularFile(folder.resolve(name))
              ? "needed by %s, but not sealed in %s".formatted(neededBy, FILE)
              : "needed by %s, found no such file".formatted(neededBy));
    }
    return folder.resolve(name);
  }

  /** Every regular file but the seal, hidden files and backups of editors, in order. */
  private static List<Path> sealable(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(Files::isRegularFile)
          .filter(
              file -> {
                String name = file.getFileName().toString();
                return !name.equals(FILE) && !name.startsWith(".") && !name.endsWith("~");
              })
          .sorted()
          .toList();
    }
  }

  /** Writes the seal over every file of the folder. */
  static void write(Path folder) {
    StringBuilder lines = new StringBuilder();
    try {
      for (Path file : sealable(folder)) {
        lines.append(digest(file)).append("  ").append(file.getFileName()).append('\n');
      }
      // Hidden, so that one left behind is never sealed; made like any other file, so that whoever
      // may read the bundle may read its seal.
      Path temporary = folder.resolve("." + FILE + ".tmp");
      try {
        Files.writeString(temporary, lines);
        Files.move(
            temporary,
            folder.resolve(FILE),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String digest(Path file) throws IOException {
    MessageDigest digest = sha256();
    byte[] block = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(block); read >= 0; read = in.read(block)) {
        digest.update(block, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
