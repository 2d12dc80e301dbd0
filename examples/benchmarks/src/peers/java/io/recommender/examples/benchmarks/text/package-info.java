/** Keyword indexes side by side. */
package io.recommender.examples.benchmarks.text;
