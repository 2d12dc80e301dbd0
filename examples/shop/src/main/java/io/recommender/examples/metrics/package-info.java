/** Counts and times what recommenders do, for whatever Micrometer writes to. */
package io.recommender.examples.metrics;
