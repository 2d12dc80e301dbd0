/**
 * What several packages of this project share, those of {@code recommender-onnx} too. Internal; may
 * change in any release.
 */
@NullMarked
package io.recommender.internal;

import org.jspecify.annotations.NullMarked;
