/** What several packages of this project share. Internal; may change in any release. */
@NullMarked
package io.recommender.internal;

import org.jspecify.annotations.NullMarked;
