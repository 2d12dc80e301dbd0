/**
 * Contract tests and fakes, published as the test-jar of recommender-api.
 *
 * <p>Whoever writes a backend extends the contract of the interface it implements and supplies the
 * object under test; every rule of the interface is then checked.
 */
@NullMarked
package io.recommender.testing;

import org.jspecify.annotations.NullMarked;
