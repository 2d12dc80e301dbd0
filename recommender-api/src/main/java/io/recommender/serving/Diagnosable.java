package io.recommender.serving;

/**
 * Tells what it is made of and how it is, for people who run it.
 *
 * <p><b>Thread safety.</b> May be asked at any time, while others use the component.
 */
@FunctionalInterface
public interface Diagnosable {

  /**
   * Describes the component and what it is made of.
   *
   * @param sample how many questions a component may ask itself to measure how well it answers,
   *     such as the recall of an approximate index; 0 measures nothing and is quick
   * @return the facts as they are now
   * @throws IllegalStateException if closed
   */
  Diagnosis diagnose(int sample);
}
