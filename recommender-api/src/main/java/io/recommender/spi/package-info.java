/** Seams between the pure-Java algorithms and the engines that run models. */
@NullMarked
package io.recommender.spi;

import org.jspecify.annotations.NullMarked;
