package io.recommender.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession.Result;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Counts what is open in the runtime: sessions always, tensors while a test tracks them.
 *
 * <p><b>Thread-safe</b>.
 */
final class NativeHandles {
  private static final AtomicInteger SESSIONS = new AtomicInteger();

  /** The tensors made since tracking began that were open when last looked at; null without. */
  private static volatile @Nullable Queue<OnnxTensor> tracked;

  private NativeHandles() {}

  static void sessionOpened() {
    SESSIONS.incrementAndGet();
  }

  static void sessionClosed() {
    SESSIONS.decrementAndGet();
  }

  /** How many sessions of this process are open. */
  static int sessions() {
    return SESSIONS.get();
  }

  static void track(boolean isOn) {
    tracked = isOn ? new ConcurrentLinkedQueue<>() : null;
  }

  static OnnxTensor made(OnnxTensor tensor) {
    Queue<OnnxTensor> all = tracked;
    if (all != null) {
      all.add(tensor);
    }
    return tensor;
  }

  static Result made(Result result) {
    if (tracked != null) {
      for (int i = 0; i < result.size(); i++) {
        // Those that were pinned were made, and are closed, by the caller.
        if (result.isResultOwner(i) && result.get(i) instanceof OnnxTensor tensor) {
          made(tensor);
        }
      }
    }
    return result;
  }

  /** Returns how many of the tracked tensors are open, and forgets those that are not. */
  static int openTensors() {
    Queue<OnnxTensor> all = tracked;
    if (all == null) {
      throw new IllegalStateException("tensors are not tracked");
    }
    all.removeIf(OnnxTensor::isClosed);
    return all.size();
  }
}
