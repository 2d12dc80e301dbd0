/** Composes recommenders into one. */
@NullMarked
package io.recommender.pipeline;

import org.jspecify.annotations.NullMarked;
