/** The command line of the examples. */
@NullMarked
package io.recommender.examples.cli;

import org.jspecify.annotations.NullMarked;
