/** What several packages of this module share. Internal: may change in any release. */
@NullMarked
package io.recommender.internal;

import org.jspecify.annotations.NullMarked;
