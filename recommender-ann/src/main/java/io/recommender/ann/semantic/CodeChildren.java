package io.recommender.ann.semantic;

/**
 * Walks through the codes that continue a prefix, ascending, and the rows of each. <b>Confined</b>.
 *
 * <pre>{@code
 * children.of(beam...);
 * while (children.advance()) {
 *   use(children.code, children.start, children.end);
 * }
 * }</pre>
 */
final class CodeChildren {
  private final CodeRows rows;
  private final CodeRows deltaRows;
  private final CodeDirectory directory;

  private int depth;
  private int parent;
  private boolean isListed;
  private int child;
  private int lastChild;
  private int to;
  private int deltaTo;

  /** The code. */
  int code;

  /** Its node of the directory, or {@link BeamPool#UNLISTED}. */
  int node;

  /** Its first row of the base. */
  int start;

  /** The row after the last one. */
  int end;

  /** Its first row of the delta. */
  int deltaStart;

  /** The row after the last one. */
  int deltaEnd;

  CodeChildren(CodeVersion version) {
    rows = version.base().rows;
    deltaRows = version.delta().rows;
    directory = version.base().directory;
  }

  /**
   * Begins with the children of a beam.
   *
   * @param beams where the beam is
   * @param depth the length of its prefix, below the number of levels
   */
  void of(BeamPool beams, int beam, int depth) {
    this.depth = depth;
    to = beams.end(beam);
    deltaTo = beams.deltaEnd(beam);
    parent = beams.node(beam);
    isListed = parent != BeamPool.UNLISTED;
    if (isListed) {
      child = directory.children[depth][parent];
      lastChild = directory.children[depth][parent + 1];
      end = child < lastChild ? directory.rows[depth][child] : to;
    } else {
      end = rows.skipEnded(beams.start(beam), to, depth);
    }
    deltaEnd = deltaRows.skipEnded(beams.deltaStart(beam), deltaTo, depth);
  }

  /** Returns whether all children are listed one after the other. */
  boolean areListed() {
    return isListed && deltaEnd == deltaTo;
  }

  /** Returns where the codes of listed children are. */
  int[] listedCodes() {
    return directory.codes[depth];
  }

  /** Returns the place of the first listed child. */
  int listedStart() {
    return child;
  }

  /** Returns the place after that of the last listed child. */
  int listedEnd() {
    return lastChild;
  }

  /** Returns the place of a listed child by its code, or -1. */
  int listed(int code) {
    return directory.child(depth, parent, code);
  }

  /** Goes to a listed child. */
  void atListed(int place) {
    child = place;
    start = directory.rows[depth][place];
    deltaStart = deltaTo;
    advanceInBase();
  }

  /** Goes on to the next child and returns whether there is one. */
  boolean advance() {
    start = end;
    deltaStart = deltaEnd;
    if (deltaStart == deltaTo) {
      return advanceInBase();
    }
    int deltaCode = deltaRows.code(deltaStart, depth);
    int baseCode = start < to ? baseCode() : Integer.MAX_VALUE;
    node = BeamPool.UNLISTED;
    if (baseCode <= deltaCode) {
      advanceInBase();
    }
    code = Math.min(baseCode, deltaCode);
    if (deltaCode <= baseCode) {
      deltaEnd = deltaRows.runEnd(deltaStart, deltaTo, depth);
    }
    return true;
  }

  private int baseCode() {
    return isListed ? directory.codes[depth][child] : rows.code(start, depth);
  }

  private boolean advanceInBase() {
    if (start == to) {
      return false;
    }
    code = baseCode();
    if (isListed) {
      node = depth + 1 < directory.depth() ? child : BeamPool.UNLISTED;
      child++;
      end = child < lastChild ? directory.rows[depth][child] : to;
    } else {
      node = BeamPool.UNLISTED;
      end = rows.runEnd(start, to, depth);
    }
    return true;
  }
}
