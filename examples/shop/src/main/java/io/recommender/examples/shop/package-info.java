/** A made-up shop: its catalogue and its shoppers, the same for the same seed on every machine. */
@NullMarked
package io.recommender.examples.shop;

import org.jspecify.annotations.NullMarked;
