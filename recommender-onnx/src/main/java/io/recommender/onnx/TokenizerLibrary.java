package io.recommender.onnx;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import org.jspecify.annotations.Nullable;

/**
 * The native tokenizers, loaded once from the jar, without network.
 *
 * <p>Left alone the library looks for a GPU and downloads natives for it, and its convenient
 * classes report their use on machines of its maker. Here it is told to be offline and on the CPU
 * while it loads, the properties are put back after, and only its natives are called, which know of
 * neither.
 */
final class TokenizerLibrary {
  private static final String OFFLINE = "ai.djl.offline";
  private static final String FLAVOR = "RUST_FLAVOR";

  private static @Nullable TokenizersLibrary loaded;

  private TokenizerLibrary() {}

  static synchronized TokenizersLibrary load() {
    TokenizersLibrary library = loaded;
    if (library != null) {
      return library;
    }
    String offline = System.getProperty(OFFLINE);
    String flavor = System.getProperty(FLAVOR);
    try {
      System.setProperty(OFFLINE, "true");
      System.setProperty(FLAVOR, "cpu");
      LibUtils.checkStatus();
      library = TokenizersLibrary.LIB;
      loaded = library;
      return library;
    } catch (RuntimeException | LinkageError | AssertionError e) {
      throw new RecommenderException(
          Kind.DEVICE_UNAVAILABLE,
          "tokenizers: expected natives for %s on %s in the jar and a writable ENGINE_CACHE_DIR, found: %s"
              .formatted(
                  System.getProperty("os.name"), System.getProperty("os.arch"), e.getMessage()),
          e);
    } finally {
      restore(OFFLINE, offline);
      restore(FLAVOR, flavor);
    }
  }

  private static void restore(String property, @Nullable String value) {
    if (value == null) {
      System.clearProperty(property);
    } else {
      System.setProperty(property, value);
    }
  }
}
