/** Keyword indexes, and encoders of texts, side by side. */
package io.recommender.examples.benchmarks.text;
