/** Scripted users who browse, search and click. */
@NullMarked
package io.recommender.examples.agents;

import org.jspecify.annotations.NullMarked;
