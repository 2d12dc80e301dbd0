package io.recommender.ann.memory;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.RecommenderException;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.UserKey;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Corrects the predictions of a ranker by the errors it made lately where its hidden vectors were
 * alike. The model stays as it is, and follows a change of taste within some hundred events.
 *
 * <p>Zhu et al., "ReLoop2: Building Self-Adaptive Recommendation Models via Responsive Error
 * Compensation Loop", KDD 2023. There the nearest keys are found by hashing; here they are the
 * nearest by Euclidean distance, exactly up to {@value ErrorMemoryOptions#EXACT_CAPACITY} keys. A
 * prediction p becomes {@code p + strength / n · (sum of the errors of the n nearest keys)}, cut to
 * [0, 1]; where there are fewer than n errors the sum is over those, so that a memory that has seen
 * little changes little.
 *
 * <pre>{@code
 * ErrorMemory memory = ErrorMemory.of(64, List.of("click", "buy"));
 * Reranker adaptive = CompensatingReranker.of(ranker, memory);
 * }</pre>
 *
 * <p><b>Shapes and units.</b> A key is the hidden vector behind a prediction, of length {@link
 * #dimension()} and finite. Predictions and labels are in [0, 1].
 *
 * <p><b>Thread safety.</b> Thread-safe. Observations of a task take turns; corrections wait for
 * nothing.
 *
 * <p><b>Lifetime.</b> Holds memory of the Java heap only, for at most {@link
 * ErrorMemoryOptions#capacity} errors of each task, so at most {@link #estimatedBytes}. Users are
 * kept as hashes of their ids.
 *
 * <p><b>Cost.</b> A correction is a search among the keys of the task; an observation changes one
 * of them. Opening a file with more than {@value ErrorMemoryOptions#EXACT_CAPACITY} keys builds
 * their index anew.
 */
public final class ErrorMemory implements FeedbackSink {
  private final int dimension;
  private final ErrorMemoryOptions options;
  private final Map<String, TaskErrors> tasks;
  private final SavedFiles files =
      new SavedFiles(ErrorMemorySnapshot.KIND, ErrorMemorySnapshot.FORMAT);

  private ErrorMemory(int dimension, List<String> tasks, ErrorMemoryOptions options) {
    if (dimension < 1) {
      throw new IllegalArgumentException("dimension: expected at least 1, found " + dimension);
    }
    if (tasks.isEmpty()) {
      throw new IllegalArgumentException("tasks: expected at least one, found none");
    }
    this.dimension = dimension;
    this.options = Objects.requireNonNull(options, "options");
    Map<String, TaskErrors> errors = new LinkedHashMap<>();
    for (String task : tasks) {
      if (errors.put(task, new TaskErrors(dimension, options)) != null) {
        throw new IllegalArgumentException(
            "tasks: expected different ones, found '%s' twice".formatted(task));
      }
    }
    this.tasks = Collections.unmodifiableMap(errors);
  }

  /**
   * Makes an empty memory with the default options.
   *
   * @param dimension the length of every key, at least 1
   * @param tasks the tasks whose errors it keeps, at least one
   * @return the memory
   * @throws IllegalArgumentException if the dimension is below 1 or tasks are missing or repeated
   */
  public static ErrorMemory of(int dimension, List<String> tasks) {
    return of(dimension, tasks, ErrorMemoryOptions.defaults());
  }

  /**
   * Makes an empty memory.
   *
   * @param dimension the length of every key, at least 1
   * @param tasks the tasks whose errors it keeps, at least one
   * @param options how much it keeps and how strongly it corrects
   * @return the memory
   * @throws IllegalArgumentException if the dimension is below 1 or tasks are missing or repeated
   */
  public static ErrorMemory of(int dimension, List<String> tasks, ErrorMemoryOptions options) {
    return new ErrorMemory(dimension, tasks, options);
  }

  /**
   * Keeps the error of a prediction for nobody known.
   *
   * @param task the task
   * @param key the hidden vector behind the prediction; copied
   * @param prediction what the model predicted, without correction, in [0, 1]
   * @param label what happened, in [0, 1]
   * @throws IllegalArgumentException if anything is out of range or the task unknown; the memory is
   *     unchanged
   */
  public void observe(String task, float[] key, float prediction, float label) {
    add(task, key, null, new Feedback.Outcome(label, checkPrediction(prediction)));
  }

  /**
   * Keeps the errors of the outcomes that have a prediction and whose task it knows, if the
   * feedback has the hidden vector; else nothing.
   *
   * @throws IllegalArgumentException if the hidden vector is not a key
   */
  @Override
  public void observe(Feedback feedback) {
    Optional<float[]> hidden = feedback.hidden();
    if (!feedback.hasConsent() || hidden.isEmpty()) {
      return;
    }
    checkKey(hidden.get());
    @Nullable UserKey user = feedback.userId().map(UserKey::of).orElse(null);
    feedback
        .outcomes()
        .forEach(
            (task, outcome) -> {
              if (tasks.containsKey(task) && outcome.isPredicted()) {
                add(task, hidden.get(), user, outcome);
              }
            });
  }

  private void add(String task, float[] key, @Nullable UserKey user, Feedback.Outcome outcome) {
    TaskErrors errors = errors(task);
    checkKey(key);
    errors.add(key, user, outcome.label() - outcome.prediction());
  }

  /** Takes out the errors of a user's feedback. */
  @Override
  public void forget(String userId) {
    UserKey user = UserKey.of(userId);
    tasks.values().forEach(errors -> errors.forget(user));
  }

  /** Takes out everything, as after a new model was put in place, whose errors are others. */
  public void clear() {
    tasks.values().forEach(TaskErrors::clear);
  }

  /**
   * Corrects a prediction.
   *
   * @param task the task
   * @param key the hidden vector behind the prediction
   * @param prediction what the model predicts, in [0, 1]
   * @return the corrected prediction, in [0, 1]; the same bits if there are no errors of the task
   * @throws IllegalArgumentException if anything is out of range or the task unknown
   */
  public float compensate(String task, float[] key, float prediction) {
    TaskErrors errors = errors(task);
    checkKey(key);
    checkPrediction(prediction);
    return corrected(prediction, errors.meanError(key));
  }

  /**
   * Corrects predictions, in less time than one by one.
   *
   * @param task the task
   * @param keys the hidden vectors behind the predictions
   * @param predictions what the model predicts, one for each key, in [0, 1]; not changed
   * @return the corrected predictions, as {@link #compensate} gives them
   * @throws IllegalArgumentException if anything is out of range or the task unknown
   */
  public float[] compensateAll(String task, float[][] keys, float[] predictions) {
    TaskErrors errors = errors(task);
    if (keys.length != predictions.length) {
      throw new IllegalArgumentException(
          "predictions: expected %d, one for each key, found %d"
              .formatted(keys.length, predictions.length));
    }
    for (int i = 0; i < keys.length; i++) {
      checkKey(keys[i]);
      checkPrediction(predictions[i]);
    }
    double[] means = errors.meanErrors(keys);
    float[] corrected = new float[keys.length];
    for (int i = 0; i < keys.length; i++) {
      corrected[i] = corrected(predictions[i], means[i]);
    }
    return corrected;
  }

  private float corrected(float prediction, double meanError) {
    return meanError == 0
        ? prediction
        : (float) Math.max(0, Math.min(1, prediction + options.strength() * meanError));
  }

  private TaskErrors errors(String task) {
    TaskErrors errors = tasks.get(Objects.requireNonNull(task, "task"));
    if (errors == null) {
      throw new IllegalArgumentException(
          "task: expected one of %s, found '%s'".formatted(tasks.keySet(), task));
    }
    return errors;
  }

  private void checkKey(float[] key) {
    if (key.length != dimension) {
      throw new IllegalArgumentException(
          "key: length %d, memory dimension %d".formatted(key.length, dimension));
    }
    for (int i = 0; i < dimension; i++) {
      if (!Float.isFinite(key[i])) {
        throw new IllegalArgumentException(
            "key: element %d is %s, expected a finite number".formatted(i, key[i]));
      }
    }
  }

  private static float checkPrediction(float prediction) {
    if (!(prediction >= 0 && prediction <= 1)) {
      throw new IllegalArgumentException(
          "prediction: expected a number in [0, 1], found " + prediction);
    }
    return prediction;
  }

  /** {@return the length of every key} */
  public int dimension() {
    return dimension;
  }

  /** {@return the tasks, in the order in which they were given} */
  public List<String> tasks() {
    return List.copyOf(tasks.keySet());
  }

  /** {@return the options} */
  public ErrorMemoryOptions options() {
    return options;
  }

  /**
   * Returns how many bytes the memory takes at most: {@link ErrorMemoryOptions#ENTRY_BYTES} for
   * each error that it may keep, and 4 for each number of its key.
   *
   * @return the bytes, with the index that is used unless the options say otherwise
   */
  public long estimatedBytes() {
    return options.capacity() * ErrorMemoryOptions.bytesOfEach(dimension, tasks.size());
  }

  /**
   * Returns how many errors of a task are kept.
   *
   * @param task the task
   * @return at most the capacity
   * @throws IllegalArgumentException if the task is unknown
   */
  public int size(String task) {
    return errors(task).size();
  }

  /**
   * Saves the memory. The file is replaced as a whole or not at all.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException SNAPSHOT_STALE if the file is there and is not what this memory
   *     was opened from or last saved to; SNAPSHOT_INVALID if it is something else; STORAGE_FAILED
   *     if it cannot be written. The file is then as it was
   */
  public void save(Path file) {
    files.save(file, out -> ErrorMemorySnapshot.write(out, saved()));
  }

  /**
   * Saves the memory over whatever error memory the file has.
   *
   * @param file where to, in a folder that exists
   * @throws RecommenderException as {@link #save} does, but for SNAPSHOT_STALE, which is thrown
   *     only if the file changed during the call
   */
  public void replace(Path file) {
    files.replace(file, out -> ErrorMemorySnapshot.write(out, saved()));
  }

  private ErrorMemorySnapshot.Saved saved() {
    List<TaskErrors.Contents> contents = new ArrayList<>();
    tasks.values().forEach(errors -> contents.add(errors.contents()));
    return new ErrorMemorySnapshot.Saved(dimension, options, tasks(), contents);
  }

  /**
   * Opens a saved memory, which corrects as it did.
   *
   * @param file what {@link #save} wrote
   * @return the memory as it was, with the default index
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static ErrorMemory open(Path file) {
    return open(file, ErrorMemoryOptions.defaults());
  }

  /**
   * Opens a saved memory with another index.
   *
   * @param file what {@link #save} wrote
   * @param options whose index is used; the rest is as it was saved
   * @return the memory as it was
   * @throws RecommenderException as {@link #open(Path)} does
   */
  public static ErrorMemory open(Path file, ErrorMemoryOptions options) {
    SavedFiles files = new SavedFiles(ErrorMemorySnapshot.KIND, ErrorMemorySnapshot.FORMAT);
    try (SnapshotReader in = files.open(file)) {
      ErrorMemorySnapshot.Saved saved = ErrorMemorySnapshot.read(in);
      ErrorMemory memory =
          new ErrorMemory(saved.dimension(), saved.tasks(), saved.options().index(options.index()));
      for (int i = 0; i < saved.tasks().size(); i++) {
        memory.errors(saved.tasks().get(i)).load(saved.contents().get(i));
      }
      memory.files.opened(in);
      return memory;
    }
  }

  @Override
  public String toString() {
    return "ErrorMemory[%d dimensions, %s, %s]".formatted(dimension, tasks.keySet(), options);
  }
}
