/** Measures how good, how varied and how fast recommendations are. */
@NullMarked
package io.recommender.evaluation;

import org.jspecify.annotations.NullMarked;
