/** Sessions of an app that searches and recommends, as questions of an evaluation. */
@NullMarked
package io.recommender.examples.sessions;

import org.jspecify.annotations.NullMarked;
