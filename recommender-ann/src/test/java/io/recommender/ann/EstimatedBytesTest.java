package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The memory that is estimated is that of the arrays an index holds. */
class EstimatedBytesTest {
  private static final int COUNT = 20_000;
  private static final int DIMENSION = 128;
  private static final String OURS = "io.recommender.";

  /** An array's header, and a reference. */
  private static final int HEADER = 16;

  private static final int REFERENCE = 4;

  @TempDir private Path folder;

  /** Adds up all arrays that an object leads to, but for those of classes of others. */
  static long heldBytes(Object root) throws IllegalAccessException {
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Object> open = new ArrayDeque<>();
    seen.add(root);
    open.add(root);
    long bytes = 0;
    while (!open.isEmpty()) {
      Object next = open.remove();
      Class<?> type = next.getClass();
      if (type.isArray()) {
        int length = Array.getLength(next);
        bytes += HEADER + (long) length * elementBytes(type.getComponentType());
        if (next instanceof Object[] elements) {
          for (Object element : elements) {
            visit(element, seen, open);
          }
        }
        continue;
      }
      for (Class<?> each = type; each != Object.class; each = each.getSuperclass()) {
        for (Field field : each.getDeclaredFields()) {
          if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
            field.setAccessible(true);
            visit(field.get(next), seen, open);
          }
        }
      }
    }
    return bytes;
  }

  private static void visit(Object object, Set<Object> seen, Deque<Object> open) {
    if (object == null) {
      return;
    }
    Class<?> type = object.getClass();
    boolean isOurs = type.isArray() || type.getName().startsWith(OURS) && !type.isEnum();
    if (isOurs && seen.add(object)) {
      open.add(object);
    }
  }

  private static int elementBytes(Class<?> type) {
    if (type == byte.class) {
      return Byte.BYTES;
    }
    if (type == short.class || type == char.class) {
      return Short.BYTES;
    }
    if (type == int.class || type == float.class) {
      return Integer.BYTES;
    }
    return type == long.class || type == double.class ? Long.BYTES : REFERENCE;
  }

  private static void assertNear(String what, long estimated, long held) {
    double ratio = estimated / (double) held;
    assertTrue(
        ratio > 0.85 && ratio < 1.15,
        () -> "%s: estimated %d, held %d, ratio %.3f".formatted(what, estimated, held, ratio));
  }

  @ParameterizedTest
  @EnumSource(Quantization.class)
  void isWhatIsHeld(Quantization form) throws IllegalAccessException {
    HnswIndexBuilder builder =
        HnswIndex.builder(DIMENSION, Similarity.L2).quantization(form).efConstruction(4).threads(2);
    HnswIndex index = builder.build();
    float[][] vectors = HnswFixture.clustered(COUNT, DIMENSION, 0, 1);
    index.addAll(HnswFixture.ids(0, COUNT), vectors);
    assertNear("built", builder.estimatedBytes(COUNT), heldBytes(index));
    // An opened index is laid out for as many items as it has.
    Path file = folder.resolve("a");
    index.save(file);
    long read = heldBytes(HnswIndex.open(file));
    assertNear("read", builder.estimatedBytes(COUNT), read);
    long mapped = heldBytes(HnswIndex.open(file, Opening.MAP));
    long rows = form.keepsFloats() ? (long) COUNT * DIMENSION * Float.BYTES : 0;
    assertTrue(mapped <= read - rows, () -> "read %d, mapped %d".formatted(read, mapped));
  }
}
