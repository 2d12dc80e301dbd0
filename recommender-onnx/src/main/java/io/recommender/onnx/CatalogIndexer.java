package io.recommender.onnx;

import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.ItemIndex;
import io.recommender.RecommenderException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Encodes a catalogue into an index, batch by batch, and leaves out what the index already holds.
 *
 * <pre>{@code
 * CatalogIndexer.Result result =
 *     CatalogIndexer.of(encoder, index)
 *         .state(Path.of("items.hashes"))
 *         .saveIndex(() -> index.save(Path.of("items.hnsw")))
 *         .onProgress((encoded, unchanged) -> System.out.println(encoded + " encoded"))
 *         .index(catalogue.iterator());
 * }</pre>
 *
 * <p><b>Resuming.</b> With {@link #state} the indexer keeps a hash of each item it put into the
 * index: of the features that the encoder reads and of the version of the model. A later run
 * encodes the items that are new, changed, not in the index, or encoded by another model, and no
 * others. The file is replaced in one step, and an item is in it only after {@link #saveIndex}, so
 * that an interrupted run repeats work and never takes an old vector for a new one.
 *
 * <p>Each setter returns this. <b>Confined</b>; the index may be searched meanwhile.
 */
public final class CatalogIndexer {
  /** How many items are encoded at once unless set otherwise. */
  public static final int DEFAULT_BATCH_SIZE = 4096;

  private static final int DEFAULT_CHECKPOINT_EVERY = 16;

  private final ItemEncoder encoder;
  private final ItemIndex index;
  private final String version;
  private final Optional<Set<String>> features;
  private int batchSize = DEFAULT_BATCH_SIZE;
  private int checkpointEvery = DEFAULT_CHECKPOINT_EVERY;
  private boolean removeAbsent;
  private @Nullable Path state;
  private Runnable saveIndex = () -> {};
  private Progress progress = (encoded, unchanged) -> {};

  private CatalogIndexer(
      ItemEncoder encoder, ItemIndex index, String version, Optional<Set<String>> features) {
    checkFits(encoder, index);
    this.encoder = encoder;
    this.index = index;
    this.version = version;
    this.features = features;
  }

  /** Refuses an index that vectors of the encoder cannot be in. */
  static void checkFits(ItemEncoder encoder, ItemIndex index) {
    if (encoder.dimension() != index.dimension()) {
      throw new IllegalArgumentException(
          "index: expected dimension %d as the encoder has, found %d"
              .formatted(encoder.dimension(), index.dimension()));
    }
    if (encoder.similarity() != index.similarity()) {
      throw new IllegalArgumentException(
          "index: expected similarity %s as the encoder has, found %s"
              .formatted(encoder.similarity(), index.similarity()));
    }
  }

  /** Told after each batch; must not change the index. */
  @FunctionalInterface
  public interface Progress {

    /**
     * Tells how far the run is.
     *
     * @param encoded items encoded and put into the index so far
     * @param unchanged items left out so far
     */
    void update(long encoded, long unchanged);
  }

  /**
   * What a run did.
   *
   * @param encoded items encoded and put into the index
   * @param unchanged items left out, because the index holds them as they are
   * @param removed items taken out of the index
   */
  public record Result(long encoded, long unchanged, long removed) {}

  /**
   * Starts with the encoder of a bundle. Its version and the features it reads are known.
   *
   * @param encoder the encoder
   * @param index the index, of the encoder's dimension and similarity
   * @return the indexer
   * @throws IllegalArgumentException if dimension or similarity differ
   */
  public static CatalogIndexer of(OnnxItemEncoder encoder, ItemIndex index) {
    return new CatalogIndexer(
        encoder, index, encoder.modelVersion(), Optional.of(encoder.features()));
  }

  /**
   * Starts with any encoder. A change of any feature counts as a change of the item.
   *
   * @param encoder the encoder
   * @param version tells one state of the encoder from another, not empty
   * @param index the index, of the encoder's dimension and similarity
   * @return the indexer
   * @throws IllegalArgumentException if the version is empty, or dimension or similarity differ
   */
  public static CatalogIndexer of(ItemEncoder encoder, String version, ItemIndex index) {
    if (version.isEmpty()) {
      throw new IllegalArgumentException("version: expected a non-empty string");
    }
    return new CatalogIndexer(encoder, index, version, Optional.empty());
  }

  /**
   * Sets how many items are encoded and added at once. Items of similar length share a run of the
   * model, so that larger batches carry less padding, and take more memory.
   *
   * @param batchSize at least 1
   * @return this
   */
  public CatalogIndexer batchSize(int batchSize) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("batchSize: expected at least 1, found " + batchSize);
    }
    this.batchSize = batchSize;
    return this;
  }

  /**
   * Sets where the hashes are kept from run to run. Without it every item is encoded.
   *
   * @param state a file, which need not exist yet
   * @return this
   */
  public CatalogIndexer state(Path state) {
    this.state = Objects.requireNonNull(state, "state");
    return this;
  }

  /**
   * Sets what makes the index durable. Called before items enter the state, and not at all without
   * one. An index that is rebuilt in memory at every start needs none.
   *
   * @param saveIndex saves the index
   * @return this
   */
  public CatalogIndexer saveIndex(Runnable saveIndex) {
    this.saveIndex = Objects.requireNonNull(saveIndex, "saveIndex");
    return this;
  }

  /**
   * Sets after how many batches with changes the index and the state are saved; they are also saved
   * at the end.
   *
   * @param batches at least 1; 16 if never set
   * @return this
   */
  public CatalogIndexer checkpointEvery(int batches) {
    if (batches < 1) {
      throw new IllegalArgumentException("checkpointEvery: expected at least 1, found " + batches);
    }
    checkpointEvery = batches;
    return this;
  }

  /**
   * Sets whether items of the state that the catalogue no longer has are taken out of the index.
   * Items that came into the index by another way stay.
   *
   * @param removeAbsent off by default
   * @return this
   */
  public CatalogIndexer removeAbsent(boolean removeAbsent) {
    this.removeAbsent = removeAbsent;
    return this;
  }

  /**
   * Sets who is told how far the run is.
   *
   * @param progress told after each batch, on the thread of the run
   * @return this
   */
  public CatalogIndexer onProgress(Progress progress) {
    this.progress = Objects.requireNonNull(progress, "progress");
    return this;
  }

  /**
   * Encodes a catalogue into the index. The catalogue is read once, in order.
   *
   * <p>When an item is refused or the encoder fails, the batches before stay in the index and are
   * saved as at the end; the next run goes on from there.
   *
   * @param catalogue the items, each id once
   * @return what was done
   * @throws IllegalArgumentException if an id occurs twice, or an item lacks a feature the encoder
   *     cannot do without
   * @throws RecommenderException if the encoder fails, or the state cannot be read or written
   */
  public Result index(Iterator<Item> catalogue) {
    Run run = new Run(state == null ? new IndexState() : IndexState.read(state));
    try {
      while (catalogue.hasNext()) {
        for (int read = 0; read < batchSize && catalogue.hasNext(); read++) {
          run.take(catalogue.next());
        }
        if (run.changed.size() >= batchSize || !catalogue.hasNext()) {
          run.encode();
        }
        progress.update(run.encoded, run.unchanged);
      }
      long removed = removeAbsent ? run.removeAbsent() : 0;
      run.save();
      return new Result(run.encoded, run.unchanged, removed);
    } catch (RuntimeException | Error e) {
      try {
        run.save();
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /** One pass over a catalogue. */
  private final class Run {
    final IndexState saved;
    final Set<String> seen = new HashSet<>();
    final Map<String, Item> changed = new LinkedHashMap<>();

    /** Items in the index that the state does not know yet. */
    final Map<String, IndexState.Hash> unsaved = new HashMap<>();

    boolean removedSome;
    int unsavedBatches;
    long encoded;
    long unchanged;

    Run(IndexState saved) {
      this.saved = saved;
    }

    private IndexState.Hash hash(Item item) {
      return IndexState.hash(
          version, item, name -> features.isEmpty() || features.get().contains(name));
    }

    void take(Item item) {
      if (!seen.add(item.id())) {
        throw new IllegalArgumentException(
            "catalogue: item id '%s' occurs twice".formatted(item.id()));
      }
      if (index.contains(item.id()) && saved.holds(item.id(), hash(item))) {
        unchanged++;
      } else {
        changed.put(item.id(), item);
      }
    }

    void encode() {
      if (changed.isEmpty()) {
        return;
      }
      List<Item> items = List.copyOf(changed.values());
      index.addAll(List.copyOf(changed.keySet()), encoder.encode(items));
      items.forEach(item -> unsaved.put(item.id(), hash(item)));
      encoded += items.size();
      changed.clear();
      if (++unsavedBatches == checkpointEvery) {
        save();
      }
    }

    long removeAbsent() {
      List<String> absent = saved.absentFrom(seen);
      long removed = absent.stream().filter(index::remove).count();
      removedSome |= saved.removeAll(absent);
      return removed;
    }

    /**
     * Saves the index between two writes of the state: first without the items that changed, then
     * with them. Whenever it is interrupted, no item counts as unchanged that the index holds in
     * another state.
     */
    void save() {
      if (state != null && (!unsaved.isEmpty() || removedSome)) {
        if (saved.removeAll(unsaved.keySet()) || removedSome) {
          saved.write(state);
        }
        saveIndex.run();
        saved.putAll(unsaved);
        saved.write(state);
      }
      unsaved.clear();
      removedSome = false;
      unsavedBatches = 0;
    }
  }
}
