package io.recommender.serving;

/**
 * What a run of a model costs beside the places of its requests, learned from runs as they are
 * timed. The time of a run of n requests padded to the length L is taken for {@code a + n (b + c
 * L)}; {@link #places} is {@code a / c}.
 *
 * <p>The three are those of least squares of the error relative to the time, older runs forgotten
 * little by little. So a run that took too long, because its thread had no processor, has little
 * weight. One that was far quicker than those before it did not run the model, such as for users of
 * whom nothing is known, and does not count, unless many are. What the runs do not tell apart, such
 * as all three while the lengths are one, follows a guess, which is held with a hundredth of the
 * weight of the runs.
 *
 * <p><b>Confined</b>.
 */
final class RunCost {
  /** Right within a factor of two for small transformers on a CPU. */
  static final double GUESS = 32;

  /** More places than any request has: lengths do not matter. */
  static final double MOST = 1e9;

  /** How much a run still counts when the next one has come. */
  private static final double OLDER = 0.99;

  private static final double HOLD = 0.01;

  /** A run that takes less than this part of the usual time of so many places does not count. */
  private static final double QUICK = 0.125;

  /** How much of the usual time a run changes, at most. */
  private static final double CHANGE = 0.05;

  private double count;

  /** The usual time of a place, with the guess for the cost of a run. */
  private double usual;

  // Sums over the runs of 1, n and n L, each divided by the time, and of their products.
  private double one;
  private double each;
  private double all;
  private double oneOne;
  private double oneEach;
  private double oneAll;
  private double eachEach;
  private double eachAll;
  private double allAll;

  /** Notes a run, and returns whether it counts; one that took no time tells nothing. */
  boolean observe(int requests, int length, long nanoseconds) {
    if (nanoseconds <= 0) {
      return false;
    }
    double ofAPlace = nanoseconds / (GUESS + (double) requests * length);
    boolean isQuick = ofAPlace < QUICK * usual;
    usual = usual == 0 ? ofAPlace : usual + CHANGE * (Math.min(ofAPlace, 2 * usual) - usual);
    if (isQuick) {
      return false;
    }
    double x = 1.0 / nanoseconds;
    double y = requests * x;
    double z = length * y;
    count = OLDER * count + 1;
    one = OLDER * one + x;
    each = OLDER * each + y;
    all = OLDER * all + z;
    oneOne = OLDER * oneOne + x * x;
    oneEach = OLDER * oneEach + x * y;
    oneAll = OLDER * oneAll + x * z;
    eachEach = OLDER * eachEach + y * y;
    eachAll = OLDER * eachAll + y * z;
    allAll = OLDER * allAll + z * z;
    return true;
  }

  /** {@return how many places of requests take as long as what a run takes beside them} */
  double places() {
    if (count == 0) {
      return GUESS;
    }
    double guess = count / (GUESS * one + all);
    double p = oneOne * (1 + HOLD);
    double q = eachEach * (1 + HOLD);
    double r = allAll * (1 + HOLD);
    double u = one + HOLD * oneOne * GUESS * guess;
    double v = each;
    double w = all + HOLD * allAll * guess;
    // Cramer's rule: the determinant, which is above 0, cancels.
    double a =
        u * (q * r - eachAll * eachAll)
            - oneEach * (v * r - eachAll * w)
            + oneAll * (v * eachAll - q * w);
    double c =
        p * (q * w - v * eachAll)
            - oneEach * (oneEach * w - v * oneAll)
            + u * (oneEach * eachAll - q * oneAll);
    if (a <= 0) {
      return 0;
    }
    return c * MOST <= a ? MOST : a / c;
  }
}
