/**
 * Contract tests and fakes, published as the test-jar of recommender-api.
 *
 * <p>Whoever writes a backend extends the contract of the interface it implements and supplies the
 * object under test; every rule of the interface is then checked. Whoever uses recommenders has
 * {@link io.recommender.testing.FakeRecommender}, {@link io.recommender.testing.FakeReranker} and
 * {@link io.recommender.testing.FakeItemEncoder} to test against, and {@link
 * io.recommender.testing.RecommendationsAssert} for answers. The jar needs JUnit 5.
 */
@NullMarked
package io.recommender.testing;

import org.jspecify.annotations.NullMarked;
