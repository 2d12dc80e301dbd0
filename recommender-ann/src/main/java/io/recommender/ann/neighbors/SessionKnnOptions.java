package io.recommender.ann.neighbors;

import java.util.Objects;

/**
 * How {@link SessionKnnRecommender} finds and weighs sessions. Each method returns changed options,
 * so they can be written as a chain.
 *
 * <pre>{@code
 * SessionKnnOptions options = SessionKnnOptions.of(1000, 200).historyLength(5);
 * }</pre>
 *
 * <p>With n items in the history, the newest of them n-th, a session is as similar as the sum of
 * {@code (i / n)^}{@link #positionPower} over the items they share; of repeated ones the newest
 * counts.
 *
 * <p><b>Immutable</b>.
 */
public final class SessionKnnOptions {

  /** What a session contributes, by how far back its newest item of the history is. */
  public enum MatchWeight {
    /** {@code 1 - s / 10} at step s, 1 for the newest item of the history; nothing from 10 on. */
    LINEAR,
    /** {@code 1 / s} at step s, 1 for the newest item of the history. */
    RECIPROCAL;

    double at(int step) {
      return this == LINEAR ? Math.max(0, 1 - step / 10.0) : 1.0 / step;
    }
  }

  /** How many bytes of a session are counted besides 4 for each of its events. */
  public static final int SESSION_BYTES = 256;

  /** How many bytes are counted of a session for each item that it is kept for. */
  public static final int REFERENCE_BYTES = 8;

  private static final double MOST = 1000;

  private final int sessions;
  private final int neighbors;
  private final int historyLength;
  private final int sessionLength;
  private final double positionPower;
  private final MatchWeight matchWeight;
  private final double idfOffset;
  private final double idfFactor;
  private final long sessionBytes;

  private SessionKnnOptions(
      int sessions,
      int neighbors,
      int historyLength,
      int sessionLength,
      double positionPower,
      MatchWeight matchWeight,
      double idfOffset,
      double idfFactor,
      long sessionBytes) {
    this.sessions = sessions;
    this.neighbors = neighbors;
    this.historyLength = historyLength;
    this.sessionLength = sessionLength;
    this.positionPower = positionPower;
    this.matchWeight = matchWeight;
    this.idfOffset = idfOffset;
    this.idfFactor = idfFactor;
    this.sessionBytes = sessionBytes;
  }

  /** {@return the options of the paper's experiments: 500 sessions, of which 100 neighbours} */
  public static SessionKnnOptions defaults() {
    return of(500, 100);
  }

  /**
   * Returns options.
   *
   * @param sessions how many sessions to keep for each item and to compare with a history, the most
   *     recent ones; the paper's m, at least 1
   * @param neighbors how many of them, the most similar ones, contribute; the paper's k, at least 1
   * @return options with 9 items of the history, 100 events of a session, position power 1, linear
   *     match weights and contributions multiplied by the inverse document frequency
   */
  public static SessionKnnOptions of(int sessions, int neighbors) {
    return new SessionKnnOptions(
        atLeastOne("sessions", sessions),
        atLeastOne("neighbors", neighbors),
        9,
        100,
        1,
        MatchWeight.LINEAR,
        0,
        1,
        Long.MAX_VALUE);
  }

  private static int atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + ": expected at least 1, found " + value);
    }
    return value;
  }

  private static double atLeastZero(String name, double value) {
    if (!(value >= 0 && value <= MOST)) {
      throw new IllegalArgumentException(name + ": expected 0 to 1000, found " + value);
    }
    return value;
  }

  /**
   * Sets how many interactions of a history with known items are read, the newest ones.
   *
   * @param historyLength at least 1; 9 unless set
   * @return changed options
   */
  public SessionKnnOptions historyLength(int historyLength) {
    return new SessionKnnOptions(
        sessions,
        neighbors,
        atLeastOne("historyLength", historyLength),
        sessionLength,
        positionPower,
        matchWeight,
        idfOffset,
        idfFactor,
        sessionBytes);
  }

  /**
   * Sets how many events of a session are kept, the newest ones.
   *
   * @param sessionLength at least 1; 100 unless set
   * @return changed options
   */
  public SessionKnnOptions sessionLength(int sessionLength) {
    return new SessionKnnOptions(
        sessions,
        neighbors,
        historyLength,
        atLeastOne("sessionLength", sessionLength),
        positionPower,
        matchWeight,
        idfOffset,
        idfFactor,
        sessionBytes);
  }

  /**
   * Sets how strongly the newer items of a history count more than the older ones.
   *
   * @param positionPower 0, at which all count the same, to 1000; 1 unless set
   * @return changed options
   */
  public SessionKnnOptions positionPower(double positionPower) {
    return new SessionKnnOptions(
        sessions,
        neighbors,
        historyLength,
        sessionLength,
        atLeastZero("positionPower", positionPower),
        matchWeight,
        idfOffset,
        idfFactor,
        sessionBytes);
  }

  /**
   * Sets what a session contributes, by how far back its newest item of the history is.
   *
   * @param matchWeight the function; linear unless set
   * @return changed options
   */
  public SessionKnnOptions matchWeight(MatchWeight matchWeight) {
    return new SessionKnnOptions(
        sessions,
        neighbors,
        historyLength,
        sessionLength,
        positionPower,
        Objects.requireNonNull(matchWeight, "matchWeight"),
        idfOffset,
        idfFactor,
        sessionBytes);
  }

  /**
   * Sets how much more rare items count than frequent ones: contributions to an item are multiplied
   * by {@code offset + factor * idf}. Offset 1 and factor 0 leave them as they are.
   *
   * @param offset 0 to 1000; 0 unless set
   * @param factor 0 to 1000; 1 unless set
   * @return changed options
   */
  public SessionKnnOptions idf(double offset, double factor) {
    return new SessionKnnOptions(
        sessions,
        neighbors,
        historyLength,
        sessionLength,
        positionPower,
        matchWeight,
        atLeastZero("offset", offset),
        atLeastZero("factor", factor),
        sessionBytes);
  }

  /**
   * Sets how many bytes the sessions that are kept may take: {@value #SESSION_BYTES} each, 4 for
   * each event, and {@value #REFERENCE_BYTES} for each item that it is kept for. When there is no
   * room, the least recent sessions go.
   *
   * @param bytes at least 0; without a limit unless set, so that the number of sessions for each
   *     item is the only one
   * @return changed options
   */
  public SessionKnnOptions sessionBytes(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("sessionBytes: expected at least 0, found " + bytes);
    }
    return new SessionKnnOptions(
        sessions,
        neighbors,
        historyLength,
        sessionLength,
        positionPower,
        matchWeight,
        idfOffset,
        idfFactor,
        bytes);
  }

  /** {@return how many sessions are kept for each item and compared with a history} */
  public int sessions() {
    return sessions;
  }

  /** {@return how many sessions contribute} */
  public int neighbors() {
    return neighbors;
  }

  /** {@return how many interactions of a history are read} */
  public int historyLength() {
    return historyLength;
  }

  /** {@return how many events of a session are kept} */
  public int sessionLength() {
    return sessionLength;
  }

  /** {@return how strongly the newer items of a history count more than the older ones} */
  public double positionPower() {
    return positionPower;
  }

  /** {@return what a session contributes, by how far back its newest item of the history is} */
  public MatchWeight matchWeight() {
    return matchWeight;
  }

  /** {@return what is added to the weighted inverse document frequency} */
  public double idfOffset() {
    return idfOffset;
  }

  /** {@return by what the inverse document frequency is multiplied} */
  public double idfFactor() {
    return idfFactor;
  }

  /** {@return how many bytes the sessions may take, the largest long without a limit} */
  public long sessionBytes() {
    return sessionBytes;
  }

  @Override
  public String toString() {
    return ("SessionKnnOptions[%d sessions, %d neighbours, historyLength=%d, sessionLength=%d,"
            + " positionPower=%s, matchWeight=%s, idf=%s + %s * idf, sessionBytes=%d]")
        .formatted(
            sessions,
            neighbors,
            historyLength,
            sessionLength,
            positionPower,
            matchWeight,
            idfOffset,
            idfFactor,
            sessionBytes);
  }
}
