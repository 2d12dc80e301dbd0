package io.recommender.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession.SessionOptions;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads the runtime and its devices, and explains why when one cannot be had. */
final class OnnxDevices {
  private static final Logger LOG = LoggerFactory.getLogger(OnnxDevices.class);
  private static final String POM = "META-INF/maven/com.microsoft.onnxruntime/%s/pom.xml";

  /** Room for a command line of more than 200,000 characters; memory is taken as it is used. */
  private static final long STACK = 256L << 20;

  /** Whether the environment is there: it is one for the whole process. */
  private static volatile boolean isMade;

  private OnnxDevices() {}

  static OrtEnvironment environment() {
    if (onClassPath("onnxruntime") && onClassPath("onnxruntime_gpu")) {
      throw new RecommenderException(
          Kind.DEVICE_UNAVAILABLE,
          "class path: expected one of onnxruntime and onnxruntime_gpu, found both; the first one"
              + " would win silently, so exclude one");
    }
    try {
      if (!isMade) {
        onLargeStack(OrtEnvironment::getEnvironment);
        isMade = true;
      }
      return OrtEnvironment.getEnvironment();
    } catch (LinkageError e) {
      throw new RecommenderException(
          Kind.DEVICE_UNAVAILABLE,
          ("expected the native library of ONNX Runtime for %s %s, found none that loads: %s."
                  + " It exists for Linux (glibc, x86-64 and aarch64), macOS (aarch64) and Windows"
                  + " (x86-64); -Donnxruntime.native.path names a folder with an own one")
              .formatted(System.getProperty("os.name"), System.getProperty("os.arch"), e),
          e);
    }
  }

  /**
   * Makes the environment where there is room: version 1.29 reads the command line of the process
   * with a recursion as deep as it is long, and a class path of some ten thousand characters ends
   * the process on a thread of one MB.
   */
  private static void onLargeStack(Callable<OrtEnvironment> making) {
    FutureTask<OrtEnvironment> task = new FutureTask<>(making);
    Thread thread = new Thread(null, task, "recommender-onnxruntime", STACK);
    thread.setDaemon(true);
    try {
      thread.start();
    } catch (OutOfMemoryError e) {
      // No room for another thread: this one may do.
      task.run();
    }
    boolean isInterrupted = false;
    try {
      while (true) {
        try {
          task.get();
          return;
        } catch (InterruptedException e) {
          isInterrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof Error error) {
            throw error;
          }
          if (e.getCause() instanceof RuntimeException unchecked) {
            throw unchecked;
          }
          throw new IllegalStateException(e.getCause());
        }
      }
    } finally {
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Whether the JVM is ending, when the runtime frees itself whoever still uses it. */
  static boolean isEnding() {
    Thread hook = new Thread(() -> {});
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      Runtime.getRuntime().removeShutdownHook(hook);
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  private static boolean onClassPath(String artifactId) {
    return OnnxDevices.class.getClassLoader().getResource(POM.formatted(artifactId)) != null;
  }

  /** Adds CUDA, checking first what can be checked without unpacking its library. */
  static void addCuda(SessionOptions options, Device device) {
    if (!OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA)) {
      throw new RecommenderException(
          Kind.DEVICE_UNAVAILABLE,
          "device %s: expected onnxruntime_gpu on the class path, found the CPU runtime; replace the dependency onnxruntime by onnxruntime_gpu of the same version"
              .formatted(device));
    }
    if (System.getProperty("os.name").startsWith("Linux")
        && !Files.exists(Path.of("/proc/driver/nvidia"))
        && !Files.exists(Path.of("/dev/nvidiactl"))
        && !Files.exists(Path.of("/dev/dxg"))) {
      throw new RecommenderException(
          Kind.DEVICE_UNAVAILABLE,
          "device %s: expected an NVIDIA driver, found none on this machine".formatted(device));
    }
    try {
      options.addCUDA(device.cudaOrdinal());
    } catch (OrtException e) {
      throw unusable(device, e);
    }
  }

  /**
   * What a failure on a device is taken for; the runtime often fails only when a graph is loaded.
   */
  static RecommenderException unusable(Device device, OrtException e) {
    return new RecommenderException(
        Kind.DEVICE_UNAVAILABLE,
        ("device %s: expected CUDA 12 and cuDNN 9 on the library path, a device of that number and"
                + " memory for the model, found: %s")
            .formatted(device, e.getMessage()),
        e);
  }

  static void logFallback(String model, RecommenderException why) {
    LOG.warn("{} runs on the CPU: {}", model, why.getMessage());
  }
}
