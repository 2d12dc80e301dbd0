package io.recommender.onnx;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What an index was made of: a hash of each of its items, and the file they are kept in.
 *
 * <p>The file is the magic, the number of items, of each the length of its id in UTF-8, the id and
 * the hash, and the SHA-256 of all that.
 *
 * <p><b>Confined</b>.
 */
final class IndexState {
  private static final byte[] MAGIC = "recidx01".getBytes(StandardCharsets.US_ASCII);
  private static final int DIGEST = 32;

  private final Map<String, Hash> hashes = new LinkedHashMap<>();

  /** The first 128 bits of a SHA-256. */
  record Hash(long high, long low) {}

  /** Hashes the version of an encoder and those features of an item that it reads. */
  static Hash hash(String version, Item item, Predicate<String> read) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      string(out, version);
      for (Map.Entry<String, Feature> entry : new TreeMap<>(item.features()).entrySet()) {
        if (read.test(entry.getKey())) {
          string(out, entry.getKey());
          feature(out, entry.getValue());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ByteBuffer digest = ByteBuffer.wrap(Seal.sha256().digest(bytes.toByteArray()));
    return new Hash(digest.getLong(), digest.getLong());
  }

  private static void feature(DataOutputStream out, Feature feature) throws IOException {
    if (feature instanceof Feature.Text text) {
      out.writeByte(1);
      string(out, text.value());
    } else if (feature instanceof Feature.Category category) {
      out.writeByte(2);
      string(out, category.value());
    } else if (feature instanceof Feature.Scalar scalar) {
      out.writeByte(3);
      out.writeDouble(scalar.value());
    } else if (feature instanceof Feature.Ids ids) {
      out.writeByte(4);
      out.writeInt(ids.values().size());
      for (String id : ids.values()) {
        string(out, id);
      }
    } else if (feature instanceof Feature.Tensor tensor) {
      out.writeByte(5);
      int[] shape = tensor.shape();
      out.writeInt(shape.length);
      for (int extent : shape) {
        out.writeInt(extent);
      }
      for (int i = 0; i < tensor.size(); i++) {
        out.writeFloat(tensor.value(i));
      }
    }
  }

  private static void string(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  boolean holds(String itemId, Hash hash) {
    return hash.equals(hashes.get(itemId));
  }

  void putAll(Map<String, Hash> newer) {
    hashes.putAll(newer);
  }

  /** Forgets items, and returns whether any of them was known. */
  boolean removeAll(Collection<String> itemIds) {
    int before = hashes.size();
    itemIds.forEach(hashes::remove);
    return hashes.size() < before;
  }

  /** The items that are not among the given ones. */
  List<String> absentFrom(Set<String> itemIds) {
    return hashes.keySet().stream().filter(itemId -> !itemIds.contains(itemId)).toList();
  }

  /** Reads a file, which need not exist. */
  static IndexState read(Path file) {
    IndexState state = new IndexState();
    if (!Files.exists(file)) {
      return state;
    }
    byte[] content;
    try {
      content = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new RecommenderException(
          Kind.STORAGE_FAILED, file.getFileName() + ": cannot be read: " + e, e);
    }
    int length = content.length - DIGEST;
    if (length < MAGIC.length || !Arrays.equals(MAGIC, Arrays.copyOf(content, MAGIC.length))) {
      throw invalid(file, "expected hashes of the items of an index, found another kind of file");
    }
    byte[] body = Arrays.copyOf(content, length);
    if (!MessageDigest.isEqual(
        Seal.sha256().digest(body), Arrays.copyOfRange(content, length, content.length))) {
      throw invalid(
          file, "expected the SHA-256 at its end, found another; delete it to encode all items");
    }
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(body))) {
      in.skipNBytes(MAGIC.length);
      for (int left = in.readInt(); left > 0; left--) {
        String id = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
        state.hashes.put(id, new Hash(in.readLong(), in.readLong()));
      }
      return state;
    } catch (IOException e) {
      throw invalid(file, "expected as many items as it says, found its end");
    }
  }

  private static RecommenderException invalid(Path file, String expectedAndFound) {
    return new RecommenderException(
        Kind.SNAPSHOT_INVALID, file.getFileName() + ": " + expectedAndFound);
  }

  /** Replaces the file in one step. */
  void write(Path file) {
    Path target = file.toAbsolutePath();
    Path temporary = target.resolveSibling("." + target.getFileName() + ".tmp");
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (DataOutputStream out = new DataOutputStream(bytes)) {
        out.write(MAGIC);
        out.writeInt(hashes.size());
        for (Map.Entry<String, Hash> entry : hashes.entrySet()) {
          string(out, entry.getKey());
          out.writeLong(entry.getValue().high());
          out.writeLong(entry.getValue().low());
        }
      }
      byte[] body = bytes.toByteArray();
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        for (byte[] part : List.of(body, Seal.sha256().digest(body))) {
          ByteBuffer buffer = ByteBuffer.wrap(part);
          while (buffer.hasRemaining()) {
            channel.write(buffer);
          }
        }
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new RecommenderException(
          Kind.STORAGE_FAILED, file.getFileName() + ": cannot be written: " + e, e);
    }
  }
}
