/** Tests that every implementation of an interface must pass: extend one and supply the object. */
@NullMarked
package io.recommender.testing;

import org.jspecify.annotations.NullMarked;
