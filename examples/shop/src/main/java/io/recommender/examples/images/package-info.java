/** Files of images as the tensors that encoders and rankers read. */
@NullMarked
package io.recommender.examples.images;

import org.jspecify.annotations.NullMarked;
