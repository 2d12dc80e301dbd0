package io.recommender.onnx;

import java.util.Arrays;

/**
 * Where the rows of a decoding stand in its batch. Where the rows of a prompt share its cache,
 * slots form a grid, as many for each prompt, and those that no row needs repeat another; else each
 * row has the slot of its number.
 *
 * <p><b>Confined</b>.
 */
final class RowSlots {
  private final int prompts;
  private final boolean isGrid;
  private int[] promptOf;
  private int[] slotOf;

  /** Slots of each prompt, if they form a grid. */
  private int width = 1;

  /** Begins with a row for each prompt. */
  RowSlots(int prompts, boolean isGrid) {
    this.prompts = prompts;
    this.isGrid = isGrid;
    promptOf = identity(prompts);
    slotOf = promptOf;
  }

  static int[] identity(int size) {
    int[] numbers = new int[size];
    Arrays.setAll(numbers, i -> i);
    return numbers;
  }

  int rows() {
    return promptOf.length;
  }

  int promptOf(int row) {
    return promptOf[row];
  }

  int slotOf(int row) {
    return slotOf[row];
  }

  /**
   * Takes new rows, each of which continues an old one.
   *
   * @return the old slot that each slot continues; one without a row, the first of its prompt
   */
  int[] advance(int[] parents, int count) {
    int[] oldSlotOf = slotOf;
    int oldWidth = width;
    int[] newPromptOf = new int[count];
    for (int i = 0; i < count; i++) {
      newPromptOf[i] = promptOf[parents[i]];
    }
    promptOf = newPromptOf;
    int[] continued = new int[place()];
    for (int slot = 0; slot < continued.length; slot++) {
      continued[slot] = isGrid ? slot / width * oldWidth : 0;
    }
    for (int i = 0; i < count; i++) {
      continued[slotOf[i]] = oldSlotOf[parents[i]];
    }
    return continued;
  }

  /** Gives each row a slot and returns the number of slots. */
  private int place() {
    int rows = promptOf.length;
    if (!isGrid) {
      slotOf = identity(rows);
      return rows;
    }
    slotOf = new int[rows];
    int[] used = new int[prompts];
    width = 0;
    for (int i = 0; i < rows; i++) {
      slotOf[i] = used[promptOf[i]]++;
      width = Math.max(width, used[promptOf[i]]);
    }
    for (int i = 0; i < rows; i++) {
      slotOf[i] += promptOf[i] * width;
    }
    return prompts * width;
  }

  /** The row of each slot, -1 for a slot without one. */
  int[] rowsOfSlots(int slots) {
    int[] rowOf = new int[slots];
    Arrays.fill(rowOf, -1);
    for (int row = 0; row < slotOf.length; row++) {
      rowOf[slotOf[row]] = row;
    }
    return rowOf;
  }

  /** The prompt of a slot with a row, or with none (-1). */
  int promptOfSlot(int slot, int row) {
    return row >= 0 ? promptOf[row] : slot / width;
  }
}
