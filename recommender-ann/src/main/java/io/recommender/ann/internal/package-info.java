/** Shared by the packages of this module. Internal. May change in any release. */
@NullMarked
package io.recommender.ann.internal;

import org.jspecify.annotations.NullMarked;
